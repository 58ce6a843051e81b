"""RS5M's detector of remote sensing pictures: a logistic regression on the features of an image tower."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsvlm.data.kinds.web_pairs import DetectorSettings, Examples
from rsvlm.data.similarity import Similarity
from rsvlm.errors import DataError
from rsvlm.imagery.pictures import ImageError, decode
from rsvlm.quality import logistic
from rsvlm.records.raw import RawSource
from rsvlm.records.splits import share_of
from rsvlm.records.unfit import Unfit
from rsvlm.seeds import numpy_generator

CLASSES = ("other", "remote sensing")
_PARTS = ("fit", "validation", "test")


class Detector:
    """Scores of pictures: the probability of remote sensing."""

    def __init__(self, settings: DetectorSettings, similarity: Similarity, raw: Path, seed: int) -> None:
        """Learn from examples; all parts of a picture lie on one side of the split.

        Raises:
            DataError: a source has no picture that can be decoded, or too few held-out pictures are told apart.
        """
        features, labels, parts = [], [], []
        for label, groups in enumerate((settings.negatives, settings.positives)):
            for examples in groups:
                for name, pictures in _pictures(examples, raw, seed):
                    features.append(similarity.image_features(pictures))
                    labels += [label] * len(pictures)
                    parts += [_part(share_of(seed, "detector", f"{examples.source}/{name}"), settings.shares)] * len(pictures)
        rows, kinds, sides = np.concatenate(features), np.asarray(labels), np.asarray(parts)
        held = sides != _PARTS[0]
        self._classifier = logistic.fit(rows[~held], kinds[~held], CLASSES, ridge=settings.ridge)
        self.accuracy = float(((self.scores(rows[held]) > 0.5) == (kinds[held] == 1)).mean()) if held.any() else float("nan")
        if self.accuracy < settings.least_accuracy:
            raise DataError(
                f"the detector tells {self.accuracy:.1%} of {int(held.sum())} held-out pictures right; {settings.least_accuracy:.0%} are "
                "demanded: give it more examples"
            )

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n,) probabilities of remote sensing for image features (n, f)."""
        found: NDArray[np.float64] = logistic.score(self._classifier, features)[:, 1]
        return found


def _part(place: float, shares: tuple[float, float, float]) -> str:
    """Return the side of the split for a number in [0, 1)."""
    return _PARTS[int(np.searchsorted(np.cumsum(shares[:2]), place, side="right"))]


def _pictures(examples: Examples, raw: Path, seed: int) -> Iterator[tuple[str, list[Image.Image]]]:
    """Yield the name and the parts of each drawn picture; those that cannot be decoded are passed over.

    Raises:
        DataError: there is none.
    """
    source = RawSource(examples.source, raw / examples.source)
    files = sorted(source.find(examples.pictures), key=lambda file: (share_of(seed, "detector examples", file), file))[: examples.most]
    found = 0
    for file in sorted(files):
        try:
            picture = decode(source.path(file).read_bytes(), file)
        except (Unfit, ImageError):
            continue
        found += 1
        yield file, [picture] if examples.crops == 0 else crops(picture, examples, numpy_generator(seed, "crops", file))
    if not found:
        raise DataError(f"source '{examples.source}': no picture of '{examples.pictures}' can be decoded")


def crops(picture: Image.Image, examples: Examples, generator: np.random.Generator) -> list[Image.Image]:
    """Return square parts of a picture, of drawn sides and places."""
    short, found = min(picture.size), []
    for _ in range(examples.crops):
        side = max(1, round(short * float(generator.uniform(examples.least_crop, 1.0))))
        x, y = (int(generator.integers(0, length - side + 1)) for length in picture.size)
        found.append(picture.crop((x, y, x + side, y + side)))
    return found
