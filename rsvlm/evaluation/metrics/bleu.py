"""BLEU-1 to BLEU-4 (Papineni et al. 2002), with the closest reference length and the smoothing of COCO's evaluation."""

from collections import Counter

import numpy as np

from rsvlm.evaluation.metrics.ngrams import ORDERS, Described, Sentence

_SMALL, _TINY = 1e-9, 1e-15


def bleu_counts(described: list[Described]) -> np.ndarray:
    """Return what BLEU sums over a corpus, one row an image.

    Returns:
        (n, 10) float64: matched n-grams of orders 1-4, n-grams of orders 1-4, candidate length, closest reference length.
    """
    most: dict[tuple[int, ...], tuple[Counter[tuple[str, ...]], ...]] = {}
    return np.array([_row(image, most) for image in described], dtype=np.float64).reshape(-1, 2 * ORDERS + 2)


def _row(image: Described, most: dict[tuple[int, ...], tuple[Counter[tuple[str, ...]], ...]]) -> list[int]:
    distinct = {id(reference): reference for reference in image.references}
    key = tuple(sorted(distinct))
    if key not in most:
        most[key] = _most_counts(list(distinct.values()))
    length = len(image.candidate.tokens)
    matched = [
        sum(min(count, limits.get(ngram, 0)) for ngram, count in counts.items())
        for counts, limits in zip(image.candidate.counts, most[key], strict=True)
    ]
    guessed = [max(0, length - order) for order in range(ORDERS)]
    closest = min((abs(len(r.tokens) - length), len(r.tokens)) for r in distinct.values())[1]
    return [*matched, *guessed, length, closest]


def _most_counts(references: list[Sentence]) -> tuple[Counter[tuple[str, ...]], ...]:
    """Return the largest count of each n-gram in any one reference."""
    largest = tuple(Counter(counts) for counts in references[0].counts)
    for reference in references[1:]:
        for limits, counts in zip(largest, reference.counts, strict=True):
            limits |= counts
    return largest


def corpus_bleu(sums: np.ndarray) -> np.ndarray:
    """Return BLEU-1..4 from summed counts.

    Args:
        sums: (m, 10) column sums of `bleu_counts`, one row a corpus (or a resample of it).

    Returns:
        (m, 4): geometric means of the precisions times exp(1 - reference length / candidate length) if shorter.
    """
    precision = (sums[:, :ORDERS] + _TINY) / (sums[:, ORDERS : 2 * ORDERS] + _SMALL)
    ratio = (sums[:, -2] + _TINY) / (sums[:, -1] + _SMALL)
    brevity = np.where(ratio < 1, np.exp(1 - 1 / ratio), 1.0)
    means = np.cumprod(precision, axis=1) ** (1 / np.arange(1, ORDERS + 1))
    return means * brevity[:, None]
