"""What the workers do: embed images and texts, answer questions, make images. Each holds paths and settings only."""

import functools
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from rsvlm.evaluation.blocks import Answer, Row
from rsvlm.files import read_manifest, verify
from rsvlm.imagery.pictures import decode, square
from rsvlm.records.shards import Shards

_VECTOR = pa.list_(pa.float32())
_PICTURES = 16


def _key(predictor: Any) -> dict[str, Any]:
    """Return a predictor's settings with the hashes of its folders in place of their paths."""
    fields = {name: read_manifest(value).sha256 if isinstance(value, Path) else value for name, value in asdict(predictor).items()}
    return {"predictor": type(predictor).__name__, **fields}


@functools.cache
def _dual_encoder(folder: Path, device: str) -> Any:
    """Return a verified contrastive model; predictors in one worker share it."""
    from rsvlm.contrastive.model import load

    verify(folder)
    return load(folder, device)


@functools.cache
def _chat_model(folder: Path, device: str) -> Any:
    """Return a verified instruction model; predictors in one worker share it."""
    from rsvlm.instruction.model import load

    verify(folder)
    return load(folder, device)


def _picture(shards: Shards, row: Row) -> Image.Image:
    return decode(shards.image(row["row"]), str(row["id"]))


def _vectors(tensor: Any) -> list[np.ndarray]:
    return list(tensor.float().cpu().numpy())


@dataclass(frozen=True)
class ImageVectors:
    """Embeddings of images in the shared space (unit length), and the features of the vision tower behind them.

    Attributes:
        model: folder of a contrastive model.
        data: folder of the images; rows have `id` and `row`.
        side: bring images to squares of this many pixels first, as made images are; None: as they are.
    """

    model: Path
    data: Path
    side: int | None = None

    def key(self) -> Mapping[str, Any]:
        """Return what fixes the answers."""
        return _key(self)

    def schema(self) -> pa.Schema:
        """Return the columns."""
        return pa.schema([("id", pa.string()), ("embedding", _VECTOR), ("features", _VECTOR)])

    def open(self, device: str) -> Answer:
        """Load the model."""
        model, shards = _dual_encoder(self.model, device), Shards(self.data, check=False)

        def answer(rows: list[Row]) -> list[dict[str, Any]]:
            pictures = [_picture(shards, row) for row in rows]
            embeddings, features = image_vectors(model, [square(p, self.side) for p in pictures] if self.side else pictures)
            return [{"id": r["id"], "embedding": e, "features": f} for r, e, f in zip(rows, embeddings, features, strict=True)]

        return answer


@dataclass(frozen=True)
class TextVectors:
    """Text features in the shared space, before they are normalised, and the model's scale of cosines; rows have `id` and `text`.

    Attributes:
        model: folder of a contrastive model.
    """

    model: Path

    def key(self) -> Mapping[str, Any]:
        """Return what fixes the answers."""
        return _key(self)

    def schema(self) -> pa.Schema:
        """Return the columns."""
        return pa.schema([("id", pa.string()), ("vector", _VECTOR), ("scale", pa.float64())])

    def open(self, device: str) -> Answer:
        """Load the model."""
        model = _dual_encoder(self.model, device)

        def answer(rows: list[Row]) -> list[dict[str, Any]]:
            vectors = _vectors(model.text_features([row["text"] for row in rows]))
            return [{"id": r["id"], "vector": vector, "scale": model.logit_scale} for r, vector in zip(rows, vectors, strict=True)]

        return answer


@dataclass(frozen=True)
class ChatAnswers:
    """Greedy answers to questions about images; rows have `id`, `row` and `prompt`.

    Attributes:
        model: folder of an instruction model.
        data: folder of the images.
        max_new_tokens: longest answer.
        blind: ask with a blank image instead.
    """

    model: Path
    data: Path
    max_new_tokens: int
    blind: bool = False

    def key(self) -> Mapping[str, Any]:
        """Return what fixes the answers."""
        return _key(self)

    def schema(self) -> pa.Schema:
        """Return the columns."""
        return pa.schema([("id", pa.string()), ("answer", pa.string())])

    def open(self, device: str) -> Answer:
        """Load the model."""
        model, shards = _chat_model(self.model, device), Shards(self.data, check=False)

        def answer(rows: list[Row]) -> list[dict[str, Any]]:
            pictures = [None if self.blind else _picture(shards, row) for row in rows]
            answers = model.answer(pictures, [row["prompt"] for row in rows], max_new_tokens=self.max_new_tokens)
            return [{"id": row["id"], "answer": text} for row, text in zip(rows, answers, strict=True)]

        return answer


@dataclass(frozen=True)
class MadeImages:
    """Images made from captions, with the judge's vectors of them; rows have `id`, `prompt` and `seed`.

    Attributes:
        model: folder of a text-to-image model.
        judge: folder of a contrastive model.
        steps: sampler steps; None: the model's own.
        guidance: guidance weight; None: the model's own.
        untrained: seed of a denoiser that learned nothing; None: the trained one.
    """

    model: Path
    judge: Path
    steps: int | None
    guidance: float | None
    untrained: int | None = None

    def key(self) -> Mapping[str, Any]:
        """Return what fixes the answers."""
        return _key(self)

    def schema(self) -> pa.Schema:
        """Return the columns; `image` is a PNG."""
        return pa.schema([("id", pa.string()), ("image", pa.binary()), ("embedding", _VECTOR), ("features", _VECTOR)])

    def open(self, device: str) -> Answer:
        """Load both models."""
        from rsvlm.generation import model as generation

        verify(self.model)
        judge = _dual_encoder(self.judge, device)
        maker = generation.load(self.model, device) if self.untrained is None else generation.untrained(self.model, self.untrained)

        def answer(rows: list[Row]) -> list[dict[str, Any]]:
            prompts, seeds = [row["prompt"] for row in rows], [row["seed"] for row in rows]
            pictures = maker.generate(prompts, seeds, self.steps, self.guidance)
            parts = zip(rows, pictures, *image_vectors(judge, pictures), strict=True)
            return [{"id": row["id"], "image": png(p), "embedding": e, "features": f} for row, p, e, f in parts]

        return answer


def image_vectors(model: Any, pictures: list[Image.Image]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return unit embeddings and tower features of pictures by one pass through a contrastive model's vision tower."""
    import torch

    from rsvlm.contrastive.pixels import centre, to_tensor

    vision = model.settings.vision
    embeddings, features = [], []
    with torch.inference_mode():
        for start in range(0, len(pictures), _PICTURES):
            part = [centre(picture, vision.image_size) for picture in pictures[start : start + _PICTURES]]
            tower = model.run_vision(to_tensor(part, vision))
            embeddings += _vectors(torch.nn.functional.normalize(model.heads.image(tower).float(), dim=-1))
            features += _vectors(tower)
    return embeddings, features


def tower_name(folder: Path) -> str:
    """Return the name of a contrastive model's vision tower as it stands in a metric (`efficientnet_lite0`)."""
    kind: str = json.loads((folder / "model.json").read_bytes())["architecture"]["vision"]["kind"]
    return kind.replace("-", "_")


def made_side(folder: Path) -> int:
    """Return the side in pixels of the images that a text-to-image model makes."""
    side: int = json.loads((folder / "model.json").read_bytes())["architecture"]["autoencoder"]["image_size"]
    return side


def png(picture: Image.Image) -> bytes:
    """Return a picture as PNG bytes."""
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def matrix(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of equally long vectors as (n, d) float32."""
    values = column.combine_chunks()
    return np.asarray(values.flatten(), dtype=np.float32).reshape(len(values), -1)
