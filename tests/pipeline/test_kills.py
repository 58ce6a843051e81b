"""Whole recipes, killed at random moments and run again in another folder: the bytes of a run that nobody disturbed.

`RSVLM_KILLS=10 RSVLM_KILLED="remoteclip geochat rs-sd skyscript" pytest tests/pipeline/test_kills.py` disturbs more than the
checks of every day do.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from rsvlm.recipes.load import item_of
from rsvlm.recipes.yaml import read_yaml
from tests.pipeline.copies import CORPORA, NAMES, command, copy_repository, environment

pytestmark = [pytest.mark.recipe, pytest.mark.fault, pytest.mark.timeout(7200)]
KILLS = int(os.environ.get("RSVLM_KILLS", "3"))
KILLED = os.environ.get("RSVLM_KILLED", "remoteclip rsteller fit-rs").split()


def kill_a_run(folder: Path, mirror: Path, names: Sequence[str], seconds: float) -> bool:
    """Start a run, kill it with SIGKILL after some seconds, and say whether there was still something to kill."""
    words = [sys.executable, "-m", "flows.cli.app", "run", *names, "--profile", "smoke"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    process = subprocess.Popen(words, cwd=folder, env=environment(mirror), **quiet)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def hashes(folder: Path, names: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Return what DVC's lock says of the outputs of some recipes' stages."""
    items = {item_of(name, "smoke") for name in names}
    stages = read_yaml(folder / "dvc.lock")["stages"]
    return {
        address: [(out["path"], out["md5"]) for out in stage["outs"]]
        for address, stage in sorted(stages.items())
        if address.partition("@")[2] in items
    }


def killed(root: Path, mirror: Path, folder: Path, names: Sequence[str]) -> Path:
    """Kill runs of some recipes in a folder of their own at random moments, and return the folder."""
    copy_repository(root, folder)
    moments = random.Random(KILLS)
    assert sum(kill_a_run(folder, mirror, names, moments.uniform(8, 30)) for _ in range(KILLS)), "the run was over before the first kill"
    time.sleep(1)  # what a killed run had started ends within this
    return folder


@pytest.mark.skipif(not set(KILLED) & set(NAMES), reason="none is asked to be killed")
def test_killed_trainings_in_another_folder_end_in_the_same_bytes(
    root: Path, mirror: Path, finished: tuple[Path, dict[str, dict], str], tmp_path: Path
) -> None:
    names = [name for name in KILLED if name in NAMES]
    expected = hashes(finished[0], names)
    assert {address.partition("@")[0] for address in expected} >= {"acquire", "pretrain", "evaluate", "register"}
    folder = killed(root, mirror, tmp_path / "another folder", names)
    outcome = command(folder, mirror, "flows.cli.app", "run", *names, "--profile", "smoke")
    assert outcome.returncode == 0, outcome.stderr[-6000:]
    assert hashes(folder, names) == expected


@pytest.mark.skipif(not set(KILLED) & set(CORPORA), reason="none is asked to be killed")
def test_killed_corpora_in_another_folder_end_in_the_same_bytes(
    root: Path, mirror: Path, corpora: tuple[Path, dict[str, dict]], tmp_path: Path
) -> None:
    """Ended by `dvc repro`: no absolute path, clock, order of files, way of running or moment of a kill is in the bytes."""
    names = [name for name in KILLED if name in CORPORA]
    expected = hashes(corpora[0], names)
    assert len(expected) == 3 * len(names)
    folder = killed(root, mirror, tmp_path / "another folder", names)
    outcome = command(folder, mirror, "dvc", "repro", *(f"evaluate@{item_of(name, 'smoke')}" for name in names))
    assert outcome.returncode == 0, outcome.stderr[-4000:]
    assert hashes(folder, names) == expected
