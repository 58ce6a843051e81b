"""Shares with their intervals."""

import math
from dataclasses import dataclass

NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(hits: int, count: int) -> Interval:
    """Return a share with its 95 % Wilson score interval (Wilson 1927).

    Good for small counts and for shares near 0 or 1, where a bootstrap of all-equal samples gives an interval of no width.
    """
    if count == 0:
        return Interval(0.0, 0.0, 1.0)
    share, square = hits / count, NORMAL_95**2
    scale = 1 + square / count
    centre = (share + square / (2 * count)) / scale
    margin = NORMAL_95 / scale * math.sqrt(share * (1 - share) / count + square / (4 * count * count))
    return Interval(share, max(0.0, centre - margin), min(1.0, centre + margin))
