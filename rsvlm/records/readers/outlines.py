"""Outlines as annotations write them: WKT, GeoJSON rings, and boxes turned by an angle, all to corner points."""

import math
import re
from typing import Any

from rsvlm.records.geometry import corners_of_box
from rsvlm.records.models import Point, Polygon
from rsvlm.records.readers.fields import checked_number, member
from rsvlm.records.readers.lines import number_of
from rsvlm.records.unfit import Unfit

_LONGEST = 1_000_000
_POLYGON = re.compile(r"\s*POLYGON\s*(?:Z\s*)?\(\s*\(([^()]*)\)", re.IGNORECASE)
_REST = re.compile(r"(?:\s*,\s*\([^()]*\))*\s*\)\s*")


def wkt_polygon(text: str, path: str) -> tuple[Point, ...]:
    """Return the outer ring of `POLYGON ((x y, x y, ...), ...)` without its closing point.

    Raises:
        Unfit: anything else.
    """
    found = _POLYGON.match(text) if len(text) <= _LONGEST else None
    if found is None or not _REST.fullmatch(text, found.end()):
        raise Unfit("outline is not a polygon", f"{path} starts {text[:30]!r}; WKT POLYGON ((x y, ...)) is needed")
    points = []
    for pair in found[1].split(","):
        try:
            x, y = [number_of(word, "a coordinate") for word in pair.split()][:2]
        except ValueError:
            raise Unfit("outline is not a polygon", f"{path} has a point {pair.strip()[:30]!r}") from None
        points.append((x, y))
    return _ring(points, path)


def geojson_polygon(geometry: Any, path: str) -> tuple[Point, ...]:
    """Return the outer ring of a GeoJSON Polygon, of a MultiPolygon that of its first polygon, without the closing point.

    Raises:
        Unfit: anything else.
    """
    kind, rings = member(geometry, "type", path), member(geometry, "coordinates", path)
    if kind not in ("Polygon", "MultiPolygon"):
        raise Unfit("outline is not a polygon", f"{path} is {str(kind)[:30]!r}" if isinstance(kind, str) else path)
    for _ in range(2 if kind == "MultiPolygon" else 1):
        rings = rings[0] if isinstance(rings, list) and rings else None
    if not isinstance(rings, list):
        raise Unfit("outline is not a polygon", f"{path} has no ring")
    points = []
    for index, point in enumerate(rings):
        if not isinstance(point, list) or len(point) < 2:
            raise Unfit("outline is not a polygon", f"{path} has no x and y at point {index}")
        points.append((checked_number(point[0], f"{path}[{index}]"), checked_number(point[1], f"{path}[{index}]")))
    return _ring(points, path)


def _ring(points: list[Point], path: str) -> tuple[Point, ...]:
    if not all(math.isfinite(value) for point in points for value in point):
        raise Unfit("box coordinates are not finite", path)
    if len(points) > 1 and points[0] == points[-1]:
        points = points[:-1]
    if len(points) < 3:
        raise Unfit("outline is not a polygon", f"{path} has {len(points)} points")
    return tuple(points)


def box_around(points: tuple[Point, ...]) -> Polygon:
    """Return the horizontal box around points.

    Raises:
        Unfit: it has no area.
    """
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return corners_of_box(min(xs), min(ys), max(xs), max(ys))


def turned_box(x: float, y: float, width: float, height: float, angle: float) -> Polygon:
    """Return the corners of a box turned about its centre; the first is the upper left one of the box before it is turned.

    Corner (u, v) relative to the centre goes to (u cos a - v sin a, u sin a + v cos a).

    Args:
        x: of the centre, pixels.
        y: of the centre, pixels, down.
        width: pixels.
        height: pixels.
        angle: radians, clockwise on the screen.

    Raises:
        Unfit: not finite, or without an area.
    """
    if not all(map(math.isfinite, (x, y, width, height, angle))):
        raise Unfit("box coordinates are not finite", f"{x}, {y}, {width}, {height}, {angle}")
    if width <= 0 or height <= 0:
        raise Unfit("box has no area", f"{width:g} x {height:g}")
    cos, sin = math.cos(angle), math.sin(angle)
    half = ((-width / 2, -height / 2), (width / 2, -height / 2), (width / 2, height / 2), (-width / 2, height / 2))
    first, second, third, fourth = ((x + u * cos - v * sin, y + u * sin + v * cos) for u, v in half)
    return first, second, third, fourth
