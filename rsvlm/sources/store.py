"""The download store: what was fetched once, kept by its sha256, shared by all recipes of a workspace.

A transfer fills `<key>.partial` and goes on there after an interruption; only checked bytes get the final name. A lock
keeps two processes from filling the same partial.
"""

import contextlib
import fcntl
import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rsvlm.errors import SourceError
from rsvlm.files import explain_write_errors, sha256_file

logger = logging.getLogger("rsvlm.sources")


@dataclass(frozen=True)
class Wanted:
    """Bytes to fetch.

    Attributes:
        name: the member's name or path at its address.
        sha256: hex sha256 that the bytes must have; None where only what is made of them is known.
        size: length in bytes, where known.
    """

    name: str
    sha256: str | None = None
    size: int | None = None


def key_of(address: str, wanted: Wanted) -> str:
    """Return the store's name for bytes: their sha256, or a hash of where they are."""
    return wanted.sha256 or "at-" + hashlib.sha256(f"{address}\n{wanted.name}".encode()).hexdigest()


@dataclass(frozen=True)
class Store:
    """A folder of fetched files."""

    folder: Path

    def path(self, key: str) -> Path:
        """Return where the bytes of a key are kept."""
        return self.folder / key

    def has(self, key: str, sha256: str | None) -> bool:
        """Say whether the bytes are here and whole; bytes that changed since are dropped."""
        path = self.path(key)
        if not path.is_file():
            return False
        if sha256 is not None and sha256_file(path) != sha256:
            logger.warning("%s: bytes in the download store changed; fetching them again", key)
            path.unlink()
            return False
        return True

    def get(self, key: str, wanted: Wanted, where: str, bring: Callable[[Path], None]) -> Path:
        """Return the stored file of a key, fetched by `bring(partial)` if it is not here.

        Args:
            key: the store's name of the bytes.
            wanted: what they must be.
            where: the address, for messages.
            bring: fills the partial file, going on from the bytes that it holds already.

        Raises:
            SourceError: the bytes are not what the definition promises; nothing is left under the final name.
        """
        final, partial = self.path(key), self.folder / f"{key}.partial"
        with explain_write_errors(final), self._locked(key):
            if self.has(key, wanted.sha256):
                return final
            resumed = partial.exists()
            bring(partial)
            problem = check(partial, wanted)
            if problem and resumed:
                partial.unlink()  # what was there before may belong to other bytes: once more, from the start
                bring(partial)
                problem = check(partial, wanted)
            if problem:
                partial.unlink()
                raise SourceError(f"{where}: {problem}; the publisher changed the file, or something on the way did")
            partial.replace(final)
        return final

    @contextlib.contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Hold one of 256 locks, chosen by the key, so that a million files do not leave a million lock files."""
        locks = self.folder / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / key[-2:]).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                logger.debug("%s: another transfer holds its lock; waiting", key)
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def check(path: Path, wanted: Wanted) -> str:
    """Return what is wrong with a fetched file, or an empty string."""
    size = path.stat().st_size
    if wanted.size is not None and size != wanted.size:
        return f"{size:,} bytes instead of {wanted.size:,}"
    if wanted.sha256 is not None and (found := sha256_file(path)) != wanted.sha256:
        return f"sha256 {found} instead of {wanted.sha256}"
    return ""
