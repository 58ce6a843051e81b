"""Members of tar.gz and zip archives, read one by one under limits; nothing is ever unpacked as a whole."""

import errno
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from rsvlm.errors import SourceError
from rsvlm.progress import Progress
from rsvlm.sources import http
from rsvlm.sources.definition import ArchiveAddress
from rsvlm.sources.store import Store, Wanted, key_of

MAX_MEMBERS = 500_000
MAX_RATIO = 200
# Below this many unpacked bytes the ratio says nothing: a few short text files pack very well.
_RATIO_COUNTS_FROM = 64_000_000
_BLOCK = 1 << 20
# What Python's readers raise for damaged archives, beside an OSError without a system's error number: RuntimeError stands
# for encrypted members and unknown methods, ValueError for names and sizes that are none.
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, RuntimeError, ValueError)


def bring(address: ArchiveAddress, wanted: list[Wanted], store: Store) -> dict[str, Path]:
    """Return local paths of an archive's members, transferring the archive if the store lacks any of them.

    Raises:
        SourceError: the transfer fails; the archive is damaged, hostile or larger than allowed; a member is missing,
            is no plain file, or is not the bytes that the definition lists.
    """
    place = f"{address.url}\n{address.prefix}"
    keys = {item.name: key_of(place, item) for item in wanted}
    missing = {address.prefix + item.name: item for item in wanted if not store.has(keys[item.name], item.sha256)}
    if missing:
        whole = Wanted("archive")
        key = key_of(address.url, whole)
        archive = store.get(key, whole, address.url, lambda part: http.download(address.url, part, max_bytes=address.max_bytes))
        try:
            extract(archive, address, missing, keys, store)
        except (*_DAMAGED, OSError) as error:
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise  # the disk's trouble, not the archive's
            raise SourceError(f"{address.url}: not a whole tar.gz or zip archive ({str(error)[:200]})") from None
        finally:
            archive.unlink(missing_ok=True)
    return {item.name: store.path(keys[item.name]) for item in wanted}


def extract(archive: Path, address: ArchiveAddress, missing: dict[str, Wanted], keys: dict[str, str], store: Store) -> None:
    """Put the missing members into the store.

    Args:
        archive: the archive on this machine.
        address: its address, for `strip` and messages.
        missing: what is wanted, by member name after stripping.
        keys: the store's name of each wanted item.
        store: where the members go.
    """
    left = dict(missing)
    progress = Progress(f"unpack {address.url.rsplit('/', 1)[-1]}", len(left), "files")
    for name, stream in _members(archive, address, set(missing)):
        item = left.pop(name, None)
        if item is None:
            raise SourceError(f"{address.url}: holds '{name}' twice")

        def write(partial: Path, stream: IO[bytes] = stream) -> None:
            with partial.open("wb") as sink:
                while block := stream.read(_BLOCK):
                    sink.write(block)

        store.get(keys[item.name], item, f"{address.url}: {name}", write)
        progress.advance()
        if not left:
            break
    if left:
        raise SourceError(f"{address.url}: holds no '{min(left)}'" + (f" (and {len(left) - 1} more missing)" if len(left) > 1 else ""))
    progress.finish()


def check_name(name: str, where: str) -> str:
    """Return a member's name if it stays inside the folder that it would be unpacked to.

    Raises:
        SourceError: the name is absolute, climbs out with `..`, or has control characters or backslashes.
    """
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or any(ord(letter) < 32 for letter in name):
        raise SourceError(f"{where}: member {name!r} leads out of its folder; the archive is refused")
    return name


def _stripped(name: str, address: ArchiveAddress) -> str:
    return "/".join(check_name(name, address.url).split("/")[address.strip :])


def _members(archive: Path, address: ArchiveAddress, names: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the wanted members, in the archive's order, each with a stream of its bytes."""
    with archive.open("rb") as stream:
        if zipfile.is_zipfile(stream):
            yield from _zip_members(archive, address, names)
        else:
            yield from _tar_members(stream, archive.stat().st_size, address, names)


class _Limited(io.RawIOBase):
    """A stream that refuses to unpack far more than it was given."""

    def __init__(self, stream: IO[bytes], packed: int, where: str) -> None:
        self._stream, self._where = stream, where
        self._left = max(packed * MAX_RATIO, _RATIO_COUNTS_FROM)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, _BLOCK) if size >= 0 else _BLOCK)
        self._left -= len(data)
        if self._left < 0:
            raise SourceError(f"{self._where}: unpacks to more than {MAX_RATIO} times its size; refused as a bomb")
        return data


def _tar_members(stream: IO[bytes], packed: int, address: ArchiveAddress, names: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
    stream.seek(0)
    magic = stream.read(2)
    stream.seek(0)
    inner = cast("IO[bytes]", gzip.GzipFile(fileobj=stream)) if magic == b"\x1f\x8b" else stream
    limited = _Limited(inner, packed, address.url)
    with tarfile.open(fileobj=limited, mode="r|") as tar:
        for count, member in enumerate(tar):
            if count >= MAX_MEMBERS:
                raise SourceError(f"{address.url}: more than {MAX_MEMBERS:,} members; refused")
            name = _stripped(member.name, address)
            if name not in names:
                continue
            content = tar.extractfile(member) if member.isreg() else None
            if content is None:
                raise SourceError(f"{address.url}: '{name}' is a link or a device, not a file; refused")
            yield name, content


def _zip_members(archive: Path, address: ArchiveAddress, names: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(archive) as packed:
        members = packed.infolist()
        if len(members) > MAX_MEMBERS:
            raise SourceError(f"{address.url}: more than {MAX_MEMBERS:,} members; refused")
        for member in members:
            name = _stripped(member.filename, address)
            if name not in names:
                continue
            mode = member.external_attr >> 16
            if member.is_dir() or stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                raise SourceError(f"{address.url}: '{name}' is a link or a folder, not a file; refused")
            with packed.open(member) as content:
                yield name, _Limited(content, member.compress_size, address.url)  # type: ignore[misc]
