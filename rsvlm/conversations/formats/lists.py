"""Coordinates in brackets: upright boxes, quadrilaterals and polygons as lists of numbers, and `{<x1><y1><x2><y2>}`."""

import re
from collections.abc import Sequence

from rsvlm.conversations.formats.form import Format
from rsvlm.conversations.formats.placements import Placement, inverse, padding_to_square, placed
from rsvlm.conversations.formats.shapes import Geometry, bounds, box_geometry, quadrilateral
from rsvlm.conversations.formats.units import NUMBER, pixels_of, said, steps_of
from rsvlm.records.geometry import area, is_convex
from rsvlm.records.models import Point
from rsvlm.records.unfit import Unfit

_LONGEST_OUTLINE = 512


def _number(steps: int, decimals: int) -> str:
    return r"(?:[01]?\.\d{1,6}|[01])" if decimals else rf"\d{{1,{len(str(steps))}}}"


def canonical(ring: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a ring without repeated neighbours, clockwise on screen, from the point nearest the upper left.

    Nearest has the least x + y, then the least y. So an outline has one text, wherever its source begins it.

    Raises:
        Unfit: fewer than three points are left, or no area.
    """
    kept = [point for position, point in enumerate(ring) if point != ring[position - 1]]
    turn = area([(float(x), float(y)) for x, y in kept])
    if len(kept) < 3 or turn == 0:
        raise Unfit("shape is too small for its text", f"{len(kept)} points left by rounding")
    if turn < 0:
        kept.reverse()
    first = min(range(len(kept)), key=lambda position: (sum(kept[position]), kept[position][1], position))
    return kept[first:] + kept[:first]


def _placement(width: int, height: int, padded: bool) -> Placement:
    size = (width, height)
    return padding_to_square(size) if padded else Placement(size, size, (1.0, 1.0), (0.0, 0.0))


def box_list(
    name: str,
    steps: int,
    *,
    decimals: int = 0,
    comma: str = ",",
    edges: tuple[str, str] = ("[", "]"),
    separator: str = ", ",
    shared_brackets: bool = False,
    padded: bool = False,
) -> Format:
    """Return a format of upright boxes as x1, y1, x2, y2.

    Args:
        name: of the format.
        steps: the full width, or height, in units of the text.
        decimals: 0 writes units, otherwise fractions with so many decimals (then `steps` is a power of ten).
        comma: between the numbers.
        edges: before and after the numbers.
        separator: between boxes of one phrase.
        shared_brackets: all boxes of a phrase stand in one pair of edges.
        padded: numbers refer to the image padded to a square.
    """
    before, after = ("", "") if shared_brackets else edges

    def write(geometry: Geometry) -> str:
        inside = placed(geometry, _placement(geometry.width, geometry.height, padded))
        x1, y1, x2, y2 = (
            steps_of(value, extent, steps) for value, extent in zip(bounds(inside), (inside.width, inside.height) * 2, strict=True)
        )
        if x1 == x2 or y1 == y2:
            raise Unfit("shape is too small for its text", f"{x2 - x1} x {y2 - y1} of {steps} steps")
        return f"{before}{comma.join(said(count, steps, decimals) for count in (x1, y1, x2, y2))}{after}"

    def read(text: str, width: int, height: int) -> Geometry:
        placement = _placement(width, height, padded)
        digits, whole = NUMBER.findall(text), 1 if decimals else steps
        x1, y1, x2, y2 = (pixels_of(part, extent, whole) for part, extent in zip(digits, placement.target * 2, strict=True))
        return placed(box_geometry(x1, y1, x2, y2, *placement.target), inverse(placement))

    gap = rf"\s{{0,4}}{comma.strip()}\s{{0,4}}" if "," in comma else comma
    numbers = gap.join([_number(steps, decimals)] * 4)
    group = edges if shared_brackets else ("", "")
    item = f"{re.escape(before)}{numbers}{re.escape(after)}"
    return Format(name, "box", item, write, read, group[0], separator, group[1])


def point_list(
    name: str,
    steps: int,
    *,
    decimals: int = 0,
    comma: str = ",",
    separator: str = ", ",
    most: int = _LONGEST_OUTLINE,
    padded: bool = False,
) -> Format:
    """Return a format of outlines as [x1, y1, x2, y2, ...]: clockwise on screen, from the point nearest the upper left.

    Args:
        name: of the format.
        steps: the full width, or height, in units of the text.
        decimals: as for `box_list`.
        comma: between the numbers.
        separator: between outlines of one phrase.
        most: points of an outline; 4 makes it a format of quadrilaterals.
        padded: numbers refer to the image padded to a square.
    """
    four = most == 4

    def write(geometry: Geometry) -> str:
        inside = placed(geometry, _placement(geometry.width, geometry.height, padded))
        points: Sequence[Point] = quadrilateral(inside) if four else inside.points
        if not 3 <= len(points) <= most:
            raise Unfit("outline has too few or too many points", f"{len(points)}; allowed: 3 to {most}")
        ring = canonical([(steps_of(x, inside.width, steps), steps_of(y, inside.height, steps)) for x, y in points])
        rounded = Geometry(tuple((float(x), float(y)) for x, y in ring), inside.width, inside.height)  # rounding may have folded it
        if four and not (len(ring) == 4 and is_convex(rounded.points)):
            raise Unfit("shape is too small for its text", f"corners {ring} after rounding")
        return f"[{comma.join(said(count, steps, decimals) for point in ring for count in point)}]"

    def read(text: str, width: int, height: int) -> Geometry:
        placement = _placement(width, height, padded)
        digits, whole = NUMBER.findall(text), 1 if decimals else steps
        xs = [pixels_of(part, placement.target[0], whole) for part in digits[::2]]
        ys = [pixels_of(part, placement.target[1], whole) for part in digits[1::2]]
        return placed(Geometry(tuple(zip(xs, ys, strict=True)), *placement.target), inverse(placement))

    number, gap = _number(steps, decimals), r"\s{0,4},\s{0,4}"
    pair = f"{number}{gap}{number}"
    item = rf"\[{pair}(?:{gap}{pair}){{{3 if four else 2},{most - 1}}}\]"
    return Format(name, "quadrilateral" if four else "polygon", item, write, read, separator=separator)
