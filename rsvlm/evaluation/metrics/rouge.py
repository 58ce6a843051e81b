"""ROUGE-L (Lin 2004) as COCO's evaluation computes it: best precision and best recall over the references, beta 1.2."""

import numpy as np

from rsvlm.evaluation.metrics.ngrams import Described

_BETA_SQUARED = 1.2**2


def common_subsequence(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    """Return the length of the longest common subsequence.

    The table's rows live in the bits of one integer (Hyyrö 2004): a zero bit is a position where the row steps up.
    """
    places: dict[str, int] = {}
    for index, token in enumerate(first):
        places[token] = places.get(token, 0) | 1 << index
    full = (1 << len(first)) - 1
    row = full
    for token in second:
        match = row & places.get(token, 0)
        row = ((row + match) | (row - match)) & full
    return len(first) - row.bit_count()


def rouge_l(described: list[Described]) -> np.ndarray:
    """Return one score an image, (n,): F = (1 + b^2) P R / (R + b^2 P), P and R the best over the references."""
    return np.array([_score(image) for image in described], dtype=np.float64)


def _score(image: Described) -> float:
    candidate = image.candidate.tokens
    distinct = {id(reference): reference.tokens for reference in image.references}.values()
    shared = [(common_subsequence(candidate, tokens), max(len(tokens), 1)) for tokens in distinct]
    precision = max(length for length, _ in shared) / max(len(candidate), 1)
    recall = max(length / total for length, total in shared)
    if precision == 0 or recall == 0:
        return 0.0
    return (1 + _BETA_SQUARED) * precision * recall / (recall + _BETA_SQUARED * precision)
