"""A process dies with the run that started it: no orphan goes on writing after its parent is gone.

Two ends of the same promise: `die_with_parent` is called by a stage about itself; `python components/guard.py PID
COMMAND...` starts a foreign command (DVC, the Prefect server) that is killed when process PID ends.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.2
_SHELLS = ("sh", "dash", "bash", "zsh")


@dataclass(frozen=True)
class Process:
    """A running process: its number, its parent's, its session's, its program's name, its command line."""

    pid: int
    parent: int
    session: int
    name: str
    words: tuple[str, ...]


def process(pid: int) -> Process | None:
    """Return a process as /proc shows it; None when it is gone, or where there is no /proc."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            head, tail = stream.read().rsplit(")", 1)
        with open(f"/proc/{pid}/cmdline", "rb") as line:
            words = line.read().decode(errors="replace").split("\0")
    except OSError:
        return None
    _, parent, _, session = tail.split()[:4]
    return Process(pid, int(parent), int(session), head.split("(", 1)[1], tuple(words))


def processes() -> list[Process]:
    """Return everything that runs."""
    names = os.listdir("/proc") if os.path.isdir("/proc") else []
    return [found for name in names if name.isdigit() and (found := process(int(name))) is not None]


def descendants(pid: int) -> list[int]:
    """Return the processes below `pid`, nearest first."""
    children: dict[int, list[int]] = {}
    for each in processes():
        children.setdefault(each.parent, []).append(each.pid)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(0), [])
        found.extend(below)
        waiting.extend(below)
    return found


def send(pids: list[int], signum: signal.Signals) -> None:
    """Send a signal to processes that may be gone already."""
    for pid in pids:
        try:
            os.kill(pid, signum)
        except ProcessLookupError:
            continue


def _has_the_terminal() -> bool:
    """Whether this process's group is the one that a terminal sends Ctrl-C to."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def die_with_parent() -> None:
    """End this process and everything below it when the run that started it ends, however that ended.

    DVC starts a stage through a shell, so the parent that matters may be one step further up; both are watched. The
    stage gets a process group of its own, so that this reaches also what it has lost sight of; not where a terminal
    sends Ctrl-C to its present group, which it must stay in: DVC itself ignores Ctrl-C while a stage runs.
    """
    below_dvc = bool(os.environ.get("DVC_ROOT"))
    parent = process(os.getppid())
    further = parent.parent if below_dvc and parent is not None and parent.name in _SHELLS and parent.parent > 1 else 0
    if below_dvc and os.getpgrp() != os.getpid() and not _has_the_terminal():
        os.setpgid(0, 0)
    own_group = os.getpgrp() == os.getpid()

    def orphaned() -> bool:
        if parent is not None and os.getppid() != parent.pid:
            return True
        shell = process(parent.pid) if further and parent is not None else None
        return shell is not None and shell.parent != further

    def watch() -> None:
        while not orphaned():
            time.sleep(_POLL_SECONDS)
        send(descendants(os.getpid()), signal.SIGKILL)
        if own_group:
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    if parent is not None:
        threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def main() -> None:
    """Become the given command, to be killed by the kernel (Linux) with process PID: `guard.py PID COMMAND...`."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    library = ctypes.CDLL(None)
    if hasattr(library, "prctl"):
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)  # it ended before the kernel was asked
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
