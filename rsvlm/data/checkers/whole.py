"""All objects of a record's picture, placed in the record's window once more: which show whole, which are in doubt, what is absent.

An object is whole when it lies inside the window, away from its border, and nothing in the annotation marks it as difficult.
A class is in doubt when one of its objects meets the window without being whole, or the recipe knows of one without a box.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import shapely
import shapely.affinity

from rsvlm.captioning.grammar import class_words
from rsvlm.data.checkers.footprints import footprint_boxes
from rsvlm.data.checkers.masks import boxes_of
from rsvlm.data.evidence import Evidence, boxes_in_picture, faulty_classes
from rsvlm.errors import DataError
from rsvlm.records.pictures import load_mask

_FIELD = re.compile(r"\{\w+\}")


@dataclass
class Whole:
    """Objects of a record's window.

    Attributes:
        clear: noun -> polygons in pixels of the record's picture.
        doubtful: nouns in doubt.
        anywhere: nouns of which the whole picture shows something.
    """

    clear: dict[str, list[shapely.Polygon]] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    anywhere: Counter[str] = field(default_factory=Counter)

    def only(self, noun: str) -> shapely.Polygon | None:
        """Return the one object of a class that is not in doubt."""
        found = self.clear.get(noun, [])
        return found[0] if len(found) == 1 and noun not in self.doubtful else None


def window_of(record: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Return x, y, width, height of the record's window in pixels of the picture it was cut from."""
    x, y, width, height = (record.get("origin") or {}).get("window") or (0, 0, record["width"], record["height"])
    return int(x), int(y), int(width), int(height)


def rule_of(record: Mapping[str, Any], evidence: Evidence) -> Mapping[str, Any]:
    """Return the settings of the builder that made a record, told among those of its kind and source by the picture's path.

    Raises:
        DataError: the recipe has no such builder.
    """
    picture = PurePosixPath(record["origin"]["picture"])
    found = next((rule for rule in evidence.rules(record) if picture.match(_FIELD.sub("*", rule["pictures"]))), None)
    if found is None:
        raise DataError(f"{record['id']}: the recipe has no builder '{record.get('builder')}' for {picture}")
    return found


def whole(record: Mapping[str, Any], evidence: Evidence) -> Whole:
    """Return what a record's annotation shows in its window.

    Raises:
        DataError: the record does not say what it was made from.
    """
    rule = evidence.rules(record)[0]
    x, y, width, height = window_of(record)
    stem = PurePosixPath(record["origin"]["picture"]).stem
    edge = float(rule["known"]["edge"])
    inner = shapely.box(x + edge, y + edge, x + width - edge, y + height - edge)
    window = shapely.box(x, y, x + width, y + height)
    found = Whole()
    for label, polygon, difficult in _polygons(record, evidence, rule):
        noun = rule["names"].get(label, class_words(label))
        found.anywhere[noun] += 1
        if not window.intersects(polygon) or window.intersection(polygon).area <= 0:
            continue
        if inner.contains_properly(polygon) and not difficult:
            found.clear.setdefault(noun, []).append(shapely.affinity.translate(polygon, -x, -y))
        else:
            found.doubtful.add(noun)
    if "label" not in rule and "classes" not in rule:
        for label in faulty_classes(record, evidence):
            found.anywhere[rule["names"].get(label, class_words(label))] += 1
    for gap in rule["known"]["unmarked"]:
        if gap["picture"] == stem:
            found.anywhere[gap["noun"]] += 1
            if window.intersection(shapely.box(*gap["box"])).area > 0:
                found.doubtful.add(gap["noun"])
    return found


def _polygons(record: Mapping[str, Any], evidence: Evidence, rule: Mapping[str, Any]) -> list[tuple[str, shapely.Polygon, bool]]:
    if "label" in rule:
        source, origin = evidence.source(str(record["source"])), record["origin"]
        return [(rule["label"], box, False) for box in footprint_boxes(source.path(origin["annotation"]), source.path(origin["picture"]))]
    if "classes" in rule:
        mask = load_mask(evidence.source(str(record["source"])).path(record["origin"]["annotation"]), rule["colours"])
        least, nested = rule["m2b"]["minimum_area"], rule["m2b"]["nested"]
        return [(noun, box, False) for value, noun in rule["classes"].items() for box in boxes_of(mask == int(value), least, nested=nested)]
    found = []
    for label, corners, difficult in boxes_in_picture(record, evidence):
        polygon = shapely.Polygon(corners)
        fit = polygon.is_valid and polygon.area > 0
        # What goes round no area is no object to ask about, but it still says that its class is there.
        found.append((label, polygon if fit else polygon.convex_hull.buffer(0.1), difficult or not fit))
    return found
