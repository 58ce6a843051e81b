import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from components.stage import Stage
from rsvlm.captioning.settings import CaptionSettings
from rsvlm.conversations.settings import InstructSettings
from rsvlm.files import write_manifest
from rsvlm.recipes.parameters import Gates, Parameters
from rsvlm.recipes.schema import About, Survey
from rsvlm.settings import validate


def encoded(seed, side, kind):
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(stream, kind)
    return stream.getvalue()


@pytest.fixture
def made_workspace(tmp_path):
    """A workspace with one raw source: ten captioned pictures, a large one with boxes, one with a mask."""
    source = tmp_path / "data/raw/made/made"
    lines = []
    for number in range(10):
        file = f"images/Port/port_{number}.jpg"
        put(source / "files" / file, encoded(number, 40, "JPEG"))
        split = "test" if number < 3 else "train"
        captions = ["many ships are in the port .", f"port number {number} .", "港口里有许多船"]
        lines.append({"image": file, "label": "FishingPort", "split": split, "captions": captions})
    put(source / "files/pairs.jsonl", "\n".join(map(json.dumps, lines)).encode())
    put(source / "files/pictures/large.png", encoded(77, 112, "PNG"))
    boxes = ["20 20 40 20 40 30 20 30 ship 0", "60 60 90 60 90 90 60 90 harbor 0", "5 5 12 5 12 12 5 12 ship 0"]
    put(source / "files/labels/large.txt", "\n".join(["gsd:0.5", *boxes]).encode())
    mask = np.zeros((40, 40), dtype=np.uint8)
    mask[5:15, 5:15] = mask[20:30, 20:25] = 255
    stream = io.BytesIO()
    Image.fromarray(mask).save(stream, "PNG")
    put(source / "files/masks/m1.png", stream.getvalue())
    put(source / "files/after/m1.png", encoded(99, 40, "PNG"))
    seal(tmp_path)
    return tmp_path


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def seal(workspace):
    """Write the source's index and the raw folder's manifest, as the acquire stage does."""
    source = workspace / "data/raw/made/made"
    files = sorted(path.relative_to(source / "files").as_posix() for path in (source / "files").rglob("*") if path.is_file())
    rows = [{"file": file, "licence": "CC0", **dict.fromkeys(("gsd", "west", "south", "east", "north"))} for file in files]
    numbers = [(name, pa.float64()) for name in ("gsd", "west", "south", "east", "north")]
    schema = pa.schema([("file", pa.string()), ("licence", pa.string()), *numbers])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), source / "index.parquet")
    write_manifest(workspace / "data/raw/made", {})


@pytest.fixture
def seal_workspace() -> Callable[[Path], None]:
    return seal


@pytest.fixture
def made_stage(made_workspace) -> Callable[..., Stage]:
    """A stage of the item `made` in that workspace, with a recipe section given as a mapping."""

    def make(name: str, section: dict, threads: int = 2) -> Stage:
        model = {"caption": CaptionSettings, "instruct": InstructSettings}[name]
        about = About(
            family="data", system="made", title="t", summary="s", survey=Survey(table="I", reference=1, section="I"), licence="CC0"
        )
        parameters = Parameters(gates=Gates(rejected_share=0.05))
        parameters = parameters.model_copy(update={"resources": parameters.resources.model_copy(update={"threads": threads})})
        return Stage(name, "made", validate(model, section, "recipe"), about, parameters, made_workspace, "code")

    return make
