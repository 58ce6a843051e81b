"""Pairs of embeddings that point the same way: exact, block by block, in bounded memory.

FAISS's flat index finds the same pairs and took some five times as long (`benchmarks/data_quality.py`, two cores); its
approximate indexes are faster, but miss pairs and depend on training and threads, so that a corpus would not always lose the
same records.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Block = tuple[NDArray[np.int64], NDArray[np.int64]]
Embeddings = NDArray[np.floating]
Rows = NDArray[np.integer]
_AT_ONCE = 2_048


def _unit(embeddings: Embeddings, rows: Rows) -> NDArray[np.float32]:
    """Return some rows at length one.

    Raises:
        ValueError: a row is zero or not finite.
    """
    values = np.asarray(embeddings[rows], dtype=np.float32)
    lengths = np.linalg.norm(values, axis=1)
    wrong = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(wrong):
        raise ValueError(f"embedding {rows[wrong[0]]} is zero or not finite; leave out records without one")
    return values / lengths[:, None]


def similar_pairs(embeddings: Embeddings, rows: Rows, *, least: float, block: int = _AT_ONCE) -> Iterator[Block]:
    """Yield the pairs of positions in `rows` whose cosine is at least `least`, each pair once, the smaller one first.

    Args:
        embeddings: (n, d), of any length; a memory-mapped file will do.
        rows: (m,) which of them are compared.
        least: -1 to 1. Products are in single precision: a pair within 1e-6 of it may fall on either side.
        block: rows compared at a time; memory is about 5 * block * block + 12 * block * d bytes.

    Raises:
        ValueError: an embedding is zero or not finite.
    """
    for start in range(0, len(rows), block):
        here = _unit(embeddings, rows[start : start + block])
        for other in range(start, len(rows), block):
            there = here if other == start else _unit(embeddings, rows[other : other + block])
            left, right = np.nonzero(here @ there.T >= least)
            if other == start:
                after = left < right
                left, right = left[after], right[after]
            if len(left):
                yield left + start, right + other


def nearest_pairs(embeddings: Embeddings, rows: Rows, *, neighbours: int, least: float, block: int = _AT_ONCE) -> Iterator[Block]:
    """Yield each position in `rows` with those of its nearest other positions whose cosine is at least `least`.

    Among equal cosines the smaller position is nearer.

    Args:
        embeddings: (n, d), of any length; a memory-mapped file will do.
        rows: (m,) which of them are compared.
        neighbours: most pairs that one position begins.
        least: -1 to 1.
        block: rows compared at a time.

    Raises:
        ValueError: an embedding is zero or not finite.
    """
    for start in range(0, len(rows), block):
        here = _unit(embeddings, rows[start : start + block])
        left, right = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        nearness = np.empty(0, dtype=np.float32)
        for other in range(0, len(rows), block):
            cosines = here @ (here if other == start else _unit(embeddings, rows[other : other + block])).T
            row, column = np.nonzero(cosines >= least)
            apart = row + start != column + other
            row, column = row[apart], column[apart]
            left, right = np.concatenate([left, row]), np.concatenate([right, column + other])
            nearness = np.concatenate([nearness, cosines[row, column]])
            order = np.lexsort((right, -nearness, left))
            left, right, nearness = left[order], right[order], nearness[order]
            near = np.arange(len(left)) - np.searchsorted(left, left) < neighbours
            left, right, nearness = left[near], right[near], nearness[near]
        if len(left):
            yield left + start, right
