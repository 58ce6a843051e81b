"""Clusters of embeddings that look alike: spherical k-means with a start that draws nothing."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_STEPS = 20
_AT_ONCE = 4_096


def alike_groups(embeddings: NDArray[np.floating], count: int, *, steps: int = _STEPS) -> NDArray[np.int64]:
    """Return the cluster of each embedding, 0 to `count` - 1; of equally near centres the first.

    The first centre is the embedding nearest to the mean of all, each further one that which is farthest from those before it
    (Gonzalez 1985); then Lloyd's steps on rows of length one. A centre that loses all its members keeps its place.

    Args:
        embeddings: (n, d), none zero; a memory-mapped file will do.
        count: clusters; fewer where there are fewer embeddings.
        steps: most steps.
    """
    if not len(embeddings):
        return np.empty(0, dtype=np.int64)
    centres = _start(embeddings, min(count, len(embeddings)))
    labels = np.full(len(embeddings), -1, dtype=np.int64)
    for _ in range(steps):
        sums, before = np.zeros_like(centres), labels.copy()
        for start, rows in _unit_blocks(embeddings):
            nearest = np.argmax(rows @ centres.T, axis=1)
            labels[start : start + len(rows)] = nearest
            np.add.at(sums, nearest, rows)
        if np.array_equal(labels, before):
            break
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 1e-12, sums / np.maximum(lengths, 1e-12), centres)
    return labels


def _start(embeddings: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    mean = sum(rows.sum(axis=0) for _, rows in _unit_blocks(embeddings))
    first = int(np.argmax(np.concatenate([rows @ np.asarray(mean) for _, rows in _unit_blocks(embeddings)])))
    centres = [_unit(embeddings[first : first + 1])[0]]
    closest = np.full(len(embeddings), -np.inf)
    for _ in range(1, count):
        for start, rows in _unit_blocks(embeddings):
            part = closest[start : start + len(rows)]
            np.maximum(part, rows @ centres[-1], out=part)
        place = int(np.argmin(closest))
        centres.append(_unit(embeddings[place : place + 1])[0])
    return np.stack(centres)


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    values = np.asarray(rows, dtype=np.float64)
    found: NDArray[np.float64] = values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    return found


def _unit_blocks(embeddings: NDArray[np.floating]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    for start in range(0, len(embeddings), _AT_ONCE):
        yield start, _unit(embeddings[start : start + _AT_ONCE])
