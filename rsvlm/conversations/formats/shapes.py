"""One kind of geometry for all text formats, and what a format of a given shape can hold of it.

Coordinates are pixels of the image, x to the right and y down, (0, 0) the upper left corner of its first pixel.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import shapely

from rsvlm.conversations.boxes import corners, rectangle_of
from rsvlm.records.geometry import area, is_convex, rectangle
from rsvlm.records.models import Point
from rsvlm.records.unfit import Unfit

Shape = Literal["box", "rectangle", "quadrilateral", "polygon"]
_LARGEST_COORDINATE = 1e7


@dataclass(frozen=True)
class Geometry:
    """A point (one pair) or a polygon (three pairs or more, in order around it, the first not repeated) in an image.

    Attributes:
        points: (x, y) in pixels; they may lie outside the image.
        width: of the image, pixels.
        height: of the image, pixels.

    Raises:
        Unfit: coordinates that are not finite numbers, an outline without area or one that crosses or touches itself.
        ValueError: the image has no pixels.
    """

    points: tuple[Point, ...]
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"image of {self.width} x {self.height} pixels: both must be at least 1")
        if not all(math.isfinite(value) and abs(value) <= _LARGEST_COORDINATE for point in self.points for value in point):
            raise Unfit("coordinates are not finite", str(self.points)[:100])
        if len(self.points) in (0, 2):
            raise Unfit("outline has too few points", f"{len(self.points)} of them")
        if len(self.points) > 2:
            if abs(area(self.points)) < 1e-9:
                raise Unfit("outline has no area", str(self.points)[:100])
            if not shapely.is_valid(shapely.Polygon(self.points)):
                raise Unfit("outline crosses or touches itself", str(self.points)[:100])

    @property
    def is_point(self) -> bool:
        """Say whether this is a single point."""
        return len(self.points) == 1


def box_geometry(x1: float, y1: float, x2: float, y2: float, width: int, height: int) -> Geometry:
    """Return an upright box, corners clockwise from the upper left.

    Raises:
        Unfit: x2 <= x1 or y2 <= y1, or coordinates are not finite.
    """
    if x2 <= x1 or y2 <= y1:
        raise Unfit("box is inside out", f"x {x1:g} to {x2:g}, y {y1:g} to {y2:g}")
    return Geometry(rectangle(x1, y1, x2, y2), width, height)


def bounds(geometry: Geometry) -> tuple[float, float, float, float]:
    """Return x1, y1, x2, y2 of the upright box around a polygon, in pixels.

    Raises:
        Unfit: it is a point.
    """
    points = _outline(geometry)
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def smallest_rectangle(geometry: Geometry) -> tuple[Point, float, float, float]:
    """Return centre, width, height (pixels) and angle (degrees clockwise on screen, [0, 90)) of the smallest rectangle around it.

    Raises:
        Unfit: it is a point.
    """
    points = _outline(geometry)
    if not is_convex(points):
        hull = shapely.get_coordinates(shapely.convex_hull(shapely.MultiPoint(points)))[:-1]
        points = tuple((float(x), float(y)) for x, y in hull)
    return rectangle_of(points)


def quadrilateral(geometry: Geometry) -> tuple[Point, ...]:
    """Return four corners: its own if it is a convex polygon of four, otherwise those of its smallest rectangle."""
    points = _outline(geometry)
    return points if len(points) == 4 and is_convex(points) else corners(*smallest_rectangle(geometry))


def held(shape: Shape, geometry: Geometry) -> Geometry:
    """Return what a format of a shape can hold of a geometry, before any rounding."""
    if shape == "polygon":
        return geometry
    if shape == "box":
        return box_geometry(*bounds(geometry), geometry.width, geometry.height)
    points = quadrilateral(geometry) if shape == "quadrilateral" else corners(*smallest_rectangle(geometry))
    return Geometry(points, geometry.width, geometry.height)


def in_reading_order(geometries: Sequence[Geometry]) -> list[Geometry]:
    """Return geometries from top to bottom, then left to right, by the upper left corner of the box around each."""
    return sorted(geometries, key=lambda geometry: (min(y for _, y in geometry.points), min(x for x, _ in geometry.points)))


def _outline(geometry: Geometry) -> tuple[Point, ...]:
    if geometry.is_point:
        raise Unfit("point has no extent", f"{geometry.points[0]}: a format of boxes or polygons cannot hold it")
    return geometry.points
