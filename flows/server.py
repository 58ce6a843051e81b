"""The Prefect server that a run talks to: the one that PREFECT_API_URL names, or a child of this run on the loopback.

Never Prefect's ephemeral mode: its server outlives a killed run and keeps no schedules.
"""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import components.guard as guard
from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.files import explain_write_errors

HOME = Path(".rsvlm/prefect")
_START_SECONDS = 180.0
_RESTARTS = 3
_LOG = "server.log"
_LOG_TAIL = 20_000
_DAMAGED = ("file is not a database", "database disk image is malformed")


def free_port() -> int:
    """Return a loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def chosen_port() -> int:
    """Return the port that PREFECT_SERVER_API_PORT asks for, or a free one.

    Raises:
        ConfigurationError: the variable is no port, or somebody uses that port.
    """
    asked = os.environ.get("PREFECT_SERVER_API_PORT", "")
    if not asked:
        return free_port()
    if not asked.isdecimal() or not 0 < int(asked) < 65536:
        raise ConfigurationError(f"PREFECT_SERVER_API_PORT: '{asked}' is not a port; a number from 1 to 65535, or unset, is needed")
    with socket.socket() as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", int(asked)))
        except OSError:
            raise ConfigurationError(
                f"PREFECT_SERVER_API_PORT: port {asked} is taken by another program; choose another, or unset it for a free one"
            ) from None
    return int(asked)


def answers(address: str, seconds: float = 2.0) -> bool:
    """Whether a Prefect API (`http://host:port/api`) is healthy."""
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=seconds) as reply:
            return reply.status == 200
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError):  # the latter two: no address at all
        return False


def environment(root: Path) -> dict[str, str]:
    """Return the settings of Prefect in a workspace: its home, and logs that go to the server rather than the terminal."""
    return {
        "PREFECT_HOME": str(root / HOME),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_CLI_PROMPT": "false",
    }


@contextlib.contextmanager
def prefect_server(root: Path) -> Iterator[str]:
    """Yield the address of a healthy Prefect API, and set the environment so that Prefect, imported afterwards, uses it.

    Raises:
        ConfigurationError: the address or port in the environment cannot be used.
        RsvlmError: our own server did not start; names its log.
    """
    for name in [name for name, value in os.environ.items() if name.startswith("PREFECT_") and not value]:
        del os.environ[name]  # empty means unset, as with our own variables; Prefect would call it a wrong value
    for name, value in environment(root).items():
        os.environ.setdefault(name, value)
    home = Path(os.environ["PREFECT_HOME"])
    with explain_write_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        (home / _LOG).touch()
    given = os.environ.get("PREFECT_API_URL")
    if given:
        if not answers(given, 10.0):
            raise ConfigurationError(f"PREFECT_API_URL: no Prefect server answers at {given}; start it, or unset the variable")
        yield given
        return
    port = chosen_port()
    address = f"http://127.0.0.1:{port}/api"
    with (home / _LOG).open("ab") as log:
        server = _Server(port, log.fileno())
        try:
            _wait(server, address, home / _LOG)
            os.environ["PREFECT_API_URL"] = address
            yield address
        finally:
            os.environ.pop("PREFECT_API_URL", None)
            server.stop()


class _Server:
    """A Prefect server below this process, started again when it dies: the run's calls are retried and find it back."""

    def __init__(self, port: int, log: int) -> None:
        self._port, self._log = port, log
        self._stopping = threading.Event()
        self.ended: int | None = None
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, name="prefect-server", daemon=True)
        self._keeper.start()

    def _start(self) -> subprocess.Popen[bytes]:
        serve = ["-m", "uvicorn", "--factory", "prefect.server.api.server:create_app", "--host", "127.0.0.1", "--port", str(self._port)]
        return subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), sys.executable, *serve, "--log-level", "warning"],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
            # The server's words go to its log file, not to the terminal: let it say why it ends.
            env={
                **os.environ,
                "PREFECT_UI_API_URL": f"http://127.0.0.1:{self._port}/api",
                "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
            },
        )

    def _keep(self) -> None:
        for _ in range(_RESTARTS):
            self._process.wait()
            if self._stopping.is_set():
                return
            self._process = self._start()
        code = self._process.wait()
        if not self._stopping.is_set():
            self.ended = code

    def stop(self) -> None:
        """End the server; killed if it takes its time."""
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _why(log: Path) -> str:
    """Say what the log of a server that ended speaks of, where we know the remedy."""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _LOG_TAIL))
        tail = stream.read().decode(errors="replace")
    if any(words in tail for words in _DAMAGED):
        folder = log.parent
        return f"{folder / 'prefect.db'} is damaged: move the folder {folder} away and run again; only the history of runs is lost"
    return f"its log is {log}"


def _wait(server: _Server, address: str, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while not answers(address):
        if server.ended is not None:
            raise RsvlmError(f"the Prefect server ended at once (exit {server.ended}); {_why(log)}")
        if time.monotonic() > end:
            raise RsvlmError(f"the Prefect server did not answer within {_START_SECONDS:.0f} s; its log is {log}")
        time.sleep(0.1)
