"""A file that is hashed and flushed by other threads while it is written."""

import hashlib
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

_BLOCK = 4 << 20
_MOST_WAITING = 8
_FLUSHED = 64 << 20


class HashedFile:
    """A new file for writing; reading it again for its hash costs more than hashing what is at hand.

    Use it as a context manager; leaving it without an error waits until hash and disk are through.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Args:
            path: replaced if it is there.
        """
        self._stream = path.open("wb", buffering=0)
        self._digest = hashlib.sha256()
        self._pool = ThreadPoolExecutor(1)
        self._parts: list[bytes] = []
        self._size = 0
        self._since = 0
        self._waiting: deque[Future[None]] = deque()
        self._disk = ThreadPoolExecutor(1)
        self._flush: Future[None] | None = None

    def write(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            OSError: the disk is full, perhaps by what was written before.
        """
        self._parts.append(data)
        self._size += len(data)
        if self._size >= _BLOCK:
            self._hand_over()

    def _hand_over(self) -> None:
        parts, self._parts, self._size = self._parts, [], 0
        self._waiting.append(self._pool.submit(self._take, parts))
        while len(self._waiting) > _MOST_WAITING:
            self._waiting.popleft().result()

    def _take(self, parts: list[bytes]) -> None:
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        rest = memoryview(data)
        while rest:
            rest = rest[self._stream.write(rest) or 0 :]
        self._digest.update(data)
        self._since += len(data)
        if self._since >= _FLUSHED:  # in between, so that the end does not wait for the whole file
            self._wait_for_flush()
            self._flush = self._disk.submit(os.fdatasync, self._stream.fileno())
            self._since = 0

    def _wait_for_flush(self) -> None:
        if self._flush is not None:
            self._flush.result()

    def sha256(self) -> str:
        """Return the hex sha256 of a file that was left without an error."""
        return self._digest.hexdigest()

    def __enter__(self) -> "HashedFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._hand_over()
                while self._waiting:
                    self._waiting.popleft().result()
                self._wait_for_flush()
                os.fsync(self._stream.fileno())
        finally:
            self._pool.shutdown(cancel_futures=True)
            self._disk.shutdown()
            self._stream.close()
