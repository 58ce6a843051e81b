"""A registered model behind `mlflow models serve`, in processes of its own, from a folder without the workspace."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rsvlm.files import publish, verify
from rsvlm.registry.database import experiment_of, open_tracking
from rsvlm.registry.registration import content_hash, register
from tests.registry.conftest import encoded, make_subject

pytestmark = pytest.mark.integration
ARCHITECTURE = {
    "vision": {"kind": "clip-vit", "image_size": 32, "patch": 16, "width": 16, "layers": 1, "heads": 2},
    "text": {"kind": "minilm", "length": 8, "vocabulary": 6, "positions": 16, "width": 16, "layers": 1, "heads": 2},
    "image_head": {"kind": "linear"},
    "text_head": {"kind": "linear"},
    "embedding": 8,
}


def write_model(folder: Path) -> None:
    """Publish a dual encoder of a few thousand random weights with a tokenizer of six words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    from rsvlm.contrastive.model import DualEncoder, save
    from rsvlm.contrastive.settings import Architecture
    from rsvlm.settings import validate

    words = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "lake": 5}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    path = folder.parent / "tokenizer.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    with publish(folder) as out:
        save(DualEncoder(validate(Architecture, ARCHITECTURE, "test")), path, out)


@pytest.fixture(scope="module")
def served(tmp_path_factory, migrated):
    """Register a tiny model; give (a folder elsewhere, the environment that finds the registry)."""
    root = tmp_path_factory.mktemp("serve")
    (root / "mlruns").mkdir()
    (root / "mlruns/mlflow.db").write_bytes(migrated.read_bytes())
    tracking = open_tracking(root, "sqlite:///mlruns/mlflow.db")
    subject = make_subject(root, "w", 40)
    write_model(subject.model)
    experiment = experiment_of(tracking, "tiny")
    run = tracking.client.create_run(experiment).info.run_id
    register(tracking, experiment, run, replace(subject, model_sha256=content_hash(verify(subject.model))))
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return elsewhere, {**os.environ, "MLFLOW_TRACKING_URI": tracking.uri, "PATH": path}


@pytest.fixture(scope="module")
def address(served):
    """Serve the champion; give the port."""
    elsewhere, environment = served
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "mlflow"), "models", "serve", "-m", "models:/tiny@champion", "--env-manager", "local"]
    log = (elsewhere / "serve.log").open("w")
    process = subprocess.Popen(
        [*command, "-h", "127.0.0.1", "-p", str(port)], cwd=elsewhere, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    try:
        wait_until_up(port, process, elsewhere / "serve.log")
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def wait_until_up(port: int, process: subprocess.Popen, log: Path) -> None:
    for _ in range(480):
        assert process.poll() is None, log.read_text()
        try:
            if call(port, "GET", "/ping")[0] == 200:
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(log.read_text())


def call(port: int, method: str, path: str, body: object = None, raw: bytes | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
    connection.request(method, path, data, {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, response.read().decode()


def test_it_loads_in_another_process_with_the_code_that_it_was_registered_with(served):
    elsewhere, environment = served
    script = """
import sys
import mlflow, pandas
model = mlflow.pyfunc.load_model("models:/tiny@champion")
print(len(model.predict(pandas.DataFrame({"text": ["a lake"]}))["embedding"][0]))
print(sys.modules["rsvlm"].__file__)
print(sorted(name for name in sys.modules if name.split(".")[0] in ("components", "flows", "prefect", "dvc", "ray")))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=200, check=True
    )
    width, code, others = done.stdout.splitlines()[-3:]
    assert width == "8"
    assert "/mlruns/artifacts/tiny/" in code
    assert others == "[]"


def test_it_answers(address):
    rows = [{"image": encoded("a", 40), "text": None}, {"image": None, "text": "a lake"}]
    status, text = call(address, "POST", "/invocations", {"dataframe_records": rows})
    assert status == 200, text
    predictions = json.loads(text)["predictions"]
    for row in predictions:
        assert len(row["embedding"]) == 8
        assert sum(value * value for value in row["embedding"]) == pytest.approx(1, abs=1e-4)
    ask = {"dataframe_records": rows[:1], "params": {"task": "zero_shot", "labels": ["a lake", "a"], "template": "{}"}}
    status, text = call(address, "POST", "/invocations", ask)
    assert status == 200, text
    row = json.loads(text)["predictions"][0]
    assert row["label"] in ("a lake", "a")
    assert sum(row["scores"]) == pytest.approx(1, abs=1e-4)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"dataframe_records": [{"image": "not base64!"}]}, "row 0: image is not base64"),
        ({"dataframe_records": [{"image": "AAAA"}]}, "not a readable picture"),
        ({"dataframe_records": [{"image": "A" * 21_000_000}]}, "payload too large"),
        ({"dataframe_records": [{"text": ""}]}, "text is empty"),
        ({"dataframe_records": [{"text": 5}]}, ""),
        ({"dataframe_records": []}, ""),
        ({"dataframe_records": [{"text": "x"}], "params": {"task": "rm -rf"}}, "allowed: embed, zero_shot"),
        ({"unknown": 1}, ""),
        ([], ""),
    ],
)
def test_bad_requests_get_a_4xx_without_traceback(address, body, words):
    status, text = call(address, "POST", "/invocations", body)
    assert 400 <= status < 500, text[:500]
    assert words in text
    assert "Traceback" not in text
    assert len(text) < 5_000
    assert call(address, "GET", "/ping")[0] == 200


@pytest.mark.fault
def test_what_is_no_json_gets_a_4xx(address):
    for raw in (b"{", b"\xff\xfe", b""):
        status, text = call(address, "POST", "/invocations", raw=raw)
        assert 400 <= status < 500, text
        assert "Traceback" not in text
