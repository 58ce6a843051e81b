"""Rectangles with an angle: GeoChat's `{<x1><y1><x2><y2>|<angle>}` and FIT-RS's `<rbox>({<cx><cy><w><h>|<angle>})</rbox>`.

Both turn a rectangle clockwise on screen about its centre. Rectangles within half a degree of upright are written as
upright, so that a rectangle has one text. One exception: a GeoChat box that fits its text only a quarter turn further may
fit it both ways once it is rounded, and is then written the near way.
"""

from typing import Literal

from rsvlm.conversations import boxes
from rsvlm.conversations.formats.form import Format
from rsvlm.conversations.formats.shapes import Geometry, smallest_rectangle
from rsvlm.conversations.formats.units import NUMBER, pixels_of
from rsvlm.records.models import Point
from rsvlm.records.unfit import Unfit

Convention = Literal["oc", "le90", "le135"]
_PERCENT = 100.0
_LONGEST_SIDE = 200.0


def in_convention(width: float, height: float, angle: float, convention: Convention) -> tuple[float, float, float]:
    """Return width, height and angle (degrees, clockwise on screen) of the same rectangle as a convention has them.

    Args:
        width: of the rectangle, along the angle.
        height: of the rectangle.
        angle: any.
        convention: `oc`: angle in (0, 90]; `le90`: width is the longer side, angle in [-90, 90); `le135`: the longer side,
            [-45, 135).
    """
    if convention == "oc":
        quarters = int(-(-angle // 90)) - 1
        angle -= 90 * quarters
        return (height, width, angle) if quarters % 2 else (width, height, angle)
    if width < height:
        width, height, angle = height, width, angle + 90
    least = -90 if convention == "le90" else -45
    return width, height, (angle - least) % 180 + least


def _upright_or_turned(geometry: Geometry) -> tuple[Point, float, float, float]:
    centre, width, height, angle = smallest_rectangle(geometry)
    if angle >= 89.5:
        return centre, height, width, 0.0
    return centre, width, height, 0.0 if angle < 0.5 else angle


def _write_geochat(geometry: Geometry) -> str:
    return boxes.encode(boxes.corners(*_upright_or_turned(geometry)), geometry.width, geometry.height)


def _read_geochat(text: str, width: int, height: int) -> Geometry:
    (polygon,) = boxes.decode(text, width, height)
    return Geometry(polygon, width, height)


def _write_fit(geometry: Geometry) -> str:
    centre, width, height, angle = _upright_or_turned(geometry)
    width, height, angle = in_convention(width, height, round(angle), "oc")
    side = max(geometry.width, geometry.height)
    _check_centre(centre, geometry.width, geometry.height)
    numbers = [round(value / side * _PERCENT, 2) for value in (*centre, width, height)]
    if min(numbers[2:]) <= 0:
        raise Unfit("shape is too small for its text", f"{width:.3f} x {height:.3f} pixels")
    if max(numbers[2:]) > _LONGEST_SIDE:
        raise Unfit("shape leaves the image", f"{width:.1f} x {height:.1f} pixels")
    return f"{{{''.join(f'<{number:.2f}>' for number in numbers)}|<{round(angle)}>}}"


def _read_fit(text: str, width: int, height: int) -> Geometry:
    x, y, across, down, turn = NUMBER.findall(text)
    side = max(width, height)
    centre = pixels_of(x, side, _PERCENT), pixels_of(y, side, _PERCENT)
    _check_centre(centre, width, height)
    box_width, box_height = (pixels_of(digits, side * 2, _LONGEST_SIDE) for digits in (across, down))
    return Geometry(boxes.corners(centre, box_width, box_height, float(turn)), width, height)


def _check_centre(centre: Point, width: int, height: int) -> None:
    if not (0 <= centre[0] <= width + 1e-6 and 0 <= centre[1] <= height + 1e-6):
        raise Unfit("shape leaves the image", f"centre {centre[0]:.1f}, {centre[1]:.1f} of {width} x {height}")


GEOCHAT = Format(
    "geochat", "rectangle", r"\{(?:<-?\d{1,4}>){4}(?:\|<-?\d{1,4}>)?\}", _write_geochat, _read_geochat, separator=boxes.DELIMITER
)
# The percentages are of the longer side (the tiles are square), two decimals; the published tool cuts the angle to whole
# degrees where this rounds it.
FIT_RS = Format(
    "fit-rs",
    "rectangle",
    r"\{(?:<\d{1,3}(?:\.\d{1,4})?>){4}\|<-?\d{1,3}>\}",
    _write_fit,
    _read_fit,
    opening="<rbox>(",
    closing=")</rbox>",
)
