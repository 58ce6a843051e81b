"""Expressions with boxes that a set brings: visual grounding and its inverse."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from rsvlm.captioning.grammar import class_words, indefinite, sentence
from rsvlm.conversations.talk import Talk
from rsvlm.data.box_texts import box_text, fitted, frame_facts
from rsvlm.data.kinds.given_boxes import GivenBoxes
from rsvlm.data.listed import whole_picture
from rsvlm.data.mixing import dialogues
from rsvlm.data.pools import asked
from rsvlm.data.samples import origin_of
from rsvlm.data.work import Work
from rsvlm.records.geometry import checked_object
from rsvlm.records.models import LabelledObject, Sample, safe_id
from rsvlm.records.pictures import load
from rsvlm.records.readers import choice, grounding
from rsvlm.records.text import clean_text
from rsvlm.records.unfit import Unfit

_ARTICLE = re.compile(r"(?i)^(?:an?|the)\s+")
_CHOICE = re.compile(r"coordinates of the (.+?) in the image")
_LONGEST = 500
_WHOLE = (2.0, 98.0)


@dataclass(frozen=True)
class Expressed:
    """What is said about one picture.

    Attributes:
        file: the picture.
        annotation: the file with the expressions.
        phrases: (expression, corners in pixels or, of CHOICE, in shares of the sides).
    """

    file: str
    annotation: str
    phrases: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]


def expressed(settings: GivenBoxes, work: Work) -> Iterator[Expressed]:
    """Yield the pictures with their expressions; what cannot be used is set aside.

    Raises:
        DataError: a file has another layout.
    """
    raw = work.source(settings.source)
    if settings.layout == "choice":
        yield from _of_choice(settings, work)
        return
    for annotation in raw.find(settings.files):
        found = grounding.read(raw.path(annotation))
        stem = PurePosixPath(annotation).stem
        phrases = []
        for phrase in found.phrases:
            if phrase.object.fault:
                work.drop(f"{annotation} {phrase.object.where}", settings.source, phrase.object.fault, kind="object")
            else:
                phrases.append((phrase.text, tuple(phrase.object.corners)))
        yield Expressed(settings.pictures.format(stem=stem, name=found.picture or stem), annotation, tuple(phrases))


def _of_choice(settings: GivenBoxes, work: Work) -> Iterator[Expressed]:
    raw = work.source(settings.source)
    by_picture: dict[str, list[choice.ChoiceGrounding]] = {}
    for record in choice.read(raw.path(settings.files)):
        if isinstance(record, choice.ChoiceGrounding) and _CHOICE.search(record.question):
            by_picture.setdefault(record.image, []).append(record)
        else:
            where = record.detail if isinstance(record, Unfit) else record.where
            fault = record if isinstance(record, Unfit) else Unfit("question has an unknown form", where)
            work.drop(f"{settings.files} {where}"[:100], settings.source, fault)
    for image, records in sorted(by_picture.items()):
        phrases = tuple((class_words((_CHOICE.search(one.question) or [""] * 2)[1]), one.corners) for one in records)
        yield Expressed(image, settings.files, phrases)


def _objects(settings: GivenBoxes, work: Work, found: Expressed, width: int, height: int) -> list[LabelledObject]:
    scale = (width, height) if settings.layout == "choice" else (1, 1)
    objects = []
    for text, corners in found.phrases:
        try:
            phrase = _ARTICLE.sub("", clean_text(text, longest=_LONGEST)).rstrip(".")
            objects.append(checked_object(phrase, [(x * scale[0], y * scale[1]) for x, y in corners], width, height))
        except Unfit as unfit:
            work.drop(f"{found.annotation} {text[:60]}", settings.source, unfit, kind="object")
    work.rejected.keep(len(objects), kind="object")
    return objects


def _talks(settings: GivenBoxes, work: Work, name: str, objects: list[LabelledObject], width: int, height: int) -> Iterator[Talk]:
    generator = work.generator("given boxes", name)
    for position in sorted(generator.permutation(len(objects))[: settings.most].tolist()):
        labelled = objects[position]
        try:
            text = box_text([fitted(labelled.box, width, height, settings.boxes, settings.narrow)[0]], settings.boxes)
        except Unfit as unfit:
            work.screen_out(f"{name} {labelled.label}"[:100], settings.source, unfit.reason, unfit.detail)
            continue
        if "refer" in settings.tasks:
            question = asked(settings.style, "refer_one", generator, phrase=labelled.label)
            yield Talk("refer", question, text, text, (labelled.polygon,))
        if "identify" in settings.tasks:
            reply = sentence(f"{indefinite(labelled.label) if settings.layout == 'choice' else f'the {labelled.label}'}.")
            yield Talk("identify", asked(settings.style, "identify", generator, box=text), reply, labelled.label)


def build(settings: GivenBoxes, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    raw = work.source(settings.source)
    for found in expressed(settings, work):
        try:
            folders = PurePosixPath(found.file).parent.parent.name if settings.layout == "choice" else ""
            name = safe_id(settings.prefix, *filter(None, (folders, PurePosixPath(found.file).stem)))
            if not work.in_split(name, settings.shares.as_mapping(), dict(settings.shares.scenes)) or not work.wanted(
                name, settings.source
            ):
                continue
            width, height = load(raw.path(found.file), _WHOLE).size
            objects = _objects(settings, work, found, width, height)
            talks = list(_talks(settings, work, name, objects, width, height))
            if not talks:
                work.rejected.leave_out(settings.source, "nothing is asked about this picture")
                continue
            frame = frame_facts(settings.boxes, width, height)
            yield whole_picture(
                work, settings.source, found.file, name, _WHOLE,
                scene=name, method="template", builder=settings.kind,
                objects=[labelled.as_json() for labelled in objects],
                conversations=dialogues(name, talks, settings.mix, work), sensor=settings.sensor,
                origin=origin_of(found.file, found.annotation), **({"facts": frame} if frame else {}),
            )  # fmt: skip
        except Unfit as unfit:
            work.drop(found.file, settings.source, unfit)
