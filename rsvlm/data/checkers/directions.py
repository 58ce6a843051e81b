"""Where objects are and on which side of others, told by angles: what may be said of it, in the widest sense."""

import math

import shapely


def centre_of(polygon: shapely.Polygon) -> tuple[float, float]:
    """Return the centre of the upright box around a polygon."""
    x1, y1, x2, y2 = polygon.bounds
    return (x1 + x2) / 2, (y1 + y2) / 2


def places_of(polygon: shapely.Polygon, width: int, height: int) -> set[str]:
    """Return the words that may name an object's place: those of its ninth, and on an edge also the edge's."""
    x, y = centre_of(polygon)
    row = "top" if 3 * y < height else "bottom" if 3 * y >= 2 * height else ""
    column = "left" if 3 * x < width else "right" if 3 * x >= 2 * width else ""
    words = f"{row} {column}".strip() or "centre"
    return {words, *words.split()}


def sides_of(thing: shapely.Polygon, base: shapely.Polygon) -> set[tuple[str, ...]]:
    """Return on which sides of another object one may be said to lie: within 45 degrees, and apart that way.

    Sides are one or two of above, below, left and right, in this order.
    """
    (x, y), (u, v) = centre_of(thing), centre_of(base)
    angle = math.degrees(math.atan2(v - y, x - u)) % 360  # anticlockwise from the right, as one sees it
    x1, y1, x2, y2 = thing.bounds
    left, top, right, bottom = base.bounds
    apart = {"above": y2 <= top, "below": y1 >= bottom, "left": x2 <= left, "right": x1 >= right}
    ways: dict[int, tuple[str, ...]] = {0: ("right",), 45: ("above", "right"), 90: ("above",), 135: ("above", "left")}
    ways |= {180: ("left",), 225: ("below", "left"), 270: ("below",), 315: ("below", "right")}
    return {sides for middle, sides in ways.items() if abs((angle - middle + 180) % 360 - 180) <= 45 and all(apart[side] for side in sides)}
