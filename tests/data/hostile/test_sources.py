"""Malformed sources: what cannot be acquired, what changed after it was, and what an index says of one file among good ones."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsvlm.files import MANIFEST, write_manifest
from tests.data.hostile.bench import SOURCE, Hostile, Outcome, World, acquired, judge, outcome, picture
from tests.data.hostile.test_annotations import DOTA, LINE

pytestmark = pytest.mark.integration
INDEX = f"{SOURCE}/index.parquet"
ONE = f"{SOURCE}/files/pictures/p1.png"


def bytes_of(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def spoil(raw: Path) -> None:
        (raw / name).write_bytes(change((raw / name).read_bytes()))

    return spoil


def whole(spoil: Callable[[Path], None]) -> Callable[[Path], None]:
    """The same, in a folder whose manifest agrees."""

    def spoiled(raw: Path) -> None:
        spoil(raw)
        (raw / MANIFEST).unlink()
        write_manifest(raw, {})

    return spoiled


def told(**of_picture: Any) -> Callable[[Path], None]:
    """Let the index say something else of the picture q."""

    def spoil(raw: Path) -> None:
        table = pq.read_table(raw / INDEX)
        rows = [row | of_picture if row["file"] == "pictures/q.png" else row for row in table.to_pylist()]
        schema = pa.schema([field.with_nullable(True) for field in table.schema])
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), raw / INDEX)

    return whole(spoil)


def known(name: str, aside: str, **of_picture: Any) -> Hostile:
    files = {"pictures/q.png": picture(9), "labels/q.txt": LINE}
    return Hostile(f"index: {name}", files, aside=f"^record: {aside}$", spoil=told(**of_picture))


def damaged(name: str, spoil: Callable[[Path], None], error: str) -> Hostile:
    return Hostile(name, error=error, spoil=spoil)


CASES = [
    damaged(
        "picture with a flipped byte",
        bytes_of(ONE, lambda data: data[:50] + bytes([data[50] ^ 1]) + data[51:]),
        r"p1\.png: its bytes changed",
    ),
    damaged("picture cut", bytes_of(ONE, lambda data: data[:50]), r"p1\.png: 50 bytes instead of \d+; make"),
    damaged("picture gone", lambda raw: (raw / ONE).unlink(), r"p1\.png: listed in the manifest but missing"),
    damaged("no manifest", lambda raw: (raw / MANIFEST).unlink(), r"tiny: no manifest\.json; it was not published whole"),
    damaged("manifest cut", bytes_of(MANIFEST, lambda data: data[:99]), r"manifest\.json: not a readable manifest"),
    damaged("manifest that is a list", bytes_of(MANIFEST, lambda data: b"[]"), r"manifest\.json: not a readable manifest"),
    damaged("manifest of depth", bytes_of(MANIFEST, lambda data: b"[" * 100_000), r"manifest\.json: not a readable manifest"),
    damaged("index cut", whole(bytes_of(INDEX, lambda data: data[:300])), r"index\.parquet: no readable index of source 'made'"),
    damaged("index of no bytes", whole(bytes_of(INDEX, lambda data: b"")), r"index\.parquet: no readable index of source 'made'"),
    damaged("index that is a CSV", whole(bytes_of(INDEX, lambda data: b"file,licence\n")), r"index\.parquet: no readable index"),
    damaged(
        "index of other columns",
        whole(lambda raw: pq.write_table(pa.table({"name": ["p0.png"]}), raw / INDEX)),
        r"index\.parquet: no readable index of source 'made'",
    ),
    known("GSD of NaN", "record is malformed", gsd=float("nan")),
    known("GSD of infinity", "record is malformed", gsd=float("inf")),
    known("GSD below nothing", "record is malformed", gsd=-1.0),
    known("latitude of 500", "record is malformed", west=1.0, south=2.0, east=3.0, north=500.0),
    known("longitude of 181", "record is malformed", west=1.0, south=2.0, east=181.0, north=3.0),
    known("south above north", "record is malformed", west=1.0, south=3.0, east=2.0, north=2.0),
    known("bounds of NaN", "record is malformed", west=1.0, south=float("nan"), east=2.0, north=2.0),
    known("date in words", "record is malformed", date="yesterday"),
    known("sensor of 101 letters", "record is malformed", sensor="s" * 101),
    known("sensor turned round", "sensor holds an invisible format character", sensor="\u202e2-lenitneS"),
    known("sensor with an escape", "sensor holds a control character", sensor="\x1b[31mS2"),
    known("licence of no width", "licence holds an invisible format character", licence="CC\u200b0"),
]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return outcome(DOTA, None, tmp_path_factory.mktemp("good"))


@pytest.mark.parametrize("hostile", CASES, ids=[hostile.name for hostile in CASES])
def test_damage_is_named_and_what_an_index_says_is_checked(hostile: Hostile, tmp_path: Path, good: Outcome) -> None:
    assert len(good.records) == 3
    judge(hostile, outcome(DOTA, hostile, tmp_path), good)


MIRRORS: dict[str, tuple[Callable[[Path], None], str]] = {
    "broken link": (lambda folder: (folder / "q.png").symlink_to("none.png"), r"q\.png: a broken link, a pipe or a device"),
    "link round itself": (lambda folder: (folder / "q.png").symlink_to("q.png"), r"q\.png: a broken link, a pipe or a device"),
    "pipe": (lambda folder: os.mkfifo(folder / "q.png"), r"q\.png: a broken link, a pipe or a device"),
    "name that is not UTF-8": (
        lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/q\xff.png")).write_bytes(b"x"),
        r"name is not UTF-8 text; rename it",
    ),
}


@pytest.mark.parametrize("name", MIRRORS)
def test_a_mirror_with_what_is_no_file_is_named(name: str, tmp_path: Path, good: Outcome) -> None:
    spoil, error = MIRRORS[name]
    (tmp_path / "mirror" / SOURCE).mkdir(parents=True)
    spoil(tmp_path / "mirror" / SOURCE)
    hostile = Hostile(name, error=error)
    judge(hostile, outcome(DOTA, hostile, tmp_path), good)


def test_an_empty_mirror_is_named(tmp_path: Path, good: Outcome) -> None:
    (tmp_path / "mirror" / SOURCE).mkdir(parents=True)
    hostile = Hostile("empty mirror", error=r"mirror/made: holds no files; made needs some")
    judge(hostile, outcome(World({}, DOTA.builder), hostile, tmp_path), good)


def test_a_good_source_is_the_same_at_each_acquisition(tmp_path: Path) -> None:
    first, second = (acquired(DOTA.files, tmp_path / part) for part in ("first", "second"))
    assert (first / MANIFEST).read_bytes() == (second / MANIFEST).read_bytes()
