"""Tasks about whole pictures: classification, captioning, and questions that a set brings."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

import numpy as np

from rsvlm.captioning.build import native_captions
from rsvlm.captioning.grammar import class_words
from rsvlm.captioning.settings import NativeBuilder
from rsvlm.conversations.talk import Talk
from rsvlm.data.given import Given, key_of, questions_of, some
from rsvlm.data.kinds.picture_tasks import PictureTasks
from rsvlm.data.listed import WITH_A_LIST, Listed, listed, named, split_as_listed, whole_picture
from rsvlm.data.mixing import dialogues
from rsvlm.data.pools import asked, classes_named, tagged
from rsvlm.data.samples import origin_of
from rsvlm.data.work import Work
from rsvlm.records.models import Sample
from rsvlm.records.text import class_name
from rsvlm.records.unfit import Unfit


def words_of(label: str, names: Mapping[str, str]) -> str:
    """Return the words for a class: as the recipe says, otherwise the name's own, without underscores and capitals.

    Raises:
        Unfit: they are none that stand in a sentence.
    """
    return class_name(names.get(label) or class_words(label))


def candidates(settings: PictureTasks, work: Work) -> list[str]:
    """Return the words of all classes to choose from, sorted; as the recipe says, otherwise those that the list has."""

    def read() -> list[str]:
        words = set()
        for one in listed(settings.listing, work.source(settings.source)):
            with suppress(Unfit):  # set aside where its pictures are
                words |= {words_of(one.label, settings.names)} if not isinstance(one, Unfit) and one.label else set()
        return sorted(words)

    if settings.candidates or "classification" not in settings.tasks:
        return sorted(settings.candidates)
    return work.once(("classes", settings.source, settings.listing.model_dump_json(), tuple(settings.names.items())), read)


def theme_fits(given: Given, label: str | None, themes: Mapping[str, str]) -> bool:
    """Say whether a theme is the class of the picture, spelling and spaces aside; true where there is no class to compare."""
    theme = themes.get(given.original, given.original)
    return label is None or _plain(theme) == _plain(label)


def _plain(text: str) -> str:
    return class_words(text).replace(" ", "")


class _Asker:
    """Asks about one picture."""

    def __init__(self, settings: PictureTasks, work: Work, name: str, picture: Listed) -> None:
        self.settings, self.work, self.name, self.picture = settings, work, name, picture
        self.generator = work.generator("picture tasks", name)

    def classification(self, classes: Sequence[str]) -> Iterator[Talk]:
        if self.picture.label is None:
            return
        words = words_of(self.picture.label, self.settings.names)
        order = self.generator.permutation(len(classes)) if self.settings.shuffle else np.arange(len(classes))
        text = classes_named(self.settings.style, [classes[place] for place in order.tolist()])
        yield Talk("classification", asked(self.settings.style, "classification", self.generator, classes=text), words, words)

    def caption(self, texts: Sequence[str]) -> Iterator[Talk]:
        different = list(dict.fromkeys(texts))
        count = self.settings.captions if self.work.split == "train" else 1
        for place in self.generator.permutation(len(different))[:count].tolist():
            text = different[place]
            yield Talk("caption", asked(self.settings.style, "caption", self.generator), text, text)

    def question(self) -> Iterator[Talk]:
        rule = self.settings.questions
        if rule is None:
            return
        table = questions_of(rule, self.work, self.settings.source)
        key = self.picture.file if rule.layout == "choice" else key_of(self.picture.name)
        for given in some(table.of(key), rule, self.work, self.name):
            answer = given.answer
            if given.kind == "theme":
                if not theme_fits(given, self.picture.label, rule.themes):
                    detail = f"{given.original!r}, labelled {self.picture.label!r}"[:200]
                    self.work.screen_out(self.name, self.settings.source, "theme is not the picture's class", detail)
                    continue
                answer = words_of(self.picture.label, self.settings.names) if self.picture.label else answer
            yield Talk("question", tagged(self.settings.style, "question", given.question), answer, answer)

    def talks(self, texts: Sequence[str]) -> list[Talk]:
        found: list[Talk] = []
        for task in self.settings.tasks:
            if task == "classification":
                found += self.classification(candidates(self.settings, self.work))
            elif task == "caption":
                found += self.caption(texts)
            else:
                found += self.question()
        return found


def build(settings: PictureTasks, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    cleaning = NativeBuilder(
        kind="native", source=settings.source, prefix=settings.prefix, close_up=settings.close_up, capitalise=settings.capitalise
    )
    for picture in listed(settings.listing, work.source(settings.source), settings.questions):
        where = picture.detail if isinstance(picture, Unfit) else f"{settings.listing.file} {picture.where}"
        try:
            if isinstance(picture, Unfit):
                raise picture
            name, scene = named(settings.listing, settings.prefix, picture.name)
            if split_as_listed(settings.listing, picture, scene, work.seed) != work.split:
                continue
            if work.share("share of listed pictures", name) >= settings.listing.share:
                work.rejected.leave_out(settings.source, "outside the share of this builder")
                continue
            texts = native_captions(picture.captions, cleaning, work.longest) if "caption" in settings.tasks else []
            if not work.wanted(name, settings.source):
                continue
            talks = _Asker(settings, work, name, picture).talks(texts)
            if not talks:
                work.rejected.leave_out(settings.source, "nothing is asked about this picture")
                continue
            yield whole_picture(
                work, settings.source, picture.file, name, settings.stretch,
                scene=scene, method="template", builder=settings.kind, captions=texts, label=picture.label,
                conversations=dialogues(name, talks, settings.mix, work), sensor=settings.sensor,
                origin=origin_of(picture.file, settings.listing.file if settings.listing.layout in WITH_A_LIST else None),
            )  # fmt: skip
        except Unfit as unfit:
            work.drop(where, settings.source, unfit)
