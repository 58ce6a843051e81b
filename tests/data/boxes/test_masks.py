"""Captions from masks and footprints, and their checkers, on regions drawn by hand."""

import json

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin

from rsvlm.captioning import m2b
from rsvlm.data.checkers.masks import boxes_of, regions
from tests.data.tiny import Corpus, image

MASKS = {
    "kind": "masks",
    "source": "made",
    "prefix": "tiny",
    "annotations": "masks/*.png",
    "pictures": "pictures/{stem}.png",
    "shares": {"validation": 0.0},
    "classes": {"1": "building", "2": "road"},
    "m2b": {"minimum_area": 4, "nested": True},
}


def drawn(rows: str) -> np.ndarray:
    return np.array([[character == "#" for character in row] for row in rows.split()])


def test_pixels_that_touch_by_a_corner_are_one_region_only_with_diagonals() -> None:
    mask = drawn("#.. .#. ..#")
    assert len(regions(mask)) == 1
    assert len(regions(mask, diagonal=False)) == 3


def test_a_u_is_one_region_though_its_arms_meet_late() -> None:
    assert len(regions(drawn("#.# #.# ###"))) == 1


def test_boxes_by_hand() -> None:
    mask = drawn("##... ##... ...## ...##")
    assert sorted(box.bounds for box in boxes_of(mask, 1, nested=True)) == [(0, 0, 2, 2), (3, 2, 5, 4)]
    assert boxes_of(mask, 5, nested=True) == []


def test_a_region_in_a_hole_counts_where_nested_regions_do() -> None:
    ring = drawn("##### #...# #.#.# #...# #####")
    assert len(boxes_of(ring, 1, nested=True)) == 2
    assert [box.bounds for box in boxes_of(ring, 1, nested=False)] == [(0, 0, 5, 5)]


@pytest.mark.system("remoteclip-data", 2)
@pytest.mark.parametrize("nested", [True, False])
def test_two_ways_to_find_regions_agree(nested: bool) -> None:
    """The builder's boxes, whose greatest x and y are those of the last pixel inside, and the checker's."""
    for seed in range(12):
        mask = np.random.default_rng(seed).random((24, 31)) < 0.45
        ours = sorted((x1, y1, x2 + 1, y2 + 1) for x1, y1, x2, y2 in m2b.boxes(mask, minimum_area=2, nested=nested))
        assert ours == sorted(box.bounds for box in boxes_of(mask, 2, nested=nested))


@pytest.fixture
def masks(tmp_path):
    """Two buildings in the upper left and lower right, and a road across; one speck below the least area."""
    mask = np.zeros((64, 64), np.uint8)
    mask[4:12, 4:12] = mask[50:60, 50:60] = 1
    mask[30:34, 0:64] = 2
    mask[20, 20] = 1
    (tmp_path / "made/files/masks").mkdir(parents=True)
    Image.fromarray(mask).save(tmp_path / "made/files/masks/a.png")
    image(tmp_path / "made/files/pictures/a.png", 64, 64)
    return Corpus(tmp_path, MASKS)


@pytest.mark.system("remoteclip-data", 2)
def test_background_and_specks_are_not_told(masks) -> None:
    (record,) = masks.records
    assert sorted(entry["label"] for entry in record["objects"]) == ["building", "building", "road"]
    assert record["method"] == "m2b"
    assert len(record["captions"]) == 5
    assert masks.false() == []


@pytest.mark.parametrize(("old", "new"), [("2 buildings", "3 buildings"), ("2 buildings", "many buildings"), ("buildings", "bridges")])
def test_planted_lies_are_found(masks, old: str, new: str) -> None:
    place = next(number for number, caption in enumerate(masks.records[0]["captions"]) if "2 buildings" in caption)
    assert masks.with_caption("tiny-a", place, old, new)


def test_a_wrong_side_is_found(masks) -> None:
    record = masks.records[0]
    swapped = {**record, "captions": [record["captions"][1], record["captions"][0], *record["captions"][2:]]}
    assert {statement.kind for statement in masks.false(swapped)} >= {"position"}


@pytest.mark.system("remoteclip-data", 2)
def test_touching_objects_of_a_mask_are_one_box(tmp_path) -> None:
    """iSAID's instances of a class have one colour: two that touch become one."""
    mask = np.zeros((64, 64), np.uint8)
    mask[10:20, 10:20] = mask[20:30, 20:30] = 1
    (tmp_path / "made/files/masks").mkdir(parents=True)
    Image.fromarray(mask).save(tmp_path / "made/files/masks/a.png")
    image(tmp_path / "made/files/pictures/a.png", 64, 64)
    corpus = Corpus(tmp_path, MASKS)
    assert [entry["polygon"][0] + entry["polygon"][2] for entry in corpus.records[0]["objects"]] == [[10.0, 10.0, 30.0, 30.0]]
    assert corpus.false() == []


def test_a_mask_of_another_size_is_set_aside(tmp_path) -> None:
    image(tmp_path / "made/files/masks/a.png", 32, 64, 1)
    image(tmp_path / "made/files/pictures/a.png", 64, 64)
    corpus = Corpus(tmp_path, MASKS)
    assert corpus.records == []
    assert [entry.reason for entry in corpus.rejected.entries()] == ["mask has another size than its picture"]


def test_footprints_on_a_raster(tmp_path) -> None:
    """Three footprints of 10 x 10 m on a raster of 1 m pixels, in a CRS of its own; the third lies outside."""
    folder = tmp_path / "made/files"
    folder.mkdir(parents=True)
    profile = {"driver": "GTiff", "width": 64, "height": 64, "count": 1, "dtype": "uint8", "crs": "EPSG:32616"}
    with rasterio.open(folder / "pan.tif", "w", transform=from_origin(500000, 3700064, 1, 1), **profile) as raster:
        raster.write(np.full((1, 64, 64), 90, np.uint8))

    def square(x: float, y: float) -> dict:
        ring = [[500000 + x, 3700000 + y], [500010 + x, 3700000 + y], [500010 + x, 3700010 + y], [500000 + x, 3700010 + y]]
        return {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}}

    document = {
        "type": "FeatureCollection",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32616"}},
        "features": [square(2, 50), square(27, 27), square(200, 200)],
    }
    (folder / "b.geojson").write_text(json.dumps(document))
    builder = {
        "kind": "footprints", "source": "made", "prefix": "tiny", "annotations": "b.geojson", "pictures": "pan.tif",
        "label": "building", "shares": {"validation": 0.0},
    }  # fmt: skip
    corpus = Corpus(tmp_path, builder)
    (record,) = corpus.records
    assert [entry["polygon"][0] for entry in record["objects"]] == [[2.0, 4.0], [27.0, 27.0]]
    assert "building" in record["captions"][0]
    assert "middle" in record["captions"][0] or "centre" in record["captions"][0]
    assert corpus.false() == []
    assert corpus.with_caption(record["id"], 0, "uilding", "uildings")
