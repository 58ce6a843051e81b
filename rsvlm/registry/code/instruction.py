"""Registered instruction models: an answer to a prompt about an image."""

from typing import Any

import pandas as pd
from mlflow.models import ModelSignature, set_model
from mlflow.pyfunc import PythonModel
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from PIL import Image

from rsvlm.instruction.model import load
from rsvlm.registry.code.requests import encode_png, model_folder, number_in, picture_of, rows_of, text_of

_COLUMNS = ("image", "prompt")
_MOST_TOKENS = 512


class InstructionService(PythonModel):
    """Rows of `image` (base64; empty for a prompt without one) and `prompt`; gives `answer`, decoded greedily."""

    def load_context(self, context: Any) -> None:
        """Load the weights, proven against their manifest."""
        self.model = load(model_folder(context))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Answer one request; see the class."""
        tokens = int(number_in(params, "max_new_tokens", 64, 1, _MOST_TOKENS))
        rows = rows_of(model_input, _COLUMNS)
        prompts = [text_of(row, "prompt", number) for number, row in enumerate(rows)]
        images = [None if row["image"] is None else picture_of(row["image"], number) for number, row in enumerate(rows)]
        return pd.DataFrame({"answer": self.model.answer(images, prompts, max_new_tokens=tokens)})


SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.string, "image", required=False), ColSpec(DataType.string, "prompt")]),
    outputs=Schema([ColSpec(DataType.string, "answer")]),
    params=ParamSchema([ParamSpec("max_new_tokens", DataType.long, 64)]),
)


def example(image: Image.Image) -> pd.DataFrame:
    """Return an input example: one image with a question."""
    return pd.DataFrame({"image": [encode_png(image)], "prompt": ["Classify this image in one word."]})


set_model(InstructionService())
