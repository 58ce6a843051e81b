"""Files that exist whole or not at all, and manifests that prove what was written.

Everything rsvlm leaves behind is published the same way: written beside its final path, flushed, given a manifest with
the sha256 of every file, and renamed. A reader calls `verify` first, because a cache that hands out corrupted bytes
cannot be told from one that does not.
"""

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.errors import IntegrityError, RsvlmError

MANIFEST = "manifest.json"
_READ = 1 << 20
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_FLUSHES = 16


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_READ):
            digest.update(block)
    return digest.hexdigest()


def canonical_json(value: Any) -> bytes:
    """Return the one byte string that stands for a JSON value: sorted keys, no spare spaces, no NaN, one final newline."""
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n").encode()


def readable_json(value: Any) -> bytes:
    """Return sorted, indented JSON for files that people read; as canonical as `canonical_json`."""
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def sha256_of(value: Any) -> str:
    """Return the hex sha256 of a JSON value's canonical bytes."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


@dataclass(frozen=True)
class FileEntry:
    """One file of a manifest: path relative to the folder (POSIX), size in bytes, hex sha256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a published folder holds: its files, and facts about it (counts, licences, versions)."""

    files: tuple[FileEntry, ...]
    facts: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """The hash that stands for the whole folder."""
        return sha256_of(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form, as stored."""
        files = [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in self.files]
        return {"format": 1, "files": files, "facts": dict(self.facts)}


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def partial_path(final: Path) -> Path:
    """Return the path beside `final` (same file system) where its new content is written first."""
    return final.with_name(f".{final.name}.partial-{os.getpid()}")


@contextlib.contextmanager
def explain_write_errors(path: Path) -> Iterator[None]:
    """Turn a full disk or a missing permission into one clear line that names the path."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise RsvlmError(f"{path}: the disk is full; free some space there and run again") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise RsvlmError(f"{path}: no permission to write here; change its owner or choose another folder") from error
        raise


def write_atomic(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a file whole: beside its final path, flushed to disk, then renamed over it.

    Args:
        path: the file.
        data: its bytes, or parts of them one after the other.

    Raises:
        RsvlmError: the disk is full or the folder may not be written.
    """
    partial = partial_path(path)
    with explain_write_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as stream:
                stream.writelines([data] if isinstance(data, bytes) else data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        _fsync(path.parent)


def list_files(folder: Path) -> list[Path]:
    """Return all regular files below a folder in a fixed order, relative to it; links are not followed."""
    found: list[Path] = []
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        found.extend(Path(parent, name).relative_to(folder) for name in names)
    return sorted(found, key=lambda path: path.as_posix())


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> Manifest:
    """Hash every file below `folder` and write `manifest.json` there, last and whole."""
    entries = []
    for relative in list_files(folder):
        if relative.as_posix() == MANIFEST:
            continue
        path = folder / relative
        entries.append(FileEntry(relative.as_posix(), path.stat().st_size, sha256_file(path)))
    manifest = Manifest(tuple(entries), dict(facts))
    write_atomic(folder / MANIFEST, readable_json(manifest.as_json()))
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read a folder's manifest without checking its files.

    Raises:
        IntegrityError: there is none, or it cannot be read.
    """
    path = folder / MANIFEST
    try:
        stored = json.loads(path.read_bytes())
        files = tuple(FileEntry(f["path"], f["size"], f["sha256"]) for f in stored["files"])
        return Manifest(files, stored["facts"])
    except FileNotFoundError:
        raise IntegrityError(f"{folder}: no {MANIFEST}; it was not published whole: make it again") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(f"{path}: not a readable manifest ({error}); make the folder again") from None


def verify(folder: Path, *, only: str = "") -> Manifest:
    """Check the files of a published folder against its manifest and return it.

    Args:
        folder: the published folder.
        only: check just the paths that start with this (a cheap check before reading a part).

    Raises:
        IntegrityError: a file is missing, has another size, or other bytes; the message names the first such file.
    """
    manifest = read_manifest(folder)
    for entry in manifest.files:
        if not entry.path.startswith(only):
            continue
        path = folder / entry.path
        if not path.is_file():
            raise IntegrityError(f"{path}: listed in the manifest but missing; make {folder} again")
        size = path.stat().st_size
        if size != entry.size:
            raise IntegrityError(f"{path}: {size} bytes instead of {entry.size}; make {folder} again")
        if sha256_file(path) != entry.sha256:
            raise IntegrityError(f"{path}: its bytes changed since it was written (sha256 differs); make {folder} again")
    return manifest


def remove(path: Path) -> None:
    """Remove a file or a folder tree, also one of read-only files; a missing path is fine."""
    if path.is_dir() and not path.is_symlink():
        for parent, _, _ in os.walk(path):
            os.chmod(parent, 0o755)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two paths in one step where the system can (Linux renameat2); say whether it could."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    return bool(library.renameat2(_AT_FDCWD, bytes(first), _AT_FDCWD, bytes(second), _RENAME_EXCHANGE) == 0)


@contextlib.contextmanager
def publish(final: Path, facts: Mapping[str, Any] | None = None) -> Iterator[Path]:
    """Yield an empty folder to fill; on success give it a manifest and put it at `final` in one rename.

    On an error nothing is left behind and what stood at `final` is untouched. `facts` is read at the end, so a caller
    may fill the mapping while it works.

    Raises:
        RsvlmError: the disk is full or may not be written.
    """
    partial = partial_path(final)
    with explain_write_errors(final):
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            for stale in final.parent.glob(f".{final.name}.partial-*"):
                remove(stale)
            partial.mkdir()
            yield partial
            write_manifest(partial, facts or {})
            with ThreadPoolExecutor(_FLUSHES) as pool:  # the disk joins flushes that wait together; one by one, each waits alone
                list(pool.map(_fsync, [partial / relative for relative in list_files(partial)]))
            replace_folder(partial, final)
        finally:
            remove(partial)


def replace_folder(new: Path, final: Path) -> None:
    """Put the folder `new` at `final`, whatever stands there, so that `final` is never half of anything."""
    if not final.exists():
        os.rename(new, final)
    elif not _exchange(new, final):
        old = final.with_name(f".{final.name}.old-{os.getpid()}")
        os.rename(final, old)
        os.rename(new, final)
        remove(old)
    _fsync(final.parent)
