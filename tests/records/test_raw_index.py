"""The index of a source by file: what it says, and the files of a pattern, held to what `pathlib` finds on disk."""

import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsvlm.records import raw_index
from rsvlm.records.raw_index import RawIndex

FILES = [
    "a.jpg", "b.JPG", "train/a.jpg", "train/a.png", "train/.hidden.jpg", "train/deep/er/c.jpg", "train-2/a.jpg", "train/[x].jpg",
    "train/x.jpg", "\u8239/\u6e2f.jpg", "train0/a.jpg", "z/y/x/w.tif", "train/deep/d.jpg",
]  # fmt: skip
PATTERNS = [
    "*", "*.jpg", "*/*.jpg", "train/*", "train/*.jpg", "**/*.jpg", "train/**/*.jpg", "**/deep/*", "*/**/*.tif", "train/a.*", "a.jpg",
    "train/[ax].jpg", "train/[[]x].jpg", "train/[!a].jpg", "?.jpg", "train*/a.jpg", "\u8239/*", "**", "train/**",
    "no/*", "**/**/c.jpg", "train/",
]  # fmt: skip


def index_of(folder: Path, rows: list[dict], **more) -> RawIndex:
    blank = dict.fromkeys(("gsd", "licence", "west", "south", "east", "north", "longitude", "width", "date"))
    pq.write_table(pa.Table.from_pylist([{**blank, **row} for row in rows]), folder / "index.parquet", **more)
    return RawIndex(folder / "index.parquet")


@pytest.mark.parametrize("rows", [2, 5_000])
def test_patterns_find_what_pathlib_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(raw_index, "_ROWS", rows)
    root = tmp_path / "files"
    for file in FILES:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    index = index_of(tmp_path, [{"file": file} for file in FILES])
    for pattern in PATTERNS:
        expected = sorted({path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_file()})
        assert list(index.matching(pattern)) == expected, pattern
    assert list(index.files()) == sorted(FILES)
    assert list(index.files("train/")) == sorted(file for file in FILES if file.startswith("train/"))


def test_rows_keep_their_values_and_kinds(tmp_path: Path) -> None:
    rows = [{"file": f"{number:05d}.png", "gsd": 1.0 + number, "licence": "MIT", "width": number, "date": None} for number in range(12_000)]
    index = index_of(tmp_path, rows, row_group_size=700)
    for number in (11_999, 0, 700, 699):
        row = index.row(f"{number:05d}.png")
        assert (row["gsd"], row["licence"], row["width"], row["date"], row["north"]) == (1.0 + number, "MIT", number, None, None)
        assert isinstance(row["gsd"], float)
        assert isinstance(row["width"], int)
    assert index.row("12000.png") == {}


def test_a_number_that_is_none_is_not_taken_for_unknown(tmp_path: Path) -> None:
    index = index_of(tmp_path, [{"file": "a", "gsd": math.nan}, {"file": "b", "gsd": math.inf}, {"file": "c", "gsd": None}])
    assert math.isnan(index.row("a")["gsd"])
    assert index.row("b")["gsd"] == math.inf
    assert index.row("c")["gsd"] is None


@pytest.mark.parametrize("row", [{"file": None}, {"file": "a", "gsd": [1.0]}, {"file": "a", "gsd": {"x": 1}}])
def test_values_that_are_none_of_an_index_are_told(tmp_path: Path, row: dict) -> None:
    with pytest.raises(ValueError, match="no value of an index"):
        index_of(tmp_path, [row])


def test_two_go_through_the_files_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_index, "_ROWS", 3)
    index = index_of(tmp_path, [{"file": f"{number}.png", "gsd": 0.5} for number in range(9)])
    for one, other in zip(index.files(), index.matching("*.png"), strict=True):
        assert one == other
        assert index.row(one)["gsd"] == 0.5


@pytest.mark.parametrize("missing", ["gsd", "file", "north"])
def test_an_index_without_a_column_is_none(tmp_path: Path, missing: str) -> None:
    row = dict.fromkeys(("file", "gsd", "licence", "west", "south", "east", "north"), "")
    del row[missing]
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "index.parquet")
    with pytest.raises(LookupError, match=f"no column {missing}"):
        RawIndex(tmp_path / "index.parquet")
