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

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.5
_SHELLS = ("sh", "dash", "bash", "zsh")


def _stat(pid: int) -> tuple[str, int]:
    """Return (name, parent) of a process from /proc; ("", 0) where it cannot be read."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            head, tail = stream.read().rsplit(")", 1)
        return head.split("(", 1)[1], int(tail.split()[1])
    except (OSError, IndexError, ValueError):
        return "", 0


def processes() -> list[tuple[int, int, list[str]]]:
    """Return (process, parent, command line) of everything that runs, as /proc shows it (nothing where there is no /proc)."""
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as stream:
                    words = stream.read().decode(errors="replace").split("\0")
            except OSError:
                continue
            found.append((int(name), _stat(int(name))[1], words))
    return found


def descendants(pid: int) -> list[int]:
    """Return the processes below `pid`, nearest first."""
    children: dict[int, list[int]] = {}
    for process, parent, _ in processes():
        children.setdefault(parent, []).append(process)
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


def _ask_kernel(signum: signal.Signals) -> None:
    """Have Linux send this process a signal when its parent ends; elsewhere nothing happens."""
    library = ctypes.CDLL(None)
    if hasattr(library, "prctl"):
        library.prctl(_PR_SET_PDEATHSIG, signum)


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

    DVC starts a stage through a shell, so the parent that matters may be one step further up; both are watched. First
    comes SIGTERM from the kernel (a chance to stop in order), half a second later SIGKILL. The stage gets a process
    group of its own, so that this reaches also what it has lost sight of; not where a terminal sends Ctrl-C to its
    present group, which it must stay in.
    """
    parent = os.getppid()
    name, grandparent = _stat(parent)
    watch_further = bool(os.environ.get("DVC_ROOT")) and name in _SHELLS and grandparent > 1
    if os.environ.get("DVC_ROOT") and os.getpgrp() != os.getpid() and not _has_the_terminal():
        os.setpgid(0, 0)
    own_group = os.getpgrp() == os.getpid()
    _ask_kernel(signal.SIGTERM)

    def orphaned() -> bool:
        return os.getppid() != parent or (watch_further and _stat(parent)[1] != grandparent)

    def watch() -> None:
        while not orphaned():
            time.sleep(_POLL_SECONDS)
        time.sleep(_POLL_SECONDS)
        send(descendants(os.getpid()), signal.SIGKILL)
        if own_group:
            os.killpg(0, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def main() -> None:
    """Become the given command, to be killed with process PID: `guard.py PID COMMAND...`."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    _ask_kernel(signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)  # it ended before the kernel was asked
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
