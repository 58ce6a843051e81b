"""Not too many of a kind: caps on classes, clusters and tags, and draws that a record's own id decides.

Every draw is a hash of the seed and the id, so that it does not depend on the order of the records, and adding records does
not draw the old ones anew.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rsvlm.records.splits import share_of
from rsvlm.seeds import seed_of

Tag = tuple[str, str]


def keep_at_most(groups: NDArray[np.integer], id_of: Callable[[int], str], most: int, *, seed: int, purpose: str) -> NDArray[np.bool_]:
    """Return which records stay when no class, or no cluster, may have more than `most`.

    Args:
        groups: (n,) number of each record's class or cluster; a negative one stands for none and is not capped.
        id_of: the id of a position; asked for members of too large groups alone.
        most: records of one group.
        seed: of the draw.
        purpose: a name, so that two caps on the same records draw differently.

    Returns:
        (n,) bool; of a too large group the records with the smallest hashes stay.
    """
    kept = np.ones(len(groups), dtype=bool)
    order = np.argsort(groups, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        if len(rows) > most and groups[rows[0]] >= 0:
            drawn = sorted((share_of(seed, purpose, id_of(row)), id_of(row), row) for row in rows.tolist())
            kept[[row for _, _, row in drawn[most:]]] = False
    return kept


def keep_within(sizes: NDArray[np.integer], id_of: Callable[[int], str], most: int, *, seed: int, purpose: str) -> NDArray[np.bool_]:
    """Return which records stay when their sizes may not come to more than `most` together.

    Args:
        sizes: (n,) what each record counts for.
        id_of: the id of a position; asked for where there is too much alone.
        most: of all that stay.
        seed: of the draw.
        purpose: a name, so that two draws among the same records differ.

    Returns:
        (n,) bool; records stay in the order of their hashes until the next one would be too much.
    """
    if sizes.sum() <= most:
        return np.ones(len(sizes), dtype=bool)
    order = sorted(range(len(sizes)), key=lambda row: (share_of(seed, purpose, id_of(row)), id_of(row)))
    kept = np.zeros(len(sizes), dtype=bool)
    kept[order] = np.cumsum(sizes[order]) <= most
    return kept


def distinct_tags(tags: Iterable[Tag]) -> list[Tag]:
    """Return the (key, value) pairs of one picture without repetitions, in their order."""
    return list(dict.fromkeys(tags))


def count_tags(pictures: Iterable[Iterable[Tag]]) -> Counter[Tag]:
    """Return in how many pictures each tag occurs; memory grows with the number of different tags only."""
    counts: Counter[Tag] = Counter()
    for tags in pictures:
        counts.update(set(tags))
    return counts


def balanced_tags(id: str, tags: Iterable[Tag], counts: Mapping[Tag, int], threshold: int, *, seed: int) -> list[Tag]:
    """Return the tags that a picture keeps under LHRS-Align's cap on frequent semantics.

    A tag that occurs in f pictures keeps an occurrence with probability min(1, threshold / f). A picture that keeps none has
    nothing left to be said about it: the caller drops it.

    Args:
        id: the picture's.
        tags: repetitions collapse.
        counts: in how many pictures each tag occurs, from a first pass (`count_tags`).
        threshold: about how many occurrences of a tag stay.
        seed: of the draw.

    Raises:
        KeyError: a tag that the first pass has not seen.
    """
    kept = []
    for key, value in distinct_tags(tags):
        count = counts.get((key, value), 0)
        if not count:
            raise KeyError(f"{id}: tag {key}={value} was not counted in the first pass")
        if count <= threshold or share_of(seed, "tag balance", f"{id}\x1f{key}\x1f{value}") * count < threshold:
            kept.append((key, value))
    return kept


def caption_of_epoch(id: str, options: Sequence[int], epoch: int, *, seed: int) -> int:
    """Return which caption of a record is used in an epoch, each of the options equally likely.

    Args:
        id: the record's.
        options: positions of captions, in RS5M the best-ranked and the rotation-invariant one.
        epoch: 0, 1, ...
        seed: of the draw.

    Raises:
        ValueError: there are no options.
    """
    if not options:
        raise ValueError(f"{id}: no caption to draw from")
    return options[seed_of(seed, "caption of epoch", epoch, id) % len(options)]


def sample_ids(ids: Iterable[str], count: int, *, seed: int, purpose: str) -> list[str]:
    """Return `count` of the ids, drawn by hash, sorted; all where there are fewer. Memory holds the drawn ones alone."""
    return sorted(id for _, id in heapq.nsmallest(count, ((share_of(seed, purpose, id), id) for id in ids)))
