"""Logistic regression on features: RS5M's detector of remote-sensing pictures, SkyScript's classifiers of map tags.

Features are what an encoder gives for a picture or for a text "key: value"; they come as arrays. Two classes make the usual
logistic regression, more a multinomial one (SkyScript: the largest ground sampling distance at which a tag is visible). With
X the standardised features, weights W and biases b minimise

    - sum_i log p(y_i | x_i) + ridge / 2 * |W|^2

which has one minimum; L-BFGS from zero finds it, with no draw anywhere.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from scipy.optimize import minimize
from scipy.special import log_expit, log_softmax

from rsvlm.errors import DataError
from rsvlm.files import write_atomic

Array = NDArray[np.float64]
_STEPS = 5_000
_TENSORS = ("bias", "mean", "spread", "weights")


@dataclass(frozen=True)
class Classifier:
    """A fitted classifier.

    Attributes:
        classes: names, in the order of the probabilities.
        mean: (d,) of the training features.
        spread: (d,) their standard deviations, 1 where a feature never changes.
        weights: (1, d) for two classes (towards the second), (k, d) for more.
        bias: (1,) or (k,).
    """

    classes: tuple[str, ...]
    mean: Array
    spread: Array
    weights: Array
    bias: Array


def _log_probabilities(scores: Array) -> Array:
    """Return (n, k) log probabilities of (n, 1) or (n, k) scores."""
    if scores.shape[1] == 1:
        return np.concatenate([log_expit(-scores), log_expit(scores)], axis=1)
    found: Array = log_softmax(scores, axis=1)
    return found


def _checked(features: NDArray[np.floating]) -> Array:
    array = np.asarray(features, dtype=np.float64)
    if array.ndim != 2 or not np.isfinite(array).all():
        raise DataError(f"features must be finite and of shape (records, width); these are {array.shape}")
    return array


def fit(features: NDArray[np.floating], labels: NDArray[np.integer], classes: tuple[str, ...], *, ridge: float = 1.0) -> Classifier:
    """Fit a classifier.

    Args:
        features: (n, d).
        labels: (n,) positions in `classes`; each class must occur.
        classes: two names or more.
        ridge: weight of the penalty, above 0.

    Raises:
        DataError: shapes that do not fit, numbers that are not finite, a class without an example, or no minimum found.
    """
    array, labels = _checked(features), np.asarray(labels)
    count, width = len(classes), array.shape[1]
    if labels.shape != (len(array),) or count < 2 or sorted(set(labels.tolist())) != list(range(count)):
        raise DataError(f"{len(array)} records need a label each, from 0 to {count - 1}, and every class ({', '.join(classes)}) an example")
    mean, spread = array.mean(axis=0), array.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(1.0, np.abs(mean)), spread, 1.0)
    inputs = (array - mean) / spread
    rows = 1 if count == 2 else count
    target = (labels == 1)[:, None].astype(np.float64) if count == 2 else np.eye(count)[labels]

    def objective(parameters: Array) -> tuple[float, Array]:
        weights, bias = parameters[: rows * width].reshape(rows, width), parameters[rows * width :]
        log_p = _log_probabilities(inputs @ weights.T + bias)
        loss = -log_p[np.arange(len(labels)), labels].sum() + 0.5 * ridge * (weights * weights).sum()
        error = np.exp(log_p[:, 1:] if count == 2 else log_p) - target
        return float(loss), np.concatenate([(error.T @ inputs + ridge * weights).ravel(), error.sum(axis=0)])

    start = np.zeros(rows * (width + 1))
    limits: dict[str, Any] = {"maxiter": _STEPS, "maxfun": 2 * _STEPS, "ftol": 1e-15, "gtol": 1e-7, "maxcor": 30}
    outcome = minimize(objective, start, jac=True, method="L-BFGS-B", options=limits)
    if outcome.nit >= _STEPS or not np.isfinite(outcome.fun):
        raise DataError(f"no minimum after {outcome.nit} steps ({outcome.message}); raise the ridge above {ridge:g}")
    return Classifier(tuple(classes), mean, spread, outcome.x[: rows * width].reshape(rows, width), outcome.x[rows * width :])


def score(classifier: Classifier, features: NDArray[np.floating]) -> Array:
    """Return (n, k) probabilities of the classes.

    Raises:
        DataError: the features are not finite or of another width.
    """
    array = _checked(features)
    if array.shape[1] != len(classifier.mean):
        raise DataError(f"features of width {array.shape[1]}; this classifier was fitted on width {len(classifier.mean)}")
    inputs = (array - classifier.mean) / classifier.spread
    return np.exp(_log_probabilities(inputs @ classifier.weights.T + classifier.bias))


def write(classifier: Classifier, path: Path) -> None:
    """Write a classifier as safetensors, the class names in its metadata.

    Raises:
        RsvlmError: the disk is full or may not be written.
    """
    tensors = {name: np.ascontiguousarray(getattr(classifier, name)) for name in _TENSORS}
    write_atomic(path, save(tensors, metadata={"classes": json.dumps(classifier.classes, ensure_ascii=False)}))


def read(path: Path) -> Classifier:
    """Read a classifier.

    Raises:
        DataError: the file is missing, cut off, or holds something else.
    """
    try:
        with safe_open(path, framework="numpy") as stream:
            found = {name: np.asarray(stream.get_tensor(name), dtype=np.float64) for name in _TENSORS}
            classes = tuple(str(name) for name in json.loads(stream.metadata()["classes"]))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not a classifier that was written here ({error})") from None
    rows, width = 1 if len(classes) == 2 else len(classes), found["mean"].size
    shapes = {"bias": (rows,), "mean": (width,), "spread": (width,), "weights": (rows, width)}
    if len(classes) < 2 or any(found[name].shape != shape or not np.isfinite(found[name]).all() for name, shape in shapes.items()):
        raise DataError(f"{path}: its tensors do not fit {len(classes)} classes, or are not finite")
    if (found["spread"] <= 0).any():
        raise DataError(f"{path}: a spread is not above 0")
    return Classifier(classes, found["mean"], found["spread"], found["weights"], found["bias"])
