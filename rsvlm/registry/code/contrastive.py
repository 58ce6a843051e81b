"""Registered contrastive models: embeddings of images and texts, and zero-shot classes of images."""

from typing import Any

import pandas as pd
from mlflow.models import ModelSignature, set_model
from mlflow.pyfunc import PythonModel
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array
from PIL import Image

from rsvlm.contrastive.model import load
from rsvlm.registry.code.requests import encode_png, model_folder, picture_of, refuse, rows_of, text_of

_COLUMNS = ("image", "text")
_TASKS = ("embed", "zero_shot")
_MOST_LABELS = 1_000


class ContrastiveService(PythonModel):
    """Rows of `image` (base64) or `text`.

    `task="embed"` (the default) gives each row's `embedding`, L2-normalised; `task="zero_shot"` gives each image's best
    of `labels`, as `label` and `score`, with the probability of each label in `scores`. `template` puts a label into a
    sentence.
    """

    def load_context(self, context: Any) -> None:
        """Load the weights, proven against their manifest."""
        self.model = load(model_folder(context))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Answer one request; see the class."""
        params = params or {}
        rows = rows_of(model_input, _COLUMNS)
        task = params.get("task", "embed")
        if task not in _TASKS:
            refuse(f"task '{str(task)[:40]}'; allowed: {', '.join(_TASKS)}")
        if task == "zero_shot":
            return self._zero_shot(rows, list(params.get("labels", [])), str(params.get("template", "{}")))
        return pd.DataFrame({"embedding": self._embed(rows)})

    def _embed(self, rows: list[dict[str, Any]]) -> list[list[float]]:
        images: dict[int, Image.Image] = {}
        texts: dict[int, str] = {}
        for number, row in enumerate(rows):
            if (row["image"] is None) == (row["text"] is None):
                refuse(f"row {number}: give an image or a text, one of the two")
            if row["image"] is not None:
                images[number] = picture_of(row["image"], number)
            else:
                texts[number] = text_of(row, "text", number)
        found: dict[int, list[float]] = {}
        if images:
            found.update(zip(images, self.model.encode_images(list(images.values())).tolist(), strict=True))
        if texts:
            found.update(zip(texts, self.model.encode_texts(list(texts.values())).tolist(), strict=True))
        return [found[number] for number in range(len(rows))]

    def _zero_shot(self, rows: list[dict[str, Any]], labels: list[Any], template: str) -> pd.DataFrame:
        if not 2 <= len(labels) <= _MOST_LABELS or not all(isinstance(label, str) and label.strip() for label in labels):
            refuse(f"zero_shot needs 2 to {_MOST_LABELS:,} labels, all of them text: params {{'labels': ['airport', 'beach']}}")
        if template.count("{}") != 1:
            refuse("template needs exactly one {}, where the label goes, for example: a satellite photo of a {}.")
        pictures = [picture_of(row["image"], number) for number, row in enumerate(rows)]
        prompts = [template.replace("{}", label) for label in labels]
        logits = self.model.logit_scale * self.model.encode_images(pictures) @ self.model.encode_texts(prompts).T
        scores = logits.softmax(dim=1)
        best = scores.argmax(dim=1).tolist()
        return pd.DataFrame(
            {
                "label": [labels[index] for index in best],
                "score": [row[index] for row, index in zip(scores.tolist(), best, strict=True)],
                "scores": scores.tolist(),
            }
        )


SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.string, "image", required=False), ColSpec(DataType.string, "text", required=False)]),
    outputs=Schema(
        [
            ColSpec(Array(DataType.double), "embedding", required=False),
            ColSpec(DataType.string, "label", required=False),
            ColSpec(DataType.double, "score", required=False),
            ColSpec(Array(DataType.double), "scores", required=False),
        ]
    ),
    params=ParamSchema(
        [
            ParamSpec("task", DataType.string, "embed"),
            ParamSpec("labels", DataType.string, [], (-1,)),
            ParamSpec("template", DataType.string, "{}"),
        ]
    ),
)


def example(image: Image.Image) -> pd.DataFrame:
    """Return an input example: one image and one text."""
    return pd.DataFrame({"image": [encode_png(image), None], "text": [None, "an airport with parked planes"]})


set_model(ContrastiveService())
