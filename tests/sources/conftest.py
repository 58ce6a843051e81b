import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rsvlm.sources.catalogue import ListedFile
from rsvlm.sources.definition import SourceDefinition
from rsvlm.sources.fetch import Places
from rsvlm.sources.http import Patience
from rsvlm.sources.store import Store

Answer = Callable[[BaseHTTPRequestHandler], None]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Server:
    """A loopback server that answers each path by a function, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("Range")))
                answer = outer.answers.get(self.path)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    if answer is None:
                        self.send_error(404)
                    else:
                        answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def whole(data: bytes, *, ranges: bool = True, cut: int | None = None, status: int = 200) -> Answer:
    """Answer with bytes, honouring ranges; `cut` sends so many of them and closes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked = handler.headers.get("Range")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and ranges else 0
        if start >= len(data) and start:
            handler.send_response(416)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        body = data[start:]
        handler.send_response(206 if start else status)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body if cut is None else body[:cut])

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Answer the first time with the first, then the second, ...; the last one stays."""
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def plain(status: int, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def impatient() -> Patience:
    return Patience(attempts=3, first_wait=0.01, longest_wait=0.02, total=5.0, connect=2.0, read=2.0)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "mirror").mkdir()
    return Places(tmp_path / "mirror", Store(tmp_path / "downloads"), tmp_path)


def definition(name: str = "sample", **fields: object) -> SourceDefinition:
    base = {"name": name, "title": "a sample", "licence": "CC0", "terms": "none", "citation": "nobody", "homepage": []}
    return SourceDefinition.model_validate_json(__import__("json").dumps({**base, **fields}))


def listed(files: dict[str, bytes]) -> tuple[ListedFile, ...]:
    return tuple(ListedFile(path, len(data), sha256(data)) for path, data in sorted(files.items()))
