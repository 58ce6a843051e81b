"""The best caption that needs no image: the trivial baseline of captioning."""

import numpy as np

from rsvlm.evaluation.metrics.cider import SCALE, document_frequency, weigh
from rsvlm.evaluation.metrics.ngrams import ORDERS, Sentence, describe

_Postings = dict[tuple[str, ...], tuple[np.ndarray, np.ndarray]]


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
    frequency, images = document_frequency(described), float(np.log(len(captions)))
    share: dict[int, float] = {}
    distinct: dict[int, Sentence] = {}
    for image in described:
        for reference in image.references:
            distinct[id(reference)] = reference
            share[id(reference)] = share.get(id(reference), 0.0) + 1 / len(image.references)
    weighed = [weigh(sentence, frequency, images) for sentence in distinct.values()]
    lengths = np.array([norms for _, norms in weighed])
    bigrams = np.array([max(len(sentence.tokens) - 1, 0) for sentence in distinct.values()])
    postings = _postings([{ngram: w for order in weights for ngram, w in order.items()} for weights, _ in weighed])
    shares = np.array(list(share.values())) * SCALE / ORDERS / len(captions)
    scores = np.empty(len(tried))
    for index, answer in enumerate(describe(tried, [[text] for text in tried])):
        weights, norms = weigh(answer.candidate, frequency, images)
        cosine = np.zeros(len(distinct))
        for order in range(ORDERS):
            dots = np.zeros(len(distinct))
            for ngram, weight in weights[order].items():
                if ngram in postings:
                    where, theirs = postings[ngram]
                    dots[where] += np.minimum(weight, theirs) * theirs
            scale = norms[order] * lengths[:, order]
            cosine += np.divide(dots, scale, out=np.zeros_like(dots), where=scale > 0)
        gap = bigrams - max(len(answer.candidate.tokens) - 1, 0)
        scores[index] = float((cosine * np.exp(-(gap**2) / 72.0)) @ shares)
    return scores


def _postings(sentences: list[dict[tuple[str, ...], float]]) -> _Postings:
    """Return, for each n-gram, the sentences that have it and its weight there."""
    lists: dict[tuple[str, ...], tuple[list[int], list[float]]] = {}
    for index, weights in enumerate(sentences):
        for ngram, weight in weights.items():
            where, values = lists.setdefault(ngram, ([], []))
            where.append(index)
            values.append(weight)
    return {ngram: (np.array(where), np.array(values)) for ngram, (where, values) in lists.items()}
