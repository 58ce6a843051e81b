"""GeoChat's box text `{<x1><y1><x2><y2>|<angle>}` and what it means, in one convention.

The four integers are hundredths of the image's width (x) and height (y); the angle is in whole degrees. Scaled to pixels,
the box |x2 - x1| wide and |y2 - y1| high is turned about its centre by the angle, clockwise as one sees it (x right, y
down): the corner (u, v) from the centre goes to (u cos a - v sin a, u sin a + v cos a). GeoChat's repository has this
(`bbox_and_angle_to_polygon`), a drawing function that turns the other way, and a third-party scorer that takes the two
points for a diagonal; this module knows the first only.

Any rectangle has two such texts, a quarter turn apart with sides swapped. Written is the one with an angle in [0, 90) if
its integers lie in 0..100, otherwise the one in [90, 180); a box for which neither fits has no text.
"""

import math
import re
from collections.abc import Sequence

from rsvlm.records.models import Point, Polygon
from rsvlm.records.unfit import Unfit

UNITS = 100
DELIMITER = "<delim>"
_BOX = re.compile(r"\{<(-?\d{1,4})><(-?\d{1,4})><(-?\d{1,4})><(-?\d{1,4})>(?:\|<(-?\d{1,4})>)?\}")
_PHRASE = re.compile(r"<p>\s*(.*?)\s*</p>\s*((?:\{[^{}]*\}\s*(?:<delim>)?\s*)*)")


def rectangle_of(polygon: Sequence[Point]) -> tuple[Point, float, float, float]:
    """Return the smallest rectangle around a convex polygon: centre, width, height in pixels, angle in degrees [0, 90).

    One side of the smallest rectangle lies along a side of the polygon, so every side is tried.
    """
    best: tuple[float, tuple[Point, float, float, float]] | None = None
    for position, (x, y) in enumerate(polygon):
        before_x, before_y = polygon[position - 1]
        if (x, y) == (before_x, before_y):
            continue
        angle = math.degrees(math.atan2(y - before_y, x - before_x)) % 90.0
        cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        along = [px * cosine + py * sine for px, py in polygon]
        across = [py * cosine - px * sine for px, py in polygon]
        width, height = max(along) - min(along), max(across) - min(across)
        u, v = (max(along) + min(along)) / 2, (max(across) + min(across)) / 2
        centre = (u * cosine - v * sine, u * sine + v * cosine)
        if best is None or width * height < best[0] - 1e-9:
            best = (width * height, (centre, width, height, angle))
    if best is None:
        raise Unfit("box has no area", str(polygon)[:100])
    return best[1]


def corners(centre: Point, width: float, height: float, angle: float) -> Polygon:
    """Return the corners of a rectangle turned clockwise on screen by `angle` degrees about its centre, in pixels."""
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    half = ((-width / 2, -height / 2), (width / 2, -height / 2), (width / 2, height / 2), (-width / 2, height / 2))
    first, second, third, fourth = ((centre[0] + u * cosine - v * sine, centre[1] + u * sine + v * cosine) for u, v in half)
    return first, second, third, fourth


def encode(polygon: Sequence[Point], width: int, height: int) -> str:
    """Return the text of a polygon's smallest rectangle.

    Args:
        polygon: convex, in pixels.
        width: of the image.
        height: of the image.

    Raises:
        Unfit: too small to survive rounding, or its upright form does not fit into 0..100.
    """
    centre, long, high, angle = rectangle_of(polygon)
    for box_width, box_height, turn in ((long, high, angle), (high, long, angle + 90.0)):
        units = [
            round(UNITS * (centre[0] - box_width / 2) / width),
            round(UNITS * (centre[1] - box_height / 2) / height),
            round(UNITS * (centre[0] + box_width / 2) / width),
            round(UNITS * (centre[1] + box_height / 2) / height),
        ]
        if min(units) >= 0 and max(units) <= UNITS:
            x1, y1, x2, y2 = units
            if x1 == x2 or y1 == y2:
                raise Unfit("box is too small for its text", f"{box_width:.1f} x {box_height:.1f} pixels of {width} x {height}")
            return f"{{<{x1}><{y1}><{x2}><{y2}>|<{round(turn) % 180}>}}"
    raise Unfit("box does not fit its text", f"upright it leaves {width} x {height}")


def decode(text: str, width: int, height: int) -> list[Polygon]:
    """Return the polygons of every box text in a string, in pixels, in order; malformed ones are passed over.

    Args:
        text: an answer, with whatever else is in it; a box without an angle is upright.
        width: of the image.
        height: of the image.
    """
    found = []
    for match in _BOX.finditer(text):
        x1, y1, x2, y2 = (int(value) for value in match.groups()[:4])
        centre = ((x1 + x2) / 2 / UNITS * width, (y1 + y2) / 2 / UNITS * height)
        sides = abs(x2 - x1) / UNITS * width, abs(y2 - y1) / UNITS * height
        found.append(corners(centre, *sides, float(match[5] or 0)))
    return found


def joined(boxes: Sequence[str]) -> str:
    """Return several box texts of one phrase."""
    return DELIMITER.join(boxes)


def grounded(phrase: str, boxes: Sequence[str]) -> str:
    """Return a phrase with its boxes: `<p>3 ships</p> {...}<delim>{...}<delim>{...}`."""
    return f"<p>{phrase}</p> {joined(boxes)}"


def phrases(text: str, width: int, height: int) -> list[tuple[str, list[Polygon]]]:
    """Return (phrase, polygons in pixels) of every grounded phrase in an answer."""
    return [(match[1], decode(match[2], width, height)) for match in _PHRASE.finditer(text)]
