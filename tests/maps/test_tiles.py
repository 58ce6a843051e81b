import math

import pytest
from rasterio.warp import transform

from rsvlm.errors import DataError
from rsvlm.maps.tiles import check_tile, lonlat_at, tile_at, tile_bounds

HALF = 20_037_508.342789244  # half the earth's circumference at the equator, metres


def test_the_worlds_tile_is_the_square_of_web_mercator() -> None:
    assert tile_bounds(0, 0, 0) == pytest.approx((-180.0, -85.0511287798066, 180.0, 85.0511287798066))


def test_hand_worked_tiles() -> None:
    # zoom 1: the equator and Greenwich meet in the middle
    assert tile_bounds(1, 1, 0) == pytest.approx((0.0, 0.0, 180.0, 85.0511287798066))
    # zoom 2, row 1 starts a quarter down: atan(sinh(pi / 2)) = atan(2.3012989) = 66.5132604 degrees
    assert tile_bounds(2, 1, 1) == pytest.approx((-90.0, 0.0, 0.0, 66.51326044311186))
    # zoom 3, column 5 starts at 5/8 of the circle: 45 degrees east; row 6 at atan(sinh(-pi / 2))
    assert lonlat_at(3, 5, 6) == pytest.approx((45.0, -66.51326044311186))


@pytest.mark.parametrize(("zoom", "column", "row"), [(19, 309613, 261632), (17, 62110, 50163), (12, 0, 4095), (5, 31, 3)])
def test_tiles_lie_where_proj_puts_their_corners(zoom: int, column: int, row: int) -> None:
    side = 2 * HALF / 2**zoom
    xs, ys = [-HALF + column * side, -HALF + (column + 1) * side], [HALF - (row + 1) * side, HALF - row * side]
    longitudes, latitudes = transform("EPSG:3857", "EPSG:4326", xs, ys)
    assert tile_bounds(zoom, column, row) == pytest.approx((longitudes[0], latitudes[0], longitudes[1], latitudes[1]), abs=1e-9)
    assert tile_at(sum(longitudes) / 2, sum(latitudes) / 2, zoom) == (column, row)


def test_places_beyond_the_map_are_in_its_outermost_tiles() -> None:
    assert tile_at(180.0, 90.0, 4) == (15, 0)
    assert tile_at(-180.0, -90.0, 4) == (0, 15)
    assert tile_at(0.0, 0.0, 1) == (1, 1)


@pytest.mark.parametrize("tile", [(-1, 0, 0), (31, 0, 0), (3, 8, 0), (3, 0, -1), (0, 0, 1)])
def test_tiles_that_do_not_exist(tile: tuple[int, int, int]) -> None:
    with pytest.raises(DataError, match="there is no tile"):
        check_tile(*tile)
    assert math.isfinite(tile_bounds(30, 0, 0)[1])
