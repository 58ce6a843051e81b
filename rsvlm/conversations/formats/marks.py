"""EarthMarker's visual prompts: marks drawn into a mask of the image's size, and answers of one line a mark.

`<Region 1>: label` speaks of boxes, `<Mark 1>: label` of points; numbers are those of the mask. The published form of a
mask is an image with marks; that mark k has the value k, and that a point is a disc with a radius of 1.5 % of the
image's shorter side, is chosen here.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from PIL import Image

from rsvlm.conversations.formats.shapes import Geometry, bounds, box_geometry
from rsvlm.records.unfit import Unfit

Kind = Literal["Region", "Mark"]
RADIUS_SHARE = 0.015
MOST_MARKS = 255
_HUGE = 1e300  # an integer of JSON may be larger than any float
_LINE = {kind: re.compile(rf"^<{kind} (\d{{1,3}})>: ?(\S[^\n]*?)[ \t]*$", re.MULTILINE) for kind in ("Region", "Mark")}


def whole_image(width: int, height: int) -> Geometry:
    """Return the prompt of image-level tasks: the box 0, 0, width, height."""
    return box_geometry(0, 0, width, height, width, height)


def prompt(geometry: Geometry) -> dict[str, Any]:
    """Return a mark as records keep it: `{"type": "point", "xy": ...}` or `{"type": "box", "xyxy": ...}`, in pixels."""
    if geometry.is_point:
        return {"type": "point", "xy": list(geometry.points[0])}
    return {"type": "box", "xyxy": list(bounds(geometry))}


def geometry_of(fields: Mapping[str, Any], width: int, height: int) -> Geometry:
    """Return the mark of a record's prompt.

    Raises:
        Unfit: the prompt has another form.
    """
    kind, values = fields.get("type"), fields.get("xy" if fields.get("type") == "point" else "xyxy")
    wanted = {"point": 2, "box": 4}.get(kind) if isinstance(kind, str) else None
    if wanted is None or not isinstance(values, list) or len(values) != wanted:
        raise Unfit("prompt is neither a point nor a box", str(fields)[:100])
    if not all(isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _HUGE for value in values):
        raise Unfit("prompt is neither a point nor a box", str(fields)[:100])
    if kind == "point":
        return Geometry(((values[0], values[1]),), width, height)
    return box_geometry(values[0], values[1], values[2], values[3], width, height)


def draw(marks: Sequence[Geometry], width: int, height: int) -> np.ndarray:
    """Return a mask (height, width), uint8: k where mark k (from 1) lies, 0 elsewhere.

    A region covers the pixels whose centre lies in its box, a point those within its radius. Larger marks are drawn first,
    so that small ones stay visible on them; each keeps its number.

    Raises:
        Unfit: there is none or more than 255, or one of them has no visible pixel.
    """
    if not 1 <= len(marks) <= MOST_MARKS:
        raise Unfit("number of marks out of range", f"{len(marks)}; allowed: 1 to {MOST_MARKS}")
    stencils = [_stencil(mark, width, height) for mark in marks]
    mask = np.zeros((height, width), dtype=np.uint8)
    for number in sorted(range(len(marks)), key=lambda position: (-int(stencils[position].sum()), position)):
        mask[stencils[number]] = number + 1
    hidden = sorted(set(range(1, len(marks) + 1)) - set(np.unique(mask).tolist()))
    if hidden:
        raise Unfit("mark is not visible", f"number {hidden[0]} of {len(marks)}: outside the image or under others")
    return mask


def _stencil(mark: Geometry, width: int, height: int) -> np.ndarray:
    columns, rows = np.arange(width) + 0.5, (np.arange(height) + 0.5)[:, None]
    if mark.is_point:
        x, y = mark.points[0]
        inside: np.ndarray = (columns - x) ** 2 + (rows - y) ** 2 <= (RADIUS_SHARE * min(width, height)) ** 2
        if 0 <= x < width and 0 <= y < height:
            inside[math.floor(y), math.floor(x)] = True
        return inside
    x1, y1, x2, y2 = bounds(mark)
    return np.asarray((columns >= x1) & (columns <= x2) & (rows >= y1) & (rows <= y2))


def drawn_boxes(mask: np.ndarray) -> dict[int, tuple[int, int, int, int]]:
    """Return the box x1, y1, x2, y2 (pixels, x2 and y2 past the last pixel) around the visible part of every mark of a mask."""
    found = {}
    for number in np.unique(mask[mask > 0]).tolist():
        rows, columns = np.nonzero(mask == number)
        found[number] = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return found


def resized(mask: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return a mask in another size by nearest neighbour; other filters would make numbers that no mark has."""
    return np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))


def answer(kind: Kind, labels: Sequence[str]) -> str:
    """Return the answer lines of marks 1, 2, ...: `<Region 1>: ship`, each ended by a line break.

    Raises:
        Unfit: a label is empty, has a line break, or begins or ends with a space.
    """
    for label in labels:
        if not label or label != label.strip() or len(label.splitlines()) != 1:
            raise Unfit("label does not fit on a line", repr(label)[:60])
    return "".join(f"<{kind} {number}>: {label}\n" for number, label in enumerate(labels, start=1))


def labels_in(kind: Kind, text: str) -> dict[int, str]:
    """Return the labels of an answer by mark number; of a number said twice the first counts, other lines are passed over."""
    found: dict[int, str] = {}
    for match in _LINE[kind].finditer(text):
        found.setdefault(int(match[1]), match[2])
    return found
