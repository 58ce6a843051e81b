"""Sequences as records: one record a frame, the last of which carries the conversations and names them all in order of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from rsvlm.conversations.attributes import PLACES
from rsvlm.conversations.formats.form import encode
from rsvlm.conversations.formats.sequences import opening
from rsvlm.conversations.formats.shapes import Geometry
from rsvlm.conversations.formats.table import FORMATS
from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.samples import file_sample, origin_of
from rsvlm.data.work import Work
from rsvlm.records.models import LabelledObject, Point, Sample
from rsvlm.records.unfit import Unfit

# The names that the public scorers know.
Task = Literal[
    "change_detection_localization",
    "change_detection_classification",
    "change_detection_detection",
    "spatial_referring_expression",
    "temporal_referring_expression",
    "question_answering",
    "region_based_question_answering",
    "region_based_temporal_question_answering",
    "temporal_scene_classification",
]
_TASKS = {
    "change_detection_localization": "change",
    "change_detection_classification": "change",
    "change_detection_detection": "change",
    "spatial_referring_expression": "refer",
    "temporal_referring_expression": "temporal",
    "question_answering": "question",
    "region_based_question_answering": "question",
    "region_based_temporal_question_answering": "temporal",
    "temporal_scene_classification": "classification",
}


@dataclass(frozen=True)
class Frames:
    """A sequence of pictures of one place.

    Attributes:
        name: the id of the record with the conversations.
        scene: that all of them show.
        source: of the files.
        files: in order of time.
        dates: YYYY-MM-DD of each, or empty where none is known.
        sensor: named in the opening, if any.
        resolution: said in the opening, if any.
        platform: what the images are called there.
        dataset: for the facts.
        annotation: the file that the conversations follow from.
    """

    name: str
    scene: str
    source: str
    files: tuple[str, ...]
    dates: tuple[str, ...]
    sensor: str | None
    resolution: Literal["high", "low"] | None
    platform: str
    dataset: str
    annotation: str | None = None

    @property
    def opening(self) -> str:
        """The words before every question."""
        text = opening(len(self.files), resolution=self.resolution, sensor=self.sensor)
        return text.replace("satellite", self.platform, 1)


@dataclass(frozen=True)
class Asked:
    """A question of one of the published tasks."""

    task: Task
    talk: Talk


def asked(task: Task, question: str, reply: str, objects: Sequence[LabelledObject] = ()) -> Asked:
    """Return a question whose answer is scored against its text and, where its scorer paints places, on the true corners of objects."""
    return Asked(task, Talk(_TASKS[task], question, reply, reply, tuple(each.polygon for each in objects) or None))


def box_text(points: Sequence[Point], width: int, height: int) -> str:
    """Return `[x1, y1, x2, y2]`, hundredths of width and height, of the upright box around points.

    Raises:
        Unfit: it is too small for that.
    """
    return encode(FORMATS["teochat"], [Geometry(tuple(points), width, height)])


def box_texts(objects: Sequence[LabelledObject], width: int, height: int) -> str | None:
    """Return the boxes of objects, joined by commas; None where there is none, or one cannot be written."""
    try:
        return ", ".join(box_text(each.polygon, width, height) for each in objects) or None
    except Unfit:
        return None


def place_words(place: str) -> str:
    """Return `on the top left`, `in the centre`."""
    return f"{'in' if place == 'centre' else 'on'} the {place}"


def cell(point: Point, width: int, height: int, margin: float) -> str | None:
    """Return the cell of the 3 x 3 grid that holds a point; None within `margin` (share of a side) of a line."""
    found = []
    for value, extent in zip(point, (width, height), strict=True):
        if any(abs(value / extent - line) < margin for line in (1 / 3, 2 / 3)):
            return None
        found.append(min(int(3 * value / extent), 2))
    return PLACES[found[1]][found[0]]


def sequence_samples(
    work: Work,
    frames: Frames,
    questions: Sequence[Asked],
    *,
    builder: str,
    facts: dict[str, Any] | None = None,
    objects: Sequence[LabelledObject] | None = None,
) -> Iterator[Sample]:
    """Yield the records of a sequence, the one with the conversations last.

    Args:
        work: the pass.
        frames: the sequence.
        questions: without their opening, which is put before each.
        builder: the kind of builder.
        facts: further facts of the main record.
        objects: in pixels of the last picture.
    """
    names = [f"{frames.name}-{number}" for number in range(1, len(frames.files))]
    dates = frames.dates or (None,) * len(frames.files)
    sample = partial(file_sample, work, frames.source, scene=frames.scene, method="template", builder=builder, sensor=frames.sensor)
    for name, file, date in zip(names, frames.files, dates, strict=False):
        yield sample(file, name, part_of=frames.name, date=date)
    talks = [replace(each.talk, question=frames.opening + each.talk.question) for each in questions]
    conversations = as_conversations(frames.name, talks)
    known = {
        "dataset": frames.dataset,
        "pictures": list(frames.files),
        "tasks": {talk["id"]: each.task for talk, each in zip(conversations, questions, strict=True)},
        **({"timestamps": list(frames.dates)} if frames.dates else {}),
    }
    yield sample(
        frames.files[-1],
        frames.name,
        conversations=conversations,
        frames=[*names, frames.name] if len(frames.files) > 1 else None,
        date=dates[-1],
        origin=origin_of(frames.files[-1], frames.annotation),
        objects=[each.as_json() for each in objects] if objects else None,
        facts={**known, **(facts or {})},
    )
