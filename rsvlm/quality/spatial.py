"""Where to sample the ground: spatial autocorrelation, hot and cold spots.

LuoJiaHOG chooses its places by night-time light, tested for clustering with Moran's I (Moran 1950; expectation and variance
after Cliff and Ord 1981) and for hot and cold spots with Gi* (Ord and Getis 1995). Weights are a power of the distance of
regions that share a side or a corner, and 0 otherwise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rsvlm.errors import DataError

Values = NDArray[np.float64]
HOT, COLD, NEITHER = 1, -1, 0
_NORMAL_95 = 1.96


@dataclass(frozen=True)
class Autocorrelation:
    """Moran's I, what it is without any clustering, and how many standard deviations lie between (normality assumption)."""

    value: float
    expected: float
    z: float


def contiguity_weights(regions: NDArray[np.integer], *, gamma: float = 1.0) -> tuple[NDArray[np.int64], sparse.csr_array]:
    """Return the region numbers (n,), sorted, and their weights (n, n): distance^-gamma of neighbours, 0 otherwise.

    Regions that share a side or a corner of cells are neighbours. Distances are between centres (means of the cells), in
    cells. The diagonal is 0.

    Args:
        regions: (height, width) number of each cell's region; negative cells belong to none. For a plain grid, give each cell
            its own number.
        gamma: 0 gives weights of 1.

    Raises:
        DataError: fewer than two regions.
    """
    numbers, flat = np.unique(regions, return_inverse=True)
    index = flat.reshape(regions.shape) - int((numbers < 0).sum())
    numbers = numbers[numbers >= 0].astype(np.int64)
    if len(numbers) < 2:
        raise DataError(f"{len(numbers)} regions: spatial statistics need at least two")
    pairs = [_touching(index[:, :-1], index[:, 1:]), _touching(index[:-1], index[1:])]
    pairs += [_touching(index[:-1, :-1], index[1:, 1:]), _touching(index[:-1, 1:], index[1:, :-1])]
    edges = np.unique(np.concatenate(pairs), axis=0)
    rows, columns = np.nonzero(index >= 0)
    owner = index[rows, columns]
    cells = np.bincount(owner)
    centres = np.stack([np.bincount(owner, rows) / cells, np.bincount(owner, columns) / cells], axis=1)
    first, second = edges.T
    distances = np.linalg.norm(centres[first] - centres[second], axis=1)
    if (distances == 0).any():
        raise DataError("two regions have the same centre (one around the other), so that their distance gives no weight")
    weights = sparse.coo_array((distances**-gamma, (first, second)), shape=(len(numbers), len(numbers)))
    return numbers, sparse.csr_array(weights + weights.T)


def _touching(here: NDArray[np.integer], there: NDArray[np.integer]) -> NDArray[np.integer]:
    wanted = (here != there) & (here >= 0) & (there >= 0)
    found = np.stack([here[wanted], there[wanted]], axis=1)
    return np.sort(found, axis=1)


def _checked(values: Values, weights: sparse.csr_array) -> Values:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or weights.shape != (len(values), len(values)):
        raise DataError(f"values {values.shape} and weights {weights.shape} do not fit: n values need n x n weights")
    if len(values) < 2 or not np.isfinite(values).all() or np.ptp(values) == 0 or weights.sum() == 0:
        raise DataError("spatial statistics need two different finite values, and neighbours")
    return values


def morans_i(values: Values, weights: sparse.csr_array) -> Autocorrelation:
    """Return Moran's I = (n / W) * sum_ij w_ij (x_i - m)(x_j - m) / sum_i (x_i - m)^2, W the sum of the weights.

    Args:
        values: (n,) one a region.
        weights: (n, n) with a zero diagonal.

    Raises:
        DataError: shapes that do not fit, values that are not finite or all equal, or no neighbours.
    """
    values = _checked(values, weights)
    count, total = len(values), float(weights.sum())
    centred = values - values.mean()
    value = count / total * float(centred @ (weights @ centred)) / float(centred @ centred)
    expected = -1.0 / (count - 1)
    both = weights + weights.T
    one = 0.5 * float((both * both).sum())
    two = float(((weights.sum(axis=0) + weights.sum(axis=1)) ** 2).sum())
    variance = (count**2 * one - count * two + 3 * total**2) / ((count**2 - 1) * total**2) - expected**2
    return Autocorrelation(value, expected, (value - expected) / float(np.sqrt(variance)) if variance > 0 else 0.0)


def getis_ord(values: Values, weights: sparse.csr_array, *, own: float = 1.0) -> Values:
    """Return Gi* of each region, a z-score.

    Gi* = (sum_j w_ij x_j - m sum_j w_ij) / (s sqrt((n sum_j w_ij^2 - (sum_j w_ij)^2) / (n - 1))), m the mean and s the
    population standard deviation of all values. The star says that a region counts as its own neighbour.

    Args:
        values: (n,) one a region.
        weights: (n, n) with a zero diagonal.
        own: the weight of a region for itself, for which a power of the distance gives none.

    Returns:
        (n,); 0 where the formula has no spread, because all regions weigh the same.

    Raises:
        DataError: as for `morans_i`.
    """
    values = _checked(values, weights)
    count = len(values)
    starred = weights + own * sparse.eye_array(count)
    total, squares = np.asarray(starred.sum(axis=1)), np.asarray((starred * starred).sum(axis=1))
    spread = values.std() * np.sqrt(np.maximum(count * squares - total**2, 0.0) / (count - 1))
    difference = starred @ values - values.mean() * total
    return np.divide(difference, spread, out=np.zeros(count), where=spread > 1e-12 * values.std() * total)


def spots(scores: Values, *, limit: float = _NORMAL_95) -> NDArray[np.int8]:
    """Return 1 for hot spots (Gi* at least the limit), -1 for cold spots, 0 for the rest."""
    return np.where(scores >= limit, HOT, np.where(scores <= -limit, COLD, NEITHER)).astype(np.int8)
