"""Tar archives whose bytes depend on their members alone, and a reader that trusts none of them.

Written: POSIX ustar, one regular file a member, time 0, owner 0, mode 0644, in the order given. Read: only flat, safe
names with known extensions; anything else (a path that climbs, a link, a device, a name twice, a cut-off member) stops
the reading with the file and the byte where it happened.
"""

import os
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from rsvlm.errors import IntegrityError

BLOCK = tarfile.BLOCKSIZE
MEMBER_PATTERN = re.compile(r"([a-z0-9][a-z0-9_-]{0,91})\.(jpg|png|json)")
LARGEST_MEMBER = 512 << 20
MOST_MEMBERS = 2_000_000


@dataclass(frozen=True)
class Member:
    """A file inside an archive: its name split at the dot, where its bytes start, how many there are."""

    key: str
    extension: str
    offset: int
    size: int


class Sink(Protocol):
    """What an archive is written to."""

    def write(self, data: bytes, /) -> Any:
        """Append bytes."""


class TarWriter:
    """Writes an archive member by member; `close` ends it, and the stream stays its owner's."""

    def __init__(self, stream: Sink) -> None:
        """Start an archive.

        Args:
            stream: empty and open for writing.
        """
        self._stream = stream
        self._position = 0

    def add(self, name: str, data: bytes) -> int:
        """Append one member and return the offset at which its bytes start.

        Args:
            name: at most 100 bytes, as in `MEMBER_PATTERN`.
            data: the member's bytes.
        """
        padding = bytes(-len(data) % BLOCK)
        for part in (_header(name, len(data)), data, padding):
            self._stream.write(part)
        offset = self._position + BLOCK
        self._position = offset + len(data) + len(padding)
        return offset

    def close(self) -> None:
        """Write the end of the archive: two empty blocks, then zeros up to a full record of 10,240 bytes."""
        end = self._position + 2 * BLOCK
        self._stream.write(bytes(2 * BLOCK + -end % tarfile.RECORDSIZE))


def _plain_header() -> bytes:
    info = tarfile.TarInfo()
    info.mtime, info.mode = 0, 0o644
    return info.tobuf(tarfile.USTAR_FORMAT)


_PLAIN_HEADER = _plain_header()
_NAME, _SIZE, _CHECKSUM = slice(0, 100), slice(124, 136), slice(148, 156)


def _header(name: str, size: int) -> bytes:
    """Return the ustar header of a regular file: the plain one with name, size and checksum filled in.

    Raises:
        ValueError: the name has more than 100 bytes, or the size more than 11 octal digits.
    """
    encoded, octal = name.encode(), b"%011o" % size
    if len(encoded) > _NAME.stop or len(octal) > 11:
        raise ValueError(f"{name!r} of {size:,} bytes does not fit into a ustar header")
    header = bytearray(_PLAIN_HEADER)
    header[_NAME] = encoded.ljust(100, b"\0")
    header[_SIZE] = octal + b"\0"
    header[_CHECKSUM] = b" " * 8  # counted as spaces in the sum
    header[_CHECKSUM] = b"%06o\0 " % sum(header)
    return bytes(header)


def _refuse(path: Path, offset: int, why: str) -> IntegrityError:
    return IntegrityError(f"{path}: byte {offset:,}: {why}; make the shard again or get it from a source you trust")


def _member(path: Path, offset: int, header: bytes) -> Member:
    try:
        info = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError, ValueError) as error:
        raise _refuse(path, offset, f"not a tar header ({error})") from None
    if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
        raise _refuse(path, offset, f"member {info.name[:80]!r} is not a regular file (links, devices and extensions are refused)")
    name = MEMBER_PATTERN.fullmatch(info.name)
    if name is None:
        raise _refuse(path, offset, f"member name {info.name[:80]!r} is not allowed (a safe id and .jpg, .png or .json)")
    if not 0 <= info.size <= LARGEST_MEMBER:
        raise _refuse(path, offset, f"member {info.name!r} claims {info.size:,} bytes; {LARGEST_MEMBER:,} allowed")
    return Member(name[1], name[2], offset + BLOCK, info.size)


def walk(path: Path) -> Iterator[Member]:
    """Yield the members of an archive in order, reading headers only.

    Raises:
        IntegrityError: cut off, damaged, or with a member that is not allowed; file and byte are named.
    """
    length = path.stat().st_size
    seen: set[str] = set()
    with path.open("rb") as stream:
        offset = 0
        while True:
            header = os.pread(stream.fileno(), BLOCK, offset)
            if len(header) < BLOCK:
                raise _refuse(path, offset, "the archive is cut off (no end mark)")
            if header == bytes(BLOCK):
                _check_end(stream, path, offset, length)
                return
            member = _member(path, offset, header)
            name = f"{member.key}.{member.extension}"
            if name in seen:
                raise _refuse(path, offset, f"member {name!r} is there twice")
            seen.add(name)
            if len(seen) > MOST_MEMBERS:
                raise _refuse(path, offset, f"more than {MOST_MEMBERS:,} members")
            offset = member.offset + -(-member.size // BLOCK) * BLOCK
            if offset > length:
                raise _refuse(path, length, f"the archive is cut off inside member {name!r}")
            yield member


def _check_end(stream: BinaryIO, path: Path, offset: int, length: int) -> None:
    """After the first empty block only zeros may follow, at least one block of them."""
    stream.seek(offset)
    rest = length - offset
    if rest < 2 * BLOCK:
        raise _refuse(path, offset, "the archive is cut off (half an end mark)")
    if rest > 2 * tarfile.RECORDSIZE or stream.read().strip(b"\0"):
        raise _refuse(path, offset, "there is data behind the end of the archive")
