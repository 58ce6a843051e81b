"""What a corpus report draws: bars of counts, columns of lengths, a map of places; numbers for SVG, no markup."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_STEPS = (1, 2, 5, 10, 15, 30)
_MOST_LINES = 12
_PADDING = 0.1


@dataclass(frozen=True)
class Bar:
    """One line of a table of counts: what, how many, its share of all, its length as a share of the table's width."""

    name: str
    count: int
    share: float
    length: float


def bars(counts: Sequence[tuple[str, int]], longest: int) -> tuple[Bar, ...]:
    """Return a bar for every (name, count), in the given order; a longer one than `longest` (many put together) has no length."""
    total = sum(count for _, count in counts)
    return tuple(Bar(name, count, count / total, count / longest if count <= longest else 0.0) for name, count in counts)


@dataclass(frozen=True)
class Column:
    """One column of a histogram in a square of 0 to 100: left edge, width, height, and what it stands for."""

    x: float
    width: float
    height: float
    words: str


@dataclass(frozen=True)
class Histogram:
    """Lengths of texts: title, what they are counted in, columns, and the first and last length on the axis."""

    title: str
    unit: str
    columns: tuple[Column, ...]
    first: int
    last: int
    summary: str


def histogram(title: str, unit: str, lengths: Mapping[str, Any]) -> Histogram:
    """Return the histogram of a summary of lengths (`rsvlm.data.texts.Lengths.summary`)."""
    bins = lengths["bins"]
    width, tallest = 100 / len(bins), max(count for _, _, count in bins)
    columns = tuple(
        Column(position * width, width, 100 * count / tallest, f"{low}{f' to {high}' if high > low else ''} {unit}: {count:,}")
        for position, (low, high, count) in enumerate(bins)
    )
    summary = f"{lengths['count']:,} texts; mean {lengths['mean']:g}, median {lengths['median']}, longest {lengths['longest']} {unit}"
    return Histogram(title, unit, columns, bins[0][0], bins[-1][1], summary)


@dataclass(frozen=True)
class Line:
    """A line of the graticule, and the words at its end."""

    x1: float
    y1: float
    x2: float
    y2: float
    words: str


@dataclass(frozen=True)
class Cell:
    """A cell of the ground: a square with its upper left corner, how dark it is, and what it stands for."""

    x: float
    y: float
    side: float
    opacity: float
    words: str


@dataclass(frozen=True)
class PlaceMap:
    """A map in degrees: x is the longitude, y the latitude turned round; the view box, lines and cells."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[Line, ...]
    cells: tuple[Cell, ...]


def place_map(places: Mapping[str, Any]) -> PlaceMap | None:
    """Return the map of the counted places, whole degrees around all of them; None where no place is known.

    Args:
        places: `degrees` (side of a cell) and `cells` as [west, south, records], of `rsvlm.data.counts.counts_of`.
    """
    cells, side = places["cells"], places["degrees"]
    if not cells:
        return None
    west, east = _range([cell[0] for cell in cells], side, 180)
    south, north = _range([cell[1] for cell in cells], side, 90)
    step = next((step for step in _STEPS if max(east - west, north - south) / step <= _MOST_LINES), _STEPS[-1])
    meridians = range(step * math.ceil(west / step), east + 1, step)
    parallels = range(step * math.ceil(south / step), north + 1, step)
    lines = [Line(x, -north, x, -south, _degrees(x, "W", "E")) for x in meridians]
    lines += [Line(west, -y, east, -y, _degrees(y, "S", "N")) for y in parallels]
    most = max(count for _, _, count in cells)
    drawn = max(side, (east - west) / 120)
    middle = (drawn - side) / 2
    return PlaceMap(
        west,
        -north,
        east - west,
        north - south,
        tuple(lines),
        tuple(
            Cell(
                x - middle,
                -y - side - middle,
                drawn,
                0.35 + 0.65 * count / most,
                f"{_degrees(x, 'W', 'E')}, {_degrees(y, 'S', 'N')}: {count:,}",
            )
            for x, y, count in cells
        ),
    )


def _range(starts: Sequence[int], side: int, limit: int) -> tuple[int, int]:
    """Return the whole degrees that a map spans in one direction: the cells, a margin, and never beyond the globe."""
    low, high = min(starts), max(starts) + side
    margin = max(2, math.ceil(_PADDING * (high - low)))
    return max(-limit, low - margin), min(limit, high + margin)


def _degrees(value: int, negative: str, positive: str) -> str:
    return f"{abs(value)}°{negative if value < 0 else positive if value > 0 else ''}"
