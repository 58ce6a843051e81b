"""Samples in proportion to how varied the landscape is: the landscape shape index, and counts by region and land cover.

LSI = 0.25 * E / sqrt(A), with E the length of the edges in cell sides and A the area in cells (McGarigal and Marks 1995, the
form for rasters). The border of the raster, and that to cells without data, is edge, so that a single square has LSI 1.
"""

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rsvlm.errors import DataError
from rsvlm.seeds import numpy_generator

Cover = NDArray[np.integer]
Key = TypeVar("Key", bound=Hashable)
_NONE = -1


def edge_length(cover: Cover) -> int:
    """Return the number of cell sides between different classes, counting the border to no data and to the outside.

    Args:
        cover: (height, width) class of each cell; negative cells have no data.
    """
    padded = np.pad(np.maximum(cover, _NONE), 1, constant_values=_NONE)
    return int((padded[:, :-1] != padded[:, 1:]).sum() + (padded[:-1] != padded[1:]).sum())


def shape_index(cover: Cover) -> float:
    """Return the landscape shape index of all classes together; 0 where no cell has data."""
    area = int((cover >= 0).sum())
    return 0.25 * edge_length(cover) / math.sqrt(area) if area else 0.0


def class_shape_index(cover: Cover, number: int) -> float:
    """Return the landscape shape index of one class; 0 where it does not occur."""
    return shape_index(np.where(cover == number, 0, _NONE))


def proportional_counts(weights: Mapping[Key, float], total: int) -> dict[Key, int]:
    """Split `total` in proportion to weights, whole and exact: the largest remainders get what is left, ties in the given order.

    Raises:
        DataError: a weight is negative or not finite, or all are 0 and there is something to split.
    """
    whole = sum(weights.values())
    if any(not math.isfinite(weight) or weight < 0 for weight in weights.values()) or (total and not whole):
        raise DataError(f"cannot split {total} samples: weights must be finite, not negative, and not all 0")
    quotas = {key: total * weight / whole for key, weight in weights.items()} if total else dict.fromkeys(weights, 0.0)
    counts = {key: int(quota) for key, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda key: counts[key] - quotas[key])
    for key in by_remainder[: total - sum(counts.values())]:
        counts[key] += 1
    return counts


def sample_counts(regions: Cover, cover: Cover, total: int) -> dict[tuple[int, int], int]:
    """Return how many samples each (region, class) gets: by the region's shape index, and inside it by the classes'.

    Args:
        regions: (height, width) region of each cell; negative cells belong to none.
        cover: (height, width) land-cover class; negative cells have no data.
        total: samples in all.

    Raises:
        DataError: the shapes differ, or no cell has both.
    """
    if regions.shape != cover.shape:
        raise DataError(f"regions {regions.shape} and land cover {cover.shape} must have one shape")
    inside = {int(region): np.where(regions == region, cover, _NONE) for region in np.unique(regions[regions >= 0])}
    of_region = proportional_counts({region: shape_index(part) for region, part in inside.items()}, total)
    counts: dict[tuple[int, int], int] = {}
    for region, part in inside.items():
        numbers = np.unique(part[part >= 0]).tolist()
        shares = {(region, number): class_shape_index(part, number) for number in numbers}
        counts |= proportional_counts(shares, of_region[region])
    return counts


def sample_cells(mask: NDArray[np.bool_], count: int, *, seed: int, name: str) -> NDArray[np.int64]:
    """Return (k, 2) rows and columns of cells drawn from a mask without repetition, sorted; all cells where there are fewer.

    Args:
        mask: (height, width).
        count: how many.
        seed: of the draw.
        name: of the region and class, so that each draws for itself.
    """
    cells = np.argwhere(mask)
    chosen = numpy_generator(seed, "sample cells", name).permutation(len(cells))[:count]
    return cells[np.sort(chosen)]
