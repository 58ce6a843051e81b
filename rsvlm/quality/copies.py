"""Copies among the records of a corpus: equal, nearly equal to the eye, or alike to an encoder; one of each cluster stays."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from rsvlm.quality.clusters import Labels, components, equal_labels, survivors
from rsvlm.quality.embeddings import Block, nearest_pairs, similar_pairs
from rsvlm.quality.settings import Copies, CopyStep, EmbeddingCopies, EqualCopies, PerceptualCopies
from rsvlm.records.near import near_pairs

_PORTS = {"http": 80, "https": 443}
_REASONS = {"sha256": "copy: equal bytes", "url": "copy: equal address", "caption": "copy: equal caption"}


@dataclass(frozen=True)
class Copy:
    """A record that is dropped for another one: both positions, the reason, and how alike they are."""

    position: int
    stays: int
    reason: str
    detail: str = ""


def plain_url(url: str) -> str:
    """Return an address in the form in which it is compared: no scheme, fragment or default port, host in lower case.

    Text that is no address is returned as it is, without spaces around it.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return text
    if not host:
        return text
    place = host if port is None or port == _PORTS.get(parts.scheme.lower()) else f"{host}:{port}"
    return f"//{place}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def digests(values: Iterable[str | None]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return 128-bit keys (n, 2) of texts, equal for equal texts, and (n,) whether there was a text (None and "" are none)."""
    keys, known = bytearray(), bytearray()
    for value in values:
        keys += hashlib.sha256((value or "").encode("utf-8", "surrogatepass")).digest()[:16]
        known.append(bool(value))
    return np.frombuffer(keys, dtype=np.uint64).reshape(-1, 2), np.frombuffer(known, dtype=np.uint8).astype(bool)


def perceptual_labels(hashes: NDArray[np.uint64], *, below: int = 2, segments: int = 2) -> Labels:
    """Return clusters of near copies: for each hash the smallest position in its connected component.

    Equal hashes are joined first, so that thousands of blank pictures do not make millions of pairs.

    Args:
        hashes: (n,) perceptual hashes.
        below: hashes that differ in fewer bits are joined.
        segments: into how many parts a hash is cut to find candidates; at least `below`.
    """
    labels = equal_labels(hashes, np.ones(len(hashes), dtype=bool))
    first = np.flatnonzero(labels == np.arange(len(labels)))
    different = hashes[first]

    def pairs() -> Iterator[Block]:
        for left, right, _ in near_pairs(different, different, below=below, segments=segments):
            once = left < right
            yield left[once], right[once]

    return first[components(len(first), pairs())][np.searchsorted(first, labels)]


def source_ranks(sources: Sequence[str], settings: Copies) -> NDArray[np.int64]:
    """Return (n,) ranks of the records' sources: preferred ones in their order, then those not named, then the last ones."""
    rank = {name: position for position, name in enumerate(settings.prefer)}
    rank |= {name: len(settings.prefer) + 1 for name in settings.last}
    return np.fromiter((rank.get(name, len(settings.prefer)) for name in sources), dtype=np.int64, count=len(sources))


@dataclass(frozen=True)
class Looks:
    """What copies are found by, in columns of one length; a column that no step of the settings uses may be left out.

    Attributes:
        values: `sha256`, `url` (see `plain_url`), `caption` (see `rsvlm.records.text.text_id`) -> keys and presence, as
            `digests` gives them.
        hashes: (n,) uint64 perceptual hashes.
        embeddings: (n, d).
    """

    values: Mapping[str, tuple[NDArray[np.uint64], NDArray[np.bool_]]]
    hashes: NDArray[np.uint64] | None = None
    embeddings: NDArray[np.floating] | None = None


def _labels(step: CopyStep, looks: Looks, rows: NDArray[np.integer]) -> tuple[Labels, str]:
    match step:
        case EqualCopies():
            if step.value not in looks.values:
                raise ValueError(f"copies by {step.value}: that column was not given")
            keys, known = looks.values[step.value]
            return equal_labels(keys[rows], known[rows]), _REASONS[step.value]
        case PerceptualCopies():
            if looks.hashes is None:
                raise ValueError("perceptual copies: no hashes were given")
            return perceptual_labels(looks.hashes[rows], below=step.below, segments=step.segments), "copy: near by perceptual hash"
        case EmbeddingCopies():
            if looks.embeddings is None:
                raise ValueError("copies by embedding: no embeddings were given")
            if step.neighbours is None:
                pairs = similar_pairs(looks.embeddings, rows, least=step.least_cosine)
            else:
                pairs = nearest_pairs(looks.embeddings, rows, neighbours=step.neighbours, least=step.least_cosine)
            return components(len(rows), pairs), "copy: alike by embedding"


def _names(ids: Sequence[str], rows: NDArray[np.integer]) -> Callable[[int], str]:
    return lambda position: ids[int(rows[position])]


def find_copies(ids: Sequence[str], sources: Sequence[str], looks: Looks, settings: Copies) -> list[Copy]:
    """Return which records are dropped as copies, in the order of their positions.

    Each step looks at what the earlier ones left. Of a cluster the record stays whose source ranks first, and of several
    of one rank the one with the smallest id.

    Args:
        ids: (n,).
        sources: (n,).
        looks: what they are compared by.
        settings: steps and sources.

    Raises:
        ValueError: a step's column is missing.
    """
    ranks, rows = source_ranks(sources, settings), np.arange(len(ids))
    found: list[Copy] = []
    for step in settings.steps:
        labels, reason = _labels(step, looks, rows)
        stays = rows[survivors(labels, ranks[rows], _names(ids, rows))]
        dropped = stays != rows
        found += [Copy(row, stay, reason, ids[stay]) for row, stay in zip(rows[dropped].tolist(), stays[dropped].tolist(), strict=True)]
        rows = rows[~dropped]
    return sorted(found, key=lambda copy: copy.position)
