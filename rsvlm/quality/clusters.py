"""Clusters of copies: pairs joined by union-find, and which record of a cluster stays."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


def _roots(parents: Labels, nodes: NDArray[np.integer]) -> Labels:
    """Return the roots of nodes; each step halves the paths to them, so that long chains take few steps."""
    while True:
        above = parents[nodes]
        higher = parents[above]
        if np.array_equal(above, higher):
            return above
        parents[nodes] = higher


def join(parents: Labels, left: NDArray[np.integer], right: NDArray[np.integer]) -> None:
    """Join the clusters of pairs, in place (union-find on whole arrays; the smallest position is a cluster's root).

    Args:
        parents: (n,) for each record a record of its cluster that is not behind it; `np.arange(n)` at the start.
        left: (k,) positions.
        right: (k,) positions.
    """
    first, second = _roots(parents, left), _roots(parents, right)
    while True:
        apart = first != second
        if not apart.any():
            break
        low, high = np.minimum(first, second)[apart], np.maximum(first, second)[apart]
        np.minimum.at(parents, high, low)  # a root gets one parent a round; what else it was to join comes round again
        first, second = _roots(parents, low), _roots(parents, high)


def components(count: int, pairs: Iterable[tuple[NDArray[np.integer], NDArray[np.integer]]]) -> Labels:
    """Return for each of `count` records the smallest position in its connected component.

    Args:
        count: number of records.
        pairs: blocks of joined positions, (k,) and (k,). Memory is 8 bytes a record and one block.
    """
    parents = np.arange(count)
    for left, right in pairs:
        join(parents, left, right)
    return _roots(parents, np.arange(count))


def equal_labels(keys: NDArray[np.uint64], known: NDArray[np.bool_]) -> Labels:
    """Return for each record the smallest position with an equal key; a record without a key is alone.

    Args:
        keys: (n,) or (n, k) integers, equal for equal values.
        known: (n,) whether the record has a value at all.
    """
    columns = keys[:, None] if keys.ndim == 1 else keys
    labels = np.arange(len(keys))
    rows = np.flatnonzero(known)
    if not len(rows):
        return labels
    order = rows[np.lexsort((rows, *columns[rows].T))]
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (columns[order[1:]] != columns[order[:-1]]).any(axis=1)
    labels[order] = order[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    return labels


def survivors(labels: Labels, ranks: NDArray[np.integer], id_of: Callable[[int], str]) -> Labels:
    """Return for each record the position of the record of its cluster that stays: lowest rank, then smallest id.

    Args:
        labels: (n,) clusters, as `components` gives them.
        ranks: (n,) of the records' sources.
        id_of: the id of a position; asked for members of clusters of two or more alone, so that ids may stay on disk.
    """
    stays = labels.copy()
    shared = np.flatnonzero(np.bincount(labels, minlength=len(labels))[labels] > 1)
    best: dict[int, tuple[int, str, int]] = {}
    for position in shared.tolist():
        candidate = (int(ranks[position]), id_of(position), position)
        label = int(labels[position])
        if label not in best or candidate < best[label]:
            best[label] = candidate
    for position in shared.tolist():
        stays[position] = best[int(labels[position])][2]
    return stays
