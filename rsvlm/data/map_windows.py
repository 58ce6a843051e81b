"""The boundary around a focus object: its size from the object's box, its place moved at random."""

import math
from dataclasses import dataclass

import numpy as np

from rsvlm.data.kinds.map_tags import WindowRules
from rsvlm.data.visibility import is_fine_enough

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Boundary:
    """A square of a picture, and by how much it is reduced.

    Attributes:
        x: left edge, pixels of the picture.
        y: upper edge.
        side: pixels of the picture.
        reduction: so many of its pixels become one.
    """

    x: int
    y: int
    side: int
    reduction: int

    @property
    def stored(self) -> int:
        """The side of the stored picture in its own pixels."""
        return self.side // self.reduction


def boundary(
    focus: Box, size: tuple[int, int], gsd: float, largest_gsd: float, rules: WindowRules, generator: np.random.Generator
) -> Boundary | None:
    """Return the boundary around a focus object; None where no admissible one holds it.

    The finest reduction whose largest picture holds the box is taken, if its pixels are no coarser than the object's tags
    allow. A box without extent (a point) gets a side drawn between the least and the most.

    Args:
        focus: x1, y1, x2, y2 of the object's visible part, pixels of the picture.
        size: width and height of the picture.
        gsd: metres a pixel of the picture.
        largest_gsd: the coarsest pixels, in metres, at which the object's tags can be seen; 10 m, the coarsest class: no limit.
        rules: sizes and jitter.
        generator: of the draw.
    """
    x1, y1, x2, y2 = focus
    extent = max(x2 - x1, y2 - y1)
    for reduction in sorted(rules.reductions):
        most = min(rules.most, min(size) // reduction)
        if not is_fine_enough(gsd * reduction, largest_gsd) or most < rules.least:
            return None
        if extent > most * reduction:
            continue
        if extent > 0:
            stored = min(most, max(rules.least, math.ceil(extent * rules.margin / reduction)))
        else:
            stored = int(generator.integers(rules.least, most + 1))
        side = stored * reduction
        x = _start(x1, x2, side, size[0], rules.jitter, generator)
        y = _start(y1, y2, side, size[1], rules.jitter, generator)
        return Boundary(x, y, side, reduction)
    return None


def _start(low: float, high: float, side: int, length: int, jitter: float, generator: np.random.Generator) -> int:
    """Return where a window starts along one axis: around the middle of low and high, moved, with both inside it."""
    room = (side - (high - low)) / 2
    start = (low + high) / 2 - side / 2 + jitter * room * float(generator.uniform(-1, 1))
    least, most = max(0, math.ceil(high - side - 1e-9)), min(length - side, math.floor(low + 1e-9))
    middle = min(max(round(start), least), most) if least <= most else round(start)
    return min(max(middle, 0), length - side)
