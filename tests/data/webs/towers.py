"""Towers of three or four numbers, whose features a reader can work out."""

from typing import Any

import numpy as np
from PIL import Image

from tests.data.tinyraw import png

TOWERS: dict[str, Any] = {
    "vision": {"kind": "efficientnet-lite0", "trainable": False},
    "text": {"kind": "minilm", "trainable": False},
    "weights": {"tokenizer": {"source": "minilm", "file": "tokenizer.json"}},
}
RANKED: dict[str, Any] = {
    "kind": "ranked",
    "source": "known",
    "prefix": "r",
    "pictures": "*.png",
    "shares": {"test": 0.0, "validation": 0.0},
    "candidates": {"kind": "neighbours", "source": "known", "pictures": 10, "neighbours": 3, "count": 12},
    "first": TOWERS,
    "second": TOWERS,
    "keep_first": 4,
    "keep": 2,
    "rotations": 4,
}


class MeanColour:
    """Towers of three numbers: a picture is its mean colour and where its brightness lies; a text the colours that it names."""

    def image_features(self, images: list[Image.Image]) -> np.ndarray:
        arrays = [np.asarray(image.convert("RGB"), dtype=np.float64) / 255 for image in images]
        top = [array[: len(array) // 2].mean() - array[len(array) // 2 :].mean() for array in arrays]
        return np.asarray([[*array.mean(axis=(0, 1)), difference] for array, difference in zip(arrays, top, strict=True)]) + 1e-6

    def from_features(self, features: np.ndarray) -> np.ndarray:
        return features / np.linalg.norm(features, axis=1, keepdims=True)

    def images(self, images: list[Image.Image]) -> np.ndarray:
        return self.from_features(self.image_features(images))

    def texts(self, texts: list[str]) -> np.ndarray:
        rows = [[float(word in text.lower()) for word in ("red", "green", "blue", "bright above")] for text in texts]
        return self.from_features(np.asarray(rows) + 0.01)

    def scores(self, image: Image.Image, texts: list[str]) -> np.ndarray:
        return self.texts(texts) @ self.images([image])[0]


def coloured(red: int, green: int, blue: int, side: int = 24) -> bytes:
    return png(np.full((side, side, 3), (red, green, blue)))
