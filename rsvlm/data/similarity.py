"""How well a text fits a picture: the cosine of a dual encoder, or of two towers joined by a ridge regression.

A CLIP checkpoint brings its own shared space. Two towers that never met (an image classifier, a sentence encoder) are
joined in closed form: with standardised image features X and centred mean caption embeddings Y of n captioned pictures,
W = (X'X + n penalty I)^-1 X'Y; a picture's vector is its row of XW, a text's its centred embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsvlm.contrastive.settings import Architecture, LinearHead, NoHead
from rsvlm.data.kinds.similarity import FitSettings, SimilaritySettings
from rsvlm.errors import DataError
from rsvlm.imagery.pictures import ImageError, decode
from rsvlm.records.raw import RawSource
from rsvlm.records.readers import pairs
from rsvlm.records.splits import share_of
from rsvlm.records.unfit import Unfit

Rows = NDArray[np.float64]
_LEAST_DEVIATION = 1e-3


def _unit(rows: Rows) -> Rows:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    found: Rows = rows / np.maximum(lengths, 1e-12)
    return found


@dataclass(frozen=True)
class Join:
    """The ridge regression between two towers.

    Attributes:
        mean: of the image features (features,).
        deviation: of the image features (features,).
        weights: (features, embedding).
        centre: mean of the captions' embeddings (embedding,).
    """

    mean: Rows
    deviation: Rows
    weights: Rows
    centre: Rows


def fit_join(images: Rows, texts: Rows, penalty: float) -> Join:
    """Return the ridge regression from image features (n, f) to caption embeddings (n, e); see the module's formula."""
    mean, deviation = images.mean(axis=0), np.maximum(images.std(axis=0), _LEAST_DEVIATION)
    standard, centre = (images - mean) / deviation, texts.mean(axis=0)
    square = standard.T @ standard + penalty * len(images) * np.eye(images.shape[1])
    return Join(mean, deviation, np.linalg.solve(square, standard.T @ (texts - centre)), centre)


class Similarity:
    """Cosines between pictures and texts; loads its towers once."""

    def __init__(self, settings: SimilaritySettings, raw: Path, seed: int) -> None:
        """Load the towers and, where they need it, fit what joins them.

        Raises:
            DataError: a file of weights does not fit, or too few captioned pictures are there to join the towers.
        """
        from rsvlm.contrastive.build import load_weights  # seconds to import, and most corpora compare nothing
        from rsvlm.contrastive.model import DualEncoder

        head = NoHead(kind="none") if settings.weights.whole is None else LinearHead(kind="linear")
        architecture = Architecture(
            vision=settings.vision, text=settings.text, image_head=head, text_head=head, embedding=settings.embedding
        )
        self._model = DualEncoder(architecture)
        load_weights(self._model, settings.weights, raw)
        self._model.prepare()
        self._join = self._joined(settings.fit, raw, seed) if settings.fit else None

    def _joined(self, fit: FitSettings, raw: Path, seed: int) -> Join:
        source = RawSource(fit.source, raw / fit.source)
        lines = (line for _, line in pairs.read(source.path(fit.file)) if not isinstance(line, Unfit))
        training = [line for line in lines if line.split == "train" and line.captions]
        training.sort(key=lambda line: (share_of(seed, "similarity", line.image), line.image))
        pictures, texts = [], []
        for line in training[: fit.pictures]:
            try:
                pictures.append(decode(source.path(line.image).read_bytes(), line.image))
            except (Unfit, ImageError):  # set aside, with its reason, where the source itself is built from
                continue
            texts.append([str(text) for text in line.captions])
        if len(pictures) < min(fit.pictures, 10):
            found = f"{len(pictures)} captioned training pictures"
            raise DataError(f"source '{fit.source}': {found}; at least 10 are needed to join the towers")
        flat = self._texts([text for captions in texts for text in captions])
        ends = np.cumsum([len(captions) for captions in texts])
        means = np.stack([part.mean(axis=0) for part in np.split(flat, ends[:-1])])
        return fit_join(self._images(pictures), means, fit.penalty)

    def _images(self, images: Sequence[Image.Image]) -> Rows:
        found: Rows = self._model.image_features(images).numpy().astype(np.float64)
        return found

    def _texts(self, texts: Sequence[str]) -> Rows:
        found: Rows = self._model.text_features(texts).numpy().astype(np.float64)
        return found

    def image_features(self, images: Sequence[Image.Image]) -> Rows:
        """Return the tower's own features (n, f) of RGB pictures, for detectors and embeddings."""
        return self._images(images)

    def text_features(self, texts: Sequence[str]) -> Rows:
        """Return the text tower's own embeddings (n, e)."""
        return self._texts(texts)

    def images(self, images: Sequence[Image.Image]) -> Rows:
        """Return unit rows (n, e) of RGB pictures in the shared space."""
        return self.from_features(self._images(images))

    def from_features(self, features: Rows) -> Rows:
        """Return unit rows of pictures in the shared space, from the tower's features (n, f)."""
        if self._join is None:
            return _unit(features)
        return _unit((features - self._join.mean) / self._join.deviation @ self._join.weights)

    def texts(self, texts: Sequence[str]) -> Rows:
        """Return unit rows (n, e) of texts in the shared space."""
        embedded = self._texts(texts)
        return _unit(embedded if self._join is None else embedded - self._join.centre)

    def scores(self, image: Image.Image, texts: Sequence[str]) -> Rows:
        """Return the cosines (texts,) of one picture with some texts, to five decimals."""
        found: Rows = np.round(self.texts(texts) @ self.images([image])[0], 5)
        return found
