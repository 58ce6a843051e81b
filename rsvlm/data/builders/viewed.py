"""Captions and descriptions by a model that sees the pictures.

An answer is held against form: refusals, hedges and other forbidden words, markup, length, language. Where an annotation holds
every object of some classes, their names and numbers are held against it as well; where the path tells the class, an answer that
names other classes of the set and not this one is refused. Of other pictures nobody says what they show.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from rsvlm.captioning.grammar import class_words, plural
from rsvlm.chat.facts import Facts, Forms, Vocabulary
from rsvlm.chat.settings import LocalSettings
from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.kinds.viewed import ViewedPictures, ViewedTalks
from rsvlm.data.rendering import rendered
from rsvlm.data.samples import common_fields, origin_of, picture_of, told
from rsvlm.data.scene_words import ANOTHER, named
from rsvlm.data.seen_objects import annotation_of, counts_of
from rsvlm.data.told import Subject, prompt_named, written
from rsvlm.data.work import Work
from rsvlm.errors import ConfigurationError, DataError
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.unfit import Unfit

SMALL = "picture is too small to describe"
_OPENING = re.compile(r"^(?:sure|certainly|of course|here is|here's|okay|ok)\b[^.:\n]*[:.!]\s*", re.IGNORECASE)
_EVERY_NUMBER = 1_000


def cleaned(text: str) -> str:
    """Return an answer without a polite opening, emphasis marks, and sentences that were there before."""
    plain = re.sub(r"[*_#`]+", "", _OPENING.sub("", text.strip()))
    sentences = re.split(r"(?<=[.!?])\s+", " ".join(plain.split()))
    return " ".join(dict.fromkeys(sentences))


def build(settings: ViewedPictures | ViewedTalks, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split.

    Raises:
        ConfigurationError: the model sees no pictures, or the prompt wants to be told what the settings do not tell.
        DataError: the pattern of classes does not match a file.
    """
    if isinstance(settings.writer.chat, LocalSettings):
        raise ConfigurationError(
            f"builder '{settings.kind}': a local language model sees no pictures; ask one of kind served or registered"
        )
    slots, filled = prompt_named(settings.writer.prompt).slots, {"label"} if settings.label else set()
    if slots != filled:
        raise ConfigurationError(
            f"builder '{settings.kind}': prompt '{settings.writer.prompt}' has the slots {sorted(slots)}; "
            f"{sorted(filled)} is what 'label' fills"
        )
    for found in written(_subjects(settings, work), settings.writer, work, Vocabulary(dict.fromkeys(_nouns(settings), Forms()))):
        if found.text is None:
            continue
        sample = found.subject.record
        try:
            fields = {**sample.fields, "generator": found.generator, **_texts(settings, sample.id, cleaned(found.text), work.longest)}
        except Unfit as unfit:
            work.drop(sample.id, settings.source, unfit)
            continue
        yield replace(sample, fields=fields)


def _nouns(settings: ViewedPictures | ViewedTalks) -> list[str]:
    return sorted(set(settings.objects.names.values())) if settings.objects else []


def _facts(settings: ViewedPictures | ViewedTalks, work: Work, file: str, annotation: str | None) -> Facts:
    """Return what an answer about a picture may say; without an annotation, anything.

    Raises:
        Unfit: the annotation does not have the picture, or leaves open how many objects of a class there are.
    """
    numbers = frozenset(float(number) for number in range(_EVERY_NUMBER + 1))
    if settings.objects is None or annotation is None:
        nouns = _nouns(settings)
        return Facts(numbers=numbers, words=frozenset([*nouns, *map(plural, nouns)]))
    return Facts(counts_of(settings.objects, work, settings.source, file, annotation), numbers=numbers)


def _texts(settings: ViewedPictures | ViewedTalks, name: str, text: str, longest: int) -> dict[str, Any]:
    if isinstance(settings, ViewedPictures):
        return told([text], longest)
    checked: str = told([text], longest)["captions"][0]
    return {"conversations": as_conversations(name, [Talk("description", settings.request, checked, checked)])}


def _label_of(settings: ViewedPictures | ViewedTalks, file: str) -> str:
    if (matched := re.search(settings.label or "", file)) is None:
        raise DataError(f"source '{settings.source}': the recipe's class pattern {settings.label!r} does not match '{file}'")
    return class_words(matched[1])


def _classes(settings: ViewedPictures | ViewedTalks, work: Work) -> frozenset[str]:
    """Return the classes of all pictures of the source."""
    if not settings.label:
        return frozenset()
    return frozenset(_label_of(settings, file) for file in work.source(settings.source).find(settings.pictures))


def _of_another_class(text: str, label: str | None, classes: frozenset[str]) -> Unfit | None:
    found = named(text, classes) if label is not None else []
    return Unfit(ANOTHER, f"{label}: {found[0]!r}") if found and label not in found else None


def _subjects(settings: ViewedPictures | ViewedTalks, work: Work) -> Iterator[Subject[Sample]]:
    source = work.source(settings.source)
    classes = work.once(("classes", settings.source, settings.pictures, settings.label), lambda: _classes(settings, work))
    fixed = len(PurePosixPath(settings.pictures.split("*")[0]).parts)
    for file in source.find(settings.pictures):
        try:
            path = PurePosixPath(file)
            name = safe_id(settings.prefix, *path.parent.parts[fixed:], path.stem)
            if not work.in_split(name, settings.shares.as_mapping(), dict(settings.shares.scenes)):
                continue
            if work.share("share of viewed pictures", name) >= settings.share:
                work.rejected.leave_out(settings.source, "outside the share of this builder")
                continue
            if not work.wanted(name, settings.source):
                continue
            shown = rendered(source.path(file), longest_side=settings.longest_side, stretch=settings.stretch, quality=settings.quality)
            side = min(picture_of(shown.image, file).size) * shown.reduced
            if side < settings.least_side:
                raise Unfit(SMALL, f"{side:.0f} pixels; {settings.least_side} needed")
            annotation = annotation_of(settings.objects, source, file) if settings.objects else None
            facts = _facts(settings, work, file, annotation)
            fields = common_fields(work, settings.source, file, scene=name, method="model", builder=settings.kind)
            fields["origin"] = origin_of(file, annotation)
            fields["gsd"] = round(fields["gsd"] * shown.reduced, 6) if fields["gsd"] else None
            slots = {}
            if settings.label:
                slots["label"] = fields["label"] = _label_of(settings, file)
            sample = Sample(name, shown.image, shown.extension, fields)
            further = partial(_of_another_class, label=slots.get("label"), classes=classes)
            yield Subject(name, settings.source, slots, facts, sample, picture=shown.image, further=further)
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)
