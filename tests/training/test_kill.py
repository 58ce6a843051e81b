import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed.py")


def start(scratch: Path, result: Path) -> subprocess.Popen:
    process = subprocess.Popen([sys.executable, str(SCRIPT), str(scratch), str(result)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.fault
def test_killed_at_random_moments_it_ends_in_the_same_bytes(tmp_path):
    began = time.monotonic()
    assert start(tmp_path / "calm", tmp_path / "expected").wait() == 0
    length = time.monotonic() - began
    moments = random.Random(11)
    kills = 0
    for _ in range(4):
        process = start(tmp_path / "scratch", tmp_path / "result")
        time.sleep(moments.uniform(0.05, 0.5) * length)
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    if not (tmp_path / "result").is_dir():
        assert start(tmp_path / "scratch", tmp_path / "result").wait() == 0
    assert kills > 0
    assert contents(tmp_path / "result") == contents(tmp_path / "expected")
