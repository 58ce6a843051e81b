"""Choose places by spatial statistics: hot and cold spots of development, and how varied the land cover is (LuoJiaHOG).

Cells are web-map tiles. Gi* of the indicator gives three regions (hot, cold, neither); samples go to each by its landscape
shape index, and inside it to each class of land cover by the class's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsvlm.errors import DataError
from rsvlm.quality.landscape import sample_cells, sample_counts
from rsvlm.quality.spatial import Autocorrelation, contiguity_weights, getis_ord, morans_i, spots

Cell = tuple[int, int]
SPOTS = {1: "hot", -1: "cold", 0: "neither"}


@dataclass(frozen=True)
class Chosen:
    """The places that were chosen, and the statistics that chose them.

    Attributes:
        cells: column and row of each.
        clustering: Moran's I of the indicator.
        scores: Gi* of every cell, a z-score.
        spot: hot, cold or neither, of every cell.
    """

    cells: frozenset[Cell]
    clustering: Autocorrelation
    scores: Mapping[Cell, float]
    spot: Mapping[Cell, str]


def choose_places(
    values: Mapping[Cell, float], cover: Mapping[Cell, NDArray[np.integer]], places: int, *, gamma: float, limit: float, seed: int
) -> Chosen:
    """Choose places.

    Args:
        values: the indicator of each cell.
        cover: classes of land cover of each cell, (parts, parts); negative: not known.
        places: how many; fewer where several parts of one cell were drawn.
        gamma: weights of neighbours are their distance to the power of -gamma.
        limit: z-score of a hot spot.
        seed: of the draw.

    Raises:
        DataError: fewer than two cells, no neighbours among them, or the same value everywhere.
    """
    cells = sorted(values)
    if len(cells) < 2:
        raise DataError(f"{len(cells)} places: spatial statistics need at least two")
    left, top = min(column for column, _ in cells), min(row for _, row in cells)
    across, down = max(column for column, _ in cells) - left + 1, max(row for _, row in cells) - top + 1
    grid = np.full((down, across), -1, dtype=np.int64)
    for number, (column, row) in enumerate(cells):
        grid[row - top, column - left] = number
    numbers, weights = contiguity_weights(grid, gamma=gamma)
    indicator = np.asarray([values[cells[number]] for number in numbers.tolist()])
    scores = getis_ord(indicator, weights)
    marks = spots(scores, limit=limit)
    parts = next(iter(cover.values())).shape[0]
    regions = np.full((down * parts, across * parts), -1, dtype=np.int64)
    classes = np.full_like(regions, -1)
    for number, (column, row) in enumerate(cells):
        area = np.s_[(row - top) * parts : (row - top + 1) * parts, (column - left) * parts : (column - left + 1) * parts]
        regions[area] = {1: 0, -1: 1, 0: 2}[int(marks[number])]
        classes[area] = cover[cells[number]]
    chosen: set[Cell] = set()
    for (region, each), count in sorted(sample_counts(regions, classes, places).items()):
        drawn = sample_cells((regions == region) & (classes == each), count, seed=seed, name=f"{region} {each}")
        chosen |= {(left + int(column) // parts, top + int(row) // parts) for row, column in drawn}
    return Chosen(
        frozenset(chosen),
        morans_i(indicator, weights),
        dict(zip(cells, np.round(scores, 6).tolist(), strict=True)),
        {cell: SPOTS[int(mark)] for cell, mark in zip(cells, marks, strict=True)},
    )
