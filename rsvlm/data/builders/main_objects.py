"""Captions of a picture's main object from the map, and revisions of them in other tones, as RSTeller made them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rsvlm.chat.exchange import Answer, Request
from rsvlm.chat.facts import Facts
from rsvlm.chat.models import Places, identity_of
from rsvlm.chat.prompts import load_prompt
from rsvlm.chat.settings import ServedSettings
from rsvlm.chat.tones import REVISION, TONES, keep_revisions, revision_requests
from rsvlm.chat.validate import rules_of
from rsvlm.data.asking import asked
from rsvlm.data.kinds.main_objects import MainObjects, ToneSettings
from rsvlm.data.main_object import MainObject, main_object
from rsvlm.data.main_object_words import base_caption, noun_of, revision
from rsvlm.data.map_pictures import MapPicture, is_drawn, map_pictures
from rsvlm.data.map_words import vocabulary
from rsvlm.data.rendering import rendered
from rsvlm.data.samples import common_fields, origin_of, told
from rsvlm.data.told import Subject, is_asked, written
from rsvlm.data.vouching import vouched
from rsvlm.data.work import Work
from rsvlm.records.models import Sample
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class _Told:
    """A picture with its main object and base caption; `generator` where a model worded it."""

    picture: MapPicture
    main: MainObject
    base: str
    sentences: tuple[str, ...]
    generator: dict[str, str]


def build(settings: MainObjects, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    stream = _worded(settings, work) if settings.writer else _by_rule(settings, work)
    if settings.tones is None:
        for found in stream:
            yield from _samples(found, [], settings, work)
        return
    tones = settings.tones
    for found, answers in asked(_with_requests(stream, tones, work), tones.chat, work):
        yield from _samples(found, answers, settings, work)


def _samples(found: _Told, answers: list[Answer | Unfit], settings: MainObjects, work: Work) -> Iterator[Sample]:
    try:
        yield _sample(found, answers, settings, work)
    except Unfit as unfit:
        work.drop(found.picture.name, settings.source, unfit)


def _by_rule(settings: MainObjects, work: Work) -> Iterator[_Told]:
    """Yield the pictures that have a main object, with their base captions by rule."""
    for picture in map_pictures(settings, work):
        if not is_drawn(settings, work, picture.name):
            continue
        try:
            main = main_object(picture.place, picture.seen, settings.least_share, settings.least_length)
            if main is None:
                work.screen_out(picture.name, settings.source, "no element of the map is large enough", f"{len(picture.seen)} elements")
                continue
            sentences = tuple(base_caption(main, names=settings.names))
            yield _Told(picture, main, " ".join(sentences), sentences, {})
        except Unfit as unfit:
            work.drop(picture.name, settings.source, unfit)


def _worded(settings: MainObjects, work: Work) -> Iterator[_Told]:
    """Yield the same with base captions in a model's words, where they can be vouched for."""
    writer, known = settings.writer, vocabulary()
    assert writer is not None

    def subjects() -> Iterator[Subject[_Told]]:
        for found in _by_rule(settings, work):
            noun, name = noun_of(found.main.seen.element.tags), found.picture.name
            facts = Facts({noun: 1} if noun in known.nouns else {}, words=frozenset({found.base}))
            yield Subject(
                name,
                settings.source,
                {"sentences": found.base},
                facts,
                found,
                asked=is_asked(writer, work, name),
                further=lambda text, told=found, noun=noun: vouched(text, told.sentences, [noun]),  # type: ignore[misc]
            )

    for subject in written(subjects(), writer, work, known):
        found = subject.subject.record
        if subject.text is not None:
            yield _Told(found.picture, found.main, subject.text, found.sentences, subject.generator)
        elif writer.otherwise == "rule" or not subject.generator:
            yield found


def _with_requests(stream: Iterator[_Told], tones: ToneSettings, work: Work) -> Iterator[tuple[_Told, list[Request]]]:
    """Yield the pictures with the requests for their revisions."""
    prompt, count = load_prompt(REVISION), Counter[str]()
    for found in stream:
        wanted = work.share("tones", found.picture.name) < tones.share and count["asked"] < (tones.most_asked or count["asked"] + 1)
        count["asked"] += wanted
        yield found, revision_requests(found.picture.name, found.base, prompt, tones.tones or TONES) if wanted else []


def _sample(found: _Told, answers: list[Answer | Unfit], settings: MainObjects, work: Work) -> Sample:
    picture, element = found.picture, found.main.seen.element
    name = picture.name
    image = rendered(
        work.source(settings.source).path(picture.place.file),
        longest_side=max(picture.place.frame.width, picture.place.frame.height),
        stretch=settings.stretch,
        quality=settings.quality,
    )
    by_model = _revisions(found, answers, settings, work)
    by_rule = [revision(found.main, tone) for tone in settings.rule_tones]
    revisions = [*by_model, *by_rule][: settings.most_revisions]
    if not revisions:
        raise Unfit("caption has no revision", "none by rule is wanted, and none of a model could be kept")
    generator = dict(found.generator)
    if by_model and settings.tones is not None:
        generator |= _tone_generator(settings.tones, work)
    first = 0 if found.generator else 1
    fields = common_fields(work, settings.source, picture.place.file, scene=picture.scene, method="osm", builder=settings.kind)
    fields |= told([found.base, *revisions], work.longest) | {
        "licence": picture.licence,
        "gsd": round(picture.place.gsd, 6),
        "bounds": list(picture.place.bounds),
        "origin": origin_of(picture.place.file, picture.map_file),
        "facts": {
            "element": element.id,
            "tags": dict(element.tags),
            "tasks": [found.main.task, *[3] * len(revisions)],
            "by_model": list(range(first, 1 + len(by_model))),
        },
        "generator": generator or None,
    }
    return Sample(name, image.image, image.extension, fields)


def _revisions(found: _Told, answers: list[Answer | Unfit], settings: MainObjects, work: Work) -> list[str]:
    """Return the revisions of a model that hold; the others are listed with their reason."""
    name, tones = found.picture.name, settings.tones
    if tones is None:
        return []
    said = []
    for answer in answers:
        if isinstance(answer, Unfit):
            work.screen_out(name, settings.source, f"revision: {answer.reason}", answer.detail)
        elif not answer.finished:
            work.screen_out(name, settings.source, "revision: answer is cut off", f"after {answer.tokens_out} tokens")
        else:
            said.append(answer.text.strip())
    rules = rules_of(load_prompt(REVISION), work.longest, tones.fewest_words)
    kept, refused = keep_revisions(found.base, said, vocabulary(), rules, settings.most_revisions)
    for text, fault in refused:
        work.screen_out(name, settings.source, f"revision: {fault.reason}", f"{fault.detail}: {text}"[:200])
    sure = []
    for text in kept:
        unfit = vouched(text, found.sentences, [noun_of(found.main.seen.element.tags)])
        if unfit is None:
            sure.append(text)
        else:
            work.screen_out(name, settings.source, f"revision: {unfit.reason}", unfit.detail)
    return sure


def _tone_generator(tones: ToneSettings, work: Work) -> dict[str, Any]:
    def make() -> dict[str, str]:
        prompt, chat = load_prompt(REVISION), tones.chat
        found = {"revision_prompt": f"{prompt.name} {prompt.version}", "revision_prompt_hash": prompt.hash}
        if isinstance(chat, ServedSettings):
            return found | {"revision_model": chat.model, "revision_address": chat.base_url}
        identity = identity_of(chat, Places(raw=work.raw, workspace=work.raw.parents[2], load=lambda *_: None))
        return found | {
            "revision_model": getattr(chat, "source", "") or getattr(chat, "model", ""),
            "revision_model_hash": str(identity["sha256"]),
        }

    return work.once(("tone generator", tones.model_dump_json()), make)
