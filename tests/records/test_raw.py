import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsvlm.errors import DataError
from rsvlm.records.raw import RawSource
from rsvlm.records.unfit import Unfit


@pytest.fixture
def source(tmp_path):
    (tmp_path / "files/a").mkdir(parents=True)
    (tmp_path / "files/a/b.jpg").write_bytes(b"x")
    (tmp_path / "secret").write_bytes(b"x")
    row = {"file": "a/b.jpg", "licence": "MIT", "gsd": 0.5, "west": 1.0, "south": 2.0, "east": 3.0, "north": None}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "index.parquet")
    return RawSource("made", tmp_path)


def test_what_the_index_says_is_told_and_nothing_is_guessed(source):
    assert (source.licence("a/b.jpg"), source.gsd("a/b.jpg"), source.bounds("a/b.jpg")) == ("MIT", 0.5, None)
    assert (source.licence("other"), source.gsd("other"), source.bounds("other")) == ("", None, None)
    assert list(source.find("*/*.jpg")) == ["a/b.jpg"]


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd", "a/b.jpg\0.png", "", "."])
def test_names_that_leave_the_folder_are_refused(source, name):
    with pytest.raises(Unfit, match="file name leaves its folder"):
        source.path(name)


def test_missing_files_and_patterns_are_told(source):
    with pytest.raises(Unfit, match=r"file is missing: a/c.jpg"):
        source.path("a/c.jpg")
    with pytest.raises(DataError, match=r"nothing matches '\*.tif'"):
        source.find("*.tif")


def test_names_that_no_file_system_takes_are_missing_files(source):
    for name in ("a" * 5_000, f"a/{'b' * 300}.jpg"):
        with pytest.raises(Unfit, match="file is missing"):
            source.path(name)


@pytest.mark.parametrize("pattern", ["/etc/*", "", "../*", "a/**", "A/*.jpg"])
def test_patterns_that_match_nothing_are_told(source, pattern):
    with pytest.raises(DataError, match="nothing matches"):
        source.find(pattern)


def test_a_source_without_index_is_told(tmp_path):
    with pytest.raises(DataError, match="no readable index of source 'made'"):
        RawSource("made", tmp_path).licence("a")
