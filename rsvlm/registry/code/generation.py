"""Registered text-to-image models: a scene for a prompt and a seed."""

from typing import Any

import pandas as pd
from mlflow.models import ModelSignature, set_model
from mlflow.pyfunc import PythonModel
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from PIL import Image

from rsvlm.generation.model import load
from rsvlm.registry.code.requests import encode_png, model_folder, number_in, refuse, rows_of, text_of

_COLUMNS = ("prompt", "seed")
_MOST_SEED = 2**53


class GenerationService(PythonModel):
    """Rows of `prompt` and `seed` (0 where empty); gives `image`, a base64 PNG. The same row gives the same image.

    `steps` = 0 and `guidance` = -1 (the defaults) stand for what the recipe says.
    """

    def load_context(self, context: Any) -> None:
        """Load the weights, proven against their manifest."""
        self.model = load(model_folder(context))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Answer one request; see the class."""
        steps = int(number_in(params, "steps", 0, 0, 200))
        guidance = float(number_in(params, "guidance", -1.0, -1.0, 30.0))
        rows = rows_of(model_input, _COLUMNS)
        prompts = [text_of(row, "prompt", number) for number, row in enumerate(rows)]
        seeds = [_seed(row["seed"], number) for number, row in enumerate(rows)]
        images = self.model.generate(prompts, seeds, steps=steps or None, guidance=None if guidance < 0 else guidance)
        return pd.DataFrame({"image": [encode_png(image) for image in images]})


def _seed(value: Any, number: int) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or value != int(value) or not 0 <= value < _MOST_SEED:
        refuse(f"row {number}: seed {str(value)[:40]}; a whole number from 0 to {_MOST_SEED - 1:,} is needed")
    return int(value)


SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.string, "prompt"), ColSpec(DataType.long, "seed", required=False)]),
    outputs=Schema([ColSpec(DataType.string, "image")]),
    params=ParamSchema([ParamSpec("steps", DataType.long, 0), ParamSpec("guidance", DataType.double, -1.0)]),
)


def example(image: Image.Image) -> pd.DataFrame:
    """Return an input example: one prompt; no image goes in."""
    return pd.DataFrame({"prompt": ["an airport with parked planes"], "seed": [0]})


set_model(GenerationService())
