"""The best caption that needs no image: the trivial baseline of captioning."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rsvlm.evaluation.metrics.cider import SCALE, SIGMA, Weights, bigrams, document_frequency, weigh
from rsvlm.evaluation.metrics.ngrams import ORDERS, Described, Sentence, describe

_Postings = dict[tuple[str, ...], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class _References:
    """The distinct captions of a data set: who has an n-gram, and what each is worth in the mean.

    Attributes:
        postings: for each n-gram the captions that have it and its weight there.
        lengths: (s, 4) lengths of their weights by order.
        bigrams: (s,) their lengths for the penalty.
        shares: (s,) part of each in the mean over images and their references, with CIDEr's scale.
    """

    postings: _Postings
    lengths: np.ndarray
    bigrams: np.ndarray
    shares: np.ndarray


def best_constant(captions: list[list[str]]) -> str:
    """Return the training caption with the highest mean CIDEr when it is the answer to every training image.

    Every distinct caption is tried. Ties go to the alphabet.

    Args:
        captions: captions of each training image.
    """
    tried = sorted({text for texts in captions for text in texts})
    scores = constant_cider(tried, captions)
    return tried[int(np.argmax(np.round(scores, 9)))]


def constant_cider(tried: list[str], captions: list[list[str]]) -> np.ndarray:
    """Return the mean CIDEr of each tried caption as the answer to all images, (len(tried),).

    The same number as `cider(...).mean()`, but an answer meets each distinct caption once, over lists of who has an n-gram.
    """
    described = describe([texts[0] for texts in captions], captions)
    frequency, images = document_frequency(described), math.log(len(captions))
    references = _gather(described, lambda sentence: weigh(sentence, frequency, images))
    answers = [image.candidate for image in describe(tried, [[text] for text in tried])]
    return np.array([_mean_cider(answer, weigh(answer, frequency, images), references) for answer in answers])


def _gather(described: list[Described], weighed: Callable[[Sentence], tuple[Weights, list[float]]]) -> _References:
    share: dict[int, float] = {}
    distinct: dict[int, Sentence] = {}
    for image in described:
        for reference in image.references:
            distinct[id(reference)] = reference
            share[id(reference)] = share.get(id(reference), 0.0) + SCALE / ORDERS / len(image.references) / len(described)
    known = [weighed(sentence) for sentence in distinct.values()]
    lists: dict[tuple[str, ...], tuple[list[int], list[float]]] = {}
    for index, (weights, _) in enumerate(known):
        for ngram, weight in (item for order in weights for item in order.items()):
            where, values = lists.setdefault(ngram, ([], []))
            where.append(index)
            values.append(weight)
    postings = {ngram: (np.array(where), np.array(values)) for ngram, (where, values) in lists.items()}
    lengths = np.array([norms for _, norms in known])
    counts = np.array([bigrams(sentence) for sentence in distinct.values()])
    return _References(postings, lengths, counts, np.array(list(share.values())))


def _mean_cider(answer: Sentence, weighed: tuple[Weights, list[float]], references: _References) -> float:
    cosine = np.zeros(len(references.shares))
    for order, (weights, length) in enumerate(zip(*weighed, strict=True)):
        dots = np.zeros(len(cosine))
        for ngram, weight in weights.items():
            if ngram in references.postings:
                where, theirs = references.postings[ngram]
                dots[where] += np.minimum(weight, theirs) * theirs
        scale = length * references.lengths[:, order]
        cosine += np.divide(dots, scale, out=np.zeros_like(dots), where=scale > 0)
    penalty = np.exp(-((references.bigrams - bigrams(answer)) ** 2) / (2 * SIGMA**2))
    return float((cosine * penalty) @ references.shares)
