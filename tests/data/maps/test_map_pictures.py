"""Where pictures lie and what the map has under them: GeoTIFF tiles with a map each, and everything that is wrong with either."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import rasterio.warp
from rasterio.transform import from_origin

from rsvlm.data.builders import balanced_tags, main_objects, map_scenes
from rsvlm.data.checkers import balanced_tags as check_tags
from rsvlm.data.checkers import main_objects as check_objects
from rsvlm.data.checkers import map_scenes as check_scenes
from rsvlm.data.kinds.balanced_tags import BalancedTags
from rsvlm.data.kinds.main_objects import MainObjects
from rsvlm.data.kinds.map_scenes import MapScenes
from rsvlm.errors import DataError
from tests.data.maps.world import box, evidence_of, faults, make_world, reasons, record_of, settings, work_of

UPPER_LEFT = (600_000.0, 5_000_000.0)
LAYOUT = {"pictures": "tiles/*.tif", "maps": "cells/{stem}.osm", "map_source": "osm"}


def index(folder: Path, licence: str) -> None:
    files = sorted(path.relative_to(folder / "files").as_posix() for path in (folder / "files").rglob("*") if path.is_file())
    numbers = ("gsd", "west", "south", "east", "north")
    schema = pa.schema([("file", pa.string()), ("licence", pa.string()), *((name, pa.float64()) for name in numbers)])
    pq.write_table(pa.Table.from_pylist([{"file": file, "licence": licence} for file in files], schema=schema), folder / "index.parquet")


def osm(areas: dict[int, tuple[list[tuple[float, float]], dict[str, str]]]) -> str:
    """An OSM XML file of closed ways, drawn in pixels of 2 m from the upper left corner in UTM zone 32."""
    nodes, ways, number = [], [], 0
    for way, (points, tags) in sorted(areas.items()):
        first = number + 1
        for x, y in points:
            number += 1
            east, north = UPPER_LEFT[0] + 2 * x, UPPER_LEFT[1] - 2 * y
            (longitude,), (latitude,) = rasterio.warp.transform("EPSG:32632", "EPSG:4326", [east], [north])
            nodes.append(f'<node id="{number}" version="1" lon="{longitude:.9f}" lat="{latitude:.9f}"/>')
        refs = "".join(f'<nd ref="{node}"/>' for node in [*range(first, number + 1), first])
        told = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        ways.append(f'<way id="{way}" version="1">{refs}{told}</way>')
    return f'<?xml version="1.0"?><osm version="0.6">{"".join(nodes)}{"".join(ways)}</osm>'


def make_rasters(raw: Path) -> None:
    (raw / "world/files/tiles").mkdir(parents=True)
    (raw / "osm/files/cells").mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 255, (3, 200, 200), dtype=np.uint8)
    for stem in ("one", "two", "lost"):
        profile = {"driver": "GTiff", "width": 200, "height": 200, "count": 3, "dtype": "uint8"}
        with rasterio.open(
            raw / f"world/files/tiles/{stem}.tif", "w", crs="EPSG:32632", transform=from_origin(*UPPER_LEFT, 2, 2), **profile
        ) as raster:
            raster.write(pixels)
    lake = {1: ([(50, 50), (150, 50), (150, 90), (50, 90)], {"natural": "water", "name": "Lago"})}
    (raw / "osm/files/cells/one.osm").write_text(osm(lake))
    (raw / "osm/files/cells/two.osm").write_text(osm({9: ([(90, 90), (120, 90), (120, 120), (90, 120)], {"building": "yes"})}))
    index(raw / "world", "public domain")
    index(raw / "osm", "ODbL 1.0")


@pytest.mark.system("rsteller", 2)
def test_rasters_with_a_map_each(tmp_path: Path) -> None:
    make_rasters(tmp_path)
    builder = settings(MainObjects, "map-main-object", **LAYOUT)
    work = work_of(tmp_path, builder)
    records = {record["id"]: record for record in map(record_of, main_objects.build(builder, work))}
    assert set(records) == {"w-one", "w-two"}
    assert reasons(work) == {"file is missing"}
    assert records["w-one"]["licence"] == "imagery: public domain; map: ODbL 1.0"
    # 100 x 40 pixels of 2 m; UTM 600000 east is stretched by a few parts in ten thousand at most.
    assert "covers 10% of the image, around its centre. It measures about 16,000 square metres." in records["w-one"]["captions"][0]
    assert records["w-one"]["gsd"] == pytest.approx(2.0, rel=0.001)
    for record in records.values():
        assert faults(check_objects.check(record, evidence_of(tmp_path, builder))) == []


@pytest.mark.system("rsteller", 2)
@pytest.mark.parametrize("top", [5, 155])
@pytest.mark.parametrize("left", [-1, 151])
def test_what_lies_beyond_a_turned_outline_is_no_part_of_the_picture(tmp_path: Path, left: float, top: float) -> None:
    """A raster in UTM is turned against the meridians: a pixel beyond its edge a lake may still be between its bounds."""
    make_rasters(tmp_path)
    lake = {1: ([(left, top), (left + 50, top), (left + 50, top + 40), (left, top + 40)], {"natural": "water"})}
    (tmp_path / "osm/files/cells/one.osm").write_text(osm(lake))
    builder = settings(MainObjects, "map-main-object", **LAYOUT)
    records = {record["id"]: record for record in map(record_of, main_objects.build(builder, work_of(tmp_path, builder)))}
    assert "Its visible part measures about" in records["w-one"]["captions"][0]
    assert faults(check_objects.check(records["w-one"], evidence_of(tmp_path, builder))) == []


def test_the_other_kinds_read_the_same_layout(tmp_path: Path) -> None:
    make_rasters(tmp_path)
    tags = settings(BalancedTags, "balanced-tags", **LAYOUT, side=64, least=64, most=128, threshold=5)
    scenes = settings(MapScenes, "map-scenes", **LAYOUT)
    found = [record_of(sample) for sample in balanced_tags.build(tags, work_of(tmp_path, tags))]
    assert [record["captions"] for record in found]
    assert [fault for record in found for fault in faults(check_tags.check(record, evidence_of(tmp_path, tags)))] == []
    found = [record_of(sample) for sample in map_scenes.build(scenes, work_of(tmp_path, scenes))]
    assert len(found) == 2
    assert [fault for record in found for fault in faults(check_scenes.check(record, evidence_of(tmp_path, scenes)))] == []


def scenes_of(raw: Path, **more: Any) -> tuple[list[dict[str, Any]], set[str]]:
    builder = settings(MapScenes, "map-scenes", **more)
    work = work_of(raw, builder)
    return [record_of(sample) for sample in map_scenes.build(builder, work)], reasons(work)


@pytest.mark.parametrize("sampling", [None, {"places": 2}])
def test_a_missing_map_is_named(tmp_path: Path, sampling: dict[str, int] | None) -> None:
    make_world(tmp_path, [])
    with pytest.raises(DataError, match=r"source 'world': no map 'maps/none\.geojson'"):
        scenes_of(tmp_path, maps="maps/none.geojson", sampling=sampling)


@pytest.mark.parametrize(
    ("data", "words"), [(b"{", "map.geojson"), (b"[]", "not a GeoJSON FeatureCollection"), (b'{"features": 5}', "FeatureCollection")]
)
def test_a_map_that_is_none_is_named(tmp_path: Path, data: bytes, words: str) -> None:
    make_world(tmp_path, [])
    (tmp_path / "world/files/map.geojson").write_bytes(data)
    with pytest.raises(DataError, match=words):
        scenes_of(tmp_path)


def test_a_map_of_another_format_is_refused(tmp_path: Path) -> None:
    make_world(tmp_path, [])
    (tmp_path / "world/files/map.txt").write_text("x")
    with pytest.raises(DataError, match=r"no map that is read here; allowed: \*.geojson"):
        scenes_of(tmp_path, maps="map.txt")


def test_broken_pictures_and_pictures_without_a_place_are_set_aside(tmp_path: Path) -> None:
    make_world(
        tmp_path, [box("way/1", 10, 10, 90, 90, natural="water")], ("tile-65536-65536-17", "nowhere", "tile-5-5-1", "broken-65537-65536-17")
    )
    (tmp_path / "world/files/tiles/broken-65537-65536-17.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    records, found = scenes_of(tmp_path)
    assert [record["id"] for record in records] == ["w-tile-65536-65536-17"]
    assert found == {"picture has no place on the earth", "picture: broken"}


HOSTILE: list[Any] = [
    None, 5, [], {"type": "Point", "coordinates": [0, 0]}, {"type": "Feature"}, {"type": "Feature", "geometry": None, "properties": {}},
    {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": []}, "properties": {}},
    {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1e308, 1e308], [0, 1], [0, 0]]]}, "properties": {}},
    {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [["a", "b"], [0, 1]]}, "properties": {}},
    {"type": "Feature", "geometry": {"type": "Point", "coordinates": [0.001, -0.001]}, "properties": {"natural": "\u202etree"}},
    {"type": "Feature", "geometry": {"type": "Point", "coordinates": [0.001, -0.001]}, "properties": {"x" * 2000: "tree"}},
]  # fmt: skip


@pytest.mark.parametrize("feature", HOSTILE)
def test_hostile_features_are_set_aside_and_the_rest_is_told(tmp_path: Path, feature: Any) -> None:
    make_world(tmp_path, [box("way/1", 10, 10, 90, 90, natural="water")])
    path = tmp_path / "world/files/map.geojson"
    document = json.loads(path.read_text())
    document["features"].insert(0, feature)
    path.write_text(json.dumps(document))
    records, found = scenes_of(tmp_path)
    assert len(records) == 1
    assert len(found) == 1
