"""What all texts about sequences share: the opening with its number of images, resolution and sensor, and boxes in hundredths."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import shapely

from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_OPENING = re.compile(
    r"(?P<count>This is a sequence of|This is a|These are two) (?:(?P<resolution>high|low)-resolution, optical )?"
    r"(?P<platform>satellite|aerial) images?(?: from (?P<sensor>.+?))?(?: capturing the same location at different times)?: <video>\n"
)
_BOX = re.compile(r"\[(\d{1,3}), (\d{1,3}), (\d{1,3}), (\d{1,3})\]")
_FINE, _COARSE = 5.0, 10.0
_FINE_SENSORS = ("WorldView", "GaoFen", "SuperView", "BeiJing", "Google Earth")
_COARSE_SENSORS = ("Sentinel-2",)
Answered = Callable[[str, str], Iterator[Statement]]


def questions(
    record: Mapping[str, Any], evidence: Evidence, answered: Answered, *, sensor: str | None = None, gsd: Sequence[float] = ()
) -> Iterator[Statement]:
    """Yield the statements of all openings, and those that `answered` finds in (question, reply) behind them.

    Args:
        record: the main record of a sequence, or one without.
        evidence: its raw sources.
        answered: reads a question and its reply.
        sensor: of all images as their files say, in place of what the source's index says.
        gsd: metres a pixel of the images as their files say, likewise.
    """
    images = len(record.get("frames") or ()) or 1
    row = _index(evidence.source(str(record["source"])).folder).get(record["origin"]["picture"], {})
    known = sensor if sensor is not None else str(row.get("sensor") or "")
    steps = list(gsd) or ([row["gsd"]] if row.get("gsd") else [])
    for talk in record["conversations"]:
        texts = [turn["text"] for turn in talk["turns"]]
        for question, reply in zip(texts[::2], texts[1::2], strict=True):
            match = _OPENING.match(question)
            if match is None:
                yield unread(question)
                continue
            if fault := _fault(match, images, known, steps):
                yield stated("format", match[0], False, fault)
            yield from answered(question[match.end() :], reply)
        if talk.get("answer") is not None and talk["answer"] != texts[-1]:
            yield stated("format", talk["id"], False, "the answer is not the last turn")
    if images != len((record.get("facts") or {}).get("pictures", [""])):
        yield stated("format", "frames", False, "frames and pictures differ in number")


# A source names all sensors of a data set (`and`); each of its images is of one of them (`or`).
def _fault(match: re.Match[str], images: int, sensor: str, steps: Sequence[float]) -> str:
    number = {"This is a": 1, "These are two": 2, "This is a sequence of": 3}[match["count"]]
    if number != min(images, 3):
        return f"{images} images"
    if match["sensor"] and match["sensor"].replace(" or ", " and ").casefold() not in sensor.casefold():
        return f"the source says {sensor or 'nothing of a sensor'}"
    if match["resolution"] == "high":
        fine = all(step < _FINE for step in steps) if steps else any(name in sensor for name in _FINE_SENSORS)
        return "" if fine else f"{steps or sensor}"
    if match["resolution"] == "low":
        coarse = all(step >= _COARSE for step in steps) if steps else any(name in sensor for name in _COARSE_SENSORS)
        return "" if coarse else f"{steps or sensor}"
    return ""


@cache
def _index(folder: Path) -> dict[str, dict[str, Any]]:
    rows = pq.read_table(folder / "index.parquet", columns=["file", "sensor", "gsd"]).to_pylist()
    return {row["file"]: row for row in rows}


def boxes_of(text: str) -> list[tuple[int, int, int, int]]:
    """Return all boxes in a text."""
    return [tuple(int(value) for value in match.groups()) for match in _BOX.finditer(text)]  # type: ignore[misc]


def is_boxes(text: str) -> bool:
    """Say whether a text is boxes, joined by commas, and nothing else; all inside 0 to 100 and with an area."""
    whole = re.fullmatch(rf"{_BOX.pattern}(?:, {_BOX.pattern})*", text)
    return whole is not None and all(0 <= x1 < x2 <= 100 and 0 <= y1 < y2 <= 100 for x1, y1, x2, y2 in boxes_of(text))


def around(shape: shapely.Geometry, width: int, height: int) -> tuple[float, float, float, float]:
    """Return the box around a shape in hundredths of an image, not rounded."""
    x1, y1, x2, y2 = shape.bounds
    return 100 * x1 / width, 100 * y1 / height, 100 * x2 / width, 100 * y2 / height


def same(box: Sequence[float], other: Sequence[float]) -> bool:
    """Say whether a box in a text is another one, rounded."""
    return all(abs(a - b) <= 0.5 + 1e-6 for a, b in zip(box, other, strict=True))


def same_set(boxes: Sequence[Sequence[float]], others: Sequence[Sequence[float]]) -> bool:
    """Say whether boxes in a text are these, each once, in any order."""
    left = list(others)
    for box in boxes:
        match = next((other for other in left if same(box, other)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def place_of(box: Sequence[float]) -> str:
    """Return where the centre of a box in hundredths lies: `on the top left`, `in the centre`."""
    column, row = (min(int(3 * (box[axis] + box[axis + 2]) / 200), 2) for axis in (0, 1))
    words = " ".join(word for word in (("top", "", "bottom")[row], ("left", "", "right")[column]) if word)
    return f"on the {words}" if words else "in the centre"
