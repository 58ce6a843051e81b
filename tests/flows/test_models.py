import json
from pathlib import Path

import pytest

from flows import models

REGISTRATION = {"name": "tiny", "model_sha256": "ab" * 32}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The questions that reach the registry, which knows the weights as version 3; the workspace tracks in a file."""
    from rsvlm.registry import store

    found: list[str] = []

    class Version:
        version = 3

    def find(registry: object, name: str, digest: str) -> Version:
        found.append(name)
        return Version()

    (tmp_path / "mlruns").mkdir()
    monkeypatch.setenv("RSVLM_TRACKING", "sqlite:///mlruns/mlflow.db")
    monkeypatch.setattr(models, "open_registry", lambda root: None)
    monkeypatch.setattr(store, "find_version", find)
    return found


def test_a_version_is_looked_up_once_and_again_in_another_registry(asked: list[str], tmp_path: Path) -> None:
    assert [models.version_of(tmp_path, REGISTRATION) for _ in range(2)] == ["3", "3"]
    assert asked == ["tiny"]
    for path in (tmp_path / "mlruns").iterdir():
        assert json.loads(path.read_bytes())
        path.unlink()  # the registry is removed, with everything in its folder
    assert models.version_of(tmp_path, REGISTRATION) == "3"
    assert asked == ["tiny", "tiny"]
