"""A file that other threads hash and flush: its bytes are right, and no fault of the disk is lost."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from rsvlm.records import hashed
from rsvlm.records.hashed import HashedFile


def write(path: Path, parts: Iterable[bytes]) -> str:
    """Write a file and return its hash."""
    with HashedFile(path) as file:
        for part in parts:
            file.write(part)
    return file.sha256()


def test_bytes_and_hash_are_those_that_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashed, "_BLOCK", 1000)
    monkeypatch.setattr(hashed, "_FLUSHED", 3000)
    parts = [os.urandom(size) for size in (0, 1, 999, 1000, 5000, 3, *([700] * 60))]
    digest = write(tmp_path / "a", parts)
    written = (tmp_path / "a").read_bytes()
    assert written == b"".join(parts)
    assert digest == hashlib.sha256(written).hexdigest()


@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
def test_a_disk_that_cannot_keep_the_bytes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hashed, "_BLOCK", 1000)
    monkeypatch.setattr(hashed, "_FLUSHED", 3000)
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "a", [bytes(700)] * 20)


def test_a_device_that_is_full_is_told() -> None:
    with pytest.raises(OSError, match="No space left"):
        write(Path("/dev/full"), [bytes(700)])


def test_an_error_of_the_caller_is_the_one_that_is_seen(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"abc"
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        write(tmp_path / "a", parts())
