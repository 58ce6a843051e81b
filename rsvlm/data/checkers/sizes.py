"""Limits of sizes, found again: percentiles of the areas of each class over the training scenes of all region builders."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import shapely

from rsvlm.captioning.grammar import class_words
from rsvlm.data.evidence import Evidence, annotated_pictures, boxes_in_picture, in_window, size_of
from rsvlm.records.models import safe_id
from rsvlm.records.splits import split_of

_FEWEST = 5


def percentile(values: list[float], share: float) -> float:
    """Return a percentile (0 to 100) of sorted values, linear between two of them."""
    place = (len(values) - 1) * share / 100
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def size_limits(evidence: Evidence, seed: int, kind: str = "regions") -> Mapping[str, tuple[float, float]]:
    """Return noun -> areas (square pixels) below which an object is small and above which it is large."""
    rules = [rule for (name, _), found in sorted(evidence.settings.items()) if name == kind for rule in found]
    return _limits(evidence.raw, json.dumps(rules, sort_keys=True), kind, seed)


@cache
def _limits(raw: Path, text: str, kind: str, seed: int) -> Mapping[str, tuple[float, float]]:
    areas: dict[str, list[float]] = {}
    rules = json.loads(text)
    for rule in rules:
        evidence = Evidence(raw, {(kind, rule["source"]): (rule,)})
        for annotation, picture in annotated_pictures(evidence, rule):
            match = re.search(rule["scene"], PurePosixPath(picture).stem)
            scene = safe_id(rule["prefix"], match[1] if match else "")
            shares = {name: rule["shares"][name] for name in ("test", "validation")}
            if (rule["shares"]["scenes"].get(scene) or split_of(seed, scene, shares)) != "train":
                continue
            for noun, polygon in _objects(evidence, rule, kind, annotation, picture):
                areas.setdefault(noun, []).append(polygon.area)
    found = {}
    for noun, values in areas.items():
        if len(values) >= _FEWEST:
            values.sort()
            attributes: Mapping[str, Any] = rules[-1]["attributes"]
            found[noun] = (percentile(values, attributes["small"]), percentile(values, attributes["large"]))
    return found


def _objects(evidence: Evidence, rule: Mapping[str, Any], kind: str, annotation: str, picture: str) -> list[tuple[str, shapely.Polygon]]:
    width, height = size_of(evidence.source(rule["source"]).path(picture))
    origin = {"annotation": annotation, "picture": picture, "window": None}
    record = {"id": picture, "source": rule["source"], "builder": kind, "origin": origin, "width": width, "height": height}
    boxes = in_window(record, evidence, boxes_in_picture(record, evidence))
    return [(rule["names"].get(label, class_words(label)), polygon) for label, polygon, _ in boxes]
