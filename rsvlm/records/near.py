"""Near copies of pictures by perceptual hash: 64-bit hashes that differ in fewer than a few bits.

The way of the RemoteCLIP data engine: a hash is cut into N equal segments with one dictionary each; pictures that share
any segment are candidates, and a candidate whose Hamming distance is below the limit is a copy. By the pigeonhole
principle nothing is missed while the limit is at most N.
"""

from collections.abc import Iterator

import numpy as np

BITS = 64
_PAIRS_AT_ONCE = 1 << 22


def segments_of(value: int, count: int) -> list[int]:
    """Cut a 64-bit hash into `count` equal segments, most significant first."""
    width = BITS // count
    return [(value >> (BITS - width * (position + 1))) & ((1 << width) - 1) for position in range(count)]


def check_limit(below: int, segments: int) -> None:
    """Refuse segment counts that would miss copies or do not divide 64 bits."""
    if BITS % segments or below > segments:
        raise ValueError(f"{segments} segments: must divide {BITS} and be at least the limit ({below})")


class NearIndex:
    """Hashes seen so far, asked one at a time: is this picture a near copy of one of them?"""

    def __init__(self, *, below: int = 2, segments: int = 4) -> None:
        """Start empty.

        Args:
            below: hashes that differ in fewer bits than this are copies.
            segments: into how many parts a hash is cut.
        """
        check_limit(below, segments)
        self.below, self.segments = below, segments
        self._tables: list[dict[int, list[tuple[int, str, str]]]] = [{} for _ in range(segments)]

    def add(self, value: int, name: str, scene: str = "") -> None:
        """Remember a picture's hash under its name, with the scene that it shows."""
        for table, segment in zip(self._tables, segments_of(value, self.segments), strict=True):
            table.setdefault(segment, []).append((value, name, scene))

    def find(self, value: int, *, besides: str = "") -> str | None:
        """Return the name of the nearest remembered copy (the first name among equals), or None.

        Args:
            value: the hash.
            besides: a scene whose pictures do not count.
        """
        best: tuple[int, str] | None = None
        for table, segment in zip(self._tables, segments_of(value, self.segments), strict=True):
            for other, name, scene in table.get(segment, ()):
                if besides and scene == besides:
                    continue
                distance = (value ^ other).bit_count()
                if distance < self.below and (best is None or (distance, name) < best):
                    best = (distance, name)
        return best[1] if best else None


def near_pairs(
    first: np.ndarray, second: np.ndarray, *, below: int = 2, segments: int = 4
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield all pairs of near copies between two sets of hashes, in blocks of bounded memory.

    Args:
        first: uint64 (n,).
        second: uint64 (m,).
        below: pairs with a smaller Hamming distance are yielded.
        segments: into how many parts a hash is cut; a pair that agrees in several is yielded once.

    Yields:
        positions in `first` (k,), positions in `second` (k,), distances (k,).
    """
    check_limit(below, segments)
    width = BITS // segments
    for position in range(segments):
        shift = np.uint64(BITS - width * (position + 1))
        mask = np.uint64((1 << width) - 1) if width < BITS else np.uint64(2**64 - 1)
        for left, right in _same_segment((first >> shift) & mask, (second >> shift) & mask):
            differing = first[left] ^ second[right]
            distance = np.bitwise_count(differing)
            wanted = distance < below
            for earlier in range(position):  # found there already
                earlier_shift = np.uint64(BITS - width * (earlier + 1))
                wanted &= ((differing >> earlier_shift) & mask) != 0
            if wanted.any():
                yield left[wanted], right[wanted], distance[wanted]


def _same_segment(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield all pairs of positions with equal values, a bounded number at a time."""
    order = np.argsort(second, kind="stable")
    ordered = second[order]
    starts = np.searchsorted(ordered, first, side="left")
    counts = np.searchsorted(ordered, first, side="right") - starts
    has = np.flatnonzero(counts)
    totals = np.cumsum(counts[has])
    begin = 0
    while begin < len(has):
        done = totals[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(totals, done + _PAIRS_AT_ONCE, side="right")))
        rows, repeats = has[begin:end], counts[has[begin:end]]
        left = np.repeat(rows, repeats)
        within = np.arange(len(left)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        yield left, order[np.repeat(starts[rows], repeats) + within]
        begin = end
