"""HTTP transfers that go on where they were cut off, and never follow a redirect into a private network."""

import ipaddress
import logging
import random
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from rsvlm.errors import SourceError
from rsvlm.files import explain_write_errors
from rsvlm.progress import Progress

logger = logging.getLogger("rsvlm.sources")
_BLOCK = 1 << 18
_MAX_REDIRECTS = 5
_RETRIED = (408, 425, 429, 500, 502, 503, 504)
_REDIRECTED = (301, 302, 303, 307, 308)
_ON = "run again to go on from where it stopped, or name a folder with copies in RSVLM_MIRROR"


@dataclass(frozen=True)
class Patience:
    """How long a transfer is kept up.

    Attributes:
        attempts: failures in a row, without a new byte between them, before giving up.
        first_wait: seconds before the second attempt; doubled each time, with jitter.
        longest_wait: most seconds between two attempts.
        total: most seconds for one file, waits included.
        connect: seconds to wait for a connection.
        read: seconds to wait for more bytes.
    """

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 30.0
    total: float = 3600.0
    connect: float = 15.0
    read: float = 60.0


PATIENT = Patience()


class _Again(Exception):
    """A failure that may pass: try once more, after `wait` seconds if the server named a time."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


def _is_private(address: str) -> bool:
    return not ipaddress.ip_address(address.split("%")[0]).is_global


def _names_private(host: str) -> bool:
    """Say whether a host name by itself means this machine or a private network."""
    try:
        return _is_private(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def check_url(url: str, own_host: str = "") -> None:
    """Refuse addresses that no transfer may touch.

    Args:
        url: the address.
        own_host: the host that the definition itself names; it may be private, and then plain http.

    Raises:
        SourceError: not https, with a user name inside, or of this machine or a private network.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        raise SourceError(f"https://…@{host}: an address with a user name in it; credentials come from the environment")
    own_private = host == own_host and _names_private(host)
    if parts.scheme != "https" and not (own_private and parts.scheme == "http"):
        raise SourceError(f"{plain(url)}: only https is allowed")
    if _names_private(host) and not own_private:
        raise SourceError(f"{plain(url)}: leads into a private network; refused")


def plain(url: str) -> str:
    """Return an address without its query, which may hold a signature."""
    return url.split("?", 1)[0]


class _PublicConnection(HTTPSConnection):
    """A connection that looks at whom it reached before it says anything; a host that is private by its name is known to be."""

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        peer = connected.getpeername()[0]
        if _is_private(peer) and not _names_private(self.host):
            connected.close()
            raise SourceError(f"{self.host}: its name leads to {peer}, into a private network; refused")
        return connected


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


def refuse_private_peers(manager: urllib3.PoolManager) -> None:
    """Have a manager's pools, also those of other libraries, refuse public names that lead into private networks."""
    manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": _PublicPool}


def connections(url: str, patience: Patience) -> urllib3.PoolManager:
    """Return a pool of connections for a host, which refuses names that lead into private networks, and minds proxies."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    timeout = urllib3.Timeout(connect=patience.connect, read=patience.read)
    options: dict[str, Any] = {"timeout": timeout, "retries": False}
    proxy = getproxies().get(parts.scheme)
    if proxy and not _names_private(host) and not proxy_bypass(host):
        return urllib3.ProxyManager(proxy, **options)  # the proxy resolves names; its own address is often private
    manager = urllib3.PoolManager(**options)
    refuse_private_peers(manager)
    return manager


def _request(url: str, start: int, patience: Patience) -> urllib3.BaseHTTPResponse:
    """Open a transfer that begins at byte `start`, following redirects to public hosts only."""
    own_host = urlsplit(url).hostname or ""
    headers = {"User-Agent": "rsvlm", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    for _ in range(_MAX_REDIRECTS + 1):
        check_url(url, own_host)
        response = connections(url, patience).request("GET", url, headers=headers, preload_content=False, redirect=False)
        if response.status not in _REDIRECTED:
            return response
        target = response.headers.get("Location", "")
        response.close()
        url, own_host = urljoin(url, target), ""
    raise SourceError(f"{plain(url)}: more than {_MAX_REDIRECTS} redirects")


def download(url: str, partial: Path, *, size: int | None = None, max_bytes: int | None = None, patience: Patience = PATIENT) -> None:
    """Fill `partial` with the bytes at an address, going on from those that it holds.

    Args:
        url: the address.
        partial: the file to fill; kept after a failure, so that the next call goes on there.
        size: the length that the file must have, where known: longer transfers are stopped.
        max_bytes: most bytes to take, where the length is unknown.
        patience: retries and times.

    Raises:
        SourceError: the address is refused or gone, the server keeps failing, or the file is longer than it may be.
    """
    own_host = urlsplit(url).hostname or ""
    check_url(url, own_host)
    limit = size if size is not None else max_bytes
    started = time.monotonic()
    failures, wait, had = 0, patience.first_wait, -1
    progress = Progress(f"download {plain(url).rsplit('/', 1)[-1]}", limit if size is not None else None, "bytes")
    with explain_write_errors(partial):
        while True:
            have = partial.stat().st_size if partial.exists() else 0
            if size is not None and have >= size:
                return
            if have > had:
                failures, wait, had = 0, patience.first_wait, have
            try:
                _transfer(url, partial, have, limit, patience, progress)
                return
            except (_Again, HTTPError) as error:
                failures += 1
                reason = str(error) or type(error).__name__
                pause = max(min(wait, patience.longest_wait) * random.uniform(0.5, 1.0), getattr(error, "wait", 0.0))
                _give_up_or_wait(url, reason, failures, pause, started, patience)
                wait *= 2


def _give_up_or_wait(url: str, reason: str, failures: int, pause: float, started: float, patience: Patience) -> None:
    spent = time.monotonic() - started
    if failures >= patience.attempts:
        raise SourceError(f"{plain(url)}: {_short(reason)}; gave up after {failures} attempts; {_ON}") from None
    if spent + pause > patience.total:
        raise SourceError(f"{plain(url)}: {_short(reason)}; gave up after {spent:.0f} s; {_ON}") from None
    logger.info("%s: %s; trying again in %.1f s", plain(url), _short(reason), pause)
    time.sleep(pause)


def _short(reason: str) -> str:
    """Return a failure's cause in urllib3's words, without the connection object that they begin with."""
    cause = reason.split("(Caused by")[-1].strip(" )") if "(Caused by" in reason else reason
    return re.sub(r"^\w*Connection\w*\([^)]*\): ", "", cause)[:200]


def _transfer(url: str, partial: Path, have: int, limit: int | None, patience: Patience, progress: Progress) -> None:
    response = _request(url, have, patience)
    try:
        start = _start_of(url, response, have)
        if start is None:
            partial.unlink(missing_ok=True)
            raise _Again("the server's file is shorter than what was fetched of it")
        with partial.open("r+b" if start else "wb") as sink:
            sink.truncate(start)
            sink.seek(start)
            progress.start_at(start)
            for block in _blocks(response):
                start += len(block)
                if limit is not None and start > limit:
                    sink.truncate(0)
                    raise SourceError(f"{plain(url)}: longer than the {limit:,} bytes that it may have; not the file of the definition")
                sink.write(block)
                progress.advance(len(block))
    finally:
        response.close()
    progress.finish()


def _blocks(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body; urllib3 raises IncompleteRead where the connection ends before Content-Length."""
    while block := response.read(_BLOCK):
        yield block


def _start_of(url: str, response: urllib3.BaseHTTPResponse, have: int) -> int | None:
    """Return the byte that the body starts at; None where the server cannot go on from `have`."""
    if response.status == 200:
        return 0
    if response.status == 206:
        span = response.headers.get("Content-Range", "")
        if span.startswith(f"bytes {have}-"):
            return have
        raise _Again(f"the server answered with another range ({span or 'none named'})")
    if response.status == 416 and have:
        return None
    if response.status in _RETRIED:
        after = response.headers.get("Retry-After", "")
        raise _Again(f"the server answered {response.status}", float(after) if after.isdigit() else 0.0)
    hint = {401: "it asks for credentials", 403: "access is refused", 404: "there is no such file", 410: "it was removed"}
    raise SourceError(f"{plain(url)}: {hint.get(response.status, 'the server refused')} (HTTP {response.status})")
