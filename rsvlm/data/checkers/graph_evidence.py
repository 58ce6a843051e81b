"""The scene graph behind a record, worked out again with Shapely from the annotation file: objects in the tile, and relations."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import shapely
import shapely.affinity
from PIL import Image

from rsvlm.captioning.grammar import class_words
from rsvlm.data.checkers.footprints import footprint_boxes
from rsvlm.data.checkers.whole import window_of
from rsvlm.data.evidence import Evidence, boxes_in_picture
from rsvlm.imagery.rasters import info
from rsvlm.records.pictures import RASTERS
from rsvlm.records.readers.star_names import CATEGORIES, RELATIONS

_EDGE = 2.0
_SMALL = 1e-6


@dataclass(frozen=True)
class Found:
    """An object that shows enough in a record's window, pixels of the window.

    Attributes:
        label: its class as the texts have it.
        visible: its part in the window.
        rectangle: the smallest rectangle around that.
        whole_area: of the whole object.
        whole: nothing is cut off.
    """

    label: str
    visible: shapely.Polygon
    rectangle: shapely.Polygon
    whole_area: float
    whole: bool


@dataclass(frozen=True)
class Scene:
    """What a record's annotation shows in its window.

    Attributes:
        objects: in the annotation's order.
        relations: (subject, predicate, object), places in `objects`.
        hidden: classes that show, but less than the recipe's share.
        doubtful: classes of which the recipe knows unmarked ones here.
        anywhere: classes that the whole picture has.
    """

    objects: list[Found]
    relations: set[tuple[int, str, int]]
    hidden: set[str]
    doubtful: set[str]
    anywhere: set[str]

    def count(self, label: str) -> int:
        """Return how many objects of a class show."""
        return sum(found.label == label for found in self.objects)


def scene_of(record: Mapping[str, Any], evidence: Evidence) -> Scene:
    """Return the scene of a record."""
    rule = evidence.rules(record)[0]
    path = evidence.source(str(record["source"])).path(record["origin"]["picture"])
    size = (info(path).width, info(path).height) if path.suffix.lower() in RASTERS else _picture_size(path)
    listed = list(_listed(record, evidence, rule))
    x, y, width, height = window_of(record)
    window, picture = shapely.box(x, y, x + width, y + height), shapely.box(0, 0, *size)
    objects: list[Found] = []
    hidden, places = set[str](), dict[int, int]()
    for place, (label, polygon, difficult) in enumerate(listed):
        whole = _in_picture(polygon, picture)
        if whole is None or (difficult and rule["rules"]["skip_difficult"]):
            continue
        visible = whole.intersection(window)
        if visible.area <= _SMALL or not isinstance(visible, shapely.Polygon):
            continue
        full = window.buffer(_EDGE, join_style="mitre").covers(whole)
        if not full and visible.area < (rule["chips"]["visible_share"] - 1e-9) * whole.area:
            hidden.add(label)
            continue
        places[place] = len(objects)
        moved = shapely.affinity.translate(visible, -x, -y)
        objects.append(Found(label, moved, smallest_rectangle(moved), whole.area, full))
    if rule["kind"] == "scene-graphs":
        relations = {(places[a], word, places[b]) for a, word, b in _told(record, evidence) if a in places and b in places}
    else:
        relations = set(_geometric(objects, rule["geometry"]))
    stem = PurePosixPath(record["origin"]["picture"]).stem
    gaps = [gap for gap in rule["known"]["unmarked"] if gap["picture"] == stem]
    doubtful = {gap["noun"] for gap in gaps if window.intersection(shapely.box(*gap["box"])).area > 0}
    return Scene(objects, relations, hidden, doubtful, {label for label, _, _ in listed if label} | {gap["noun"] for gap in gaps})


def _picture_size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def smallest_rectangle(shape: shapely.Polygon) -> shapely.Polygon:
    """Return the rectangle of least area around a polygon, by trying the direction of every side of its hull."""
    points = np.asarray(shape.convex_hull.exterior.coords)[:-1]
    best: tuple[float, shapely.Polygon] | None = None
    for (x1, y1), (x2, y2) in zip(points, np.roll(points, -1, axis=0), strict=True):
        angle = float(np.degrees(np.arctan2(y2 - y1, x2 - x1)))
        turned = shapely.affinity.rotate(shape, -angle, origin=(0, 0))
        box = shapely.box(*turned.bounds)
        if best is None or box.area < best[0] - 1e-9:
            best = (box.area, shapely.affinity.rotate(box, angle, origin=(0, 0)))
    assert best is not None
    return best[1]


def sides_and_axis(rectangle: shapely.Polygon) -> tuple[float, float, float]:
    """Return shorter side, longer side (pixels) and the direction of the longer one (degrees, 0 to 180)."""
    points = np.asarray(rectangle.exterior.coords)
    first, second = points[1] - points[0], points[2] - points[1]
    if np.hypot(*first) < np.hypot(*second):
        first, second = second, first
    return float(np.hypot(*second)), float(np.hypot(*first)), float(np.degrees(np.arctan2(first[1], first[0])) % 180)


def _in_picture(polygon: shapely.Polygon, picture: shapely.Polygon) -> shapely.Polygon | None:
    """Return a usable object: itself, the box around its part in the picture where that is half of it or more, or None."""
    if not polygon.is_valid or polygon.area <= 0 or polygon.convex_hull.area > polygon.area * (1 + 1e-9):
        return None
    if picture.buffer(_EDGE, join_style="mitre").covers(polygon):
        return shapely.transform(polygon, lambda points: np.clip(points, 0, picture.bounds[2:]))
    part = polygon.intersection(picture)
    return shapely.box(*part.bounds) if part.area >= (0.5 - 1e-9) * polygon.area and part.area > 0 else None


def _listed(record: Mapping[str, Any], evidence: Evidence, rule: Mapping[str, Any]) -> Iterator[tuple[str, shapely.Polygon, bool]]:
    """Yield (class, polygon in pixels of the picture, difficult) of everything that the annotation lists."""
    source, origin = evidence.source(str(record["source"])), record["origin"]
    if rule["kind"] == "footprint-graphs":
        for box in footprint_boxes(source.path(origin["annotation"]), source.path(origin["picture"])):
            yield rule["label"], box, False
    elif rule["kind"] == "box-graphs":
        for label, corners, difficult in boxes_in_picture(record, evidence):
            yield rule["names"].get(label, class_words(label)), shapely.Polygon(corners), difficult
    else:
        for entry in _entry(source.path(origin["annotation"]), origin["picture"])["objects"]:
            # A class is there however faulty the rest of its entry is.
            name = str(entry.get("category")).strip().lower().replace(" ", "_").replace("-", "_") if isinstance(entry, dict) else ""
            try:
                polygon = shapely.Polygon(np.asarray(entry["polygon"], dtype=np.float64).reshape(4, 2))
            except (KeyError, TypeError, ValueError, shapely.errors.ShapelyError):
                polygon = shapely.Polygon()
            if name not in CATEGORIES:
                name, polygon = "", shapely.Polygon()
            yield rule["names"].get(name, name), polygon, bool(entry.get("difficult")) if isinstance(entry, dict) else False


def _told(record: Mapping[str, Any], evidence: Evidence) -> Iterator[tuple[int, str, int]]:
    path = evidence.source(str(record["source"])).path(record["origin"]["annotation"])
    for triple in _entry(path, record["origin"]["picture"])["relations"]:
        if isinstance(triple, list) and len(triple) == 3 and triple[0] != triple[2]:
            predicate = " ".join(str(triple[1]).split())
            if predicate in RELATIONS:
                yield triple[0], predicate, triple[2]


@cache
def _entries(path: Path) -> dict[str, dict[str, Any]]:
    entries = [entry for entry in json.loads(path.read_bytes()) if isinstance(entry, dict) and isinstance(entry.get("filename"), str)]
    return {PurePosixPath(entry["filename"]).name: entry for entry in entries}


def _entry(path: Path, picture: str) -> dict[str, Any]:
    entries = _entries(path)
    name = PurePosixPath(picture)
    return next(entry for file, entry in entries.items() if file == name.name or PurePosixPath(file).stem == name.stem)


def _geometric(objects: list[Found], rule: Mapping[str, Any]) -> Iterator[tuple[int, str, int]]:
    measured = [sides_and_axis(found.rectangle) for found in objects]
    contacts = {}
    boxes = np.array([found.visible.bounds for found in objects]).reshape(-1, 4)
    reach = rule["reach"] * max((one[1] for one in measured), default=0) + rule["near"] * max((one[0] for one in measured), default=0)
    for i, first in enumerate(objects):
        x1, y1, x2, y2 = boxes[i]
        apart = np.maximum.reduce([boxes[:, 0] - x2, x1 - boxes[:, 2], boxes[:, 1] - y2, y1 - boxes[:, 3]])
        for j in np.flatnonzero(apart <= min(reach, (rule["reach"] + rule["near"]) * measured[i][1]) + 1).tolist():
            second = objects[j]
            if i != j:
                if word := _contact(first, second, measured[i], measured[j], rule):
                    contacts[i, j] = word
                if side := _side(first, second, min(measured[i][1], measured[j][1]) * rule["reach"], rule["straight"]):
                    yield i, side, j
    for (i, j), word in contacts.items():
        yield i, _alongside(i, j, word, objects, contacts, rule["alongside"]), j


def _contact(
    first: Found, second: Found, mine: tuple[float, float, float], other: tuple[float, float, float], rule: Mapping[str, Any]
) -> str | None:
    shared = first.visible.intersection(second.visible).area
    if shared >= rule["inside"] * first.whole_area - _SMALL:
        return "inside"
    if shared > rule["overlap"] * min(first.whole_area, second.whole_area) + _SMALL:
        return None
    if first.visible.distance(second.visible) > rule["near"] * min(mine[0], other[0]) + _SMALL:
        return None
    long = all(one[1] >= rule["elongated"] * one[0] - _SMALL for one in (mine, other))
    turn = abs(mine[2] - other[2])
    return "parallel to" if long and min(turn, 180 - turn) <= rule["parallel"] + _SMALL else "adjacent"


def _alongside(
    i: int, j: int, word: str, objects: list[Found], contacts: Mapping[tuple[int, int], str], rules: list[Mapping[str, str]]
) -> str:
    for rule in rules if word == "parallel to" else ():
        if objects[i].label == objects[j].label == rule["noun"]:
            shared = [k for k, other in enumerate(objects) if other.label == rule["at"] and (i, k) in contacts and (j, k) in contacts]
            if shared or not rule["at"]:
                return str(rule["words"])
    return word


def _side(first: Found, second: Found, reach: float, straight: float) -> str | None:
    """Return on which side of the second object the first one is, by their upright boxes."""
    if first.visible.distance(second.visible) > reach + _SMALL:
        return None
    x1, y1, x2, y2 = first.visible.bounds
    left, top, right, bottom = second.visible.bounds
    across, down = (x1 + x2 - left - right) / 2, (y1 + y2 - top - bottom) / 2
    if min(abs(across), abs(down)) > straight * max(abs(across), abs(down)) + _SMALL:
        return None
    sides = {
        "left of": abs(across) > abs(down) and across < 0 and (x2 <= left + _SMALL),
        "right of": abs(across) > abs(down) and across > 0 and (x1 >= right - _SMALL),
        "above": abs(down) > abs(across) and down < 0 and (y2 <= top + _SMALL),
        "below": abs(down) > abs(across) and down > 0 and (y1 >= bottom - _SMALL),
    }
    return next((name for name, holds in sides.items() if holds), None)
