"""Upright boxes as text in a system's format, and what is done with boxes that rounding would lose."""

from collections.abc import Sequence
from typing import Any, Literal

from rsvlm.conversations.formats.form import encode
from rsvlm.conversations.formats.placements import padding_to_square
from rsvlm.conversations.formats.shapes import Geometry, box_geometry
from rsvlm.conversations.formats.table import FORMATS
from rsvlm.data.kinds.box_tasks import Written
from rsvlm.records.unfit import Unfit

STEPS: dict[Written, int] = {"lhrs-bot": 100, "mmrs-1m": 100, "rs-gpt4v": 100, "skyeyegpt": 100, "teochat": 100, "vhm": 1000}
"""Steps of the full width, or height, that the coordinates of a format are rounded to."""

Box = tuple[float, float, float, float]


def fitted(box: Box, width: int, height: int, form: Written, narrow: Literal["widen", "drop"]) -> tuple[Geometry, bool]:
    """Return a box as the format can hold it, and whether it was widened.

    MMRS-1M counts steps along the side of the square that the picture is padded to.

    A side that rounds to nothing is replaced by the step that holds its middle, so the box grows by less than one step.

    Args:
        box: x1, y1, x2, y2 in pixels.
        width: of the picture, pixels.
        height: of the picture, pixels.
        form: the format.
        narrow: widen such a box, or refuse it.

    Raises:
        Unfit: the box is too small for its text, and is not to be widened.
    """
    steps = STEPS[form]
    edges = list(box)
    side = max(width, height) if form == "mmrs-1m" else 0
    for low, extent, before in ((0, side or width, (side - width) // 2), (1, side or height, (side - height) // 2)):
        shift = before if side else 0
        first, last = (round((edges[place] + shift) / extent * steps) for place in (low, low + 2))
        if first == last:
            if narrow == "drop":
                raise Unfit("box is too small for its text", f"{box[2] - box[0]:.1f} x {box[3] - box[1]:.1f} pixels of {width} x {height}")
            middle = min(int(((edges[low] + edges[low + 2]) / 2 + shift) / extent * steps), steps - 1)
            edges[low], edges[low + 2] = middle / steps * extent - shift, (middle + 1) / steps * extent - shift
    x1, y1, x2, y2 = edges
    return box_geometry(x1, y1, x2, y2, width, height), tuple(edges) != tuple(box)


def frame_facts(form: str, width: int, height: int) -> dict[str, Any]:
    """Return what a record says of how its boxes were normalised; nothing for formats whose sheets do not ask for it.

    `boxes` is the format. MMRS-1M's numbers are shares of the side of `square` (side, and where the picture begins in it: left,
    top), RS-GPT4V's of `extent` (width, height), in pixels of the record's picture.

    Args:
        form: the format.
        width: of the picture, pixels.
        height: of the picture, pixels.
    """
    if form == "mmrs-1m":
        square = padding_to_square((width, height))
        return {"boxes": form, "square": [square.target[0], *map(int, square.shift)]}
    return {"boxes": form, "extent": [width, height]} if form == "rs-gpt4v" else {}


def box_text(geometries: Sequence[Geometry], form: Written) -> str:
    """Return the text of the boxes of one phrase.

    Raises:
        Unfit: one of them leaves the picture, or is too small.
    """
    return encode(FORMATS[form], geometries)
