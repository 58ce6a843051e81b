"""Where an object is in its picture, and on which side of another one: said only where it is beyond doubt."""

from collections.abc import Sequence

from rsvlm.conversations.attributes import PLACES
from rsvlm.records.models import LabelledObject

ALL_PLACES = tuple(place for row in PLACES for place in row)
DIRECTIONS = ("above", "below", "left", "right", "above left", "above right", "below left", "below right")


def clear_place(labelled: LabelledObject, width: int, height: int, margin: float) -> str | None:
    """Return the cell of the 3 x 3 grid that holds an object's box centre; None within `margin` (share of a side) of a line."""
    x, y = labelled.centre
    cells = []
    for value, extent in ((x, width), (y, height)):
        share = value / extent
        if any(abs(share - line) < margin for line in (1 / 3, 2 / 3)):
            return None
        cells.append(min(int(3 * share), 2))
    return PLACES[cells[1]][cells[0]]


def rivals(name: str, names: Sequence[str]) -> list[str]:
    """Return the names that are plainly wrong where `name` is right: `top` is not, for something at the top left."""
    words = set(name.split())
    return [other for other in names if other != name and not (words <= set(other.split()) or set(other.split()) <= words)]


def direction(first: LabelledObject, second: LabelledObject, straight: float, diagonal: float) -> str | None:
    """Return on which side of the second object the first one is, or None where that is in doubt.

    The boxes of the two must be apart along every axis that the direction names.

    Args:
        first: what is looked for.
        second: what it is compared with.
        straight: the most that the shorter offset of the centres may be, as a share of the longer one, for `above` and the like.
        diagonal: the least that it must be for `above left` and the like.
    """
    across, down = (a - b for a, b in zip(first.centre, second.centre, strict=True))
    x1, y1, x2, y2 = first.box
    left, top, right, bottom = second.box
    apart_across, apart_down = x2 <= left or x1 >= right, y2 <= top or y1 >= bottom
    shorter, longer = sorted((abs(across), abs(down)))
    vertical, horizontal = ("above" if down < 0 else "below"), ("left" if across < 0 else "right")
    if shorter <= straight * longer:
        if abs(down) > abs(across):
            return vertical if apart_down else None
        return horizontal if apart_across else None
    if shorter >= diagonal * longer and apart_across and apart_down:
        return f"{vertical} {horizontal}"
    return None
