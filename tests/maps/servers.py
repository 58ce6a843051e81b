"""Small servers on loopback: files in parts, and a STAC API."""

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers by path; counts what it was asked for and the bytes of files that it sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.sent = 0
        self.bodies: list[Any] = []


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def send_json(handler: BaseHTTPRequestHandler, document: Any) -> None:
    send(handler, 200, json.dumps(document).encode(), Content_Type="application/geo+json")


def parts(server: Server, data: bytes, tag: str = '"one"') -> Answer:
    """Serve a file by ranges."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers.get("Range", ""))
        assert found, "the whole file was asked for"
        start, end = int(found[1]), min(int(found[2]), len(data) - 1)
        server.sent += end + 1 - start
        send(handler, 206, data[start : end + 1], Content_Range=f"bytes {start}-{end}/{len(data)}", ETag=tag)

    return answer


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    server = Server("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.asked.append(f"{self.command} {self.path} {self.headers.get('Range', '')}".strip())
            length = int(self.headers.get("Content-Length") or 0)
            server.bodies.append(json.loads(self.rfile.read(length)) if length else None)
            server.answers.get(self.path.split("?")[0], lambda handler: send(handler, 404))(self)

        do_POST = do_GET

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        server.url = f"http://127.0.0.1:{httpd.server_address[1]}"
        yield server
        httpd.shutdown()
