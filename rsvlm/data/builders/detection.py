"""Detection in words: every object of a picture with its box, as MMShip and MMRS-1M have it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from rsvlm.captioning.grammar import listed, plural
from rsvlm.captioning.scenes import DEFAULT_QUALITY, Chip
from rsvlm.conversations.boxes import rectangle_of
from rsvlm.conversations.formats.form import Format, encode
from rsvlm.conversations.formats.placements import padding_to_square
from rsvlm.conversations.formats.shapes import Geometry, held, in_reading_order
from rsvlm.conversations.formats.table import FORMATS
from rsvlm.conversations.talk import Talk
from rsvlm.data.box_texts import frame_facts
from rsvlm.data.certain import labels_by_picture
from rsvlm.data.kinds.detection import BoxType, Detection
from rsvlm.data.samples import annotated_chips, chip_sample
from rsvlm.data.wording import drawn, wording
from rsvlm.data.work import Work
from rsvlm.errors import ConfigurationError
from rsvlm.records.chips import encode_jpeg
from rsvlm.records.models import LabelledObject, Sample
from rsvlm.records.unfit import Unfit


def form_of(settings: Detection, box_type: BoxType) -> Format:
    """Return how a builder writes boxes.

    Raises:
        ConfigurationError: oriented boxes are asked for, and the annotation has none.
    """
    if box_type == "oriented" and not settings.oriented:
        raise ConfigurationError(
            f"source '{settings.source}', {settings.annotations}: oriented boxes are asked for, but the annotation has "
            "horizontal boxes only (oriented: false); allowed: horizontal"
        )
    return FORMATS[settings.style if box_type == "horizontal" else f"{settings.style}-oriented"]


def _shorter_side(labelled: LabelledObject, settings: Detection, form: Format, width: int, height: int) -> float:
    """Return the shorter side of an object's box in pixels of what a model sees."""
    x1, y1, x2, y2 = labelled.box
    _, long, high, _ = rectangle_of(labelled.polygon) if form.shape != "box" else ((0, 0), x2 - x1, y2 - y1, 0)
    return min(long, high) * (settings.input_side / max(width, height) if settings.input_side else 1.0)


def writable(objects: Sequence[LabelledObject], settings: Detection, form: Format, width: int, height: int) -> list[Geometry]:
    """Return the geometries of objects that are large enough to be told, in reading order.

    Args:
        objects: of one class, in pixels.
        settings: the least side.
        form: how boxes are written; one that its rounding would lose is dropped, too.
        width: of the picture, pixels.
        height: of the picture, pixels.
    """
    found = []
    for labelled in objects:
        if _shorter_side(labelled, settings, form, width, height) < settings.least_side:
            continue
        geometry = held(form.shape, Geometry(labelled.polygon, width, height))
        try:
            form.write(geometry)
        except Unfit:
            continue
        found.append(geometry)
    return in_reading_order(found)


def answer(noun_boxes: dict[str, list[Geometry]], settings: Detection, form: Format) -> str:
    """Return the answer: `ship: [...]; [...]`, or `There are <p>13 ships</p>[...;...] and <p>1 harbor</p>[...].`."""
    if settings.style == "mmship":
        return "\n".join(f"{noun}: {encode(form, boxes)}" for noun, boxes in noun_boxes.items())
    parts = []
    for noun, boxes in noun_boxes.items():
        name = noun if len(boxes) == 1 else plural(noun)
        parts.append(f"<p>{len(boxes)} {name}</p>{encode(form, boxes)}")
    be = "is" if len(next(iter(noun_boxes.values()))) == 1 else "are"
    return f"There {be} {listed(parts)}."


def talk_of(chip: Chip, settings: Detection, form: Format, question: str, anywhere: frozenset[str]) -> Talk | None:
    """Return the question with its answer; None where nothing certain can be told.

    Args:
        chip: the picture with its objects.
        settings: which classes, which boxes.
        form: how boxes are written.
        question: the words.
        anywhere: nouns of the whole picture, objects that cannot be used among them; none of these is said to be absent.

    Raises:
        Unfit: a number would be told, and boxes of its class were too small to be kept.
    """
    width, height = chip.picture.size
    asked = [labelled for labelled in chip.objects if not settings.classes or labelled.label in settings.classes]
    found: dict[str, list[Geometry]] = {}
    for noun in sorted({labelled.label for labelled in asked}):
        objects = [labelled for labelled in asked if labelled.label == noun]
        kept = writable(objects, settings, form, width, height)
        if len(kept) < len(objects) and settings.style == "mmrs-1m":
            raise Unfit("box is too small for its text", f"{len(objects) - len(kept)} of {len(objects)} of class {noun}")
        if kept:
            found[noun] = kept
    if found:
        reply = answer(found, settings, form)
        corners = tuple(labelled.polygon for labelled in asked if writable([labelled], settings, form, width, height))
        return Talk("detection", question, reply, reply, corners)
    if asked or not settings.classes or not anywhere.isdisjoint(settings.classes):
        return None
    reply = " ".join(f"There is no {noun} in the image." for noun in settings.classes)
    return Talk("detection", question, reply, reply)


def build(settings: Detection, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split.

    Raises:
        ConfigurationError: oriented boxes are asked for, and the annotation has none.
    """
    forms = {box_type: form_of(settings, box_type) for box_type in settings.box_types}
    sensor = wording("detection")["sensors"][settings.sensor]
    labels = labels_by_picture(settings, work)
    for chip in annotated_chips(settings, work):
        counts = Counter(labelled.label for labelled in chip.objects)
        if (number := sum(counts[noun] for noun in settings.classes or counts)) > settings.most_boxes:
            work.screen_out(chip.id, settings.source, "more boxes than one answer takes", f"{number} of {settings.most_boxes}")
            continue
        try:
            asked = [
                talk_of(
                    chip,
                    settings,
                    form,
                    _question(settings, box_type, work.generator("detection", chip.id, box_type)),
                    labels.get(chip.file, frozenset()),
                )
                for box_type, form in forms.items()
            ]
        except Unfit as unfit:
            work.screen_out(chip.id, settings.source, unfit.reason, unfit.detail)
            continue
        talks = [talk for talk in asked if talk]
        empty = not any(talk.polygons for talk in talks)
        if not talks or (empty and work.share("empty", chip.id) >= settings.empty_share):
            work.rejected.leave_out(settings.source, "nothing to detect")
            continue
        square = padding_to_square(chip.picture.size)
        yield chip_sample(
            work,
            settings.source,
            _three_channels(chip, settings),
            method="template",
            builder=settings.kind,
            talks=talks,
            sensor=sensor,
            facts={
                "box_types": list(settings.box_types),
                "sensor": settings.sensor,
                "square": [square.target[0], *map(int, square.shift)],
                **frame_facts(settings.style, *chip.picture.size),
            },
        )


def _question(settings: Detection, box_type: BoxType, generator: np.random.Generator) -> str:
    words = wording("detection")
    pool = words[settings.style][box_type]
    return drawn(pool[settings.sensor] if isinstance(pool, dict) else pool, generator).format(sensor=words["sensors"][settings.sensor])


def _three_channels(chip: Chip, settings: Detection) -> Chip:
    """Return a chip whose stored picture has three channels; one of a single channel has it three times."""
    if settings.sensor == "optical":
        return chip
    return replace(chip, image=encode_jpeg(chip.picture, settings.chips.quality if settings.chips else DEFAULT_QUALITY), extension="jpg")
