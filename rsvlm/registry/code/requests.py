"""Requests to a registered model: hostile until checked. What is wrong ends as HTTP 400 with one line, no traceback."""

import base64
import binascii
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, DATA_LOSS
from PIL import Image

from rsvlm.errors import IntegrityError
from rsvlm.files import verify
from rsvlm.imagery.pictures import ImageError, decode

MOST_ROWS = 64
MOST_IMAGE_CHARACTERS = 20_000_000
MOST_TEXT_CHARACTERS = 8_000


def refuse(message: str) -> NoReturn:
    """End a request with one line for its sender (HTTP 400)."""
    raise MlflowException(message, error_code=BAD_REQUEST)


def model_folder(context: Any) -> Path:
    """Return the folder of a registered model's weights, proven against its manifest.

    Raises:
        MlflowException: a file is missing or its bytes changed; the model is not loaded, so nothing is served.
    """
    folder = Path(context.artifacts["model"])
    try:
        verify(folder)
    except IntegrityError as error:
        raise MlflowException(f"this model is damaged and will not be served: {error}", error_code=DATA_LOSS) from None
    return folder


def rows_of(frame: Any, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return a request's rows as dictionaries with exactly these columns, None where a cell is empty."""
    if not isinstance(frame, pd.DataFrame):
        refuse(f"send a table with the columns {', '.join(columns)} (dataframe_records or dataframe_split)")
    if not 1 <= len(frame) <= MOST_ROWS:
        refuse(f"{len(frame)} rows; 1 to {MOST_ROWS} are allowed in one request")
    unknown = sorted(set(map(str, frame.columns)) - set(columns))
    if unknown:
        refuse(f"unknown column '{unknown[0][:60]}'; allowed: {', '.join(columns)}")
    known = frame.reindex(columns=list(columns)).astype(object)
    return [{name: _present(value) for name, value in row.items()} for row in known.to_dict("records")]


def _present(value: Any) -> Any:
    return None if value is None or value is pd.NA or (isinstance(value, float) and value != value) else value


def text_of(row: Mapping[str, Any], column: str, number: int) -> str:
    """Return a row's text, checked."""
    value = row[column]
    if not isinstance(value, str) or not value.strip():
        refuse(f"row {number}: {column} is empty; text is needed")
    if len(value) > MOST_TEXT_CHARACTERS:
        refuse(f"row {number}: {column} has {len(value):,} characters; at most {MOST_TEXT_CHARACTERS:,} are allowed")
    return value


def picture_of(value: Any, number: int) -> Image.Image:
    """Return the RGB image behind a base64 string (JPEG, PNG, WebP or TIFF; a `data:` prefix is allowed)."""
    if not isinstance(value, str):
        refuse(f"row {number}: image must be a base64 string")
    if len(value) > MOST_IMAGE_CHARACTERS:
        refuse(
            f"row {number}: payload too large: image has {len(value):,} base64 characters; at most {MOST_IMAGE_CHARACTERS:,} are allowed"
        )
    encoded = value.partition(",")[2] if value.startswith("data:") else value
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        refuse(f"row {number}: image is not base64")
    try:
        return decode(data, f"row {number}")
    except ImageError as error:
        refuse(str(error))


def encode_png(image: Image.Image) -> str:
    """Return an image as base64 PNG."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def number_in(params: Mapping[str, Any] | None, name: str, default: float, low: float, high: float) -> float:
    """Return a numeric parameter of a request, refused outside its bounds."""
    value = (params or {}).get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        refuse(f"parameter {name} = {str(value)[:40]}; {low:g} to {high:g} is allowed")
    return value
