"""What every stage does around its own work: exit codes, one-line errors, scratch, interruption."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

STAGE = """
import logging, sys, time
from pathlib import Path
from components.stage import main
from rsvlm.errors import ConfigurationError, DataError
from rsvlm.files import publish

def run(stage):
    what = stage.root.joinpath("what").read_text()
    if what == "data":
        raise DataError("data/raw/x: nothing in it")
    if what == "configuration":
        raise ConfigurationError("wrong")
    if what == "memory":
        raise MemoryError
    if what == "wait":
        print("ready", flush=True)
        time.sleep(60)
    with publish(stage.root / "in"):
        pass
    folder = stage.scratch(stage.root / "in")
    (folder / "kept").touch()
    print(folder.relative_to(stage.root), stage.seed, stage.about.title, len(stage.code))
    if what == "clear":
        stage.clear_scratch()

main("acquire", run)
"""


@pytest.fixture
def workspace(root: Path, tmp_path: Path) -> Path:
    for name in ("recipes", "components", "rsvlm"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("params.yaml", "code.json"):
        shutil.copy(root / name, tmp_path / name)
    (tmp_path / "stage_at_work.py").write_text(STAGE)
    (tmp_path / "what").write_text("")
    return tmp_path


def start(workspace: Path, *arguments: str, what: str = "") -> subprocess.Popen[str]:
    (workspace / "what").write_text(what)
    environment = {**os.environ, "RSVLM_TRACKING": "none"}
    command = [sys.executable, "-m", "stage_at_work", *arguments]
    return subprocess.Popen(command, cwd=workspace, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_a_stage_knows_what_it_works_on(workspace: Path) -> None:
    code, output, errors = finish(start(workspace, "remoteclip-smoke"))
    assert code == 0, errors
    folder, *facts = output.split()
    assert folder.startswith(".rsvlm/scratch/acquire-remoteclip-smoke-")
    assert facts == ["7", "RemoteCLIP", "64"]
    assert "acquire@remoteclip-smoke: done in" in errors


def test_scratch_is_found_again_and_never_by_other_work(workspace: Path) -> None:
    first = finish(start(workspace, "remoteclip"))[1]
    assert finish(start(workspace, "remoteclip"))[1] == first
    parameters = workspace / "params.yaml"
    parameters.write_text(parameters.read_text().replace("seed: 7", "seed: 8"))
    other = finish(start(workspace, "remoteclip"))[1]
    assert other.split()[0] != first.split()[0]
    assert len(list((workspace / ".rsvlm/scratch").iterdir())) == 2
    finish(start(workspace, "remoteclip", what="clear"))
    assert list((workspace / ".rsvlm/scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "what", "code", "line"),
    [
        (["remoteclip"], "data", 1, "acquire: error: data/raw/x: nothing in it"),
        (["remoteclip"], "configuration", 2, "acquire: error: wrong"),
        (["remoteclip"], "memory", 1, "acquire: error: remoteclip: not enough memory; give this machine more, or lower the recipe's batch"),
        ([], "", 2, "acquire: error: usage: python -m components.acquire <recipe item>, for example: remoteclip"),
        (["remoteclp"], "", 2, "(did you mean 'remoteclip'?)"),
        (["../remoteclip"], "", 2, "acquire: error: no recipe '../remoteclip'"),
    ],
)
def test_errors_are_one_line_with_their_exit_code(workspace: Path, arguments: list[str], what: str, code: int, line: str) -> None:
    ended, output, errors = finish(start(workspace, *arguments, what=what))
    assert (ended, output) == (code, "")
    assert len(errors.strip().splitlines()) == 1
    assert line in errors


@pytest.mark.parametrize("text", ["{}", "[]", '{"acquire": 5}', "{", "\0"])
def test_without_fingerprints(workspace: Path, text: str) -> None:
    (workspace / "code.json").write_text(text)
    code, _, errors = finish(start(workspace, "remoteclip"))
    assert (code, errors.count("\n")) == (2, 1)
    assert "make it again: dvc repro code" in errors


@pytest.mark.fault
def test_scratch_that_may_not_be_written_is_one_line(workspace: Path) -> None:
    (workspace / ".rsvlm").mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(workspace / ".rsvlm")], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting a read-only file system needs more rights")
    try:
        code, _, errors = finish(start(workspace, "remoteclip"))
    finally:
        subprocess.run(["umount", str(workspace / ".rsvlm")], check=True)
    assert (code, errors.count("\n")) == (1, 1)
    assert "no permission to write here; change its owner or choose another folder" in errors


@pytest.mark.fault
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_stage_says_so(workspace: Path, signum: signal.Signals) -> None:
    """F04: preemption and Ctrl-C."""
    process = start(workspace, "remoteclip", what="wait")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signum)
    code, _, errors = finish(process)
    assert code == 143
    assert "acquire@remoteclip: interrupted after" in errors
    assert "run the same command again to go on" in errors
    assert "Traceback" not in errors
