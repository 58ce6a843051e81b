"""The main object of a map under a picture: which it is, how large, where, and in which direction it runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from rsvlm.data.map_pictures import Place, Seen
from rsvlm.data.osm_words import hidden_tags, main_tag
from rsvlm.maps.geometry import area_m2, in_metres, length_m, orientation

ROWS, COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")


@dataclass(frozen=True)
class MainObject:
    """The main object of a picture.

    Attributes:
        seen: the element.
        task: 1 for an area, 2 for a line.
        share: of the picture's area; 0 for a line.
        size: square metres of an area, metres of a line, within the picture.
        whole: whether all of it lies in the picture.
        cells: where an area's centre lies; where a line's ends lie, the left one first; none where a line is in pieces.
        axis: along which a line runs, where it has one.
        stretch: length of a line over the distance of its ends; longer over shorter side of the box around an area.
    """

    seen: Seen
    task: int
    share: float
    size: float
    whole: bool
    cells: tuple[str, ...]
    axis: str | None
    stretch: float


def main_object(place: Place, found: Sequence[Seen], least_share: float, least_length: float) -> MainObject | None:
    """Return the main object: the largest area that is large enough, else the longest line, else None.

    Args:
        place: of the picture.
        found: elements that show.
        least_share: share of the picture that an area must cover.
        least_length: of a line, as a share of the picture's shorter side.

    Raises:
        Unfit: an element has no place on the ground.
    """
    hidden = hidden_tags()
    named = [seen for seen in found if (tag := main_tag(seen.element.tags)) is not None and tag not in hidden]
    areas = [(-seen.shape.area, seen.element.id, seen) for seen in named if seen.element.kind == "area"]
    if areas:
        _, _, seen = min(areas, key=lambda entry: entry[:2])
        share = seen.shape.area / place.outline.area
        if share >= least_share:
            return _area(seen, place, share)
    lines = [(-seen.shape.length, seen.element.id, seen) for seen in named if seen.element.kind == "line"]
    if lines:
        _, _, seen = min(lines, key=lambda entry: entry[:2])
        if seen.shape.length >= least_length * min(place.frame.width, place.frame.height):
            return _line(seen, place)
    return None


def _area(seen: Seen, place: Place, share: float) -> MainObject:
    box = shapely.minimum_rotated_rectangle(in_metres(seen.element.geometry))
    sides = sorted(math.dist(*pair) for pair in zip(box.exterior.coords[:2], box.exterior.coords[1:3], strict=True))
    cell = cell_of((seen.shape.centroid.x, seen.shape.centroid.y), place)
    return MainObject(seen, 1, share, area_m2(seen.element.geometry), seen.share > 0.999, (cell,), None, sides[1] / max(sides[0], 1e-9))


def _line(seen: Seen, place: Place) -> MainObject:
    cells: tuple[str, ...] = ()
    stretch = 1.0
    line = _one_line(seen.element.geometry)
    if line is not None:
        ends = sorted([_one_line(seen.shape).coords[0], _one_line(seen.shape).coords[-1]])  # type: ignore[union-attr]
        cells = tuple(cell_of(end, place) for end in ends)
        ground = in_metres(line)
        stretch = ground.length / max(math.dist(ground.coords[0], ground.coords[-1]), 1e-9)
    axis = orientation(seen.element.geometry)
    return MainObject(seen, 2, 0.0, length_m(seen.element.geometry), seen.share > 0.999, cells, axis, stretch)


def _one_line(shape: BaseGeometry) -> BaseGeometry | None:
    """Return a line in one piece; None where it is in several."""
    merged = shapely.line_merge(shape) if shape.geom_type == "MultiLineString" else shape
    return merged if merged.geom_type == "LineString" else None


def cell_of(point: tuple[float, ...], place: Place) -> str:
    """Return the cell of a 3 x 3 grid that a point (x, y in pixels) lies in: `upper left`, `centre`."""
    column = min(2, max(0, math.floor(3 * point[0] / place.frame.width)))
    row = min(2, max(0, math.floor(3 * point[1] / place.frame.height)))
    return "centre" if row == column == 1 else f"{ROWS[row]} {COLUMNS[column]}"
