"""The objects of a record's window with what can be said of each: place, size, colour, relations; all worked out from the files.

Relations are tested on polygons as annotated, cut by the window: what holds for the visible parts holds for the whole.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
import shapely.affinity

from rsvlm.captioning.grammar import class_words
from rsvlm.data.checkers.pixels import pixels_of, share_of_colour
from rsvlm.data.checkers.whole import window_of
from rsvlm.data.evidence import Evidence, boxes_in_picture, in_window

_ROWS, _COLUMNS = ("top", "", "bottom"), ("left", "", "right")
_BESIDE = ("anchored at", "parked at")
_RELATION = re.compile(r" (anchored at|parked at|surrounded by|inside|passing through|containing) (?:the|an?) (.+)$")


@dataclass(frozen=True)
class Thing:
    """An object of a record's window.

    Attributes:
        noun: in the singular.
        polygon: as the record has it, in pixels of its picture.
        raw: as annotated, in pixels of the picture that the record was cut from.
        cell: of the 3 x 3 grid that holds its box centre.
        bordering: its box touches the border of the record's picture.
    """

    noun: str
    polygon: shapely.Polygon
    raw: shapely.Polygon
    cell: str
    bordering: bool


def cell_of(polygon: shapely.Polygon, width: int, height: int) -> str:
    """Return the cell of the 3 x 3 grid that holds a polygon's box centre; one on a line belongs to the later cell."""
    x1, y1, x2, y2 = polygon.bounds
    row, column = (min(int(3 * (low + high) / 2 / side), 2) for low, high, side in ((y1, y2, height), (x1, x2, width)))
    return " ".join(word for word in (_ROWS[row], _COLUMNS[column]) if word) or "centre"


class View:
    """What the files say of one record."""

    def __init__(self, record: Mapping[str, Any], evidence: Evidence) -> None:
        self.record, self.evidence, self.rule = record, evidence, evidence.rules(record)[0]
        self.width, self.height = int(record["width"]), int(record["height"])
        x, y, width, height = window_of(record)
        self.window = shapely.box(x, y, x + width, y + height)
        self.things: list[Thing] = []
        self.slivers: set[str] = set()
        self.polygons: list[tuple[str, shapely.Polygon]] = []
        for label, corners, hard in boxes_in_picture(record, evidence):
            noun, raw = self.rule["names"].get(label, class_words(label)), shapely.Polygon(corners)
            self.polygons.append((noun, raw))
            left, top, right, bottom = raw.bounds
            if left > x + width or right < x or top > y + height or bottom < y:
                continue
            kept = in_window(record, evidence, [(label, corners, hard)])
            if kept:
                x1, y1, x2, y2 = kept[0][1].bounds
                touches = x1 <= 0 or y1 <= 0 or x2 >= self.width or y2 >= self.height
                self.things.append(Thing(noun, kept[0][1], raw, cell_of(kept[0][1], self.width, self.height), touches))
            elif raw.is_valid and raw.intersection(self.window).area > 0:
                self.slivers.add(noun)

    @cached_property
    def pixels(self) -> np.ndarray:
        """The pixels of the record's window."""
        return pixels_of(self.record, self.evidence)

    def of(self, noun: str) -> list[Thing]:
        """Return the objects of a class."""
        return [thing for thing in self.things if thing.noun == noun]

    @property
    def nouns(self) -> list[str]:
        """All classes of the whole picture, longer names first."""
        return sorted({noun for noun, _ in self.polygons}, key=lambda noun: (-len(noun), noun))

    def colour_share(self, thing: Thing, name: str) -> float:
        """Return which share of an object's core has a colour."""
        return share_of_colour(self.pixels, thing.polygon, name, self.rule["attributes"]["core"])[0]

    def related(self, thing: Thing, words: str, second: str) -> bool:
        """Say whether an object has a relation with one of a class, by what shows of both in the window."""
        limits = self.rule["relations"]
        mine = thing.raw.intersection(self.window)
        for noun, raw in self.polygons:
            theirs = raw.intersection(self.window) if raw.is_valid else shapely.Polygon()
            if noun != second or theirs.is_empty or mine.is_empty:
                continue
            if words == "containing":
                held = mine.intersection(theirs).area >= limits["inside"] * raw.area - 1e-6
            elif words in _BESIDE and second != "airport":
                held = mine.distance(theirs) <= limits["near"] * _shorter_side(thing.raw) + 1e-6
            else:
                held = mine.intersection(theirs).area >= limits["inside"] * thing.raw.area - 1e-6
            if held:
                return True
        return False


def _shorter_side(polygon: shapely.Polygon) -> float:
    corners = np.asarray(polygon.minimum_rotated_rectangle.exterior.coords)
    return float(min(np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[2] - corners[1]))))


def split_relation(text: str) -> tuple[str, tuple[str, str] | None]:
    """Return a phrase without its relation, and the relation's words and second class."""
    match = _RELATION.search(text)
    return (text[: match.start()], (match[1], match[2])) if match else (text, None)
