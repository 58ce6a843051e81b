"""A stage dies with the run that started it: no orphan goes on writing after its parent is gone."""

import ctypes
import os
import signal
import threading
import time

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.5


def _parent_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            return int(stream.read().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def _name_of(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def die_with_parent() -> None:
    """Put this process and its children in one group that is killed when its parent, or a shell's parent, ends.

    DVC starts a stage through a shell, so the parent that matters may be one step further up; both are watched. A
    stage started by hand from a terminal keeps the terminal's group, so that Ctrl-C reaches it.
    """
    parent = os.getppid()
    watched = {parent: _parent_of(os.getpid())}
    grandparent = _parent_of(parent)
    if _name_of(parent) in ("sh", "dash", "bash") and grandparent > 1:
        watched[grandparent] = _parent_of(parent)
    if os.environ.get("DVC_ROOT") and os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    own_group = os.getpgrp() == os.getpid()
    if hasattr(ctypes.CDLL(None), "prctl"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    def watch() -> None:
        while True:
            time.sleep(_POLL_SECONDS)
            if os.getppid() != parent or (grandparent in watched and _parent_of(parent) != grandparent):
                if own_group:
                    os.killpg(0, signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
