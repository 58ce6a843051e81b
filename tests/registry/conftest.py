"""A registry in a temporary folder, and a stand-in encoder small enough to register in a moment."""

import base64
import hashlib
import io
import json
import os
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from safetensors.numpy import save_file

from rsvlm.files import publish, verify
from rsvlm.registry.database import Tracking, experiment_of, open_tracking
from rsvlm.registry.registration import Subject, content_hash, register
from rsvlm.registry.settings import RegisterSettings
from rsvlm.registry.store import resolve
from rsvlm.seeds import numpy_generator
from rsvlm.settings import validate

METRIC = "zero_shot/aid/top1"
SAMPLES = 60


class About:
    family, system, title, summary = "contrastive", "tiny", "Tiny", "A stand-in | with <b>marks</b>."


class StandIn:
    """Looks like a dual encoder: mean colours for images, hashes for texts, both three wide."""

    logit_scale = 10.0

    def encode_images(self, images: list[Image.Image]) -> torch.Tensor:
        means = torch.tensor([np.asarray(image.convert("RGB"), np.float32).mean((0, 1)).tolist() for image in images])
        return torch.nn.functional.normalize(means, dim=1)

    def encode_texts(self, texts: list[str]) -> torch.Tensor:
        found = [[float(byte) for byte in hashlib.sha256(text.encode()).digest()[:3]] for text in texts]
        return torch.nn.functional.normalize(torch.tensor(found), dim=1)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    """Let the contrastive family load the stand-in, also inside models that MLflow loads."""
    fake = types.ModuleType("rsvlm.contrastive.model")
    fake.load = lambda folder, device="cpu": StandIn()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rsvlm.contrastive.model", fake)
    import rsvlm.registry.code.contrastive as service

    monkeypatch.setattr(service, "load", fake.load)
    return StandIn


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated database for the session: migrating takes seconds."""
    root = tmp_path_factory.mktemp("migrated")
    kept = os.environ.pop("RSVLM_TRACKING", None)
    open_tracking(root, "sqlite:///mlflow.db")
    if kept is not None:
        os.environ["RSVLM_TRACKING"] = kept
    return root / "mlflow.db"


@pytest.fixture
def workspace(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RSVLM_TRACKING", raising=False)
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "ws"
    (root / "mlruns").mkdir(parents=True)
    shutil.copyfile(migrated, root / "mlruns/mlflow.db")
    return root


@pytest.fixture
def tracking(workspace: Path) -> Tracking:
    return open_tracking(workspace, "sqlite:///mlruns/mlflow.db")


@pytest.fixture
def registry(tracking: Tracking, stand_in: type[StandIn]) -> Callable[[Subject], tuple[dict[str, Any], str]]:
    """Return a function that registers a subject and gives (record, version)."""
    return registering(tracking)


def registering(tracking: Tracking) -> Callable[[Subject], tuple[dict[str, Any], str]]:
    experiment = experiment_of(tracking, "tiny")
    run = tracking.client.create_run(experiment).info.run_id
    return lambda subject: register(tracking, experiment, run, subject)


def aliases(tracking: Tracking) -> dict[str, str]:
    return {alias: str(version) for alias, version in tracking.client.get_registered_model("tiny").aliases.items()}


def package_of(tracking: Tracking, version: str) -> Path:
    model_id = resolve(tracking, f"tiny/{version}").source.removeprefix("models:/")
    return Path(tracking.client.get_logged_model(model_id).artifact_location.removeprefix("file://"))


def settings(**changes: object) -> RegisterSettings:
    data = {
        "family": "contrastive",
        "system": "tiny",
        "model": "models/tiny/pretrain",
        "name": "tiny",
        "licence": "CC-BY-4.0",
        "terms": "Academic sources.",
        "limits": ["Sees colours only."],
        "metric": METRIC,
        "samples": {"file": "predictions-zero_shot.parquet", "score": "right"},
        "gates": [{"metric": METRIC, "above_baseline": 0.2}],
        "keep": [{"metric": "retrieval/mean_recall", "within": 0.01}],
        **changes,
    }
    return validate(RegisterSettings, data, "test")


def picture(name: str, side: int = 24) -> bytes:
    values = numpy_generator("registry test", name).integers(0, 255, (side, side, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "PNG")
    return stream.getvalue()


def encoded(name: str, side: int = 24) -> str:
    return base64.b64encode(picture(name, side)).decode()


def make_subject(root: Path, weights: str, right: int, *, kept: float = 0.2, significance: float = 0.05, **changes: object) -> Subject:
    """Publish a model folder and evidence with `right` of 60 samples right, and describe them."""
    model, reports = root / "models/tiny/pretrain", root / "reports/tiny"
    with publish(model) as folder:
        (folder / "model.json").write_text('{"family": "contrastive", "format": 1}')
        save_file({"w": np.frombuffer(weights.encode() * 1000, np.uint8)}, folder / "model.safetensors")
    value = right / SAMPLES
    metrics = {METRIC: value, f"{METRIC}/low": value - 0.1, f"{METRIC}/high": value + 0.1, f"{METRIC}/baseline": 0.1, f"{METRIC}/n": 60.0}
    metrics["retrieval/mean_recall"] = kept
    with publish(reports / "evidence") as folder:
        (folder / "images").mkdir()
        (folder / "images/a.png").write_bytes(picture("a"))
        (folder / "summary.json").write_text(json.dumps({"zero_shot": {"aid": {"top1": {"value": value, "baseline_is": "chance"}}}}))
        table = pa.table({"id": [f"x{n}" for n in range(SAMPLES)], "right": [n < right for n in range(SAMPLES)]})
        pq.write_table(table, folder / "predictions-zero_shot.parquet")
    (reports / "metrics.json").write_text(json.dumps(metrics))
    return Subject(
        item="tiny",
        about=About(),
        settings=settings(**changes),
        root=root,
        model=model,
        model_sha256=content_hash(verify(model)),
        evidence=reports / "evidence",
        metrics=metrics,
        facts={"sources": {"aid": {"train": 40, "test": 20}}, "licences": {"aid": ["academic | only"]}, "samples": 60},
        code="c0de",
        significance=significance,
    )
