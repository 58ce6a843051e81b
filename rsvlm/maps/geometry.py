"""Measures of map geometries on the ground: area, length, bearing, and what of them lies in a box.

Geometries come in longitude and latitude (degrees, WGS 84). Areas and lengths are taken in the UTM zone of the geometry's
centre, whose scale is right to 0.1 % (0.2 % for areas); beyond 84 degrees north and 80 south in polar stereographic.
Directions are taken from true north: east is scaled by the cosine of the latitude, which is exact for short distances.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import rasterio.warp
import shapely
from rasterio.crs import CRS
from shapely.geometry.base import BaseGeometry

from rsvlm.imagery.rasters import NO_PLACE
from rsvlm.maps.elements import Kind
from rsvlm.records.unfit import Unfit

Bounds = tuple[float, float, float, float]
Axis = Literal["north-south", "northeast-southwest", "east-west", "northwest-southeast"]
Compass = Literal["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]
_AXES: tuple[Axis, ...] = ("north-south", "northeast-southwest", "east-west", "northwest-southeast")
_COMPASS: tuple[Compass, ...] = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")
# Below this share of the length, the segments' directions cancel: a loop, or a line that wanders.
_STRAIGHTEST = 0.25
_LONLAT = CRS.from_epsg(4326)


def utm_epsg(longitude: float, latitude: float) -> int:
    """Return the EPSG code of the UTM zone (WGS 84) of a place, with the exceptions of Norway and Svalbard.

    Zone 32 is widened westward to 3 degrees east between 56 and 64 north; between 72 and 84 north zones 32, 34 and 36 are
    not used east of Greenwich (31: 0-9, 33: 9-21, 35: 21-33, 37: 33-42 degrees). Polar stereographic beyond 84 north and 80
    south (EPSG:32661, EPSG:32761).
    """
    if latitude >= 84.0:
        return 32661
    if latitude < -80.0:
        return 32761
    zone = math.floor((longitude + 180.0) / 6.0) % 60 + 1
    if 56.0 <= latitude < 64.0 and 3.0 <= longitude < 12.0:
        zone = 32
    elif latitude >= 72.0 and 0.0 <= longitude < 42.0:
        zone = 31 if longitude < 9.0 else 33 if longitude < 21.0 else 35 if longitude < 33.0 else 37
    return (32600 if latitude >= 0.0 else 32700) + zone


def in_metres(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry in metres, in the UTM zone of the centre of its bounds.

    Raises:
        Unfit: it has no place there.
    """
    west, south, east, north = geometry.bounds
    target = CRS.from_epsg(utm_epsg((west + east) / 2, (south + north) / 2))

    def convert(points: Any) -> Any:
        xs, ys = rasterio.warp.transform(_LONLAT, target, points[:, 0], points[:, 1])
        return np.column_stack([xs, ys])

    try:
        found = shapely.transform(geometry, convert)
    except NO_PLACE as error:
        raise Unfit("coordinates are not on the earth", str(error)[:100]) from None
    if not all(map(math.isfinite, found.bounds)):
        raise Unfit("coordinates are not on the earth", f"no place in {target}")
    return found


def area_m2(geometry: BaseGeometry) -> float:
    """Return the area of a geometry in square metres; 0 for points and lines."""
    return float(in_metres(geometry).area)


def length_m(geometry: BaseGeometry) -> float:
    """Return the length of a line, or of an area's outline, in metres."""
    return float(in_metres(geometry).length)


def bearing(start: Sequence[float], end: Sequence[float]) -> float:
    """Return the direction in degrees clockwise from true north (0 to 360) from one place to a near other, both (lon, lat).

    Raises:
        ValueError: both are the same place.
    """
    east, north = _steps([start, end])[0]
    if east == north == 0.0:
        raise ValueError("two places that are the same have no bearing")
    return math.degrees(math.atan2(east, north)) % 360.0


def compass(degrees: float) -> Compass:
    """Return the nearest of the eight compass words for a bearing; each stands for 45 degrees around it."""
    return _COMPASS[math.floor(degrees / 45.0 + 0.5) % 8]


def orientation(geometry: BaseGeometry) -> Axis | None:
    """Return the axis along which a line runs; None where it has none (a loop, a line that wanders, an area or point).

    The mean of its segments' axes, weighted by their lengths: with doubled angles, so that both directions of a line are
    one axis. Segments that cancel to less than a quarter of the length name no axis.
    """
    lines = [part for part in getattr(geometry, "geoms", [geometry]) if part.geom_type == "LineString"]
    cosine = sine = total = 0.0
    for line in lines:
        for east, north in _steps(list(line.coords)):
            length, angle = math.hypot(east, north), math.atan2(east, north)
            cosine, sine, total = cosine + length * math.cos(2 * angle), sine + length * math.sin(2 * angle), total + length
    if total == 0.0 or math.hypot(cosine, sine) < _STRAIGHTEST * total:
        return None
    return _AXES[math.floor(math.degrees(math.atan2(sine, cosine)) / 2 / 45.0 + 0.5) % 4]


def _steps(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Return east and north of each step, in degrees of latitude."""
    return [
        (((lon2 - lon1 + 180.0) % 360.0 - 180.0) * math.cos(math.radians((lat1 + lat2) / 2)), lat2 - lat1)
        for (lon1, lat1, *_), (lon2, lat2, *_) in pairwise(points)
    ]


def check_bounds(bounds: Bounds) -> None:
    """Refuse bounds (west, south, east, north, degrees) that name no box; west > east crosses the antimeridian.

    Raises:
        ValueError: not finite, beyond the earth, or without area.
    """
    west, south, east, north = bounds
    if not (-180.0 <= west <= 180.0 and -180.0 <= east <= 180.0 and -90.0 <= south < north <= 90.0) or west == east:
        raise ValueError(f"bounds {bounds} are not west, south, east, north in degrees with an area between them")


def boxes_of(bounds: Bounds) -> list[BaseGeometry]:
    """Return the box of bounds, or the two boxes on both sides of the antimeridian.

    Raises:
        ValueError: the bounds name no box.
    """
    check_bounds(bounds)
    west, south, east, north = bounds
    if west < east:
        return [shapely.box(west, south, east, north)]
    return [shapely.box(low, south, high, north) for low, high in ((west, 180.0), (-180.0, east)) if low < high]


def clip(geometry: BaseGeometry, kind: Kind, bounds: Bounds) -> BaseGeometry | None:
    """Return the part of a geometry inside bounds, of its own kind; None where nothing but a touch is left.

    Raises:
        ValueError: the bounds name no box.
    """
    inside = shapely.union_all([shapely.intersection(geometry, box) for box in boxes_of(bounds)])
    wanted = {"point": 0, "line": 1, "area": 2}[kind]
    parts = [part for part in shapely.get_parts(inside).tolist() if shapely.get_dimensions(part) == wanted and not part.is_empty]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def visible_share(whole: BaseGeometry, part: BaseGeometry, kind: Kind) -> float:
    """Return which share of a geometry a part of it is, 0 to 1: by area, length (on the ground) or number of points."""
    if kind == "point":
        share = len(shapely.get_parts(part)) / len(shapely.get_parts(whole))
    elif kind == "area":
        share = part.area / whole.area
    else:
        squeeze = math.cos(math.radians((whole.bounds[1] + whole.bounds[3]) / 2))
        share = (
            shapely.transform(part, lambda at: at * (squeeze, 1.0)).length / shapely.transform(whole, lambda at: at * (squeeze, 1.0)).length
        )
    return min(1.0, float(share))
