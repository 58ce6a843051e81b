"""No orphan goes on writing."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components import guard

PARENT = """
import subprocess, sys
child = subprocess.Popen({command!r})
print(child.pid, flush=True)
child.wait()
"""
STAGE = """
import os, subprocess, sys, time
sys.path.insert(0, {root!r})
from components import guard
guard.die_with_parent()
helper = subprocess.Popen(["sleep", "60"])
print(os.getpid(), helper.pid, os.getpgrp(), flush=True)
time.sleep(60)
"""


GUARDED = "import os, subprocess, sys; subprocess.run([sys.executable, sys.argv[1], str(os.getpid()), *sys.argv[2:]])"
ON_A_TERMINAL = """
import sys, time
sys.path.insert(0, {root!r})
from components import guard
guard.die_with_parent()
print("ready", flush=True)
time.sleep(60)
"""
LIKE_DVC = """
import signal, subprocess, sys
process = subprocess.Popen([sys.executable, "-c", {code!r}])
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.exit(process.wait() + 200)
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: list[int], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(map(alive, pids))


def start(command: list[str], **environment: str) -> tuple[subprocess.Popen[str], list[int]]:
    """Start `command` below a parent; return the parent and the numbers that it and the command print."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(command=command)], stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    assert process.stdout is not None
    return process, [int(word) for _ in range(2) for word in process.stdout.readline().split()]


@pytest.mark.fault
@pytest.mark.parametrize("shell", [False, True])
def test_a_stage_and_its_children_end_with_the_run(root: Path, shell: bool) -> None:
    """Directly below DVC, and below the shell that DVC starts."""
    code = [sys.executable, "-c", STAGE.format(root=str(root))]
    command = ["/bin/sh", "-c", '"$@"; true', "sh", *code] if shell else code
    process, numbers = start(command, DVC_ROOT=str(root))
    _, stage, helper, group = numbers
    assert group == stage, "a stage below DVC has a process group of its own"
    process.kill()
    process.wait()
    assert gone([stage, helper])


@pytest.mark.fault
def test_a_guarded_command_ends_with_the_process_that_started_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", GUARDED, guard.__file__, "sleep", "60"])
    end = time.monotonic() + 10
    while not (below := [each.pid for each in guard.processes() if each.parent == process.pid and each.words[0] == "sleep"]):
        assert time.monotonic() < end
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert gone(below)


def test_a_guarded_command_does_not_start_for_another_parent() -> None:
    outcome = subprocess.run([sys.executable, guard.__file__, "1", "echo", "started"], capture_output=True, text=True)
    assert (outcome.returncode, outcome.stdout) == (1, "")


@pytest.mark.fault
def test_ctrl_c_reaches_a_stage_below_dvc_on_a_terminal(root: Path) -> None:
    """DVC ignores Ctrl-C while a stage runs, so the stage must stay in the group that the terminal speaks to."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["DVC_ROOT"] = str(root)
        parent = LIKE_DVC.format(code=ON_A_TERMINAL.format(root=str(root)))
        os.execv(sys.executable, [sys.executable, "-c", parent])
    seen = b""
    while b"ready" not in seen:
        seen += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    end = time.monotonic() + 10
    while (ended := os.waitpid(pid, os.WNOHANG))[0] == 0 and time.monotonic() < end:
        time.sleep(0.05)
    if ended[0] == 0:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os.close(terminal)
    assert ended[0] == pid, "the stage did not see Ctrl-C"
    assert os.waitstatus_to_exitcode(ended[1]) == 200 - signal.SIGINT


def test_descendants_are_found_through_generations() -> None:
    process = subprocess.Popen(["/bin/sh", "-c", "sleep 30; true"])
    time.sleep(0.3)
    below = guard.descendants(os.getpid())
    process_below = guard.descendants(process.pid)
    assert process.pid in below
    assert len(process_below) == 1
    assert set(process_below) <= set(below)
    guard.send([*process_below, process.pid, 2**22 - 1], signal.SIGKILL)
    process.wait()
    assert guard.descendants(process.pid) == []
