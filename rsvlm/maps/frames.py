"""Map geometries on the pixels of a chip, and where two of them are to each other there.

Pixel coordinates: x to the right, y down, (0, 0) the upper left corner of the upper left pixel.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import rasterio.warp
import shapely
from rasterio.crs import CRS
from shapely.geometry.base import BaseGeometry

from rsvlm.imagery.rasters import NO_PLACE
from rsvlm.maps.geometry import Bounds, check_bounds
from rsvlm.records.unfit import Unfit

Relation = Literal["inside", "around", "next to", "left", "right", "top", "bottom"]
# So much of the smaller one must be covered for "inside": outlines of maps are off by some pixels.
_INSIDE = 0.95
_LONLAT = CRS.from_epsg(4326)


@dataclass(frozen=True)
class Frame:
    """Where a chip lies.

    Attributes:
        crs: its CRS, as rasterio understands it.
        transform: affine (a, b, c, d, e, f): x = a*column + b*row + c, y = d*column + e*row + f, in units of the CRS.
        width: columns.
        height: rows.
    """

    crs: str
    transform: tuple[float, float, float, float, float, float]
    width: int
    height: int


def frame_of_bounds(bounds: Bounds, width: int, height: int) -> Frame:
    """Return the frame of a chip whose edges run along meridians and parallels, as those of web map tiles do.

    Within a tile the rows of web Mercator are taken as evenly spaced in latitude: off by less than 0.05 pixels of 256 from
    zoom 12 on. For a chip of a raster use its CRS and transform: its edges may be tilted.

    Args:
        bounds: west, south, east, north in degrees; west > east crosses the antimeridian.
        width: columns.
        height: rows.

    Raises:
        ValueError: the bounds name no box, or a side has no pixels.
    """
    check_bounds(bounds)
    west, south, east, north = bounds
    if width < 1 or height < 1:
        raise ValueError(f"a chip of {width} x {height} pixels")
    east = east if east > west else east + 360.0
    return Frame("EPSG:4326", ((east - west) / width, 0.0, west, 0.0, (south - north) / height, north), width, height)


def to_pixels(geometry: BaseGeometry, frame: Frame) -> BaseGeometry:
    """Return a geometry (longitude, latitude in degrees) in pixels of a chip; what lies outside stays outside.

    Raises:
        Unfit: it has no place in the chip's CRS.
        ValueError: the frame gives pixels no area.
    """
    a, b, c, d, e, f = frame.transform
    determinant = a * e - b * d
    if determinant == 0.0:
        raise ValueError(f"transform {frame.transform} gives pixels no area")
    crs = CRS.from_user_input(frame.crs)

    def convert(points: Any) -> Any:
        if crs == _LONLAT:
            centre = c + (a * frame.width + b * frame.height) / 2
            xs, ys = centre + (points[:, 0] - centre + 180.0) % 360.0 - 180.0, points[:, 1]
        else:
            xs, ys = map(np.asarray, rasterio.warp.transform(_LONLAT, crs, points[:, 0], points[:, 1]))
        return np.column_stack([(e * (xs - c) - b * (ys - f)) / determinant, (a * (ys - f) - d * (xs - c)) / determinant])

    try:
        placed = shapely.transform(geometry, convert)
    except NO_PLACE as error:
        raise Unfit("coordinates have no place on the chip", str(error)[:100]) from None
    if not np.isfinite(shapely.get_coordinates(placed)).all():
        raise Unfit("coordinates have no place on the chip", frame.crs[:40])
    return placed


def pixel_polygons(geometry: BaseGeometry, frame: Frame) -> list[tuple[tuple[float, float], ...]]:
    """Return the outlines of an area's parts inside a chip, in pixels, largest first; holes are left out.

    The last point does not repeat the first.

    Raises:
        Unfit: it has no place in the chip's CRS.
    """
    inside = shapely.intersection(shapely.make_valid(to_pixels(geometry, frame)), shapely.box(0, 0, frame.width, frame.height))
    parts = [part for part in shapely.get_parts(inside).tolist() if part.geom_type == "Polygon" and part.area > 0]
    parts.sort(key=lambda part: (-part.area, part.bounds))
    return [tuple((float(x), float(y)) for x, y in part.exterior.coords[:-1]) for part in parts]


def relation(subject: BaseGeometry, other: BaseGeometry, near: float) -> Relation:
    """Return where the subject is to the other, both in pixels: "the subject is ... (of) the other".

    In this order: `inside` or `around` where at least 95 % of the smaller one's area (or length, or points) lies in the
    other, an area; `next to` where their outlines are at most `near` apart; else the side on which the subject's centroid
    lies from the other's, along the axis on which they are further apart (level: left or right).

    Args:
        subject: a geometry in pixels, y down.
        other: a geometry in pixels, y down.
        near: pixels.
    """
    if _within(subject, other):
        return "inside"
    if _within(other, subject):
        return "around"
    if subject.distance(other) <= near:
        return "next to"
    right, down = subject.centroid.x - other.centroid.x, subject.centroid.y - other.centroid.y
    if abs(right) >= abs(down):
        return "right" if right > 0 else "left"
    return "bottom" if down > 0 else "top"


def _within(inner: BaseGeometry, outer: BaseGeometry) -> bool:
    if outer.area == 0.0 or inner.area > outer.area or not shapely.intersects(inner, outer):
        return False
    covered = shapely.intersection(inner, outer)
    if inner.area > 0.0:
        return bool(covered.area >= _INSIDE * inner.area)
    if inner.length > 0.0:
        return bool(covered.length >= _INSIDE * inner.length)
    return bool(shapely.covers(outer, inner))
