"""Check detection in words: boxes are read from the text, put back into pixels, and matched one to one with the annotation.

MMShip writes shares of width and height, MMRS-1M shares of the side of the square that the picture is padded to, both with
two decimals. A box may be missing only where it is smaller than the recipe's least side or than the steps of the text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from rsvlm.captioning.grammar import class_words, plural
from rsvlm.data.evidence import Evidence, boxes_in_picture, boxes_in_window, faulty_classes
from rsvlm.data.statement import Statement, stated, unread

_NUMBER = r"(?:0\.\d\d|1\.00)"
_SENSORS = {"optical": ("optical", "remote sensing"), "sar": ("SAR",), "infrared": ("infrared",)}
_CLASS = re.compile(r"<p>(\d+) ([^<]+)</p>(\[[^\]]+\](?:;\[[^\]]+\])*)")
_NONE = re.compile(r"There is no (.+?) in the image\.")
_QUESTION = re.compile(
    r"(?=.*\b(?P<type>horizontal|oriented) bounding boxes)(?=.*\b(?P<sensor>optical|SAR|infrared|remote sensing) image).*"
)


def _coordinates(text: str, count: int) -> list[float] | None:
    """Return the numbers of one box, or None where it has another form."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != count or not all(re.fullmatch(_NUMBER, part) for part in parts):
        return None
    return [float(part) for part in parts]


class _Reader:
    """Reads the boxes of one record's texts and knows the true ones."""

    def __init__(self, record: Mapping[str, Any], evidence: Evidence, box_type: str) -> None:
        self.rule = evidence.rules(record)[0]
        self.width, self.height = int(record["width"]), int(record["height"])
        self.padded, self.count = self.rule["style"] == "mmrs-1m", 4 if box_type == "horizontal" else 8
        side = max(self.width, self.height)
        self.scale = (side, side) if self.padded else (self.width, self.height)
        self.shift = ((side - self.width) // 2, (side - self.height) // 2) if self.padded else (0, 0)
        names = self.rule["names"]
        self.objects = [(names.get(label, class_words(label)), polygon) for label, polygon, _ in boxes_in_window(record, evidence)]
        listed = [label for label, _, _ in boxes_in_picture(record, evidence)]
        self.anywhere = {names.get(label, class_words(label)) for label in {*listed, *faulty_classes(record, evidence)}}

    def polygon(self, values: Sequence[float]) -> shapely.Polygon:
        """Return a box of the text in pixels of the picture."""
        points = [
            (x * self.scale[0] - self.shift[0], y * self.scale[1] - self.shift[1]) for x, y in zip(values[0::2], values[1::2], strict=True)
        ]
        return shapely.box(*points[0], *points[1]) if len(points) == 2 else shapely.Polygon(points)

    def true(self, noun: str) -> list[shapely.Polygon]:
        """Return the shapes that an answer about a class should tell."""
        found = [polygon for name, polygon in self.objects if name == noun]
        return [shapely.box(*polygon.bounds) for polygon in found] if self.count == 4 else found

    def boxes(self, told: str, noun: str, parts: Sequence[str]) -> Iterator[Statement]:
        """Yield the statements of the boxes of one class."""
        values = [_coordinates(part, self.count) for part in parts]
        if None in values:
            yield stated("format", told, False, f"{self.count} numbers of two decimals a box are needed")
            return
        polygons = [self.polygon(numbers) for numbers in values if numbers]
        step = max(self.scale) / 100
        left = self.true(noun)
        inside = shapely.box(-step, -step, self.width + step, self.height + step)
        yield stated("geometry", told, all(polygon.is_valid and inside.covers(polygon) for polygon in polygons), "a box leaves the image")
        missing = 0
        for polygon in polygons:
            near = [one for one in left if one.hausdorff_distance(polygon) <= 1.2 * step]
            if near:
                left.remove(min(near, key=lambda one: one.hausdorff_distance(polygon)))
            else:
                missing += 1
        yield stated("geometry", told, not missing, f"{missing} boxes surround no {noun}")
        small = [one for one in left if self.may_be_dropped(one, step)]
        yield stated("count", told, len(small) == len(left), f"{len(left) - len(small)} of {noun} are not told")
        tops = [self._corner(polygon) for polygon in polygons]
        yield stated("format", told, all(_ordered(a, b, step) for a, b in pairwise(tops)), "boxes are not in reading order")

    def _corner(self, polygon: shapely.Polygon) -> tuple[float, float]:
        x1, y1, _, _ = polygon.bounds
        return y1, x1

    def may_be_dropped(self, polygon: shapely.Polygon, step: float) -> bool:
        """Say whether a shape is so small that an answer can do without it; `step` is that of the text, in pixels."""
        corners = np.asarray(polygon.minimum_rotated_rectangle.exterior.coords)
        side = min(np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[2] - corners[1])))
        seen = side * (self.rule["input_side"] / max(self.width, self.height) if self.rule["input_side"] else 1.0)
        return bool(seen < self.rule["least_side"] or side < 1.5 * step)


def _ordered(first: tuple[float, float], second: tuple[float, float], step: float) -> bool:
    return second[0] > first[0] - step * 1.01


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    rule = evidence.rules(record)[0]
    for conversation in record["conversations"]:
        question, reply = (turn["text"] for turn in conversation["turns"])
        asked = _QUESTION.fullmatch(question)
        if asked is None:
            yield unread(question)
            continue
        right = asked["type"] in rule["box_types"] and asked["sensor"] in _SENSORS[rule["sensor"]]
        yield stated("format", question, right, f"{rule['box_types']} boxes on {rule['sensor']} pictures")
        yield stated("format", question, rule["oriented"] or asked["type"] == "horizontal", "the annotation has horizontal boxes only")
        reader = _Reader(record, evidence, asked["type"])
        yield from _mmrs(reply, reader) if reader.padded else _mmship(reply, reader)


def _classes(reader: _Reader) -> list[str]:
    return sorted(set(reader.rule["classes"]) or {noun for noun, _ in reader.objects})


def _mmship(reply: str, reader: _Reader) -> Iterator[Statement]:
    if nouns := _NONE.findall(reply):
        yield from _empty(reply, nouns, reader)
        return
    told = []
    for line in reply.split("\n"):
        noun, _, rest = line.partition(": ")
        if not re.fullmatch(r"\[[^\]]+\](?:; \[[^\]]+\])*", rest):
            yield unread(line)
            continue
        told.append(noun)
        yield from reader.boxes(line, noun, re.findall(r"\[([^\]]+)\]", rest))
    missing = [noun for noun in _classes(reader) if noun not in told and reader.true(noun)]
    step = max(reader.scale) / 100
    hidden = [noun for noun in missing if all(reader.may_be_dropped(one, step) for one in reader.true(noun))]
    yield stated("presence", reply, hidden == missing and set(told) <= set(_classes(reader)), f"not told: {missing}")


def _mmrs(reply: str, reader: _Reader) -> Iterator[Statement]:
    if nouns := _NONE.findall(reply):
        yield from _empty(reply, nouns, reader)
        return
    groups = list(_CLASS.finditer(reply))
    if not re.fullmatch(r"There (?:is|are) #(?:, #)*(?: and #)?\.", _CLASS.sub("#", reply)):
        yield unread(reply)
        return
    be = "is" if int(groups[0][1]) == 1 else "are"
    yield stated("text", reply, reply.startswith(f"There {be} "), f"should begin There {be}")
    told = []
    for group in groups:
        count, name = int(group[1]), group[2]
        noun = next((noun for noun in _classes(reader) if name == (noun if count == 1 else plural(noun))), None)
        if noun is None:
            yield stated("presence", group[0], False, f"classes: {_classes(reader)}")
            continue
        told.append(noun)
        # Horizontal boxes of a class share one pair of brackets, oriented ones have their own.
        parts = group[3].strip("[]").split(";" if reader.count == 4 else "];[")
        yield stated("count", group[0], len(parts) == count == len(reader.true(noun)), f"{len(reader.true(noun))} of {noun}")
        yield from reader.boxes(group[0], noun, parts)
    yield stated("presence", reply, told == [noun for noun in _classes(reader) if reader.true(noun)], f"classes: {_classes(reader)}")


def _empty(reply: str, nouns: Sequence[str], reader: _Reader) -> Iterator[Statement]:
    whole = " ".join(f"There is no {noun} in the image." for noun in nouns)
    yield stated("format", reply, reply == whole, "more than sentences of absence")
    yield stated("presence", reply, list(nouns) == reader.rule["classes"], f"asked for: {reader.rule['classes']}")
    for noun in nouns:
        yield stated("presence", reply, noun not in reader.anywhere, f"the picture's annotation has {sorted(reader.anywhere)}")
