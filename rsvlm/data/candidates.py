"""Candidate captions of a picture: those of the captioned training pictures that look most like it."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from rsvlm.captioning.grammar import sentence
from rsvlm.data.kinds.ranked import NeighbourCandidates
from rsvlm.data.similarity import Similarity
from rsvlm.errors import DataError
from rsvlm.imagery.pictures import ImageError, decode
from rsvlm.records.raw import RawSource
from rsvlm.records.readers import pairs
from rsvlm.records.splits import share_of
from rsvlm.records.text import LONGEST_CAPTION, clean_text, close_up, text_id
from rsvlm.records.unfit import Unfit

_AT_ONCE = 32


def unique(texts: Iterable[str], most: int) -> list[str]:
    """Return clean texts in their order, each once, at most `most`; what is no text that a record may hold is passed over."""
    found: dict[str, str] = {}
    for text in texts:
        try:
            clean = clean_text(text, longest=LONGEST_CAPTION)
        except Unfit:
            continue
        found.setdefault(text_id(clean), clean)
        if len(found) == most:
            break
    return list(found.values())


class NearestCaptions:
    """A captioner by nearest neighbours in the space of image features (cosine of standardised features)."""

    def __init__(self, settings: NeighbourCandidates, similarity: Similarity, raw: Path, seed: int) -> None:
        """Read the captioned training pictures and keep their features.

        Raises:
            DataError: fewer than two of them can be used.
        """
        self._settings = settings
        source = RawSource(settings.source, raw / settings.source)
        lines = (line for _, line in pairs.read(source.path(settings.file)) if not isinstance(line, Unfit))
        training = [line for line in lines if line.split == "train" and line.captions]
        training.sort(key=lambda line: (share_of(seed, "nearest captions", line.image), line.image))
        pictures: list[Image.Image] = []
        self._images: list[str] = []
        self._captions: list[list[str]] = []
        for line in training[: settings.pictures]:
            try:
                pictures.append(decode(source.path(line.image).read_bytes(), line.image))
            except (Unfit, ImageError):  # set aside, with its reason, where the source itself is built from
                continue
            self._images.append(line.image)
            self._captions.append([sentence(close_up(str(text))) for text in line.captions])
        if len(pictures) < 2:
            raise DataError(f"source '{settings.source}': {len(pictures)} captioned training pictures; at least 2 are needed")
        blocks = [pictures[start : start + _AT_ONCE] for start in range(0, len(pictures), _AT_ONCE)]
        features = np.concatenate([similarity.image_features(block) for block in blocks])
        self._mean, self._deviation = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
        self._rows = self._unit(features)

    def _unit(self, features: np.ndarray) -> np.ndarray:
        standard = (features - self._mean) / self._deviation
        found: np.ndarray = standard / np.maximum(np.linalg.norm(standard, axis=1, keepdims=True), 1e-12)
        return found

    def captions(self, features: np.ndarray, source: str, file: str) -> list[str]:
        """Return the candidates of a picture: captions of the nearest other pictures, of the nearest first.

        Args:
            features: of the picture, by the same tower (1, f).
            source: its source, so that it is not its own neighbour.
            file: its path there.
        """
        likeness = self._rows @ self._unit(features)[0]
        order = np.argsort(-likeness, kind="stable").tolist()
        others = [row for row in order if source != self._settings.source or self._images[row] != file]
        near = others[: self._settings.neighbours]
        return unique((text for row in near for text in self._captions[row]), self._settings.count)
