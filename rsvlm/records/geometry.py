"""Boxes against pictures: what is inside, what is cut, what is nonsense.

The rule for every annotated box, horizontal or rotated: coordinates must be finite, the corners must go round a convex
shape with an area, and enough of it must lie in the picture. A box that lies inside (or within `TOLERANCE` pixels of
it, as rounding leaves many) keeps its corners; one that is cut becomes the horizontal box around its visible part.
"""

import math
from collections.abc import Sequence

from rsvlm.records.models import LabelledObject, Point, Polygon
from rsvlm.records.text import LONGEST_LABEL, clean_text
from rsvlm.records.unfit import Unfit

TOLERANCE = 2.0
_LARGEST_COORDINATE = 1e7
_ROUNDING = 1e-9  # of an object that is cut in half, half is visible


def area(points: Sequence[Point]) -> float:
    """Return the area of a polygon by the shoelace formula; positive when its corners go clockwise on screen (y down)."""
    following = [*points[1:], points[0]] if points else []
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, following, strict=True)) / 2


def is_convex(points: Sequence[Point]) -> bool:
    """Say whether the corners, in their order, go round a convex shape once."""
    count = len(points)
    turns = []
    for position in range(count):
        (x1, y1), (x2, y2), (x3, y3) = points[position], points[(position + 1) % count], points[(position + 2) % count]
        turns.append((x2 - x1) * (y3 - y2) - (y2 - y1) * (x3 - x2))
    return all(turn >= 0 for turn in turns) or all(turn <= 0 for turn in turns)


def clip(points: Sequence[Point], x1: float, y1: float, x2: float, y2: float) -> list[Point]:
    """Return the part of a convex polygon inside a rectangle (Sutherland and Hodgman), possibly empty."""
    kept = list(points)
    for axis, limit, sign in ((0, x1, 1.0), (0, x2, -1.0), (1, y1, 1.0), (1, y2, -1.0)):
        source, kept = kept, []
        for position, here in enumerate(source):
            before = source[position - 1]
            inside, was_inside = sign * (here[axis] - limit) >= 0, sign * (before[axis] - limit) >= 0
            if inside != was_inside:
                share = (limit - before[axis]) / (here[axis] - before[axis])
                crossing = [before[0] + share * (here[0] - before[0]), before[1] + share * (here[1] - before[1])]
                crossing[axis] = limit
                kept.append((crossing[0], crossing[1]))
            if inside:
                kept.append(here)
    return kept


def rectangle(x1: float, y1: float, x2: float, y2: float) -> Polygon:
    """Return the corners of a horizontal box, clockwise from the upper left."""
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


def corners_of_box(x1: float, y1: float, x2: float, y2: float) -> Polygon:
    """Return the corners of a horizontal box as annotated.

    Raises:
        Unfit: not finite, or x2 <= x1 or y2 <= y1.
    """
    if not all(map(math.isfinite, (x1, y1, x2, y2))):
        raise Unfit("box coordinates are not finite", f"{x1}, {y1}, {x2}, {y2}")
    if x2 <= x1 or y2 <= y1:
        raise Unfit("box is inside out", f"x {x1:g} to {x2:g}, y {y1:g} to {y2:g}")
    return rectangle(x1, y1, x2, y2)


def checked_object(
    label: str, corners: Sequence[Point], width: float, height: float, *, visible_share: float = 0.5, difficult: bool = False
) -> LabelledObject:
    """Return an annotated object under the module's rule.

    Args:
        label: its class name, any script.
        corners: four, in order around it, in pixels.
        width: of the picture.
        height: of the picture.
        visible_share: the least share of its area that must lie in the picture.
        difficult: as the annotation says.

    Raises:
        Unfit: the label or the box breaks a rule.
    """
    name = clean_text(label, longest=LONGEST_LABEL)
    polygon = _checked_corners(corners)
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    if min(xs) >= -TOLERANCE and max(xs) <= width + TOLERANCE and min(ys) >= -TOLERANCE and max(ys) <= height + TOLERANCE:
        first, second, third, fourth = ((min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))) for x, y in polygon)
        if abs(area((first, second, third, fourth))) > 0:
            return LabelledObject(name, (first, second, third, fourth), difficult)
    visible = clip(polygon, 0.0, 0.0, float(width), float(height))
    share = abs(area(visible)) / abs(area(polygon)) if visible else 0.0
    where = f"x {min(xs):g} to {max(xs):g}, y {min(ys):g} to {max(ys):g} of {width:g} x {height:g}"
    if share == 0.0:
        raise Unfit("box outside the image", where)
    if share < visible_share - _ROUNDING:
        raise Unfit("box mostly outside the image", f"{where}: {share:.0%} visible")
    return LabelledObject(name, _around(visible), difficult)


def _checked_corners(corners: Sequence[Point]) -> Polygon:
    if len(corners) != 4:
        raise Unfit("box has not four corners", f"{len(corners)} of them")
    if not all(math.isfinite(value) and abs(value) <= _LARGEST_COORDINATE for corner in corners for value in corner):
        raise Unfit("box coordinates are not finite", str([tuple(corner) for corner in corners])[:100])
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    polygon = (first, second, third, fourth)
    if not is_convex(polygon):
        raise Unfit("box corners are not in order", str(polygon)[:100])
    if abs(area(polygon)) < 1e-6:
        raise Unfit("box has no area", str(polygon)[:100])
    return polygon


def _around(points: Sequence[Point]) -> Polygon:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return rectangle(min(xs), min(ys), max(xs), max(ys))


def shifted(corners: Polygon, x: float, y: float) -> Polygon:
    """Return corners in the coordinates of a window whose upper left corner is at (x, y)."""
    first, second, third, fourth = ((cx - x, cy - y) for cx, cy in corners)
    return first, second, third, fourth
