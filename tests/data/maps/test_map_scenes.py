"""LuoJiaHOG: corrections by hand, labels of three levels, places by spatial statistics, no vague words, and planted lies."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio.transform

from rsvlm.data.builders import map_scenes
from rsvlm.data.checkers.map_scenes import check
from rsvlm.data.corrected import Correction, corrected_tags, corrections_named, unfit
from rsvlm.data.kinds.map_scenes import MapScenes
from rsvlm.data.place_labels import labels
from rsvlm.data.place_sampling import choose_places
from rsvlm.errors import ConfigurationError, DataError
from rsvlm.maps.elements import Element
from rsvlm.quality.words import phrase_finder, word_list
from rsvlm.recipes.load import load_recipe
from tests.chat.conftest import ChatServer, said, send
from tests.data.maps.world import (
    PIXEL_METRES,
    STEM,
    Thing,
    box,
    evidence_of,
    faults,
    line,
    make_world,
    reasons,
    record_of,
    reworded,
    settings,
    work_of,
)


def build(raw: Path, things: list[Thing], stems: tuple[str, ...] | None = None, **changed: Any) -> tuple[list[dict[str, Any]], Any, Any]:
    make_world(raw, things, *([stems] if stems else []))
    builder = settings(MapScenes, "map-scenes", **changed)
    work = work_of(raw, builder)
    return [record_of(sample) for sample in map_scenes.build(builder, work)], evidence_of(raw, builder), work


THINGS = [
    box("way/1", 100, 100, 164, 164, amenity="parking", surface="asphalt"),
    line("way/2", (0, 98), (256, 98), highway="tertiary"),
    box("way/3", 10, 10, 30, 30, building="yes"),
    box("way/4", 40, 10, 70, 40, building="yes"),
    box("way/5", 200, 200, 240, 240, natural="volcano"),
]


@pytest.mark.system("luojiahog", 2)
def test_a_scene_in_words(tmp_path: Path) -> None:
    (record,), evidence, work = build(tmp_path, THINGS)
    assert record["captions"][0].startswith(
        "The scene belongs to the themes of transportation and settlement. There is a parking lot, also called a car park, in the image."
    )
    assert (
        "There are two buildings, also called structures, in the image. Together they cover about 2% of the image." in record["captions"][0]
    )
    assert "The parking lot has a surface of asphalt." in record["captions"][0]
    assert record["captions"][0].endswith("The tertiary road lies next to the parking lot.")
    largest = re.search(r"Its visible area is about ([\d,]+) square metres", record["captions"][0])
    assert largest is not None
    assert int(largest[1].replace(",", "")) == pytest.approx(64 * 64 * PIXEL_METRES**2 * 0.9933, rel=0.003)
    assert record["facts"]["label_l1"] == ["settlement", "transportation"]
    assert record["facts"]["label_l3"] == ["main road", "other building", "parking"]
    assert record["label"] == "parking"
    assert "tag waits for a label" in reasons(work)
    assert faults(check(record, evidence)) == []


@pytest.mark.system("luojiahog", 2)
def test_no_vague_words(tmp_path: Path) -> None:
    (record,), _, _ = build(tmp_path, THINGS)
    assert phrase_finder(word_list("vague"))(record["captions"][0].lower()) is None


@pytest.mark.system("luojiahog", 2)
def test_the_checker_finds_planted_lies(tmp_path: Path) -> None:
    (record,), evidence, _ = build(tmp_path, THINGS)
    told = record["captions"][0]
    for old, new in (
        ("transportation and settlement", "transportation"), ("settlement", "nature"), ("a car park", "a garden"),
        ("two buildings", "three buildings"),
        ("cover about 2%", "cover about 4%"), ("of asphalt", "of gravel"), ("next to", "within"), ("the centre of", "the upper left of"),
        ("There are two buildings", "There are two volcanos"), ("in length", "in width"), ("measures about 306", "measures about 309"),
    ):  # fmt: skip
        assert old in told, old
        assert faults(check(reworded(record, told.replace(old, new)), evidence)), (old, new)


def correction(**changed: Any) -> Correction:
    return Correction(**{"element": "way/1", "key": "surface", "was": "asphalt", "now": "sand", "why": "seen", **changed})


@pytest.mark.system("luojiahog", 2)
def test_corrections_change_what_they_found_and_nothing_else() -> None:
    tags = {"amenity": "parking", "surface": "asphalt"}
    assert corrected_tags("way/1", tags, [correction()]) == ({"amenity": "parking", "surface": "sand"}, ["way/1 surface"])
    assert corrected_tags("way/1", tags, [correction(now=None)]) == ({"amenity": "parking"}, ["way/1 surface"])
    assert corrected_tags("way/1", tags, [correction(key="lit", was=None, now="yes")])[0] == {**tags, "lit": "yes"}
    assert corrected_tags("way/1", tags, [correction(was="mud"), correction(element="way/2")]) == (tags, [])
    assert tags["surface"] == "asphalt"


def test_corrections_that_fit_nothing_are_told(mirror: Path) -> None:
    import shapely

    element = Element("way/1", "point", shapely.Point(0, 0), {"surface": "mud"})
    found = unfit([correction(), correction(element="way/9"), correction(was="mud")], {"way/1": element})
    assert [(each.element, has) for each, has in found] == [
        ("way/1", "the map has 'mud', the correction found 'asphalt'"),
        ("way/9", "no such element"),
    ]


def test_the_packages_corrections_are_read_and_a_missing_file_is_named() -> None:
    assert {each.element for each in corrections_named("image-osm")} == {"way/199556930", "way/492119567", "way/492119569"}
    with pytest.raises(ConfigurationError, match="corrections 'nowhere'"):
        corrections_named("nowhere")


@pytest.mark.system("luojiahog", 2)
def test_corrections_are_applied_counted_and_part_of_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = (correction(), correction(element="way/77"))
    monkeypatch.setattr("rsvlm.data.builders.map_scenes.corrections_named", lambda _: queue)
    (record,), evidence, work = build(tmp_path, THINGS, corrections="image-osm")
    assert "The parking lot has a surface of sand." in record["captions"][0]
    assert record["facts"]["corrected"] == ["way/1 surface"]
    assert "correction fits no element" in reasons(work)
    assert faults(check(record, evidence)), "the raw map says asphalt"
    monkeypatch.setattr("rsvlm.data.checkers.map_scenes.corrections_named", lambda _: queue)
    assert faults(check(record, evidence)) == []


@pytest.mark.system("luojiahog", 2)
def test_hot_spots_by_hand() -> None:
    """On a plain of ones with a block of tens, the block's cells are hot and the far ones are not."""
    values = {(column, row): 10.0 if column < 3 and row < 3 else 1.0 for column in range(8) for row in range(8)}
    cover = {cell: np.zeros((1, 1), dtype=np.int64) for cell in values}
    chosen = choose_places(values, cover, 20, gamma=1.0, limit=1.96, seed=0)
    assert chosen.spot[1, 1] == "hot"
    assert chosen.spot[7, 7] == "neither"
    assert chosen.clustering.value > 0.5
    assert 15 <= len(chosen.cells) <= 20
    # Two regions of one class each: LSI 1 of the block of nine; 0.25 * 44 / sqrt(55) of the rest is larger.
    hot = [cell for cell in chosen.cells if chosen.spot[cell] == "hot"]
    assert 0 < len(hot) < 10


def test_places_need_two_cells_that_differ() -> None:
    cover = {(0, 0): np.zeros((1, 1), dtype=np.int64), (0, 1): np.zeros((1, 1), dtype=np.int64)}
    with pytest.raises(DataError, match="at least two"):
        choose_places({(0, 0): 1.0}, cover, 1, gamma=1.0, limit=1.96, seed=0)
    with pytest.raises(DataError, match="two different"):
        choose_places({(0, 0): 1.0, (0, 1): 1.0}, cover, 1, gamma=1.0, limit=1.96, seed=0)


@pytest.mark.system("luojiahog", 2)
def test_only_chosen_places_become_records(tmp_path: Path) -> None:
    stems = tuple(f"tile-{65536 + column}-65536-17" for column in range(6))
    things = [box(f"way/{column}", 256 * column + 20, 20, 256 * column + 40 + 20 * column, 120, building="yes") for column in range(6)]
    sampling = {"places": 3, "cell_zoom": 17, "parts": 1}
    records, evidence, work = build(tmp_path, things, stems, sampling=sampling)
    assert 1 <= len(records) <= 3
    assert {record["facts"]["sampling"]["spot"] for record in records} <= {"hot", "cold", "neither"}
    assert work.rejected.facts()["left_out"]["world"]["place was not sampled"] == 6 - len(records)
    assert [fault for record in records for fault in faults(check(record, evidence))] == []


SEEN = "The parking lot has a surface of asphalt. There are two buildings in the image."


@pytest.fixture
def server():
    running = ChatServer()
    running.reply = lambda handler, body, number: send(handler, 200, said(SEEN))
    yield running
    running.close()


@pytest.mark.system("luojiahog", 2)
@pytest.mark.parametrize("sees", [True, False])
def test_the_writer_is_shown_the_stored_picture_where_it_sees(tmp_path: Path, server: ChatServer, sees: bool) -> None:
    writer = {"prompt": "place", "chat": {"kind": "served", "base_url": server.url, "model": "m", "attempts": 1}}
    ((record,), _, _) = build(tmp_path, THINGS, writer=writer, sees=sees)
    (asked,) = server.asked
    content = asked["messages"][-1]["content"]
    stored = base64.b64encode((tmp_path / f"world/files/tiles/{STEM}.jpg").read_bytes()).decode()
    assert (stored in json.dumps(content)) is sees
    assert "There is a parking lot" in json.dumps(content), "the semantics are told in both cases"
    assert record["method"] == "model"
    assert record["captions"] == [SEEN]


def test_a_picture_that_cannot_be_shown_is_set_aside_once_and_unasked(tmp_path: Path, server: ChatServer) -> None:
    writer = {"prompt": "place", "chat": {"kind": "served", "base_url": server.url, "model": "m", "attempts": 1}}
    make_world(tmp_path, THINGS)
    file = tmp_path / f"world/files/tiles/{STEM}.jpg"
    file.write_bytes(file.read_bytes()[:-600])
    builder = settings(MapScenes, "map-scenes", writer=writer, sees=True)
    work = work_of(tmp_path, builder)
    assert list(map_scenes.build(builder, work)) == []
    assert [entry.id for entry in work.rejected.entries() if entry.reason.startswith("picture")] == [f"w-{STEM}"]
    assert server.asked == []


@pytest.mark.parametrize("writer", [None, {"prompt": "place", "chat": {"kind": "local", "source": "smollm2"}}])
def test_without_a_model_that_sees_nothing_can_be_shown(writer: dict[str, Any] | None) -> None:
    with pytest.raises(ConfigurationError, match="a local language model sees no pictures"):
        settings(MapScenes, "map-scenes", writer=writer, sees=True)


@pytest.mark.system("luojiahog", 3)
def test_the_published_writer_sees_and_what_is_not_corrected_is_declared(root: Path) -> None:
    sections = load_recipe(root, "luojiahog").sections
    (full,) = sections["full"]["caption"].builders
    assert full.sees
    assert full.writer.chat.model == "Vision-CAIR/MiniGPT-4"
    assert full.corrections is None
    assert any("corrected by hand" in line for line in sections["full"]["caption"].layouts)
    assert not any(builder.sees for builder in sections["laptop"]["caption"].builders)


def light(raw: Path, values: np.ndarray, crs: str = "EPSG:4326", nodata: float | None = None) -> None:
    """Write the source `night`: a raster whose columns are the six web-map tiles from 65536 on, one row of their height."""
    step = 360 / 2**17
    affine = rasterio.transform.from_origin(0, 0, step, step)
    path = raw / "night/files/annual.tif"
    path.parent.mkdir(parents=True)
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "width": values.shape[1], "height": values.shape[0]}
    with rasterio.open(path, "w", crs=crs, transform=affine, nodata=nodata, **profile) as sink:
        sink.write(values.astype(np.float32), 1)
    table = {"file": ["annual.tif"], "licence": ["CC0"]}
    pq.write_table(pa.table(table), raw / "night/index.parquet")


@pytest.mark.system("luojiahog", 2)
def test_the_indicator_of_a_place_is_the_night_light_at_its_centre(tmp_path: Path) -> None:
    """Four pictures of equal buildings, so that only the lights differ; a fifth without light, a sixth beyond the raster."""
    stems = tuple(f"tile-{65536 + column}-65536-17" for column in range(6))
    things = [box(f"way/{column}", 256 * column + 20, 20, 256 * column + 80, 120, building="yes") for column in range(6)]
    light(tmp_path, np.array([[1.0, 2.0, 60.0, 61.0, -1.0]]), nodata=-1.0)
    sampling = {"places": 6, "cell_zoom": 17, "parts": 1, "light": {"source": "night", "file": "annual.tif"}}
    records, _, work = build(tmp_path, things, stems, sampling=sampling)
    # Gi* by the sheet's formula: neighbours at a distance of 1 and the cell itself have the weight 1, all others 0.
    values = np.array([1.0, 2.0, 60.0, 61.0])
    mean, deviation = values.mean(), np.sqrt((values**2).mean() - values.mean() ** 2)
    expected = []
    for cell in range(4):
        near = [other for other in range(4) if abs(cell - other) <= 1]
        spread = deviation * np.sqrt((4 * len(near) - len(near) ** 2) / 3)
        expected.append((sum(values[other] for other in near) - mean * len(near)) / spread)
    assert expected[0] == pytest.approx((3 - 62) / (29.504 * 1.1547), abs=1e-3)
    found = {int(record["id"].split("-")[2]) - 65536: record["facts"]["sampling"]["gi"] for record in records}
    assert found
    assert all(gi == pytest.approx(expected[column], abs=1e-5) for column, gi in found.items())
    aside = {entry.id: entry.reason for entry in work.rejected.entries() if "light" in entry.reason}
    assert aside == {f"w-{stems[4]}": "place has no light", f"w-{stems[5]}": "place has no light"}


def test_labels_have_three_levels_and_tags_one_label_each() -> None:
    assert labels()["highway", "tertiary"] == ("transportation", "roads", "main road")
    assert len({label[2] for label in labels().values()}) > 20
