import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from rsvlm.errors import SourceError
from rsvlm.sources import archives
from rsvlm.sources.definition import ArchiveAddress
from rsvlm.sources.store import Store, Wanted

from .conftest import Server, sha256, whole

A, B = b"first" * 1000, b"second" * 1000


def _tar(members: list[tuple[str, bytes | tarfile.TarInfo]], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                tar.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def _special(kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


def _bring(server: Server, data: bytes, tmp_path: Path, wanted: dict[str, bytes], strip: int = 1) -> dict[str, Path]:
    server.answers["/a.tar.gz"] = whole(data)
    address = ArchiveAddress(kind="archive", url=f"{server.url}/a.tar.gz", strip=strip, prefix="AID/")
    items = [Wanted(name, sha256(content), len(content)) for name, content in wanted.items()]
    return archives.bring(address, items, Store(tmp_path / "store"))


GOOD = [("top", _special(tarfile.DIRTYPE)), ("top/AID/x/a.jpg", A), ("top/AID/other.jpg", b"unwanted"), ("top/AID/b.jpg", B)]


@pytest.mark.parametrize("data", [_tar(GOOD), _tar(GOOD, "w"), _zip({"top/AID/x/a.jpg": A, "top/AID/b.jpg": B, "top/c": b""})])
def test_brings_wanted_members_only(server: Server, tmp_path: Path, data: bytes) -> None:
    found = _bring(server, data, tmp_path, {"x/a.jpg": A, "b.jpg": B})
    assert {name: path.read_bytes() for name, path in found.items()} == {"x/a.jpg": A, "b.jpg": B}
    assert {path.name for path in (tmp_path / "store").iterdir() if path.name != "locks"} == {sha256(A), sha256(B)}
    _bring(server, data, tmp_path, {"x/a.jpg": A})
    assert len(server.asked) == 1  # the store had it


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([("top/../../x", b"out")], "leads out"),
        ([("/etc/passwd", b"out")], "leads out"),
        ([("top/AID/b.jpg", _special(tarfile.SYMTYPE, "/etc/passwd"))], "link or a device"),
        ([("top/AID/b.jpg", _special(tarfile.LNKTYPE, "top/AID/other.jpg"))], "link or a device"),
        ([("top/AID/b.jpg", _special(tarfile.CHRTYPE))], "link or a device"),
        ([("top/AID/b.jpg", B), ("top/AID/b.jpg", B)], None),
        ([("top/AID/b.jpg", b"changed")], "bytes instead of"),
        ([("top/AID/c.jpg", B)], r"holds no 'AID/b\.jpg'"),
    ],
)
def test_hostile_and_wrong_archives(server: Server, tmp_path: Path, members: list[tuple[str, bytes]], words: str | None) -> None:
    if words is None:
        assert _bring(server, _tar(members), tmp_path, {"b.jpg": B})
        return
    with pytest.raises(SourceError, match=words):
        _bring(server, _tar(members), tmp_path, {"b.jpg": B})
    assert not [path for path in (tmp_path / "store").iterdir() if path.name != "locks"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store"]


def test_a_wanted_name_that_comes_twice_is_refused(server: Server, tmp_path: Path) -> None:
    members = [("top/AID/a.jpg", A), ("top/AID/a.jpg", b"other"), ("top/AID/b.jpg", B)]
    with pytest.raises(SourceError, match="twice"):
        _bring(server, _tar(members), tmp_path, {"a.jpg": A, "b.jpg": B})


def test_a_cut_off_archive_is_refused(server: Server, tmp_path: Path) -> None:
    noise = __import__("random").Random(1).randbytes(100_000)
    for data in (_tar([("top/AID/b.jpg", noise)]), _tar([("top/AID/b.jpg", noise)], "w")):
        with pytest.raises(SourceError, match=r"not a whole|no 'AID"):
            _bring(server, data[: len(data) // 2], tmp_path, {"b.jpg": noise})


def test_a_zip_name_that_climbs_out_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="leads out"):
        _bring(server, _zip({"top/../../x": b"x", "top/AID/b.jpg": B}), tmp_path, {"b.jpg": B})


def test_bombs_are_refused(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_RATIO_COUNTS_FROM", 1_000_000)
    zeros = bytes(40_000_000)
    with pytest.raises(SourceError, match="bomb"):
        _bring(server, _tar([("top/AID/zeros", zeros), ("top/AID/b.jpg", B)]), tmp_path, {"b.jpg": B})
    with pytest.raises(SourceError, match="bomb"):
        _bring(server, _zip({"top/AID/b.jpg": zeros}), tmp_path, {"b.jpg": zeros})
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    with pytest.raises(SourceError, match="more than 10 members"):
        _bring(server, _tar([(f"top/{number}", b"") for number in range(50)]), tmp_path, {"b.jpg": B})


@pytest.mark.fault
@pytest.mark.parametrize(
    ("local", "central", "value"),
    [(6, 8, b"\x01\0"), (8, 10, b"\x61\0"), (4, 6, b"\xff\xff"), (8, 10, b"\x0c\0"), (8, 10, b"\x0e\0")],
    ids=["encrypted", "unknown method", "unknown version", "no bzip2 inside", "no lzma inside"],
)
def test_a_zip_that_cannot_be_read_is_one_line(server: Server, tmp_path: Path, local: int, central: int, value: bytes) -> None:
    data = bytearray(_zip({"top/AID/b.jpg": B}))
    for mark, offset in ((b"PK\3\4", local), (b"PK\1\2", central)):
        start = data.index(mark) + offset
        data[start : start + 2] = value
    with pytest.raises(SourceError, match=r"not a whole tar\.gz or zip archive"):
        _bring(server, bytes(data), tmp_path, {"b.jpg": B})
    assert not (tmp_path / "store" / sha256(B)).exists()


def test_not_an_archive(server: Server, tmp_path: Path) -> None:
    for data in (b"<html>rate limited</html>", gzip.compress(b"no tar")):
        with pytest.raises(SourceError, match=r"not a whole|no 'AID"):
            _bring(server, data, tmp_path, {"b.jpg": B})
