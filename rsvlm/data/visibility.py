"""Which map tags a picture can show, and up to which ground sample distance: two logistic regressions on text embeddings.

SkyScript's tag classifier: the first tells tags that can be seen from above from those that cannot, the second the largest
ground sample distance at which a visible tag can be seen. Both are fitted on embeddings of "key: value" with labels by hand.

The coarsest class is 10 m, and two of SkyScript's ten collections have 30 m. How they were admitted is not published; here the
coarsest class has no upper end, for else no tag at all could be shown in them (own choice).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rsvlm.errors import DataError
from rsvlm.quality.balance import Tag
from rsvlm.quality.logistic import Classifier, fit, score

Embed = Callable[[Sequence[str]], NDArray[np.float64]]
DISTANCES = (0.1, 0.2, 0.6, 1.0, 10.0)
_NAMES = tuple(f"{distance:g}" for distance in DISTANCES)
_ROUNDING = 1e-9


def is_fine_enough(gsd: float, largest_gsd: float) -> bool:
    """Say whether pixels of `gsd` metres show what can be seen up to `largest_gsd`; the coarsest of `DISTANCES` has no upper end."""
    return largest_gsd >= DISTANCES[-1] or gsd <= largest_gsd + _ROUNDING


def text_of_tag(key: str, value: str) -> str:
    """Return the text that a tag is embedded as."""
    return f"{key}: {value}".replace("_", " ")


@dataclass
class Visibility:
    """The fitted classifiers; asks the encoder once for each tag.

    Attributes:
        embed: from texts to embeddings (texts, width).
        visible: hidden or visible.
        distance: one of `DISTANCES`.
        least: the probability from which on a tag counts as visible.
        known: what was asked before.
    """

    embed: Embed
    visible: Classifier
    distance: Classifier
    least: float = 0.5
    known: dict[Tag, float] = field(default_factory=dict)

    def largest_gsd(self, key: str, value: str) -> float:
        """Return the class of a tag, the largest ground sample distance in metres at which it can be seen; 0: it cannot."""
        if (key, value) not in self.known:
            features = self.embed([text_of_tag(key, value)])
            seen = float(score(self.visible, features)[0, 1]) >= self.least
            self.known[key, value] = float(self.distance.classes[int(score(self.distance, features)[0].argmax())]) if seen else 0.0
        return self.known[key, value]


def fit_visibility(labels: Mapping[Tag, float], embed: Embed, *, ridge: float = 1.0, least: float = 0.5) -> Visibility:
    """Fit both classifiers.

    Args:
        labels: tag to the largest ground sample distance in metres at which it can be seen, one of `DISTANCES`, or 0.
        embed: from texts to embeddings.
        ridge: weight of the penalty of both.
        least: the probability from which on a tag counts as visible.

    Raises:
        DataError: a label is none of those, or a class has no example.
    """
    tags = sorted(labels)
    if strange := [tag for tag in tags if labels[tag] not in (0.0, *DISTANCES)]:
        raise DataError(f"tag {'='.join(strange[0])}: label {labels[strange[0]]:g} is none of 0, {', '.join(_NAMES)}")
    features = embed([text_of_tag(*tag) for tag in tags])
    distances = np.asarray([labels[tag] for tag in tags])
    first = fit(features, (distances > 0).astype(np.int64), ("hidden", "visible"), ridge=ridge)
    shown = distances > 0
    numbers = np.asarray([DISTANCES.index(distance) for distance in distances[shown].tolist()], dtype=np.int64)
    return Visibility(embed, first, fit(features[shown], numbers, _NAMES, ridge=ridge), least)
