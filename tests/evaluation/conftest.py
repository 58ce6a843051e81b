"""A small data folder, and workers that answer in this process: what tasks score, without models and without Ray."""

import io

import numpy as np
import pytest
from PIL import Image

from rsvlm.evaluation import parallel
from rsvlm.evaluation.blocks import write_answers
from rsvlm.evaluation.parallel import Pool, predict
from rsvlm.evaluation.records import open_data
from rsvlm.evaluation.run import TASKS
from rsvlm.evaluation.settings import WorkerSettings
from rsvlm.evaluation.task import Context
from rsvlm.files import publish
from rsvlm.records.models import Sample
from rsvlm.records.rejected import Rejected
from rsvlm.records.text import text_id
from rsvlm.records.writing import write_shards

CLASSES = ("BareLand", "Pond", "Viaduct")


def jpeg(seed: int, side: int = 40) -> bytes:
    small = np.random.default_rng(seed).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def talk(name: str, task: str, question: str, reply: str, polygons=None) -> dict:
    turns = [{"role": "user", "text": question}, {"role": "assistant", "text": reply}]
    return {"id": f"{name}-{task}-0", "task": task, "turns": turns, "answer": reply, "polygons": polygons}


def sample(number: int, split: str, picture: int | None = None) -> Sample:
    label, name = CLASSES[number % 3], f"{split}-{number:03d}"
    captions = [f"caption of scene {name} .", f"a {label.lower()} near trees .", f"caption of scene {name} ."]
    box = [[4.0, 4.0], [24.0, 4.0], [24.0, 24.0], [4.0, 24.0]]
    conversations = [
        talk(name, "classification", "What is the scene?", label.lower()),
        talk(name, "caption", "Describe the image.", captions[0]),
        talk(name, "refer", "[refer] Give me the location of <p> pond </p>", "{<10><10><60><60>|<0>}", [box]),
    ]
    fields = {
        "captions": captions,
        "caption_ids": [text_id(text) for text in captions],
        "label": label,
        "split": split,
        "scene": name,
        "source": "made",
        "licence": "CC0",
        "method": "native",
        "conversations": conversations,
    }
    offset = 500 if split == "train" else 0
    return Sample(name, jpeg(number + offset if picture is None else picture), "jpg", fields)


def write_data(folder, samples):
    with publish(folder, {}) as partial:
        write_shards(iter(samples), partial, Rejected(), prefix="conversations")
    return folder


@pytest.fixture
def data_folder(tmp_path):
    """Twelve test scenes and nine training scenes of three classes."""
    return write_data(tmp_path / "data", [*(sample(n, "test") for n in range(12)), *(sample(n, "train") for n in range(9))])


@pytest.fixture
def in_process(monkeypatch):
    """Answer blocks here instead of in a pool."""

    def run(pool, blocks, progress):
        for block in blocks:
            predictor = block.request.predictor
            write_answers(block.path, predictor.open("cpu")(list(block.rows)), predictor.schema())

    monkeypatch.setattr(parallel, "_start", lambda pool: None)
    monkeypatch.setattr(parallel, "_run", run)


@pytest.fixture
def context(tmp_path, data_folder, in_process):
    return Context(open_data(data_folder), tmp_path / "model", tmp_path / "judge", 7)


@pytest.fixture
def evaluate(tmp_path, context):
    """Ask and score one task."""
    pool = Pool(WorkerSettings(block=5), tmp_path / "scratch")

    def run(settings):
        task = TASKS[settings.task]
        asked = task.requests(settings, context)
        answers = predict(pool, list(asked.values()))
        return task.score(settings, context, dict(zip(asked, answers, strict=True)))

    return run
