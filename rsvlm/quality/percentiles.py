"""Keep the records with the highest scores: exact percentile cuts, ties by id, two passes over a corpus.

The first pass writes one float64 a record (`write_scores`), which may be memory-mapped; the cut is found in the array, and the
second pass asks it by position. RS5M keeps a picture that is in the best 90 % by similarity to a set of prompts and in the
best 80 % by its detector, both cut over the same records; SkyScript keeps the best 30 % or 50 % by image-text similarity.
"""

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsvlm.errors import DataError
from rsvlm.files import explain_write_errors

Scores = NDArray[np.float64]
_AT_ONCE = 1 << 16


def write_scores(path: Path, scores: Iterable[float]) -> int:
    """Write scores as plain little-endian float64, in order, and return how many; NaN stands for a record without one.

    Raises:
        RsvlmError: the disk is full or may not be written.
    """
    count, block = 0, np.empty(_AT_ONCE, dtype="<f8")
    with explain_write_errors(path), path.open("wb") as stream:
        for score in scores:
            block[count % _AT_ONCE] = score
            count += 1
            if count % _AT_ONCE == 0:
                stream.write(block.tobytes())
        stream.write(block[: count % _AT_ONCE].tobytes())
    return count


def read_scores(path: Path) -> Scores:
    """Return the scores of a file, memory-mapped and read-only.

    Raises:
        DataError: the file is missing or cut off.
    """
    size = path.stat().st_size if path.is_file() else -1
    if size < 0 or size % 8:
        raise DataError(f"{path}: no whole file of scores ({size} bytes; 8 a record)" if size >= 0 else f"{path}: no such file of scores")
    return np.memmap(path, dtype="<f8", mode="r") if size else np.empty(0)


def kept_count(count: int, share: float) -> int:
    """Return how many of `count` records a share keeps: the share as it is written (0.9 is nine tenths), rounded up."""
    return math.ceil(Fraction(repr(share)) * count)


def keep_top(scores: Scores, id_of: Callable[[int], str], share: float) -> NDArray[np.bool_]:
    """Return which records are among the best `share`.

    Records without a score (NaN) are never kept and do not count; among equal scores at the cut the smaller ids stay.

    Args:
        scores: (n,).
        id_of: the id of a position; asked for ties at the cut alone, so that ids may stay on disk.
        share: above 0, at most 1.

    Returns:
        (n,) bool.
    """
    known = ~np.isnan(scores)
    wanted = kept_count(int(known.sum()), share)
    if wanted == 0:
        return known
    values = scores[known]
    cut = np.partition(values, len(values) - wanted)[len(values) - wanted]
    kept: NDArray[np.bool_] = known & (scores > cut)
    ties = sorted(np.flatnonzero(scores == cut).tolist(), key=id_of)
    kept[ties[: wanted - int(kept.sum())]] = True
    return kept


def keep_top_of_groups(scores: Scores, groups: NDArray[np.integer], id_of: Callable[[int], str], share: float) -> NDArray[np.bool_]:
    """Return which records are among the best `share` of their own group (source, class).

    Args:
        scores: (n,).
        groups: (n,) numbers of the groups.
        id_of: the id of a position.
        share: above 0, at most 1.
    """
    kept = np.zeros(len(scores), dtype=bool)
    order = np.argsort(groups, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        kept[rows] = keep_top(scores[rows], _within(id_of, rows), share)
    return kept


def _within(id_of: Callable[[int], str], rows: NDArray[np.integer]) -> Callable[[int], str]:
    return lambda position: id_of(int(rows[position]))
