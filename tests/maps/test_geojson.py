import json
from pathlib import Path
from typing import Any

import pytest
from rasterio.warp import transform

from rsvlm.errors import DataError
from rsvlm.maps.elements import clean_tags
from rsvlm.maps.geojson import read_geojson
from rsvlm.records.unfit import Unfit

SQUARE = [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]


def collection(*geometries: Any, **more: Any) -> dict[str, Any]:
    features = [{"type": "Feature", "geometry": geometry, "properties": {}} for geometry in geometries]
    return {"type": "FeatureCollection", "features": features, **more}


def written(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "a.geojson"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_kampalas_buildings_have_places_and_ids_where_there_are_any(mirror: Path, faults) -> None:
    path = mirror / "image-osm/oam-buildings/labels.geojson"
    raw = json.loads(path.read_text())["features"]
    found = list(read_geojson(path, faults, also={"building": "yes"}))
    assert [id for id, _ in faults] == ["feature/108"]
    assert faults.reasons == ["area crosses itself"]
    kept = [(number, feature) for number, feature in enumerate(raw, 1) if number != 108]
    names = {number: feature["properties"]["osm_id"] for number, feature in kept}
    assert [element.id for element in found] == [f"way/{osm}" if osm else f"feature/{number}" for number, osm in names.items()]
    assert all(element.tags == {"building": "yes"} for element in found)
    assert [list(map(list, element.geometry.exterior.coords)) for element in found] == [
        feature["geometry"]["coordinates"][0] for _, feature in kept
    ]


def test_another_crs_is_brought_to_degrees(mirror: Path, faults) -> None:
    path = mirror / "spacenet-geotiff/atlanta-buildings/buildings.geojson"
    document = json.loads(path.read_text())
    found = list(read_geojson(path, faults))
    assert len(found) == len(document["features"]) == 43
    first = document["features"][0]["geometry"]["coordinates"][0][0]
    named = document["crs"]["properties"]["name"].rpartition(":")[2] if "crs" in document else "4326"
    longitudes, latitudes = transform(f"EPSG:{named}", "EPSG:4326", [first[0]], [first[1]])
    assert found[0].geometry.exterior.coords[0] == pytest.approx((longitudes[0], latitudes[0]), abs=1e-9)


def test_utm_coordinates_with_their_crs_named(tmp_path: Path, faults) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32636"}}
    # the origin of zone 36: 33 degrees east on the equator has easting 500 km
    (element,) = read_geojson(written(tmp_path, collection({"type": "Point", "coordinates": [500_000, 0]}, crs=crs)), faults)
    assert (element.geometry.x, element.geometry.y) == pytest.approx((33.0, 0.0), abs=1e-9)


@pytest.mark.parametrize(
    ("geometry", "kind"),
    [
        ({"type": "Point", "coordinates": [1, 2, 300]}, "point"),
        ({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}, "point"),
        ({"type": "LineString", "coordinates": [[1, 2], [3, 4]]}, "line"),
        ({"type": "MultiLineString", "coordinates": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}, "line"),
        ({"type": "Polygon", "coordinates": SQUARE}, "area"),
        ({"type": "MultiPolygon", "coordinates": [SQUARE]}, "area"),
    ],
)
def test_kinds(geometry: dict[str, Any], kind: str, tmp_path: Path, faults) -> None:
    (element,) = read_geojson(written(tmp_path, collection(geometry)), faults)
    assert (element.kind, element.id) == (kind, "feature/1")
    assert not faults


@pytest.mark.parametrize(
    ("own", "properties", "kind", "id"),
    [
        ("way/7", {}, "Point", "way/7"),
        (None, {"@id": "relation/8"}, "Point", "relation/8"),
        (None, {"@id": 9, "@type": "node"}, "Point", "node/9"),
        (None, {"osm_id": 10}, "Point", "node/10"),
        (None, {"osm_id": "10"}, "LineString", "way/10"),
        (None, {"osm_id": -11}, "LineString", "relation/11"),
        (None, {"osm_id": None}, "Point", "feature/1"),
        (12, {"osm_id": "x"}, "Point", "feature/1"),
        ("way/../7", {"osm_id": True}, "Point", "feature/1"),
    ],
)
def test_ids(own: Any, properties: dict[str, Any], kind: str, id: str, tmp_path: Path, faults) -> None:
    coordinates = [1, 2] if kind == "Point" else [[1, 2], [3, 4]]
    feature = {"type": "Feature", "id": own, "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}
    (element,) = read_geojson(written(tmp_path, {"type": "FeatureCollection", "features": [feature]}), faults)
    assert element.id == id
    assert not faults


def test_tags_are_text_sorted_and_shown_as_openstreetmap_does() -> None:
    pairs = {
        "name": " Rue  de l'Église ",
        "lanes": 2,
        "height": 7.5,
        "oneway": True,
        "bridge": False,
        "note": None,
        "x": "",
        "list": [1],
        "big": 3.0,
    }
    assert clean_tags(pairs.items()) == {
        "big": "3", "bridge": "no", "height": "7.5", "lanes": "2", "name": "Rue de l'Église", "oneway": "yes",
    }  # fmt: skip


@pytest.mark.parametrize("pairs", [{"name": "a\x1b[31m"}, {"k" * 1001: "v"}, {"name": "v" * 100_000}, {f"k{n}": "v" for n in range(1001)}])
def test_tags_that_cannot_be_shown(pairs: dict[str, str]) -> None:
    with pytest.raises(Unfit, match=r"tag is unusable|too many tags"):
        clean_tags(pairs.items())


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        (None, "feature has no geometry"),
        ("POINT (1 2)", "feature has no geometry"),
        ({}, "geometry is of no single kind"),
        ({"type": "GeometryCollection", "geometries": []}, "geometry is of no single kind"),
        ({"type": "Circle", "coordinates": [1, 2]}, "geometry is of no single kind"),
        ({"type": "Point"}, "geometry is broken"),
        ({"type": "Point", "coordinates": []}, "geometry is broken"),
        ({"type": "Point", "coordinates": [1]}, "geometry is broken"),
        ({"type": "Point", "coordinates": ["1", "2"]}, "geometry is broken"),
        ({"type": "Point", "coordinates": [True, False]}, "geometry is broken"),
        ({"type": "Point", "coordinates": [1e308, 2]}, "geometry is broken"),
        ({"type": "Point", "coordinates": [None, 2]}, "geometry is broken"),
        ({"type": "Point", "coordinates": {"x": 1}}, "geometry is broken"),
        ({"type": "Point", "coordinates": [181, 2]}, "coordinates are not on the earth"),
        ({"type": "Point", "coordinates": [1, -90.5]}, "coordinates are not on the earth"),
        ({"type": "LineString", "coordinates": [[1, 2]]}, "geometry is broken"),
        ({"type": "LineString", "coordinates": [[1, 2], [1, 2]]}, "geometry has no extent"),
        ({"type": "LineString", "coordinates": [1, 2]}, "geometry is broken"),
        ({"type": "Polygon", "coordinates": []}, "geometry is broken"),
        ({"type": "Polygon", "coordinates": [[]]}, "geometry is broken"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0]]]}, "geometry is broken"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "area crosses itself"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [2, 2], [0, 0]]]}, "area crosses itself"),
        ({"type": "Polygon", "coordinates": [*SQUARE, [[5, 5], [6, 5], [6, 6], [5, 5]]]}, "area crosses itself"),
        ({"type": "MultiPolygon", "coordinates": SQUARE}, "geometry is broken"),
        ({"type": "Point", "coordinates": [[1, 2], [3, 4]]}, "geometry is broken"),
    ],
)
def test_a_broken_feature_is_set_aside_and_the_next_one_read(geometry: Any, reason: str, tmp_path: Path, faults) -> None:
    path = written(tmp_path, collection(geometry, {"type": "Point", "coordinates": [1, 2]}))
    assert [element.id for element in read_geojson(path, faults)] == ["feature/2"]
    assert faults.reasons == [reason]


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        "null",
        '{"features": 5}',
        '{"type": "FeatureCollection"}',
        '{"type": "FeatureCollection", "features": [{"geometry": {"type": "Point", "coordinates": [NaN, 1]}}]}',
        "[" * 100_000,
        '{"features": [' + "9" * 5000 + "]}",
        '{"features": [], "crs": {"properties": {"name": "EPSG:999999"}}}',
        '{"features": [], "crs": {"properties": {"name": "/etc/passwd"}}}',
        '{"features": [], "crs": 7}',
        '{"features": ["\\ud800"]}',
    ],
)
def test_files_that_are_no_geojson(document: str, tmp_path: Path, faults) -> None:
    with pytest.raises(DataError, match=r"a\.geojson"):
        list(read_geojson(written(tmp_path, document), faults))
