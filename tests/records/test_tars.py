import io
import tarfile

import pytest

from rsvlm.errors import IntegrityError
from rsvlm.records.tars import TarWriter, walk


def written(path, members):
    with path.open("wb") as stream:
        archive = TarWriter(stream)
        offsets = [archive.add(name, data) for name, data in members]
        archive.close()
    return offsets


def foreign(path, *members):
    """An archive as anybody may make one."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, change in members:
            info = tarfile.TarInfo(name)
            data = b"x" * 10
            info.size = len(data)
            for key, value in change.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data) if info.type == tarfile.REGTYPE else None)


def test_archives_are_read_by_pythons_tarfile_and_equal_its_bytes(tmp_path):
    members = [("a.jpg", b"\xff\xd8" + bytes(700)), ("a.json", b"{}\n"), ("b.png", b""), ("b.json", bytes(512))]
    offsets = written(tmp_path / "own.tar", members)
    with tarfile.open(tmp_path / "reference.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            archive.addfile(info, io.BytesIO(data))
    data = (tmp_path / "own.tar").read_bytes()
    assert data == (tmp_path / "reference.tar").read_bytes()
    assert [data[offset : offset + len(content)] for offset, (_, content) in zip(offsets, members, strict=True)] == [c for _, c in members]
    assert [(m.key, m.extension, m.offset, m.size) for m in walk(tmp_path / "own.tar")] == [
        (*name.split("."), offset, len(content)) for offset, (name, content) in zip(offsets, members, strict=True)
    ]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("../../x.jpg", {}, "not allowed"),
        ("/etc/passwd.json", {}, "not allowed"),
        ("a/b.jpg", {}, "not allowed"),
        ("a.pyd", {}, "not allowed"),
        ("a.pth", {}, "not allowed"),
        ("a.pickle", {}, "not allowed"),
        ("A.jpg", {}, "not allowed"),
        ("a.b.jpg", {}, "not allowed"),
        ("a.jpg", {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd", "size": 0}, "not a regular file"),
        ("a.jpg", {"type": tarfile.LNKTYPE, "linkname": "b.jpg", "size": 0}, "not a regular file"),
        ("a.jpg", {"type": tarfile.CHRTYPE, "size": 0}, "not a regular file"),
        ("a.jpg", {"type": tarfile.FIFOTYPE, "size": 0}, "not a regular file"),
        ("a.jpg", {"type": tarfile.DIRTYPE, "size": 0}, "not a regular file"),
    ],
)
def test_members_that_could_harm_are_refused_with_file_and_byte(tmp_path, name, change, words):
    path = tmp_path / "bad.tar"
    foreign(path, ("good.jpg", {}), (name, change))
    with pytest.raises(IntegrityError, match=words) as caught:
        list(walk(path))
    assert f"{path}: byte 1,024" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_twice_is_refused(tmp_path):
    foreign(tmp_path / "twice.tar", ("a.jpg", {}), ("a.jpg", {}))
    with pytest.raises(IntegrityError, match="there twice"):
        list(walk(tmp_path / "twice.tar"))


def test_long_names_in_extension_headers_are_refused(tmp_path):
    path = tmp_path / "long.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("x" * 150 + ".jpg")
        archive.addfile(info, io.BytesIO())
    with pytest.raises(IntegrityError, match="not a regular file"):
        list(walk(path))


def test_a_lying_size_is_refused(tmp_path):
    path = tmp_path / "lie.tar"
    info = tarfile.TarInfo("a.jpg")
    info.size = 1 << 32
    path.write_bytes(info.tobuf(tarfile.USTAR_FORMAT) + bytes(10_240))
    with pytest.raises(IntegrityError, match="claims 4,294,967,296 bytes"):
        list(walk(path))


@pytest.mark.parametrize("length", [0, 100, 512, 700, 1536, 2047, 2048, 2600])
def test_an_archive_cut_off_anywhere_is_refused_with_the_byte(tmp_path, length):
    path = tmp_path / "cut.tar"
    written(path, [("a.jpg", bytes(1000)), ("a.json", b"{}\n")])
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(IntegrityError, match=r"byte [\d,]+: the archive is cut off|not a tar header"):
        list(walk(path))


def test_data_behind_the_end_and_damaged_headers_are_refused(tmp_path):
    path = tmp_path / "more.tar"
    written(path, [("a.jpg", bytes(10))])
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    with pytest.raises(IntegrityError, match="behind the end"):
        list(walk(path))
    path.write_bytes(b"b" + whole[1:])
    with pytest.raises(IntegrityError, match="byte 0: not a tar header"):
        list(walk(path))
