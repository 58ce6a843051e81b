"""Image and text towers of a corpus: loaded once for its builders, and run over its candidates."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rsvlm.data.kinds.similarity import SimilaritySettings
from rsvlm.data.similarity import Similarity
from rsvlm.data.work import Work
from rsvlm.files import sha256_of
from rsvlm.imagery.pictures import decode
from rsvlm.records.shards import Shards

Embed = Callable[[Shards], "np.ndarray[Any, Any]"]
_AT_ONCE = 32


def similarity_of(settings: SimilaritySettings, work: Work) -> Similarity:
    """Return the towers of some settings, loaded once for all builders and splits."""
    key = ("similarity", sha256_of(settings.model_dump(mode="json")))
    return work.once(key, lambda: Similarity(settings, work.raw, work.seed))


def embedder(settings: SimilaritySettings, raw: Path, scratch: Path, seed: int) -> Embed:
    """Return a function from candidates to the features (n, f) of their pictures, kept in a file so that memory stays bounded.

    Args:
        settings: the towers; what joins them is not needed here and not fitted.
        raw: `data/raw/<item>`.
        scratch: folder of the stage.
        seed: of the workspace.
    """

    def embed(shards: Shards) -> "np.ndarray[Any, Any]":
        model = Similarity(settings.model_copy(update={"fit": None}), raw, seed)
        scratch.mkdir(parents=True, exist_ok=True)
        path, count = scratch / "embeddings.f32", len(shards)
        width = 0
        with path.open("wb") as stream:
            for rows in _blocks(count):
                found = model.image_features([decode(shards.image(row), str(row)) for row in rows]).astype("<f4")
                width = found.shape[1]
                stream.write(found.tobytes())
        return np.memmap(path, dtype="<f4", mode="r", shape=(count, width)) if count else np.empty((0, 1), dtype="<f4")

    return embed


def _blocks(count: int) -> Iterator[range]:
    return (range(start, min(start + _AT_ONCE, count)) for start in range(0, count, _AT_ONCE))
