"""Where the pixels of one picture come to lie in another: resizing, padding, letterboxing, cropping, flipping.

Each of them maps x to `scale_x * x + shift_x` and y likewise, so one record says it all, has an inverse and can be chained.
"""

from dataclasses import dataclass

from rsvlm.conversations.formats.shapes import Geometry
from rsvlm.records.chips import Window
from rsvlm.records.geometry import area, clip
from rsvlm.records.unfit import Unfit

Size = tuple[int, int]


@dataclass(frozen=True)
class Placement:
    """A picture's pixels in another picture.

    Attributes:
        source: width and height of the picture the coordinates come from.
        target: width and height of the picture they go to.
        scale: pixels of the target for one of the source, along x and y; negative where it is mirrored.
        shift: where the source's (0, 0) comes to lie, in pixels of the target.
    """

    source: Size
    target: Size
    scale: tuple[float, float]
    shift: tuple[float, float]


def resizing(source: Size, target: Size) -> Placement:
    """Return the placement of a picture stretched to another size."""
    return Placement(source, target, (target[0] / source[0], target[1] / source[1]), (0.0, 0.0))


def padding_to_square(source: Size) -> Placement:
    """Return the placement in the smallest square, the picture in its middle; an odd difference leaves one pixel more after it."""
    side = max(source)
    return Placement(source, (side, side), (1.0, 1.0), ((side - source[0]) // 2, (side - source[1]) // 2))


def letterboxing(source: Size, target: Size) -> Placement:
    """Return the placement of a picture shrunk or grown to fit into another in whole pixels, its shape kept, in its middle."""
    factor = min(target[0] / source[0], target[1] / source[1])
    width, height = (max(1, min(round(side * factor), limit)) for side, limit in zip(source, target, strict=True))
    shift = (target[0] - width) // 2, (target[1] - height) // 2
    return Placement(source, target, (width / source[0], height / source[1]), shift)


def cropping(source: Size, window: Window) -> Placement:
    """Return the placement in a window of the picture."""
    return Placement(source, (window.width, window.height), (1.0, 1.0), (-window.x, -window.y))


def flipping(source: Size, *, horizontal: bool) -> Placement:
    """Return the placement in the picture mirrored left to right, or top to bottom."""
    if horizontal:
        return Placement(source, source, (-1.0, 1.0), (source[0], 0.0))
    return Placement(source, source, (1.0, -1.0), (0.0, source[1]))


def inverse(placement: Placement) -> Placement:
    """Return the way back."""
    (scale_x, scale_y), (shift_x, shift_y) = placement.scale, placement.shift
    return Placement(placement.target, placement.source, (1 / scale_x, 1 / scale_y), (-shift_x / scale_x, -shift_y / scale_y))


def chained(first: Placement, second: Placement) -> Placement:
    """Return one placement for two, one after the other.

    Raises:
        ValueError: the second does not start from the picture that the first ends in.
    """
    if first.target != second.source:
        raise ValueError(f"a placement into {first.target} cannot go before one from {second.source}")
    (a_x, a_y), (b_x, b_y) = first.scale, second.scale
    (s_x, s_y), (t_x, t_y) = first.shift, second.shift
    return Placement(first.source, second.target, (a_x * b_x, a_y * b_y), (s_x * b_x + t_x, s_y * b_y + t_y))


def placed(geometry: Geometry, placement: Placement) -> Geometry:
    """Return a geometry in the target's pixels, unclipped; a mirrored polygon keeps its first point and its sense of rotation.

    Raises:
        ValueError: the geometry is of a picture of another size.
    """
    if (geometry.width, geometry.height) != placement.source:
        raise ValueError(f"geometry of a picture of {geometry.width} x {geometry.height}, placement of one of {placement.source}")
    (scale_x, scale_y), (shift_x, shift_y) = placement.scale, placement.shift
    points = tuple((x * scale_x + shift_x, y * scale_y + shift_y) for x, y in geometry.points)
    if scale_x * scale_y < 0:
        points = (points[0], *points[:0:-1])
    return Geometry(points, *placement.target)


def clipped(geometry: Geometry, visible_share: float) -> Geometry:
    """Return the part of a geometry that lies in its picture.

    Args:
        geometry: a convex polygon, or a point.
        visible_share: the least share of its area that must lie in the picture.

    Raises:
        Unfit: less than that does.
    """
    width, height = geometry.width, geometry.height
    if geometry.is_point:
        x, y = geometry.points[0]
        if not (0 <= x <= width and 0 <= y <= height):
            raise Unfit("point outside the image", f"{x:g}, {y:g} of {width} x {height}")
        return geometry
    if all(0 <= x <= width and 0 <= y <= height for x, y in geometry.points):
        return geometry
    visible = clip(geometry.points, 0.0, 0.0, float(width), float(height))
    share = abs(area(visible)) / abs(area(geometry.points))
    if share == 0.0 or share < visible_share:
        raise Unfit("shape mostly outside the image", f"{share:.0%} of it visible")
    kept = [point for position, point in enumerate(visible) if point != visible[position - 1]]
    return Geometry(tuple(kept), width, height)
