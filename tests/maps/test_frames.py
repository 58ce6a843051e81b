from pathlib import Path

import pytest
import rasterio
import shapely

from rsvlm.maps.frames import Frame, frame_of_bounds, pixel_polygons, relation, to_pixels
from rsvlm.maps.geojson import read_geojson
from rsvlm.maps.tiles import tile_bounds
from rsvlm.records.pictures import pixel_mapper


def test_bounds_are_the_chips_edges() -> None:
    frame = frame_of_bounds((10.0, 50.0, 10.2, 50.1), 200, 100)
    placed = to_pixels(shapely.MultiPoint([(10.0, 50.1), (10.2, 50.0), (10.05, 50.075), (9.9, 50.2)]), frame)
    assert [tuple(point.coords[0]) for point in placed.geoms] == [
        pytest.approx(at, abs=1e-6) for at in [(0, 0), (200, 100), (50, 25), (-100, -100)]
    ]


def test_a_chip_across_the_antimeridian() -> None:
    frame = frame_of_bounds((179.5, -1.0, -179.5, 1.0), 100, 100)
    placed = to_pixels(shapely.MultiPoint([(179.75, 0), (-179.75, 0)]), frame)
    assert [point.x for point in placed.geoms] == pytest.approx([25, 75])


def test_a_tiles_rows_are_even_enough() -> None:
    # the middle of web Mercator's rows against the middle of latitudes, at zoom 12 and 60 degrees north
    zoom, column, row = 12, 2300, 1186
    frame = frame_of_bounds(tile_bounds(zoom, column, row), 256, 256)
    middle = tile_bounds(zoom + 1, 2 * column, 2 * row)[1]
    assert to_pixels(shapely.Point(tile_bounds(zoom, column, row)[0], middle), frame).y == pytest.approx(128, abs=0.05)


def test_real_footprints_land_where_the_rasters_own_mapper_puts_them(mirror: Path, faults) -> None:
    folder = mirror / "spacenet-geotiff/atlanta-buildings"
    with rasterio.open(folder / "pan.tif") as raster:
        frame = Frame(raster.crs.to_string(), tuple(raster.transform)[:6], raster.width, raster.height)
    mapper = pixel_mapper(folder / "pan.tif")
    for element in read_geojson(folder / "buildings.geojson", faults):
        expected = mapper("EPSG:4326", [tuple(point) for point in element.geometry.exterior.coords])
        placed = to_pixels(element.geometry, frame).exterior.coords
        assert [tuple(point) for point in placed] == [pytest.approx(point, abs=1e-4) for point in expected]


def test_outlines_are_cut_to_the_chip_largest_first() -> None:
    frame = frame_of_bounds((0.0, 0.0, 1.0, 1.0), 10, 10)
    shape = shapely.MultiPolygon([shapely.box(0.1, 0.1, 0.2, 0.2), shapely.box(0.5, 0.5, 2.0, 2.0), shapely.box(3, 3, 4, 4)])
    found = pixel_polygons(shape, frame)
    assert [sorted((round(x, 6), round(y, 6)) for x, y in polygon) for polygon in found] == [
        [(5, 0), (5, 5), (10, 0), (10, 5)],
        [(1, 8), (1, 9), (2, 8), (2, 9)],
    ]


@pytest.mark.parametrize("frame", [(0, 10), (10, 0)])
def test_a_chip_without_pixels(frame: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="a chip of"):
        frame_of_bounds((0.0, 0.0, 1.0, 1.0), *frame)


def test_a_frame_whose_pixels_have_no_area() -> None:
    with pytest.raises(ValueError, match="no area"):
        to_pixels(shapely.Point(1, 1), Frame("EPSG:4326", (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), 5, 5))


LAKE = shapely.box(100, 100, 200, 200)


@pytest.mark.parametrize(
    ("subject", "word"),
    [
        (shapely.box(10, 120, 60, 170), "left"),
        (shapely.box(240, 120, 260, 170), "right"),
        (shapely.box(120, 10, 170, 60), "top"),
        (shapely.box(120, 240, 170, 260), "bottom"),
        (shapely.box(120, 120, 150, 150), "inside"),
        (shapely.box(98, 120, 198, 150), "inside"),  # 98 % of it
        (shapely.box(50, 120, 150, 150), "next to"),  # half of it
        (shapely.box(0, 0, 300, 300), "around"),
        (shapely.box(204, 100, 250, 200), "next to"),
        (shapely.Point(150, 150), "inside"),
        (shapely.Point(150, 90), "top"),
        (shapely.LineString([(110, 110), (190, 190)]), "inside"),
        (shapely.LineString([(0, 150), (300, 150)]), "next to"),
        (shapely.box(210, 300, 230, 320), "bottom"),  # 70 to the right, 160 down
    ],
)
def test_relations(subject: shapely.Geometry, word: str) -> None:
    assert relation(subject, LAKE, near=5) == word
