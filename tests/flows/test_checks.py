"""What `rsvlm doctor` finds, and repairs."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from flows import checks
from flows.lock import holder, workspace_lock
from rsvlm.files import publish, remove, verify
from tests.flows.workspaces import rsvlm


def found(check, root: Path, fix: bool = False) -> dict[str, checks.Finding]:
    return {finding.what: finding for finding in check(root, fix)}


def test_the_environment_is_as_locked(root: Path) -> None:
    assert found(checks.check_versions, root)["packages"].verdict == checks.OK


def test_another_version_is_named(root: Path, tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/lock.txt").write_text("# remark\nnumpy==1.0\nno-such-package==3\n")
    (tmp_path / "requirements/weights.txt").write_text("")
    finding = found(checks.check_versions, tmp_path)["packages"]
    assert finding.verdict == checks.FAULT
    assert "instead of 1.0; no-such-package missing instead of 3" in finding.found


def test_addresses_are_shown_without_secrets() -> None:
    assert checks.without_secrets("postgresql://me:hunter2@db:5432/x?password=hunter2") == "postgresql://db:5432/x"
    assert checks.without_secrets("sqlite:///mlruns/mlflow.db") == "sqlite:///mlruns/mlflow.db"


def test_credentials_are_named_never_shown(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIACANARY")
    finding = found(checks.check_credentials, root)["credentials"]
    assert finding.found == "set: AWS_ACCESS_KEY_ID"
    assert "CANARY" not in repr(finding)


def test_a_server_that_does_not_answer(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSVLM_TRACKING", "http://me:hunter2@127.0.0.1:9")
    finding = found(checks.check_addresses, root)["tracking (MLflow)"]
    assert finding.verdict == checks.FAULT
    assert "hunter2" not in finding.found


def test_a_mirror_that_is_not_there(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RSVLM_MIRROR", str(tmp_path / "none"))
    assert found(checks.check_mirror, root)["mirror"].verdict == checks.FAULT
    for name in ("~nobody-of-that-name/x", "x" * 300):
        monkeypatch.setenv("RSVLM_MIRROR", name)
        assert found(checks.check_mirror, root)["mirror"].verdict == checks.FAULT
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    monkeypatch.setenv("RSVLM_MIRROR", f"~/{tmp_path.name}")
    assert found(checks.check_mirror, root)["mirror"].verdict == checks.OK
    monkeypatch.setenv("RSVLM_MIRROR", str(tmp_path))
    assert found(checks.check_mirror, root)["mirror"].verdict == checks.OK


@pytest.mark.parametrize("address", ["http://me:hunter2@host:bad", "http://[half", "http://host:99999"])
def test_addresses_that_are_none_are_faults(root: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("PREFECT_API_URL", address)
    findings = found(checks.check_addresses, root)
    assert {findings["storage"].verdict, findings["Prefect"].verdict} == {checks.FAULT}
    assert "hunter2" not in str(findings)


@pytest.mark.fault
def test_who_may_only_look_can_ask_who_works(tmp_path: Path) -> None:
    with workspace_lock(tmp_path, "a test", print):
        pass
    if subprocess.run(["mount", "--bind", str(tmp_path), str(tmp_path)], capture_output=True, check=False).returncode:
        pytest.skip("mounting a read-only file system needs more rights")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(tmp_path)], check=True)
        assert holder(tmp_path) == ""
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.fault
def test_a_corrupt_dvc_lock_is_found_and_repaired(workspace: Path) -> None:
    """F26: a power cut can leave it half written, and then DVC refuses every run."""
    lock = workspace / ".dvc/tmp/rwlock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text('{"data/raw": {"wri')
    told = rsvlm(workspace, "doctor", "--json")
    assert told.returncode == 1
    findings = {each["what"]: each for each in json.loads(told.stdout)}
    assert findings["DVC locks"]["remedy"] == "run: rsvlm doctor --fix"
    rsvlm(workspace, "doctor", "--fix")
    assert not lock.exists()
    assert found(checks.check_dvc_lock, workspace)["DVC locks"].verdict == checks.OK


@pytest.mark.fault
def test_a_byte_that_flipped_in_the_cache_is_found_and_the_stage_runs_again(workspace: Path, prefect_api: str) -> None:
    """F21: DVC hands out what its cache holds; after the repair the next run has the right bytes, also after another checkout."""
    command = ("run", "remoteclip", "--profile", "smoke", "--until", "acquire")
    assert rsvlm(workspace, *command, PREFECT_API_URL=prefect_api).returncode == 0
    output = workspace / "data/raw/remoteclip-smoke"
    before = verify(output).sha256
    content = next(path for path in sorted(output.rglob("*")) if path.is_file() and path.name != "manifest.json")
    digest = hashlib.md5(content.read_bytes(), usedforsecurity=False).hexdigest()
    rotten = workspace / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
    rotten.chmod(0o644)
    rotten.write_bytes(b"X" + rotten.read_bytes()[1:])
    assert found(checks.check_cache, workspace)["DVC cache"].verdict == checks.OK
    assert "1 of " in found(checks.check_cache, workspace, True)["DVC cache"].found
    assert not rotten.exists()
    remove(output)
    assert rsvlm(workspace, *command, PREFECT_API_URL=prefect_api).returncode == 0
    assert verify(output).sha256 == before
    assert "are whole" in found(checks.check_cache, workspace, True)["DVC cache"].found
    assert rotten.exists()


def test_half_written_folders_are_found_and_cleared(workspace: Path) -> None:
    half = workspace / "data/pairs/.remoteclip.partial-1234"
    half.mkdir(parents=True)
    assert found(checks.check_partials, workspace)["half-written folder"].verdict == checks.NOTE
    assert found(checks.check_partials, workspace, True)["half-written folders"].verdict == checks.FIXED
    assert not half.exists()


def test_published_folders_are_compared_with_their_manifests(workspace: Path) -> None:
    with publish(workspace / "models/x/pretrain") as folder:
        (folder / "model.safetensors").write_bytes(b"12345")
    assert [finding.verdict for finding in checks.check_outputs(workspace, False)] == [checks.OK]
    (workspace / "models/x/pretrain/model.safetensors").write_bytes(b"1234")
    assert found(checks.check_outputs, workspace)["published folder"].verdict == checks.FAULT


def test_who_holds_the_workspace(tmp_path: Path) -> None:
    assert holder(tmp_path) == ""
    with workspace_lock(tmp_path, "a test", print):
        code = f"from pathlib import Path; from flows.lock import holder; print(holder(Path({str(tmp_path)!r})))"
        outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
        assert outcome.stdout.strip().endswith(": a test")
    assert holder(tmp_path) == ""
