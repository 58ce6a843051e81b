"""Well-known text in pixels, as TEOChatlas keeps its true outlines: `POLYGON ((x y, ...))`, and `POINT (x y)`.

Coordinates have two decimals at most, an own choice; outlines with holes are not of this format.
"""

from rsvlm.conversations.formats.form import Format
from rsvlm.conversations.formats.shapes import Geometry
from rsvlm.conversations.formats.units import NUMBER
from rsvlm.records.unfit import Unfit

_DECIMALS = 2
_VALUE = r"-?\d{1,8}(?:\.\d{1,10})?"
_PAIR = rf"{_VALUE} {{1,4}}{_VALUE}"
_ITEM = rf"POLYGON {{0,4}}\(\( {{0,4}}{_PAIR}(?: {{0,4}}, {{0,4}}{_PAIR}){{3,1024}} {{0,4}}\)\)|POINT {{0,4}}\( {{0,4}}{_PAIR} {{0,4}}\)"


def _pair(x: float, y: float) -> str:
    return " ".join(f"{round(value, _DECIMALS) + 0.0:.{_DECIMALS}f}".rstrip("0").rstrip(".") for value in (x, y))


def _write(geometry: Geometry) -> str:
    pairs = [_pair(x, y) for x, y in geometry.points]
    if geometry.is_point:
        return f"POINT ({pairs[0]})"
    Geometry(tuple((round(x, _DECIMALS), round(y, _DECIMALS)) for x, y in geometry.points), geometry.width, geometry.height)
    return f"POLYGON (({', '.join([*pairs, pairs[0]])}))"


def _read(text: str, width: int, height: int) -> Geometry:
    values = [float(digits) for digits in NUMBER.findall(text)]
    points = tuple(zip(values[::2], values[1::2], strict=True))
    if text.startswith("POLYGON"):
        if points[0] != points[-1]:
            raise Unfit("outline is not closed", text[:60])
        points = points[:-1]
    return Geometry(points, width, height)


WKT = Format("wkt", "polygon", _ITEM, _write, _read, separator="; ")
