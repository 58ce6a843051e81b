"""One run at a time works on a workspace: another one waits, or finds everything done."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rsvlm.files import explain_write_errors

LOCK = Path(".rsvlm/run.lock")
_POLL_SECONDS = 0.5


@contextlib.contextmanager
def workspace_lock(root: Path, what: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the workspace for this run; wait, and say for whom, while another one holds it.

    The kernel frees the lock when its holder ends, however it ends, so it is never stale.

    Raises:
        RsvlmError: the workspace may not be written.
    """
    path = root / LOCK
    with explain_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+", encoding="utf-8")
    with stream:
        if not _try(stream.fileno()):
            say(f"another run works in this workspace ({holder(root)}); waiting for it")
            while not _try(stream.fileno()):
                time.sleep(_POLL_SECONDS)
        stream.truncate(0)
        stream.write(json.dumps({"pid": os.getpid(), "what": what}))
        stream.flush()
        yield
        stream.truncate(0)


def holder(root: Path) -> str:
    """Return who holds the workspace, in words; empty when nobody does."""
    try:
        writable = os.access(root / LOCK, os.W_OK)  # whoever may only look can ask too
        with (root / LOCK).open("r+" if writable else "r", encoding="utf-8") as stream:
            if _try(stream.fileno()):
                return ""
            owner = json.loads(stream.read())
        return f"process {owner['pid']}: {owner['what']}"
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError):
        return "an unknown process"


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
