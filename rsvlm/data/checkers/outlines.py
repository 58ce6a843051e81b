"""Check polygons in text: rasterised and compared with mask regions found again, or with footprints placed again.

A polygon of the text holds when it and one annotated shape share most of their area; an answer with all outlines of a
picture must have one polygon for every shape.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import shapely
import shapely.affinity
import shapely.geometry
from rasterio.warp import transform_geom

from rsvlm.captioning.grammar import plural
from rsvlm.data.checkers.masks import regions
from rsvlm.data.checkers.measured import box_in, is_box_of
from rsvlm.data.checkers.properties import about, check_property
from rsvlm.data.checkers.whole import rule_of, window_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.imagery.rasters import open_raster
from rsvlm.records.pictures import load_mask

_ALL = re.compile(
    r"(?:Trace the outline of every (?P<one>.+) in the image|Vectorise the (?P<many>.+) in the image) as polygons \[x1,y1,x2,y2,\.\.\.\]\."
)
_ONE = re.compile(
    r"(?:Trace the outline of the (?P<a>.+) at (?P<b>\[\S+\]) as a polygon \[x1,y1,x2,y2,\.\.\.\]"
    r"|Give the polygon \[x1,y1,x2,y2,\.\.\.\] around the (?P<c>.+) at (?P<d>\[\S+\]))\."
)
_LIST = re.compile(r"\[[\d,]+\](?:, \[[\d,]+\])*")
_ROUNDING = 0.05


def _polygons(text: str, side: int) -> list[shapely.Polygon] | None:
    """Return the polygons of an answer in pixels of a square picture; None where it has another form."""
    if not _LIST.fullmatch(text):
        return None
    found = []
    for match in re.findall(r"\[([\d,]+)\]", text):
        numbers = [int(number) for number in match.split(",")]
        if len(numbers) < 6 or len(numbers) % 2 or max(numbers) > 1000:
            return None
        found.append(shapely.Polygon([(x * side / 1000, y * side / 1000) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]))
    return found if all(polygon.is_valid for polygon in found) else None


def _mask_shapes(record: Mapping[str, Any], evidence: Evidence, rule: Mapping[str, Any]) -> list[shapely.Polygon]:
    mask = load_mask(evidence.source(str(record["source"])).path(record["origin"]["annotation"])) == rule["value"]
    x, y, width, height = window_of(record)
    part = mask[y : y + height, x : x + width]
    return [
        shapely.union_all([shapely.box(start, row, end, row + 1) for row, start, end in region]) for region in regions(part, diagonal=False)
    ]


@cache
def _placed(path: Path, picture: Path, tiles: bool) -> tuple[shapely.Polygon, ...]:
    document = json.loads(path.read_bytes())
    named = document.get("crs", {}).get("properties", {}).get("name", "EPSG:4326").rpartition(":")[2]
    found: list[shapely.Polygon] = []
    for feature in document["features"]:
        if (feature.get("geometry") or {}).get("type") not in ("Polygon", "MultiPolygon"):
            continue
        if tiles:
            column, row, zoom = (int(number) for number in PurePosixPath(picture).stem.split("-")[-3:])
            shape = shapely.transform(shapely.geometry.shape(feature["geometry"]), partial(_on_tile, column=column, row=row, zoom=zoom))
        else:
            with open_raster(picture) as raster:
                back, crs = ~raster.transform, raster.crs
            placed = shapely.geometry.shape(transform_geom(f"EPSG:{named}", crs, feature["geometry"]))
            shape = shapely.affinity.affine_transform(placed, (back.a, back.b, back.d, back.e, back.c, back.f))
        found += list(shape.geoms) if isinstance(shape, shapely.MultiPolygon) else [shape]
    return tuple(shapely.Polygon(polygon.exterior) for polygon in found)


def _on_tile(points: np.ndarray, column: int, row: int, zoom: int) -> np.ndarray:
    """Return pixels of a web map tile for degrees, through metres of web Mercator."""
    radius, world = 6378137.0, 2 * math.pi * 6378137.0
    east, north = np.radians(points[:, 0]) * radius, np.log(np.tan(np.pi / 4 + np.radians(points[:, 1]) / 2)) * radius
    scale = 256 * 2**zoom / world
    return np.stack([(east + world / 2) * scale - 256 * column, (world / 2 - north) * scale - 256 * row], axis=1)


def _shapes(record: Mapping[str, Any], evidence: Evidence, rule: Mapping[str, Any]) -> list[shapely.Polygon]:
    if rule["reading"] == "mask":
        return _mask_shapes(record, evidence, rule)
    source, origin = evidence.source(str(record["source"])), record["origin"]
    x, y, width, height = window_of(record)
    frame = shapely.box(x, y, x + width, y + height)
    placed = _placed(source.path(origin["annotation"]), source.path(origin["picture"]), rule["reading"] == "tiles")
    parts = [shape.intersection(frame) for shape in placed if shape.is_valid and shape.intersects(frame)]
    return [shapely.affinity.translate(part, -x, -y) for part in parts if part.area > 0]


def _overlap(first: shapely.Geometry, second: shapely.Geometry) -> float:
    union = first.union(second).area
    return float(first.intersection(second).area / union) if union else 0.0


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's questions."""
    rule = rule_of(record, evidence)
    shapes, known = _shapes(record, evidence, rule), about(record, evidence)
    prefix = "{IT} " if rule["outlines"]["prefix"] else ""
    for conversation in record["conversations"]:
        question, reply = (turn["text"] for turn in conversation["turns"])
        text = question.removeprefix(prefix)
        every, one = _ALL.fullmatch(text), _ONE.fullmatch(text)
        if every or one:
            polygons = _polygons(reply, record["width"])
            nouns = (every["one"], every["many"]) if every else (one["a"], one["c"]) if one else ()
            if polygons is None or not {rule["label"], plural(rule["label"])} & set(nouns) or not question.startswith(prefix):
                yield unread(f"{text} {reply}")
            elif every:
                yield _every(text, polygons, shapes, rule)
            elif one:
                yield _single(text, (one["b"] or one["d"]), polygons, shapes, rule, record["width"])
        else:
            yield check_property(text, reply, conversation["answer"], known, rule["properties"]) or unread(question)


def _every(text: str, polygons: list[shapely.Polygon], shapes: list[shapely.Polygon], rule: Mapping[str, Any]) -> Statement:
    least = rule["outlines"]["least_overlap"] - _ROUNDING
    partners = [{place for place, shape in enumerate(shapes) if _overlap(polygon, shape) >= least} for polygon in polygons]
    matched = all(len(found) == 1 for found in partners) and len(set().union(*partners)) == len(polygons)
    holds = matched and len(shapes) == len(polygons) and rule["complete"]
    return stated(
        "geometry", text, holds, f"{len(polygons)} polygons for {len(shapes)} shapes, partners {[len(found) for found in partners]}"
    )


def _single(
    text: str, box: str, polygons: list[shapely.Polygon], shapes: list[shapely.Polygon], rule: Mapping[str, Any], side: int
) -> Statement:
    asked = box_in(box, side, side)
    if asked is None or len(polygons) != 1:
        return unread(text)
    least = rule["outlines"]["least_overlap"] - _ROUNDING
    best = max((_overlap(polygons[0], shape) for shape in shapes), default=0.0)
    holds = best >= least and is_box_of(asked, polygons[0].buffer(0), side, side)
    return stated("geometry", text, holds, f"best overlap {best:.2f}, box {asked}, bounds {polygons[0].bounds}")
