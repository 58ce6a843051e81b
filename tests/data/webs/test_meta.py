"""What metadata say in words: RS5M's slots and their traps, files beside pictures, and a checker that finds lies."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsvlm.data.beside import bigearthnet_facts, facts_beside, metadata_file
from rsvlm.data.metadata import cells_of, moment_words, season, select_tags, slots_of, tile_gsd, tile_of, utm_zone, zone_of_projection
from rsvlm.data.wording import wording
from rsvlm.recipes.load import load_recipe
from rsvlm.records.unfit import Unfit
from rsvlm.sources.index import SCHEMA
from tests.data.tinyraw import Made, make, noise, write_source

FMOW = {
    "img_filename": "airport_0_rgb.jpg",
    "gsd": 0.5132,
    "img_width": 300,
    "img_height": 300,
    "timestamp": "2016-01-08T14:05:10Z",
    "utm": "21J",
    "country_code": "ARG",
    "cloud_cover": 3,
    "scan_direction": "Forward",
    "target_azimuth_dbl": 91.236,
    "off_nadir_angle_dbl": 12.4,
    "sensor_platform_name": "WORLDVIEW02",
    "bounding_boxes": [
        {"category": "airport", "box": [0, 0, 300, 300]},
        {"category": "airport", "box": [110, 10, 80, 150]},
    ],
}
BEN = {
    "labels": ["Non-irrigated arable land", "Transitional woodland_shrub"],
    "projection": 'PROJCS["WGS 84 / UTM zone 29N",GEOGCS["WGS 84",DATUM["WGS_1984"]]]',
    "acquisition_date": "2017-08-05 11:34:31",
}


@pytest.mark.system("rs5m", 2)
@pytest.mark.parametrize(
    ("box", "cells"),
    [
        ((10, 10, 20, 20), ("top left", "top center")),  # the second is not touched: row by row
        ((95, 95, 205, 205), ("middle center", "top center")),  # 100 x 100, then 100 x 5 above, left, right and below
        ((210, 210, 290, 290), ("bottom right", "top left")),
        ((0, 0, 300, 300), ("top left", "top center")),
        ((110, 10, 190, 160), ("top center", "middle center")),
        ((400, 400, 500, 500), ("top left", "top center")),
    ],
)
def test_ties_of_the_three_by_three_grid_go_row_by_row(box, cells) -> None:
    """Trap: equal parts come in the order of the cells, also where the second is 0."""
    assert cells_of(box, 300, 300) == cells


@pytest.mark.system("rs5m", 2)
def test_seasons_go_by_the_month_alone() -> None:
    names = [season(month) for month in range(1, 13)]
    assert names == ["winter"] * 2 + ["spring"] * 3 + ["summer"] * 3 + ["fall"] * 3 + ["winter"]


@pytest.mark.system("rs5m", 2)
@pytest.mark.parametrize(
    ("text", "zone"),
    [
        (BEN["projection"], "29N"),
        ('PROJCS["WGS 84 / UTM zone 34S",X', "34S"),
        ('PROJCS["ETRS89 / LAEA Europe",X', None),
        ("UTM zone 29N", None),
    ],
)
def test_the_zone_of_a_projection(text: str, zone: str | None) -> None:
    assert zone_of_projection(text) == zone


@pytest.mark.system("rs5m", 2)
def test_tags_are_the_first_sure_ones_not_the_best() -> None:
    """Trap: the first three of the list with at least .9, although later ones are surer; else the surest alone."""
    tags = ["sky", "sea", "port", "ship", "crane"]
    assert select_tags(tags, [0.91, 0.5, 0.9, 0.92, 0.99]) == ["sky", "port", "ship"]
    assert select_tags(tags, [0.1, 0.8, 0.3, 0.8, 0.2]) == ["sea"]
    assert select_tags([], []) == []
    for numbers in ([0.5], [0.5, float("nan"), 0.5, 0.5, 0.5]):
        with pytest.raises(Unfit):
            select_tags(tags, numbers)


def test_hours_and_days_in_words() -> None:
    assert moment_words(datetime(2016, 1, 8, 14, 5)) == "14 o'clock, January 8, 2016"


@pytest.mark.parametrize(
    ("longitude", "latitude", "zone"),
    [
        (19.89, -32.83, "34S"),
        (32.59, 0.35, "36N"),
        (5.0, 60.0, "32N"),
        (10.0, 78.0, "33N"),
        (180.0, 10.0, "1N"),
        (-180.0, -1.0, "1S"),
        (0.0, 85.0, None),
    ],
)
def test_zones_of_places(longitude: float, latitude: float, zone: str | None) -> None:
    assert utm_zone(longitude, latitude) == zone


def test_a_web_map_tile_knows_its_place_and_resolution() -> None:
    zoom, (west, south, east, north) = tile_of("tiles/OAM-1-1-1.jpg")
    assert (zoom, west, east, north) == (1, 0.0, 180.0, 0.0)
    assert south == pytest.approx(-85.0511, abs=1e-4)
    assert tile_gsd(0.0, 0, 256) == pytest.approx(156_543.03, abs=0.01)
    assert tile_gsd(60.0, 0, 256) == pytest.approx(156_543.03 / 2, abs=0.01)
    with pytest.raises(Unfit, match="holds no tile"):
        tile_of("tiles/OAM.jpg")


def test_countries_by_their_letters() -> None:
    names = wording("countries")
    assert len(names) == 249
    assert all(isinstance(code, str) and len(code) == 3 and isinstance(name, str) for code, name in names.items())
    assert (names["ARG"], names["USA"], names["NOR"], names["COD"]) == (
        "Argentina",
        "the United States",
        "Norway",
        "the Democratic Republic of the Congo",
    )


def fmow(tmp_path: Path, **changes) -> Made:
    document = {key: value for key, value in {**FMOW, **changes}.items() if value is not None}
    files = {"train/airport_0/airport_0_rgb.jpg": noise(1, 300, 300), "train/airport_0/airport_0_rgb.json": json.dumps(document).encode()}
    write_source(tmp_path, "fmow", files)
    builder = {
        "kind": "meta",
        "source": "fmow",
        "prefix": "fmow",
        "pictures": "train/*/*_rgb.jpg",
        "place": None,
        "annotations": "fmow",
        "captions": 10,
    }
    return make(tmp_path, builder)


@pytest.mark.system("rs5m", 2)
def test_fmow_fills_the_published_slots(tmp_path: Path) -> None:
    made = fmow(tmp_path)
    (record,) = made.records
    text = " ".join(record["captions"])
    assert made.false() == []
    slots = slots_of(record["facts"], 2)
    assert slots["cells"] == "top center and middle center"
    assert slots["season"] == "winter"
    assert slots["moment"] == "14 o'clock, January 8, 2016"
    assert (slots["azimuth"], slots["off_nadir"], slots["cloud_cover"], slots["scan"]) == ("91.24", "12.4", "3", "forward")
    assert (slots["place"], slots["label"], slots["one"], slots["gsd"]) == ("Argentina", "airport", "an", "0.51 metres")
    assert "an airport" in text


BLOCKS = (
    "A satellite picture of an airport, located in the top center and middle center blocks, with a ground sample distance of 0.51 metres."
)
TAKEN = "This satellite picture was taken by WORLDVIEW02 in winter 2016."
CLOUDS = "A satellite picture of an airport, taken at 14 o'clock, January 8, 2016, with 3% cloud cover."
MONTH = "A satellite picture of an airport taken in January 2016."
ANGLES = "a target azimuth of 91.24 degrees and an off-nadir angle of 12.4 degrees."
SCAN = f"A satellite picture of an airport, taken with a forward scan, {ANGLES}"


@pytest.mark.system("rs5m", 2)
@pytest.mark.parametrize(
    ("caption", "old", "new"),
    [
        (MONTH, "January", "February"),
        (MONTH, "an airport", "a stadium"),
        (MONTH, "an airport", "a airport"),
        (BLOCKS, "top center", "top left"),
        (BLOCKS, "0.51", "0.53"),
        (TAKEN, "satellite", "aerial"),
        (TAKEN, "winter", "summer"),
        (TAKEN, "WORLDVIEW02", "WORLDVIEW03"),
        ("A satellite picture of an airport in Argentina, taken in winter 2016.", "Argentina", "Chile"),
        (CLOUDS, "14 o'clock", "15 o'clock"),
        (CLOUDS, "3%", "30%"),
        (SCAN, "forward", "reverse"),
        (SCAN, "91.24", "91.34"),
        (SCAN, "12.4 ", "12.5 "),
        ("A satellite picture taken in January 2016 in UTM zone 21J.", "21J", "22J"),
    ],
)
def test_lies_about_metadata_are_found(tmp_path: Path, caption: str, old: str, new: str) -> None:
    made = fmow(tmp_path)
    record = made.records[0]
    assert all(statement.holds for statement in made.statements({**record, "captions": [caption]}))
    assert not all(statement.holds for statement in made.statements({**record, "captions": [caption.replace(old, new)]}))


def test_what_fmow_does_not_say_is_not_told(tmp_path: Path) -> None:
    made = fmow(tmp_path, cloud_cover=None, scan_direction="sideways", country_code="XXX", target_azimuth_dbl=None, gsd=None)
    facts = made.records[0]["facts"]
    assert not {"cloud_cover", "scan", "place", "azimuth", "gsd"} & set(facts)
    assert made.false() == []


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's own clock is that of New York, five hours behind in winter."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.system("rs5m", 2)
@pytest.mark.usefixtures("far_from_greenwich")
@pytest.mark.parametrize(
    ("timestamp", "moment", "date"),
    [
        ("2016-01-08T14:05:10Z", "14 o'clock, January 8, 2016", "2016-01-08"),
        ("2016-01-08T14:05:10", "14 o'clock, January 8, 2016", "2016-01-08"),
        ("2016-01-08T23:05:10+09:00", "14 o'clock, January 8, 2016", "2016-01-08"),
        ("2016-03-01T01:30:00+02:00", "23 o'clock, February 29, 2016", "2016-02-29"),
        ("2015-12-31T20:00:00-05:00", "1 o'clock, January 1, 2016", "2016-01-01"),
    ],
)
def test_times_are_utc_whatever_the_clock_of_the_machine(tmp_path: Path, timestamp: str, moment: str, date: str) -> None:
    """Trap: the published helper turns them into the local time zone."""
    assert time.timezone == 5 * 3600
    made = fmow(tmp_path, timestamp=timestamp)
    (record,) = made.records
    assert (record["facts"]["moment"], record["facts"]["date"]) == (moment, date)
    assert made.false() == []
    hour = moment.partition(" ")[0]
    told = {**record, "captions": [f"A satellite picture of an airport, taken at {moment}, with 3% cloud cover."]}
    assert all(statement.holds for statement in made.statements(told))
    lie = {**told, "captions": [told["captions"][0].replace(f"at {hour} o'clock", f"at {(int(hour) + 5) % 24} o'clock")]}
    assert not all(statement.holds for statement in made.statements(lie))


@pytest.mark.system("rs5m", 2)
def test_a_picture_of_which_nothing_is_known_gets_no_sentence_of_the_one_before(tmp_path: Path) -> None:
    """Trap: the published code says the previous row's sentence again."""
    write_source(tmp_path, "some", {f"{name}.png": noise(seed, 64, 64) for seed, name in enumerate("abc")})
    index = tmp_path / "some/index.parquet"
    known = {"a.png": ("QuickBird", 0.6), "c.png": ("Gaofen-2", 0.8)}
    rows = [
        {**row, **dict(zip(("sensor", "gsd"), known.get(row["file"], (None, None)), strict=True))}
        for row in pq.read_table(index).to_pylist()
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), index)
    made = make(tmp_path, {"kind": "meta", "source": "some", "prefix": "s", "pictures": "*.png", "place": None, "captions": 3})
    told = {record["id"]: " ".join(record["captions"]) for record in made.records}
    assert set(told) == {"s-a", "s-c"}
    assert "QuickBird" in told["s-a"]
    assert "0.6 metres" in told["s-a"]
    assert "Gaofen-2" in told["s-c"]
    assert "0.8 metres" in told["s-c"]
    assert [(entry.id, entry.reason) for entry in made.rejected.entries()] == [("b.png", "nothing is known about the picture")]


@pytest.mark.system("rs5m", 2)
def test_the_distance_of_fmow_comes_from_its_second_field_where_the_first_is_missing(tmp_path: Path) -> None:
    for place, changes, words in (
        ("first", {"multi_resolution_dbl": 1.2345}, "0.51 metres"),
        ("second", {"gsd": None, "multi_resolution_dbl": 1.2345}, "1.23 metres"),
    ):
        made = fmow(tmp_path / place, **changes)
        (record,) = made.records
        assert slots_of(record["facts"], 2)["gsd"] == words
        assert any(words in caption for caption in record["captions"])
        assert made.false() == []


@pytest.mark.system("rs5m", 2)
def test_the_full_profile_takes_both_of_fmows_pictures_of_a_moment(root: Path, tmp_path: Path) -> None:
    """The 727,144 pictures to train with are the `_rgb` and the `_msrgb` ones."""
    builders = load_recipe(root, "rs5m").sections["full"]["caption"].builders
    drawn = next(each for each in builders if each.source == "fmow")
    assert drawn.pictures == drawn.metadata.pictures
    files = {}
    for seed, stem in enumerate(("airport_0_0_rgb", "airport_0_0_msrgb")):
        files[f"train/airport/airport_0/{stem}.jpg"] = noise(seed, 300, 300)
        files[f"train/airport/airport_0/{stem}.json"] = json.dumps({**FMOW, "img_filename": f"{stem}.jpg", "cloud_cover": seed}).encode()
    files["val/airport/airport_1/airport_1_0_rgb.jpg"] = noise(7, 300, 300)
    write_source(tmp_path, "fmow", files)
    made = make(tmp_path, drawn.metadata.model_dump(mode="json"))
    assert {record["id"]: record["facts"]["cloud_cover"] for record in made.records} == {
        "fmow-airport_0_0_rgb": 0,
        "fmow-airport_0_0_msrgb": 1,
    }


@pytest.mark.parametrize(
    "changes",
    [{"timestamp": "yesterday"}, {"img_width": "wide"}, {"bounding_boxes": None}, {"cloud_cover": 1e9}, {"off_nadir_angle_dbl": "x"}],
)
def test_wrong_metadata_set_a_picture_aside(tmp_path: Path, changes: dict) -> None:
    made = fmow(tmp_path, **changes)
    assert made.records == []
    assert [entry.reason for entry in made.rejected.entries()] == ["metadata cannot be read"]


@pytest.mark.system("rs5m", 2)
def test_bigearthnet_tells_classes_zone_and_date(tmp_path: Path) -> None:
    files = {"patches/S2A_1.png": noise(2, 120, 120), "patches/S2A_1_labels_metadata.json": json.dumps(BEN).encode()}
    write_source(tmp_path, "ben", files, sensor="Sentinel-2")
    builder = {
        "kind": "meta",
        "source": "ben",
        "prefix": "ben",
        "pictures": "patches/*.png",
        "place": None,
        "annotations": "bigearthnet",
        "captions": 10,
    }
    made = make(tmp_path, builder)
    (record,) = made.records
    assert made.false() == []
    assert record["facts"]["zone"] == "29N"
    assert record["facts"]["classes"] == ["non-irrigated arable land", "transitional woodland-shrub"]
    assert any(
        "non-irrigated arable land and transitional woodland-shrub, taken in summer 2017 in UTM zone 29N." in text
        for text in record["captions"]
    )
    lie = {**record, "captions": [text.replace("29N", "30N").replace("woodland-shrub", "swamp") for text in record["captions"]]}
    assert not all(statement.holds for statement in made.statements(lie))


def test_files_beside_pictures() -> None:
    assert metadata_file("a/b_rgb.jpg", "fmow") == "a/b_rgb.json"
    assert metadata_file("a/S2A.tif", "bigearthnet") == "a/S2A_labels_metadata.json"
    for document in ({}, {**BEN, "labels": []}, {**BEN, "labels": [1]}, {**BEN, "acquisition_date": "x"}):
        with pytest.raises(Unfit):
            bigearthnet_facts(document, "file")


def test_a_file_that_is_no_json_is_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"{" * 5000)
    for layout in ("fmow", "bigearthnet"):
        with pytest.raises(Unfit, match="metadata cannot be read"):
            facts_beside(path, layout)
