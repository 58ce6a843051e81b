"""Provenance: the same for the same inputs, and complete."""

import json
import subprocess
from pathlib import Path

import pytest

from rsvlm.errors import IntegrityError
from rsvlm.files import publish, read_manifest
from rsvlm.lineage.record import git_state, lineage, package_versions, provenance


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "ws"
    for name in ("data/raw/geochat", "data/conversations/geochat", "models/geochat/sft", "models/geochat/pretrain", "models/other/sft"):
        with publish(root / name) as folder:
            (folder / "a.txt").write_text(name)
    (root / "code.json").write_text(json.dumps({"sft": {"instruction": "f1", "contrastive": "f2"}, "evaluate": {"instruction": "f3"}}))
    return root


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    return subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_provenance_holds_the_items_folders_in_pipeline_order(workspace: Path):
    found = provenance(workspace, "geochat", "instruction")
    assert [folder.path for folder in found.folders] == [
        "data/raw/geochat",
        "data/conversations/geochat",
        "models/geochat/pretrain",
        "models/geochat/sft",
    ]
    assert found.folders[0].sha256 == read_manifest(workspace / "data/raw/geochat").sha256
    assert (found.folders[0].files, found.folders[0].bytes) == (1, len("data/raw/geochat"))
    assert found.code == {"evaluate": "f3", "sft": "f1"}


def test_provenance_does_not_depend_on_where_the_workspace_is(workspace: Path, tmp_path: Path):
    before = provenance(workspace, "geochat", "instruction")
    workspace.rename(tmp_path / "elsewhere")
    assert provenance(tmp_path / "elsewhere", "geochat", "instruction") == before


def test_lineage_adds_commit_and_dvc_hashes(workspace: Path):
    git(workspace, "init", "-q")
    (workspace / "dvc.lock").write_text("stages:\n  sft@geochat:\n    outs:\n    - {path: models/geochat/sft, md5: 77.dir}\n")
    git(workspace, "add", "code.json", "dvc.lock")
    git(workspace, "commit", "-q", "-m", "x")
    found = lineage(workspace, "geochat", "instruction")
    assert found["git"] == {"commit": git(workspace, "rev-parse", "HEAD"), "dirty": False}
    assert found["dvc"]["sft"]["outs"] == {"models/geochat/sft": "77.dir"}
    (workspace / "dvc.lock").write_text("stages: {}\n")
    assert git_state(workspace)["dirty"] is False, "every run writes it"
    (workspace / "code.json").write_text("{}")
    assert git_state(workspace)["dirty"] is True
    json.dumps(found)


def test_outside_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_state(tmp_path) == {"commit": None, "dirty": False}


def test_without_git_installed_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) == {"commit": None, "dirty": False}


def test_versions_carry_no_build_part():
    versions = package_versions()
    assert versions["torch"].count(".") == 2
    assert "+" not in "".join(versions.values())


def test_a_damaged_code_json_is_named(workspace: Path):
    (workspace / "code.json").write_text("{")
    with pytest.raises(IntegrityError, match=r"code\.json: not readable"):
        provenance(workspace, "geochat", "instruction")
