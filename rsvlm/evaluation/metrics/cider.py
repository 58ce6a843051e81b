"""CIDEr-D (Vedantam, Zitnick, Parikh 2015) as COCO's evaluation computes it under the name CIDEr, scaled by 10."""

import math
from collections import Counter

import numpy as np

from rsvlm.evaluation.metrics.ngrams import ORDERS, Described, Sentence

SIGMA = 6.0
SCALE = 10.0
Weights = tuple[dict[tuple[str, ...], float], ...]


def cider(described: list[Described]) -> np.ndarray:
    """Return one score an image, (n,).

    For each order, the cosine of tf-idf vectors, clipped at the reference's weight, times a Gaussian penalty of the
    difference in length (sigma 6); the mean over orders and references, times 10. The idf counts the images whose
    references hold an n-gram, so a score depends on the whole test set.
    """
    frequency = document_frequency(described)
    images = math.log(len(described)) if described else 0.0
    known: dict[int, tuple[Weights, list[float]]] = {}

    def weighed(sentence: Sentence) -> tuple[Weights, list[float]]:
        if id(sentence) not in known:
            known[id(sentence)] = weigh(sentence, frequency, images)
        return known[id(sentence)]

    return np.array([_score(image, weighed(image.candidate), [weighed(r) for r in image.references]) for image in described])


def document_frequency(described: list[Described]) -> Counter[tuple[str, ...]]:
    """Return in how many images' references each n-gram occurs."""
    frequency: Counter[tuple[str, ...]] = Counter()
    for image in described:
        frequency.update({ngram for reference in image.references for counts in reference.counts for ngram in counts})
    return frequency


def weigh(sentence: Sentence, frequency: Counter[tuple[str, ...]], images: float) -> tuple[Weights, list[float]]:
    """Return the tf-idf weights of each order and their lengths."""
    weights: Weights = tuple(
        {ngram: count * (images - math.log(max(1, frequency[ngram]))) for ngram, count in counts.items()} for counts in sentence.counts
    )
    return weights, [math.sqrt(sum(weight * weight for weight in order.values())) for order in weights]


def _score(image: Described, candidate: tuple[Weights, list[float]], references: list[tuple[Weights, list[float]]]) -> float:
    """Return the scaled mean over orders and references; an equal reference is compared once and counted as often."""
    repeated = Counter(id(reference) for reference in image.references)
    total = 0.0
    for sentence, reference in zip(image.references, references, strict=True):
        times = repeated.pop(id(sentence), 0)
        if times:
            total += times * _similarity(candidate, reference) * _length_penalty(image.candidate, sentence)
    return SCALE * total / ORDERS / len(references)


def _similarity(candidate: tuple[Weights, list[float]], reference: tuple[Weights, list[float]]) -> float:
    """Return the sum over orders of the clipped cosine."""
    total = 0.0
    for mine, theirs, length, other in zip(candidate[0], reference[0], candidate[1], reference[1], strict=True):
        if length and other:
            clipped = sum(min(weight, theirs[ngram]) * theirs[ngram] for ngram, weight in mine.items() if ngram in theirs)
            total += clipped / (length * other)
    return total


def bigrams(sentence: Sentence) -> int:
    """Return the length that the penalty compares: bigrams, as the reference implementation counts."""
    return max(len(sentence.tokens) - 1, 0)


def _length_penalty(candidate: Sentence, reference: Sentence) -> float:
    """Return exp(-d^2 / (2 sigma^2)) for the difference in length d."""
    return math.exp(-((bigrams(candidate) - bigrams(reference)) ** 2) / (2 * SIGMA**2))
