"""Files of DVC and Prefect that are damaged: named, with a remedy, before any stage runs."""

from pathlib import Path

import pytest

from flows import server
from flows.pipeline import Pipeline
from rsvlm.errors import ConfigurationError, RsvlmError
from tests.flows.workspaces import rsvlm


@pytest.mark.fault
@pytest.mark.parametrize("content", [b"\0\1", b"schema: '2.0'\nstages:\n  code: [", b"schema: '2.0'\nstages: 5\n"])
def test_a_damaged_dvc_lock(workspace: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """F26: what DVC calls corrupt is told against `dvc.lock`, with what to do."""
    monkeypatch.chdir(workspace)
    lock = workspace / "dvc.lock"
    lock.write_bytes(content)
    with pytest.raises(ConfigurationError, match="get it back from git, or remove it") as caught:
        Pipeline(workspace)
    assert str(caught.value).startswith(f"{lock}: ")
    lock.unlink()
    Pipeline(workspace).close()


@pytest.mark.fault
def test_a_damaged_table_of_running_stages(workspace: Path) -> None:
    """F26: a power cut can leave it half written; the run names the command that repairs it."""
    lock = workspace / ".dvc/tmp/rwlock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text('{"data/raw": {"wri')
    outcome = rsvlm(workspace, "run", "remoteclip", "--profile", "smoke", "--until", "acquire")
    assert outcome.returncode == 1
    assert outcome.stderr.splitlines()[-1].endswith("is damaged; run: rsvlm doctor --fix")
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize("damage", ["missing", "empty", "other"])
def test_a_pipeline_that_is_not_ours(workspace: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    monkeypatch.chdir(workspace)
    pipeline = workspace / "dvc.yaml"
    pipeline.unlink()
    if damage != "missing":
        pipeline.write_text("" if damage == "empty" else "stages: {a: {cmd: echo}}\n")
    with pytest.raises(ConfigurationError, match=r"dvc\.yaml: ") as caught:
        Pipeline(workspace)
    assert str(caught.value).isprintable()


@pytest.mark.fault
def test_a_recipe_nobody_asked_for_whose_anchors_expand_without_end(workspace: Path) -> None:
    """I13: DVC reads every recipe that `dvc.yaml` lists, so each is bounded before DVC begins."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    bomb = workspace / "recipes/data/versad.yaml"
    bomb.write_text("\n".join(lines))
    with pytest.raises(ConfigurationError, match="anchors expand to more than") as caught:
        Pipeline(workspace)
    assert str(caught.value).startswith(f"{bomb}: ")


@pytest.mark.fault
@pytest.mark.integration
def test_a_damaged_prefect_database(migrated_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F26: the history of runs is a view; the line says that it may be moved away."""
    home = migrated_workspace / server.HOME
    for name in ("prefect.db-wal", "prefect.db-shm"):
        (home / name).unlink(missing_ok=True)
    (home / "prefect.db").write_bytes(b"not a database" * 1_000)
    for name in ("PREFECT_API_URL", "PREFECT_SERVER_API_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment(migrated_workspace).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(server, "_RESTARTS", 0)
    with pytest.raises(RsvlmError, match=r"is damaged: move the folder .* away and run again"), server.prefect_server(migrated_workspace):
        pass


@pytest.mark.parametrize("port", ["\N{SUPERSCRIPT TWO}", "0", "65536", "http"])
def test_a_port_that_is_none(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PREFECT_SERVER_API_PORT", port)
    with pytest.raises(ConfigurationError, match="is not a port"):
        server.chosen_port()
