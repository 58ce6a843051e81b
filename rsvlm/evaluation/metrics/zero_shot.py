"""Zero-shot classification: class weights from prompt ensembles, top-k accuracy."""

import numpy as np


def normalise(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (..., d) scaled to length one in float64; a zero vector stays zero."""
    wide = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(wide, axis=-1, keepdims=True)
    return wide / np.where(length == 0, 1, length)


def class_weights(prompt_features: np.ndarray, norm_first: bool) -> np.ndarray:
    """Return one unit vector a class from the features of its prompts.

    Args:
        prompt_features: (classes, templates, d), not normalised.
        norm_first: true: W = norm(mean_t norm(f_t)), the order of open_clip, SkyCLIP and S-CLIP;
            false: W = norm(mean_t f_t), the order of GeoRSCLIP and ITRA, where long features weigh more.

    Returns:
        (classes, d) float64.
    """
    features = normalise(prompt_features) if norm_first else np.asarray(prompt_features, dtype=np.float64)
    return normalise(features.mean(axis=1))


def ranked_classes(image_features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return class indices (n, classes) by falling cosine; equal scores keep the order of the classes."""
    scores = normalise(image_features) @ weights.T
    return np.argsort(-scores, axis=1, kind="stable")


def top_k(ranked: np.ndarray, truth: np.ndarray, k: int) -> np.ndarray:
    """Return whether the true class is among the first k, (n,) bool."""
    return (ranked[:, :k] == np.asarray(truth)[:, None]).any(axis=1)
