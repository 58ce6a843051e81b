"""Captions put together from map tags (SkyScript), and a checker that finds planted lies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from PIL import Image
from rasterio.transform import from_origin

from rsvlm.data.builders import map_tags
from rsvlm.data.checkers.map_tags import check, tags_of
from rsvlm.data.kinds.map_tags import MapTags
from rsvlm.data.surroundings import Neighbour, multi_caption, surroundings
from rsvlm.data.visibility import DISTANCES, is_fine_enough
from rsvlm.recipes.load import load_recipe
from rsvlm.settings import validate
from rsvlm.sources.catalogue import load as load_source
from tests.data.maps.test_map_pictures import UPPER_LEFT, index, osm
from tests.data.maps.world import Thing, box, evidence_of, faults, line, make_world, point, reasons, record_of, reworded, settings, work_of

TOWERS = {
    "vision": {"kind": "efficientnet-lite0", "trainable": False},
    "text": {"kind": "minilm", "trainable": False},
    "weights": {"tokenizer": {"source": "minilm", "file": "tokenizer.json"}},
}


class Towers:
    """Stands in for two towers: every text its own direction, every picture the same score."""

    def text_features(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([np.random.default_rng(list(text.encode())).normal(size=600) for text in texts])

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.asarray([[len(text) / 100, 1.0] for text in texts])

    def images(self, images: Sequence[Image.Image]) -> np.ndarray:
        return np.asarray([[1.0, image.width / 1000] for image in images])


def build(raw: Path, things: list[Thing], *more: Any, **changed: Any) -> tuple[list[dict[str, Any]], Any, Any]:
    make_world(raw, things)
    windows = {"least": 64, "most": 200, "reductions": [1]}
    builder = settings(MapTags, "map-tags", similarity=TOWERS, windows=windows, **changed)
    towers = ("similarity", builder.similarity.model_dump_json())
    work = work_of(raw, builder, *more, memory={towers: Towers()})
    return [record_of(sample) for sample in map_tags.build(builder, work)], evidence_of(raw, builder), work


THINGS = [
    box("way/1", 100, 100, 150, 140, building="yes", name="مدرسة"),
    line("way/2", (0, 98), (256, 98), highway="residential", name="Rua <b>A</b>"),
    box("way/3", 20, 150, 60, 190, landuse="forest"),
    box("way/4", 200, 150, 250, 200, natural="water"),
    point("node/5", 128, 30, natural="tree"),
    box("way/6", 0, 0, 256, 256, boundary="administrative"),
    point("node/7", 10, 10, created_by="JOSM"),
]


@pytest.mark.system("skyscript", 2)
def test_records_of_a_small_world(tmp_path: Path) -> None:
    records, evidence, work = build(tmp_path, THINGS)
    by_id = {record["id"]: record for record in records}
    # A tree shows up to 0.2 m, these pixels have 1.19: like its siblings it is no record. A forest, water: up to 10 m.
    assert set(by_id) == {"w-a3", "w-a4"}
    forest = by_id["w-a3"]
    assert forest["captions"][0] == "landuse of forest"
    assert forest["facts"]["center_tags"] == {"landuse": "forest"}
    assert forest["licence"] == "imagery: CC BY 4.0; map: ODbL"
    assert forest["gsd"] == pytest.approx(1.194, abs=0.001)
    assert forest["method"] == "osm"
    assert forest["scores"] == {"similarity": pytest.approx(0.17 + forest["width"] / 1000, abs=1e-5)}
    assert "no tag says what the element is" in reasons(work)
    assert [fault for record in records for fault in faults(check(record, evidence))] == []


@pytest.mark.system("skyscript", 2)
def test_the_resolution_decides_which_tags_are_said(tmp_path: Path) -> None:
    """What may be seen at 1 m at most is not said at 1.19 m, in the title as around it."""
    records, _, _ = build(tmp_path, THINGS)
    told = " ".join(caption for record in records for caption in record["captions"])
    assert "building" not in told
    assert "tree" not in told


def test_names_survive_in_the_facts_and_stay_out_of_captions(tmp_path: Path) -> None:
    things = [
        box("way/1", 100, 100, 150, 140, natural="water", name="<script>مدرسة</script>"),
        box("way/2", 10, 10, 60, 60, landuse="forest"),
    ]
    records, _, _ = build(tmp_path, things)
    assert records[0]["facts"]["center_tags"]["name"] == "<script>مدرسة</script>"
    assert all("script" not in caption for record in records for caption in record["captions"])


SCENE = [
    box("way/1", 100, 100, 140, 140, natural="water"),
    box("way/2", 40, 100, 60, 140, landuse="forest"),
    box("way/3", 142, 100, 160, 140, landuse="farmland"),
    box("way/4", 110, 40, 130, 60, natural="sand"),
    box("way/5", 110, 110, 120, 120, place="island"),
]


@pytest.mark.system("skyscript", 2)
def test_the_checker_finds_planted_lies(tmp_path: Path) -> None:
    records, evidence, _ = build(tmp_path, SCENE)
    record = next(record for record in records if record["id"] == "w-a1")
    title, _ = record["captions"]
    assert faults(check(record, evidence)) == []
    lies = [
        "natural wetland",
        f"{title}, with landuse of forest on the right",
        f"{title}, next to landuse of forest",
        f"{title}, with natural sand at the bottom",
        f"{title}, inside landuse of farmland",
        f"{title}, containing landuse of farmland",
        f"{title}, surrounded by landuse of forest",
        f"{title}, next to power pole",
        f"{title} and a ship",
        f"{title}, with landuse of forest",
    ]
    for lie in lies:
        assert faults(check(reworded(record, lie), evidence)), lie


def relations(focus: shapely.Geometry, *others: shapely.Geometry) -> list[str]:
    return [found.around for found in surroundings(focus, [("x", other) for other in others], 4.0)]


@pytest.mark.system("skyscript", 2)
def test_relations_in_pixels() -> None:
    focus = shapely.box(100, 100, 140, 140)
    left, right = shapely.box(10, 100, 30, 140), shapely.box(200, 100, 220, 140)
    top, bottom = shapely.box(110, 10, 130, 30), shapely.box(110, 200, 130, 220)
    assert relations(focus, left) == ["on the left"]
    assert relations(focus, top, right) == ["at the top", "on the right"]
    assert relations(focus, left, right, top, bottom) == ["surrounded by"] * 4
    assert relations(focus, shapely.box(0, 0, 300, 300)) == ["inside"]
    assert relations(focus, shapely.box(110, 110, 120, 120)) == ["containing"]
    assert relations(focus, shapely.box(143, 100, 160, 140)) == ["next to"]
    assert relations(focus, shapely.LineString([(0, 90), (300, 90)])) == ["at the top"]
    assert relations(focus, shapely.LineString([(90, 0), (90, 90), (0, 90), (0, 145), (90, 145)])) == ["on the left"]


def test_clauses_read_as_english() -> None:
    around = [
        Neighbour("a", "on the left", 9),
        Neighbour("b", "next to", 1),
        Neighbour("c", "on the left", 9),
        Neighbour("d", "at the top", 9),
    ]
    assert multi_caption("power pole", around) == "power pole, next to b, with a; c on the left and d at the top"
    assert multi_caption("power pole", [Neighbour("a", "next to", 1), Neighbour("a", "next to", 2)]) == "power pole, next to a"


def test_phrases_are_read_back_as_tags() -> None:
    assert tags_of("landuse of quarry") == [("landuse", "quarry")]
    assert tags_of("man-made water tower, building") == [("man_made", "water tower"), ("building", "yes")]
    assert tags_of("power line with cables of 3 and voltage of 16000") == [("power", "line"), ("cables", "3"), ("voltage", "16000")]
    assert tags_of("landuse of quarry, resource of bauxite") == [("landuse", "quarry"), ("resource", "bauxite")]
    assert tags_of("a fine day") is None


def test_same_inputs_same_records(tmp_path: Path) -> None:
    assert build(tmp_path / "a", SCENE)[0] == build(tmp_path / "b", SCENE)[0]


def test_the_largest_distance_is_a_published_one() -> None:
    assert max(DISTANCES) == 10.0


COLLECTIONS = ("ch", "es", "de", "fi", "us", "p3", "p5", "s2", "l8", "l9")


@pytest.mark.system("skyscript", 2)
@pytest.mark.parametrize("prefix", COLLECTIONS)
def test_every_collection_of_the_full_profile_yields(root: Path, tmp_path: Path, prefix: str) -> None:
    """A forest, whose class is 10 m, is shown in pixels of 0.1 m as in Landsat's of 30 m; a building at most in those of 1 m."""
    builders = {each.prefix: each for each in load_recipe(root, "skyscript").sections["full"]["caption"].builders}
    assert tuple(builders) == COLLECTIONS
    every = {"test": 0.0, "validation": 0.0}
    builder = validate(MapTags, {**builders[prefix].model_dump(mode="json"), "similarity": TOWERS, "shares": every}, "recipe")
    gsd = load_source(builder.source).definition.gsd
    assert gsd is not None
    picture, layer = (
        tmp_path / builder.source / "files/tiles/one.tif",
        tmp_path / "openstreetmap/files" / builder.maps.replace("{stem}", "one"),
    )
    for file in (picture, layer):
        file.parent.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 255, (3, 300, 300), dtype=np.uint8)
    profile = {"driver": "GTiff", "width": 300, "height": 300, "count": 3, "dtype": "uint8", "crs": "EPSG:32632"}
    with rasterio.open(picture, "w", transform=from_origin(*UPPER_LEFT, gsd, gsd), **profile) as raster:
        raster.write(pixels)

    def square(least: float, most: float) -> list[tuple[float, float]]:
        corners = ((least, least), (most, least), (most, most), (least, most))
        return [(x * gsd / 2, y * gsd / 2) for x, y in corners]  # the map is drawn in pixels of 2 m

    layer.write_text(osm({1: (square(20, 160), {"landuse": "forest"}), 2: (square(200, 240), {"building": "yes"})}))
    index(tmp_path / builder.source, "public domain")
    index(tmp_path / "openstreetmap", "ODbL 1.0")
    work = work_of(tmp_path, builder, memory={("similarity", builder.similarity.model_dump_json()): Towers()})
    records = [record_of(sample) for sample in map_tags.build(builder, work)]
    assert [record["captions"][0] for record in records] == ["landuse of forest", "building"][: 2 if gsd <= 1 else 1]
    assert records[0]["gsd"] == pytest.approx(gsd, rel=0.002)
    assert [fault for record in records for fault in faults(check(record, evidence_of(tmp_path, builder)))] == []


@pytest.mark.system("skyscript", 2)
def test_only_the_coarsest_class_has_no_upper_end() -> None:
    seen = {largest: [gsd for gsd in (0.1, 0.5, 0.6, 0.9, 1.0, 2.0, 10.0, 30.0) if is_fine_enough(gsd, largest)] for largest in DISTANCES}
    assert seen == {
        0.1: [0.1],
        0.2: [0.1],
        0.6: [0.1, 0.5, 0.6],
        1.0: [0.1, 0.5, 0.6, 0.9, 1.0],
        10.0: [0.1, 0.5, 0.6, 0.9, 1.0, 2.0, 10.0, 30.0],
    }
    assert not is_fine_enough(0.1, 0.0), "a tag that cannot be seen from above has class 0"
