"""I27: environments that lack what programs like to have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.fault
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"HOME": "/nonexistent", "LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "TERM": "dumb", "COLUMNS": "20"},
        {"HOME": "/nonexistent", "HTTPS_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "socks5://127.0.0.1:9", "TZ": "Mars/Olympus"},
    ],
    ids=["empty", "no home", "ascii", "dead proxies"],
)
@pytest.mark.parametrize("command", [["recipes", "--json"], ["show", "geochat"], ["status", "--profile", "smoke", "--json"]])
def test_commands_that_look_need_nothing_from_the_environment(
    workspace: Path, tmp_path: Path, given: dict[str, str], command: list[str]
) -> None:
    temporary = tmp_path / "a temporary folder"
    temporary.mkdir()
    environment = {"PATH": os.defpath, "TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).parents[2]), **given}
    outcome = subprocess.run(
        [sys.executable, "-m", "flows.cli.app", *command], cwd=workspace, env=environment, capture_output=True, timeout=120, check=False
    )
    assert (outcome.returncode, outcome.stderr) == (0, b"")
    assert b"geochat" in outcome.stdout
