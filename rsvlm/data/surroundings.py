"""Where map elements lie around a focus object, in SkyScript's words.

The published relation rules are not known; these are our own, worked out on the pixels of the picture, y down:
`inside` and `containing` (95 % of the smaller one), `next to` (outlines at most `near` pixels apart), `surrounded by` where the
focus's centre lies in the convex hull of all that is further off, else the side on which all of an element lies from the focus's
centre, else `nearby`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import shapely
from shapely.geometry.base import BaseGeometry

from rsvlm.captioning.grammar import listed
from rsvlm.maps.frames import relation

Around = Literal["inside", "containing", "next to", "surrounded by", "on the left", "on the right", "at the top", "at the bottom", "nearby"]
ORDER: tuple[Around, ...] = (
    "inside", "containing", "next to", "surrounded by", "on the left", "on the right", "at the top", "at the bottom", "nearby",
)  # fmt: skip


@dataclass(frozen=True)
class Neighbour:
    """An element around a focus object: its phrase, where it is, and how far (pixels)."""

    phrase: str
    around: Around
    distance: float


def surroundings(focus: BaseGeometry, others: Sequence[tuple[str, BaseGeometry]], near: float) -> list[Neighbour]:
    """Return where the others are to the focus, in their order.

    Args:
        focus: shape in pixels.
        others: (phrase, shape in pixels).
        near: pixels.
    """
    found: list[Neighbour] = []
    far: list[int] = []
    for place, (phrase, shape) in enumerate(others):
        where = relation(focus, shape, near)
        around: Around = "nearby"
        if where in ("inside", "next to"):
            around = "inside" if where == "inside" else "next to"
        elif where == "around":
            around = "containing"
        else:
            around = _side(focus, shape)
            far.append(place)
        found.append(Neighbour(phrase, around, float(focus.distance(shape))))
    if far and shapely.union_all([others[place][1] for place in far]).convex_hull.contains(focus.centroid):
        for place in far:
            found[place] = Neighbour(found[place].phrase, "surrounded by", found[place].distance)
    return found


def _side(focus: BaseGeometry, other: BaseGeometry) -> Around:
    """Return the side on which all of an element lies from the focus's centre, the clearer one of two; else `nearby`."""
    x, y = focus.centroid.x, focus.centroid.y
    left, top, right, bottom = other.bounds
    gaps: list[tuple[float, Around]] = [
        (x - right, "on the left"), (left - x, "on the right"), (y - bottom, "at the top"), (top - y, "at the bottom"),
    ]  # fmt: skip
    gap, side = max(gaps, key=lambda pair: pair[0])
    return side if gap > 0 else "nearby"


def multi_caption(title: str, neighbours: Sequence[Neighbour]) -> str:
    """Return the focus's caption with what lies around it.

    `power pole, next to road of path; natural cliff, with building on the left and landuse of quarry at the top`.
    """
    caption, sides = title, []
    for around in ORDER:
        said = "; ".join(dict.fromkeys(found.phrase for found in neighbours if found.around == around))
        if said and around in ORDER[:4]:
            caption += f", {around} {said}"
        elif said:
            sides.append(f"{said} {around}")
    return f"{caption}, with {listed(sides)}" if sides else caption
