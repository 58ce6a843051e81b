"""Scores of generated images from a classifier's probabilities or a judge's similarities."""

import numpy as np

_LEAST = 1e-16


def inception_score(probabilities: np.ndarray, splits: int = 10) -> float:
    """Return the mean over splits of exp E_x KL(p(y|x) || p(y)) (Salimans et al. 2016).

    Args:
        probabilities: (n, classes); the classifier must be named beside the number.
        splits: consecutive parts, each with a p(y) of its own.
    """
    parts = np.array_split(np.asarray(probabilities, np.float64), splits)
    return float(np.mean([_score(part, np.ones((1, len(part))))[0] for part in parts]))


def resampled_inception_score(probabilities: np.ndarray, counts: np.ndarray, splits: int = 10) -> np.ndarray:
    """Return the inception score of resamples, (b,); `counts` (b, n) says how often each image was drawn."""
    parts = zip(np.array_split(np.asarray(probabilities, np.float64), splits), np.array_split(counts, splits, axis=1), strict=True)
    return np.mean([_score(part, weights) for part, weights in parts], axis=0)


def _score(probabilities: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return exp(H(y) - H(y|x)), which is exp E KL(p(y|x) || p(y)), for each row of counts."""
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    marginal = counts @ probabilities / total
    conditional = (counts @ _entropy(probabilities)[:, None])[:, 0] / total[:, 0]
    return np.exp(_entropy(marginal) - conditional)


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    return -np.sum(probabilities * np.log(np.maximum(probabilities, _LEAST)), axis=-1)


def clip_score(cosine: np.ndarray) -> np.ndarray:
    """Return 100 max(cos(image, caption), 0) an image; values of different towers do not compare."""
    return 100 * np.maximum(np.asarray(cosine, np.float64), 0)


def other_scene(labels: list[str], generator: np.random.Generator) -> np.ndarray:
    """Return, for each scene, the index of a random scene with another label, (n,); -1 where all labels are equal."""
    names = np.array(labels)
    order = generator.permutation(len(names))
    chosen = np.full(len(names), -1, dtype=np.int64)
    for index, label in enumerate(names):
        others = order[names[order] != label]
        if len(others):
            chosen[index] = others[int(generator.integers(len(others)))]
    return chosen


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities (n, classes) of logits."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
