"""Image and text towers of a corpus: loaded once for its builders, and run over its candidates."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rsvlm.data.kinds.similarity import SimilaritySettings
from rsvlm.data.similarity import Similarity
from rsvlm.data.work import Work
from rsvlm.files import explain_write_errors, sha256_of
from rsvlm.imagery.pictures import decode
from rsvlm.records.shards import Shards

Embed = Callable[[Shards, "np.ndarray[Any, Any]"], "np.ndarray[Any, Any]"]
_AT_ONCE = 32


def similarity_of(settings: SimilaritySettings, work: Work) -> Similarity:
    """Return the towers of some settings, loaded once for all builders and splits."""
    key = ("similarity", sha256_of(settings.model_dump(mode="json")))
    return work.once(key, lambda: Similarity(settings, work.raw, work.seed))


def embedder(settings: SimilaritySettings, raw: Path, scratch: Path, seed: int) -> Embed:
    """Return a function from candidates and rows (n,) to the features (n, f) of their pictures, kept in a file to spare memory.

    Args:
        settings: the towers; what joins them is not needed here and not fitted.
        raw: `data/raw/<item>`.
        scratch: folder of the stage.
        seed: of the workspace.
    """

    def embed(shards: Shards, rows: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        model = Similarity(settings.model_copy(update={"fit": None}), raw, seed)
        scratch.mkdir(parents=True, exist_ok=True)
        path, width = scratch / "embeddings.f32", 1
        with explain_write_errors(path), path.open("wb") as stream:
            for start in range(0, len(rows), _AT_ONCE):
                pictures = [decode(shards.image(row), str(row)) for row in rows[start : start + _AT_ONCE].tolist()]
                found = model.image_features(pictures).astype("<f4")
                width = found.shape[1]
                stream.write(found.tobytes())
        return np.memmap(path, dtype="<f4", mode="r", shape=(len(rows), width)) if len(rows) else np.empty((0, 1), dtype="<f4")

    return embed
