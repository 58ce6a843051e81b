"""Files far away, read in parts: over HTTP with range requests, or from S3. Only what is asked for is transferred.

GDAL's own network code is not used: it follows redirects and resolves names without asking, which would let a catalogue's
author read from a private network through us.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import boto3
import urllib3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from rsvlm.errors import SourceError
from rsvlm.maps.patience import Again, Pace, patiently
from rsvlm.sources import http
from rsvlm.sources.definition import S3Address

BLOCK = 16 << 10
_CACHED_BLOCKS = 4096
_MOST_REDIRECTS = 5
_REDIRECTED = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Remote:
    """A file that can be read in parts.

    Attributes:
        where: its address, for messages; without secrets.
        size: bytes.
        fetch: returns `length` bytes from byte `start`, both inside the file.
    """

    where: str
    size: int
    fetch: Callable[[int, int], bytes]


def http_file(url: str, *, own_host: str = "", pace: Pace | None = None, patience: http.Patience = http.PATIENT) -> Remote:
    """Return a file behind an address whose server answers range requests.

    Args:
        url: https, or http where `own_host` is this machine or a private one.
        own_host: the host that the user named; only it may be private.
        pace: between requests.
        patience: retries and times.

    Raises:
        SourceError: the address is refused or gone, the server fails or does not serve parts.
    """
    where, parts = http.plain(url), _HttpParts(url, own_host, patience)

    def fetch(start: int, length: int) -> bytes:
        def attempt() -> bytes:
            if pace is not None:
                pace.wait()
            return parts.read(start, length)

        return patiently(attempt, where, patience)

    fetch(0, 1)
    return Remote(where, parts.size, fetch)


class _HttpParts:
    """Reads parts of one address, on connections that stay open, and holds every answer to the first one's size and ETag."""

    def __init__(self, url: str, own_host: str, patience: http.Patience) -> None:
        self.size = 0
        self._url, self._own_host, self._patience = url, own_host, patience
        self._tag: tuple[int, str] | None = None
        self._pools: dict[str, urllib3.PoolManager] = {}

    def read(self, start: int, length: int) -> bytes:
        """Return a part; raises `Again` for failures that may pass."""
        url, own_host = self._url, self._own_host
        headers = {"User-Agent": "rsvlm", "Accept-Encoding": "identity", "Range": f"bytes={start}-{start + length - 1}"}
        for _ in range(_MOST_REDIRECTS + 1):
            http.check_url(url, own_host)
            try:
                response = self._pool(url).request("GET", url, headers=headers, preload_content=False, redirect=False)
                if response.status not in _REDIRECTED:
                    return self._part(response, http.plain(url), start, length)
            except HTTPError as error:
                raise Again(str(error).split("(Caused by")[-1].strip(" )") or type(error).__name__) from None
            url, own_host = urljoin(url, response.headers.get("Location", "")), ""
            response.close()
        raise SourceError(f"{http.plain(url)}: more than {_MOST_REDIRECTS} redirects")

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._pools:
            self._pools[origin] = http.connections(url, self._patience)
        return self._pools[origin]

    def _part(self, response: urllib3.BaseHTTPResponse, where: str, start: int, length: int) -> bytes:
        try:
            self._check(response, where, start)
            data = response.read(length)
            if len(data) != min(length, self.size - start):
                raise Again(f"{len(data)} bytes instead of {length}")
        except BaseException:
            response.close()  # what is left of its body must not be taken for the next answer
            raise
        return data

    def _check(self, response: urllib3.BaseHTTPResponse, where: str, start: int) -> None:
        if response.status in _PASSING:
            after = response.headers.get("Retry-After", "")
            raise Again(f"the server answered {response.status}", float(after) if after.isdigit() else 0.0)
        if response.status == 200:
            raise SourceError(f"{where}: its server does not answer range requests; download the file whole")
        if response.status != 206:
            raise SourceError(f"{where}: the server refused (HTTP {response.status})")
        span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        if not span.startswith(f"{start}-") or not total.isdigit():
            raise Again(f"the server answered with another range ({span or 'none named'})")
        tag = (int(total), response.headers.get("ETag", ""))
        if self._tag is not None and self._tag != tag:
            raise SourceError(f"{where}: the file changed while it was read; read it again")
        self._tag, self.size = tag, int(total)


def s3_file(address: S3Address, name: str, connect: Callable[[], Any] | None = None) -> Remote:
    """Return an object of an S3 or S3-compatible store; credentials come from the environment.

    Args:
        address: bucket, prefix, endpoint and who pays.
        name: the object's key after the prefix.
        connect: makes the boto3 S3 client.

    Raises:
        SourceError: no credentials, refused, missing, or the store keeps failing.
    """
    where = f"s3://{address.bucket}/{address.prefix}{name}"
    common: dict[str, Any] = {"Bucket": address.bucket, "Key": address.prefix + name}
    if address.requester_pays:
        common["RequestPayer"] = "requester"
    client = (connect or (lambda: _s3_client(address)))()
    head = _s3_call(where, lambda: client.head_object(**common))

    def fetch(start: int, length: int) -> bytes:
        span = f"bytes={start}-{start + length - 1}"
        data = _s3_call(where, lambda: client.get_object(**common, Range=span, IfMatch=head["ETag"])["Body"].read())
        if len(data) != length:
            raise SourceError(f"{where}: {len(data)} bytes instead of {length}; the store does not serve parts")
        return bytes(data)

    return Remote(where, int(head["ContentLength"]), fetch)


def _s3_client(address: S3Address) -> Any:
    options: dict[str, Any] = {"signature_version": UNSIGNED} if address.anonymous else {}
    config = Config(retries={"max_attempts": 5, "mode": "standard"}, connect_timeout=15, read_timeout=60, **options)
    return boto3.session.Session().client("s3", endpoint_url=address.endpoint_url, region_name=address.region or "us-east-1", config=config)


def _s3_call(where: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        hint = {
            "404": "no such object or bucket",
            "403": "access refused",
            "412": "it changed while it was read",
            "PreconditionFailed": "it changed while it was read",
        }
        raise SourceError(f"{where}: {hint.get(code, 'the store answered with an error')} ({code})") from None
    except (BotoCoreError, HTTPError, ValueError) as error:
        raise SourceError(f"{where}: {type(error).__name__}; check credentials, endpoint_url, region and network") from None


class RangeFile:
    """A remote file as GDAL wants it: seek, tell, read. Whole blocks of 16 KiB are fetched and the last 64 MiB kept.

    Attributes:
        fault: what a transfer raised; GDAL would swallow it.
    """

    def __init__(self, remote: Remote) -> None:
        """Start at the first byte; nothing is fetched yet."""
        self.remote = remote
        self.fault: SourceError | None = None
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a byte, counted from the start (0), here (1) or the end (2)."""
        self._position = max(0, offset + (0, self._position, self.remote.size)[whence])
        return self._position

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def read(self, count: int = -1) -> bytes:
        """Return up to `count` bytes from here, fewer at the end; none after a failed transfer."""
        left = max(0, self.remote.size - self._position)
        count = left if count < 0 else min(count, left)
        if count == 0 or self.fault is not None:
            return b""
        first, last = self._position // BLOCK, (self._position + count - 1) // BLOCK
        try:
            data = b"".join(self._fetched(first, last))
        except SourceError as error:
            self.fault = error
            return b""
        begin = self._position - first * BLOCK
        self._position += count
        return data[begin : begin + count]

    def close(self) -> None:
        """Keep everything: GDAL opens the file several times."""

    def __enter__(self) -> "RangeFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _fetched(self, first: int, last: int) -> list[bytes]:
        """Return the blocks first to last, each run of missing ones fetched at once."""
        found: list[bytes] = []
        block = first
        while block <= last:
            if block in self._blocks:
                self._blocks.move_to_end(block)
                found.append(self._blocks[block])
                block += 1
                continue
            end = block
            while end <= last and end not in self._blocks:
                end += 1
            start, stop = block * BLOCK, min(end * BLOCK, self.remote.size)
            data = self.remote.fetch(start, stop - start)
            pieces = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
            self._blocks.update(zip(range(block, end), pieces, strict=True))
            found += pieces
            block = end
        while len(self._blocks) > _CACHED_BLOCKS:
            self._blocks.popitem(last=False)
        return found
