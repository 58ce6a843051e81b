"""`rsvlm predict` on a registry of real MLflow: what it refuses before a model is loaded, what it answers, what it warns of."""

import json
from importlib import metadata
from pathlib import Path

import mlflow
import pytest

from flows.cli.models import predict_with
from flows.models import MOST_IMAGE_BYTES, differing, open_registry, read_image
from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.registry.code.requests import MOST_IMAGE_CHARACTERS, MOST_TEXT_CHARACTERS
from tests.flows.registries import make_registry_workspace
from tests.registry.conftest import migrated, package_of, picture, stand_in

__all__ = ["migrated", "stand_in"]


@pytest.fixture
def registered(tmp_path: Path, migrated: Path, stand_in: type, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a registered model `tiny`, and a picture."""
    monkeypatch.delenv("RSVLM_TRACKING", raising=False)
    root = make_registry_workspace(tmp_path / "ws", migrated)
    (root / "a.png").write_bytes(picture("a"))
    return root


def ask(root: Path, images: list[str], texts: list[str], prompts: list[str]) -> None:
    predict_with(root, "tiny", [root / name for name in images], texts, prompts, None, as_json=True)


@pytest.mark.integration
def test_it_answers(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(registered, ["a.png"], ["a lake", "a road"], [])
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert (answer["model"], answer["version"]) == ("tiny", "1")
    assert {row["text"] for row in answer["rows"]} == {"a lake", "a road"}
    assert "warning" not in said.err, "it was made with the libraries that are here"


@pytest.mark.integration
def test_what_is_missing_is_told_before_the_model_is_loaded(registered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(mlflow.pyfunc, "load_model", loaded.append)
    client = open_registry(registered).client
    for family, images, texts, words in (
        ("contrastive", ["a.png"], [], "give --image and --text"),
        ("contrastive", [], ["a lake"], "give --image and --text"),
        ("instruction", ["a.png"], ["a lake"], "answers prompts: give --prompt"),
        ("generation", [], [], "draws prompts: give --prompt"),
    ):
        client.set_model_version_tag("tiny", "1", "family", family)
        with pytest.raises(ConfigurationError, match=words):
            ask(registered, images, texts, [])
    assert not loaded


@pytest.mark.fault
def test_a_library_upgraded_since_registration_is_warned_of_in_one_line(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """F53: other versions of what computes the answers."""
    pins = package_of(open_registry(registered), "1") / "requirements.txt"
    pins.write_text("numpy==0.1\ntorch==0.2\n")
    ask(registered, ["a.png"], ["a lake"], [])
    said = capsys.readouterr()
    here = metadata.version("torch").split("+")[0]
    expected = f"rsvlm: warning: tiny version 1 was made with torch 0.2 (here {here}); its answers may differ"
    assert [line for line in said.err.splitlines() if "warning" in line] == [expected]
    assert json.loads(said.out)["rows"]


def test_which_versions_differ() -> None:
    here = metadata.version("transformers").split("+")[0]
    assert differing(f"pandas==0.1\ntransformers=={here}\n") == []
    assert differing("diffusers==0.1\n# torch\n") == [f"diffusers 0.1 (here {metadata.version('diffusers')})"]


@pytest.mark.fault
def test_files_that_are_damaged_or_gone_are_one_line(registered: Path) -> None:
    """F25, F57: what MLflow raises does not reach the user as a traceback."""
    package = package_of(open_registry(registered), "1")
    weights = package / "artifacts/model/model.safetensors"
    data = bytearray(weights.read_bytes())
    data[10] ^= 1
    weights.unlink()  # it is linked to the published one
    weights.write_bytes(data)
    with pytest.raises(RsvlmError, match=r"^tiny version 1 cannot be loaded: .*damaged and will not be served"):
        ask(registered, ["a.png"], ["a lake"], [])
    package.rename(package.with_name("elsewhere"))
    with pytest.raises(RsvlmError, match=r"^tiny version 1 cannot be loaded: "):
        ask(registered, ["a.png"], ["a lake"], [])


@pytest.mark.fault
def test_a_request_that_the_model_refuses_is_one_line(registered: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^tiny refuses the request: row 1: text has"):
        ask(registered, ["a.png"], ["x" * (MOST_TEXT_CHARACTERS + 1)], [])


def test_the_largest_picture_is_the_largest_that_a_model_takes() -> None:
    assert -(-MOST_IMAGE_BYTES // 3) * 4 <= MOST_IMAGE_CHARACTERS < -(-(MOST_IMAGE_BYTES + 1) // 3) * 4


@pytest.mark.fault
def test_a_picture_with_too_many_bytes(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(picture("a"))
    assert read_image(path)
    with path.open("ab") as stream:
        stream.truncate(MOST_IMAGE_BYTES + 1)
    with pytest.raises(ConfigurationError, match=r"large\.png: more than 15,000,000 bytes"):
        read_image(path)
