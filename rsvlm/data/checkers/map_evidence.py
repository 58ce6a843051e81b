"""What the raw map has under a record's picture, worked out anew: what shows, where on the pixels, how large on the ground.

The readers of map files are shared with the builders. Everything else is done here once more: web-map tiles by the Mercator
formulas, rasters by their own georeference, cutting with Shapely, and metres by the lengths of a degree on WGS 84.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import rasterio
import rasterio.warp
import shapely
from shapely.geometry.base import BaseGeometry

from rsvlm.data.evidence import Evidence, size_of
from rsvlm.data.wording import wording
from rsvlm.errors import DataError
from rsvlm.maps.elements import Element, joined
from rsvlm.maps.geojson import read_geojson
from rsvlm.maps.mvt import read_mbtiles
from rsvlm.maps.osm import read_osm

_DIMENSION = {"point": 0, "line": 1, "area": 2}
_RIM = 0.1  # pixels
_WHOLE, _DOUBT = 0.999, 0.0005  # the share of an element from which it is whole, and how far from that projections differ
_METRE = 1e-5  # degrees; about the least that a place on the ground is kept to


@dataclass(frozen=True)
class Mapped:
    """An element as a record's picture shows it.

    Attributes:
        id: of the element.
        kind: point, line or area.
        tags: of the element.
        pixels: its visible part in pixels of the record's picture, y down.
        ground: the same part in metres, east and north of the picture's centre.
        edge: metres of a line that run along the picture's edge, where rounding decides whether they show.
        whole: whether all of it, up to a thousandth, lies in the picture; None where rounding decides.
    """

    id: str
    kind: str
    tags: Mapping[str, str]
    pixels: BaseGeometry
    ground: BaseGeometry
    edge: float = 0.0
    whole: bool | None = None


def rule_of(record: Mapping[str, Any], evidence: Evidence) -> Mapping[str, Any]:
    """Return the settings of the builder that made a record.

    Raises:
        DataError: the recipe has none that can have made it.
    """
    found = evidence.rules(record)
    if not found:
        raise DataError(
            f"{record['id']}: no builder of the recipe makes records of kind '{record.get('builder')}' from '{record['source']}'"
        )
    return found[0]


def _is_whole(shape: BaseGeometry, visible: BaseGeometry, kind: str) -> bool | None:
    share = visible.area / shape.area if kind == "area" else visible.length / shape.length if kind == "line" else 1.0
    return None if abs(share - _WHOLE) < _DOUBT else share > _WHOLE


def mapped(record: Mapping[str, Any], evidence: Evidence) -> list[Mapped]:
    """Return what the raw map has in a record's picture, sorted by id.

    Raises:
        DataError: the record does not name its map, or nothing tells where its picture lies.
    """
    rule, origin = rule_of(record, evidence), record["origin"]
    if not origin.get("annotation"):
        raise DataError(f"{record['id']}: the record does not name its map")
    path = evidence.source(rule.get("map_source") or record["source"]).path(origin["annotation"])
    elements, tree = _read(path, tuple(sorted(rule["also"].items())))
    picture = evidence.source(str(record["source"])).path(origin["picture"])
    width, height = size_of(picture)
    x, y, across, _ = origin["window"] or (0, 0, width, height)
    scale = record["width"] / across
    window, to_ground = shapely.box(0, 0, record["width"], record["height"]), _ground_of(picture, evidence, record)
    found = []
    for number in sorted(tree.query(shapely.box(*_degrees(picture, evidence, record)), predicate="intersects").tolist()):
        element = elements[number]

        def place(points: Any) -> Any:
            return (_pixels(picture, evidence, record, points) - (x, y)) * scale

        whole = shapely.make_valid(shapely.transform(element.geometry, place))
        part = shapely.intersection(whole, window)
        kept = [
            piece for piece in shapely.get_parts(part) if shapely.get_dimensions(piece) == _DIMENSION[element.kind] and not piece.is_empty
        ]
        if kept:
            visible = shapely.union_all(kept)
            back = shapely.transform(visible, lambda points: to_ground(points / scale + (x, y)))
            rim = shapely.intersection(whole, window.buffer(_RIM, join_style="mitre").difference(window.buffer(-_RIM, join_style="mitre")))
            edge = rim.length * back.length / visible.length if element.kind == "line" else 0.0
            found.append(Mapped(element.id, element.kind, element.tags, visible, back, edge, _is_whole(whole, visible, element.kind)))
    return found


@cache
def _read(path: Path, also: tuple[tuple[str, str], ...]) -> tuple[list[Element], shapely.STRtree]:
    def passed(_: str, __: Any) -> None:
        """Take no notice: what is unusable was set aside when the corpus was made."""

    name = path.name.lower()
    if name.endswith((".geojson", ".json")):
        found = joined(read_geojson(path, passed, dict(also)))
    else:
        read = read_mbtiles if name.endswith(".mbtiles") else read_osm
        found = joined(Element(each.id, each.kind, each.geometry, {**dict(also), **each.tags}) for each in read(path, passed))
    return found, shapely.STRtree([each.geometry for each in found])


def _tile(file: str) -> tuple[int, int, int] | None:
    found = re.search(r"(\d+)-(\d+)-(\d+)$", PurePosixPath(file).stem)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _index(evidence: Evidence, record: Mapping[str, Any]) -> tuple[float, float, float, float]:
    row = evidence.source(str(record["source"])).metadata(record["origin"]["picture"])
    sides = [row.get(side) for side in ("west", "south", "east", "north")]
    if None in sides:
        raise DataError(f"{record['id']}: nothing tells where its picture lies")
    west, south, east, north = (float(side) for side in sides if side is not None)
    return west, south, east, north


def _pixels(picture: Path, evidence: Evidence, record: Mapping[str, Any], points: Any) -> Any:
    """Return pixels (n, 2) of the whole picture for longitudes and latitudes (n, 2)."""
    longitude, latitude = points[:, 0], points[:, 1]
    if picture.suffix.lower() in (".tif", ".tiff"):
        with rasterio.open(picture) as raster:
            xs, ys = rasterio.warp.transform("EPSG:4326", raster.crs, longitude, latitude)
            inverse = ~raster.transform
        return np.column_stack([inverse.a * np.asarray(xs) + inverse.b * np.asarray(ys) + inverse.c,
                                inverse.d * np.asarray(xs) + inverse.e * np.asarray(ys) + inverse.f])  # fmt: skip
    width, height = size_of(picture)
    tile = _tile(picture.name)
    if tile is None:
        west, south, east, north = _index(evidence, record)
        return np.column_stack([(longitude - west) / (east - west) * width, (north - latitude) / (north - south) * height])
    column, row, zoom = tile
    across = (longitude + 180) / 360 * 2**zoom - column
    down = (1 - np.arcsinh(np.tan(np.radians(latitude))) / math.pi) / 2 * 2**zoom - row
    return np.column_stack([across * width, down * height])


def _lonlat(picture: Path, evidence: Evidence, record: Mapping[str, Any], points: Any) -> Any:
    """Return longitudes and latitudes (n, 2) for pixels (n, 2) of the whole picture."""
    if picture.suffix.lower() in (".tif", ".tiff"):
        with rasterio.open(picture) as raster:
            turn = raster.transform
            xs = turn.a * points[:, 0] + turn.b * points[:, 1] + turn.c
            ys = turn.d * points[:, 0] + turn.e * points[:, 1] + turn.f
            return np.column_stack(rasterio.warp.transform(raster.crs, "EPSG:4326", xs, ys))
    width, height = size_of(picture)
    tile = _tile(picture.name)
    if tile is None:
        west, south, east, north = _index(evidence, record)
        return np.column_stack([west + points[:, 0] / width * (east - west), north - points[:, 1] / height * (north - south)])
    column, row, zoom = tile
    across, down = (column + points[:, 0] / width) / 2**zoom, (row + points[:, 1] / height) / 2**zoom
    return np.column_stack([across * 360 - 180, np.degrees(np.arctan(np.sinh(math.pi * (1 - 2 * down))))])


def _degrees(picture: Path, evidence: Evidence, record: Mapping[str, Any]) -> tuple[float, float, float, float]:
    """Return west, south, east, north of the whole picture."""
    width, height = size_of(picture)
    corners = _lonlat(picture, evidence, record, np.asarray([(0, 0), (width, 0), (width, height), (0, height)], dtype=float))
    west, south = corners.min(axis=0).tolist()
    east, north = corners.max(axis=0).tolist()
    return west - _METRE, south - _METRE, east + _METRE, north + _METRE


def _ground_of(picture: Path, evidence: Evidence, record: Mapping[str, Any]) -> Any:
    """Return a function from pixels (n, 2) of the whole picture to metres east and north of its centre.

    A degree of latitude and one of longitude are as long as the usual series in the latitude says (WGS 84, to a centimetre).
    """
    west, south, east, north = _degrees(picture, evidence, record)
    longitude, latitude = (west + east) / 2, (south + north) / 2
    turn = math.radians(latitude)
    high = 111_132.92 - 559.82 * math.cos(2 * turn) + 1.175 * math.cos(4 * turn)
    wide = 111_412.84 * math.cos(turn) - 93.5 * math.cos(3 * turn) + 0.118 * math.cos(5 * turn)

    def convert(points: Any) -> Any:
        found = _lonlat(picture, evidence, record, points)
        return np.column_stack([(found[:, 0] - longitude) * wide, (found[:, 1] - latitude) * high])

    return convert


def values_of(tags: Mapping[str, str], key: str) -> list[str]:
    """Return the values of a key in words, `a;b` as two: `parking aisle` for `parking_aisle`."""
    return [" ".join(value.replace("_", " ").replace(":", " ").split()) for value in tags.get(key, "").split(";")]


def nouns_of(tags: Mapping[str, str]) -> set[str]:
    """Return every noun in the singular that the tags of an element stand for, by the table of words."""
    table, found = wording("osm"), set()
    for key, words in table["things"].items():
        for value in (part.strip() for part in tags.get(key, "").split(";")):
            if not value or value in ("no", "unknown"):
                continue
            known = table["tags"].get(f"{key}={value}")
            spoken = " ".join(value.replace("_", " ").replace(":", " ").split())
            general = key.replace("_", " ") if value == "yes" else words["noun"].replace("{value}", spoken)
            found.add(known["noun"] if known else general)
    return found


def counted_of(noun: str, elements: list[Mapped], least: float, tolerance: float = 0.03) -> tuple[int, int]:
    """Return the fewest and the most things of a noun that can be counted; they differ where some are about the least size.

    Points and areas count one by one, lines that go on in one another as one, and so does one in pieces.

    Args:
        noun: in the singular.
        elements: of the picture.
        least: pixels of length, or the square of it in area, below which an element is passed over.
        tolerance: share of the least size within which it is left open whether an element counts.
    """
    named = [each for each in elements if noun in nouns_of(each.tags)]

    def count(limit: float) -> int:
        lines = [each.pixels for each in named if each.kind == "line" and each.pixels.length >= limit]
        areas = sum(each.pixels.area >= limit**2 for each in named if each.kind == "area")
        points = sum(each.kind == "point" for each in named)
        merged = len(shapely.get_parts(shapely.line_merge(shapely.union_all(lines)))) if lines else 0
        return points + areas + min(len(lines), merged)

    found = [count(least * (1 + tolerance)), count(least), count(least * (1 - tolerance))]
    return min(found), max(found)
