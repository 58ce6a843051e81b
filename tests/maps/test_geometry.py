import json
import math
from pathlib import Path

import pytest
import shapely

from rsvlm.maps.geojson import read_geojson
from rsvlm.maps.geometry import area_m2, bearing, boxes_of, clip, compass, length_m, orientation, utm_epsg, visible_share

# fmt: off
ZONES = [
    (-180.0, 0.0, 32601), (180.0, 10.0, 32601), (179.9, 10.0, 32660), (0.0, 51.5, 32631), (-0.1, 51.5, 32630),
    (151.2, -33.87, 32756), (32.59, 0.35, 32636),
    (2.9, 60.4, 32631), (5.3, 60.4, 32632), (11.99, 60.4, 32632), (12.0, 60.4, 32633), (5.3, 55.9, 32631), (5.3, 64.0, 32631),
    (8.9, 78.0, 32631), (9.0, 78.0, 32633), (15.6, 78.2, 32633), (20.9, 78.0, 32633), (21.0, 78.0, 32635), (32.9, 78.0, 32635),
    (33.0, 78.0, 32637), (41.9, 78.0, 32637), (42.0, 78.0, 32638), (9.0, 71.9, 32632),
    (15.0, 84.0, 32661), (0.0, -80.1, 32761), (0.0, -80.0, 32731),
]
# fmt: on


@pytest.mark.parametrize(("longitude", "latitude", "epsg"), ZONES)
def test_zones_with_norway_and_svalbard(longitude: float, latitude: float, epsg: int) -> None:
    assert utm_epsg(longitude, latitude) == epsg


def test_a_degree_of_latitude_has_its_published_length() -> None:
    # WGS 84: 110,574.39 m from the equator to 1 degree, 111,412.2 m around 60 degrees
    assert length_m(shapely.LineString([(33, 0), (33, 1)])) == pytest.approx(110_574.39, rel=1.5e-3)
    assert length_m(shapely.LineString([(10, 59.5), (10, 60.5)])) == pytest.approx(111_412.2, rel=1.5e-3)


@pytest.mark.parametrize("longitude", [3.0, 5.9, 178.0, -71.0])
def test_a_box_has_its_area_anywhere_in_a_zone(longitude: float) -> None:
    # at 45 degrees a degree of latitude is 111,131.8 m and one of longitude 78,846.8 m
    box = shapely.box(longitude, 44.995, longitude + 0.01, 45.005)
    assert area_m2(box) == pytest.approx(1_111.318 * 788.468, rel=3e-3)


def test_a_box_cut_by_the_antimeridian_is_measured_as_one() -> None:
    halves = shapely.MultiPolygon([shapely.box(179.995, 44.995, 180, 45.005), shapely.box(-180, 44.995, -179.995, 45.005)])
    assert area_m2(halves) == pytest.approx(1_111.318 * 788.468, rel=3e-3)


def test_real_buildings_have_the_areas_that_their_file_lists(mirror: Path, faults) -> None:
    path = mirror / "spacenet-geotiff/atlanta-buildings/buildings.geojson"
    whole = [feature["properties"] for feature in json.loads(path.read_text())["features"]]
    compared = 0
    for element, listed in zip(read_geojson(path, faults), whole, strict=True):
        if str(listed["truncated"]) == "0":
            assert area_m2(element.geometry) == pytest.approx(float(listed["origarea"]), rel=0.01)
            compared += 1
    assert compared > 0


@pytest.mark.parametrize(
    ("end", "degrees", "word"),
    [((0, 1), 0, "north"), ((1, 1), 45, "northeast"), ((1, 0), 90, "east"), ((0, -1), 180, "south"), ((-1, 0), 270, "west")],
)
def test_bearings_at_the_equator(end: tuple[float, float], degrees: float, word: str) -> None:
    assert bearing((0, 0), (end[0] / 1000, end[1] / 1000)) == pytest.approx(degrees, abs=1e-6)
    assert compass(degrees) == word


def test_a_bearing_counts_meridians_as_close_as_they_are() -> None:
    # at 60 degrees, 2 degrees of longitude are as long as 1 of latitude
    assert bearing((10, 60), (10.002, 60.001)) == pytest.approx(45, abs=0.01)
    assert bearing((179.999, 0), (-179.999, 0)) == pytest.approx(90)
    with pytest.raises(ValueError, match="no bearing"):
        bearing((1, 1), (1, 1))


@pytest.mark.parametrize(
    ("degrees", "word"), [(22.4, "north"), (22.6, "northeast"), (337.6, "north"), (359.9, "north"), (202.6, "southwest")]
)
def test_compass_words(degrees: float, word: str) -> None:
    assert compass(degrees) == word


@pytest.mark.parametrize(
    ("points", "axis"),
    [
        ([(0, 0), (0, 1)], "north-south"),
        ([(0, 1), (0, 0)], "north-south"),
        ([(0, 0), (1, 1)], "northeast-southwest"),
        ([(1, 1), (0, 0)], "northeast-southwest"),
        ([(0, 0), (1, 0)], "east-west"),
        ([(0, 0), (1, -1)], "northwest-southeast"),
        ([(-1, 1), (0, 0)], "northwest-southeast"),
        ([(0, 0), (4, 0), (4, 1)], "east-west"),
        ([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], None),
        ([(0, 0), (1, 0), (1, 1)], None),  # a right angle with equal arms
    ],
)
def test_orientation(points: list[tuple[float, float]], axis: str | None) -> None:
    line = shapely.LineString([(x / 1000, y / 1000) for x, y in points])
    assert orientation(line) == axis


def test_what_has_no_axis() -> None:
    assert orientation(shapely.Point(1, 1)) is None
    assert orientation(shapely.box(0, 0, 5, 1)) is None


def test_clipping_keeps_the_kind_and_counts_the_share() -> None:
    bounds = (0.0, 0.0, 1.0, 1.0)
    area = shapely.box(0.5, 0.5, 1.5, 1.5)
    line = shapely.LineString([(-1, 0.5), (3, 0.5)])
    points = shapely.MultiPoint([(0.5, 0.5), (2, 2), (0.1, 0.1), (3, 3)])
    for geometry, kind, share in ((area, "area", 0.25), (line, "line", 0.25), (points, "point", 0.5)):
        part = clip(geometry, kind, bounds)
        assert part is not None
        assert visible_share(geometry, part, kind) == pytest.approx(share)
    assert clip(shapely.box(1, 0, 2, 1), "area", bounds) is None  # touches the edge
    assert clip(shapely.LineString([(1, 0), (2, 2)]), "line", bounds) is None


def test_a_lines_share_is_one_of_metres() -> None:
    # at 60 degrees a degree east is half as long as one north: 1 of 1 + 0.5
    corner = shapely.LineString([(10, 60), (10, 60.01), (10.01, 60.01)])
    part = clip(corner, "line", (9.99, 59.99, 10.0, 60.02))
    assert part is not None
    assert visible_share(corner, part, "line") == pytest.approx(1 / 1.5, abs=1e-3)


def test_bounds_across_the_antimeridian_are_two_boxes() -> None:
    assert [box.bounds for box in boxes_of((179.0, -1.0, -179.0, 1.0))] == [(179, -1, 180, 1), (-180, -1, -179, 1)]


@pytest.mark.parametrize("bounds", [(0, 0, 0, 1), (0, 1, 1, 0), (0, 0, 1, 91), (math.nan, 0, 1, 1), (-181, 0, 1, 1), (0, 0, math.inf, 1)])
def test_bounds_that_name_no_box(bounds: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="are not west, south, east, north"):
        boxes_of(bounds)
