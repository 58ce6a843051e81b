"""Reproduce exactly one DVC stage as a child process that is followed line by line and never outlives us."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import components.guard as guard
from rsvlm.errors import RsvlmError

RAN, CURRENT, RESTORED = "ran", "up to date", "restored"
_GRACE_SECONDS = 20.0
_TAIL = 30
_EXIT = re.compile(r"exited with (-?\d+)")
_ERROR = re.compile(r"^(?:ERROR: )?(?:\w+: )?error: (.+)$")
_ADVICE = re.compile(r"^(To track the changes with git|To enable auto staging|Use `dvc push`|Updating lock file|\s+(git add|dvc config) )")
_DAMAGED_LOCK = "Unable to read RWLock-file"
_DVC_REASON = re.compile(r"^ERROR: failed to reproduce '[^']*': (?!failed to run)(.+)$")
_BUSY = re.compile(r"Unable to acquire lock|is busy, it is being blocked by")
_TRANSIENT_EXITS = range(-64, 0)


@dataclass(frozen=True)
class Outcome:
    """What became of one stage: `ran`, `up to date` or `restored` (from DVC's run cache), and in how many seconds."""

    address: str
    state: str
    seconds: float


class StageError(RsvlmError):
    """A stage failed; says which, why, and whether another try may help."""

    def __init__(self, address: str, reason: str, code: int, *, transient: bool) -> None:
        """Keep the stage's exit code, so that a wrong configuration still ends the whole command with 2."""
        super().__init__(f"{address}: {reason}")
        self.address, self.transient = address, transient
        self.exit_code = code if code in (1, 2) else 1


class Interrupted(RsvlmError):
    """Somebody asked the run to stop."""

    exit_code = 130


class Children:
    """The stage processes that run now, so that one request stops them all in order."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._killer: threading.Timer | None = None
        self.stopping = False

    def start(self, command: list[str], environment: dict[str, str], folder: Path) -> subprocess.Popen[str]:
        """Start a command in its own session, guarded by this process; its output comes as one stream of lines.

        Raises:
            Interrupted: a stop was asked for.
        """
        with self._lock:
            if self.stopping:
                raise Interrupted("stopped")
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
            self._running.add(process)
            return process

    def ended(self, process: subprocess.Popen[str]) -> None:
        """Forget a process that has been waited for."""
        with self._lock:
            self._running.discard(process)

    def stop(self) -> None:
        """Ask every stage to stop (SIGTERM: it saves what it has); kill what is left 20 s later, or when asked again."""
        if self.stopping:
            self.kill()
            return
        self.stopping = True
        for process in list(self._running):
            # DVC itself dies of SIGTERM at once and would take the stage's time to save with it: ask the stage only.
            guard.send(_stages_below(process.pid) or [process.pid], signal.SIGTERM)
        self._killer = threading.Timer(_GRACE_SECONDS, self.kill)
        self._killer.daemon = True
        self._killer.start()

    def kill(self) -> None:
        """Kill every stage and everything below it."""
        for process in list(self._running):
            kill_tree(process)


def _stages_below(pid: int) -> list[int]:
    """Return the processes below DVC's that run a stage, leaving out what a stage started itself."""
    below = set(guard.descendants(pid))
    return [each.pid for each in guard.processes() if each.pid in below and _is_stage(each.words)]


def _is_stage(words: tuple[str, ...]) -> bool:
    return len(words) > 2 and words[1] == "-m" and words[2].startswith("components.")


def kill_tree(process: subprocess.Popen[str]) -> None:
    """Kill a process that `Children` started and all of its session, also what has lost its parent."""
    members = [each.pid for each in guard.processes() if each.session == process.pid]
    guard.send([process.pid, *guard.descendants(process.pid), *members], signal.SIGKILL)


def stage_environment(root: Path) -> dict[str, str]:
    """Return the environment of a stage: ours, with this environment's Python first on the path."""
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    environment["PYTHONUNBUFFERED"] = "1"
    environment["SHELL"] = "/bin/sh"
    return environment


def reproduce(
    root: Path, address: str, children: Children, say: Callable[[str], None], *, force: bool = False, timeout: float | None = None
) -> Outcome:
    """Reproduce one stage, whatever the state of what it needs (`dvc repro --single-item`).

    Args:
        root: the workspace.
        address: `stage@item`, or `code`.
        children: where the process is kept while it runs.
        say: called with every line of output.
        force: run it although it is up to date.
        timeout: seconds after which it is killed.

    Raises:
        StageError: it failed, or took too long.
        Interrupted: a stop was asked for.
    """
    # DVC locks its files for moments before and after a stage; without the option it waits three seconds for another's moment, too
    # little where two stages end together on a busy disk.
    command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", *(["--force"] if force else []), address]
    started = time.monotonic()
    process = children.start(command, stage_environment(root), root)
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        kill_tree(process)

    clock = threading.Timer(timeout, expire) if timeout else None
    tail: deque[str] = deque(maxlen=_TAIL)
    seen: set[str] = set()
    try:
        if clock:
            clock.daemon = True
            clock.start()
        assert process.stdout is not None
        for raw in process.stdout:
            line = raw.rstrip()
            seen |= _facts_in(line)
            if line and not _ADVICE.match(line):
                tail.append(line)
                say(line)
        code = process.wait()
    finally:
        if clock:
            clock.cancel()
        kill_tree(process)  # a stage that ended may have left helpers behind
        process.wait()
        children.ended(process)
    seconds = time.monotonic() - started
    if children.stopping:
        raise Interrupted(f"{address}: stopped after {seconds:.0f} s")
    if expired.is_set():
        raise StageError(address, f"killed after {timeout:,.0f} s, the longest it may take; run again to go on", 1, transient=False)
    if code != 0:
        raise _failure(address, code, list(tail))
    return Outcome(address, RESTORED if RESTORED in seen else CURRENT if CURRENT in seen else RAN, seconds)


def _facts_in(line: str) -> set[str]:
    if "didn't change, skipping" in line:
        return {CURRENT}
    if "is cached - skipping run" in line:
        return {RESTORED}
    return set()


def _failure(address: str, code: int, tail: list[str]) -> StageError:
    """Find the one line that says why, and the stage's own exit code, in the last lines of output."""
    exits = [int(match[1]) for line in tail if (match := _EXIT.search(line))]
    stage_code = exits[-1] if exits else code
    if any(_BUSY.search(line) for line in tail):
        return StageError(address, "another DVC command works on the same files; wait for it, or stop it", 1, transient=True)
    if any(_DAMAGED_LOCK in line for line in tail):
        return StageError(
            address, "DVC's table of running stages (.dvc/tmp/rwlock) is damaged; run: rsvlm doctor --fix", 1, transient=False
        )
    errors = [match[1] for line in tail if (match := _ERROR.match(line))]
    if errors:
        return StageError(address, errors[-1], stage_code, transient=False)
    if stage_code in _TRANSIENT_EXITS or stage_code in (137, 143):
        return StageError(address, f"was killed (exit {stage_code}); is the memory enough?", stage_code, transient=True)
    traces = [line for line in tail if not line.startswith(("ERROR: failed to reproduce", "  ", "Traceback"))]
    own = [match[1] for line in tail if (match := _DVC_REASON.match(line))]
    reason = traces[-1] if traces else own[-1] if own else "no output"
    return StageError(address, f"failed (exit {stage_code}): {reason}", stage_code, transient=False)
