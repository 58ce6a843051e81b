"""The arithmetic of web map tiles: zoom, column, row and the degrees they stand for.

The world in web Mercator is one square tile at zoom 0 and 2^z by 2^z tiles at zoom z; columns count from 180 degrees west,
rows from the north. With u = column / 2^z and v = row / 2^z, both 0 to 1: longitude = 360 u - 180 and
latitude = atan(sinh(pi (1 - 2 v))), in degrees. (Spherical Mercator, EPSG:3857; it ends at 85.0511 degrees.)
"""

import math

from rsvlm.errors import DataError

DEEPEST_ZOOM = 30
NORTHERNMOST = math.degrees(math.atan(math.sinh(math.pi)))


def check_tile(zoom: int, column: int, row: int) -> None:
    """Refuse a tile that does not exist.

    Raises:
        DataError: the zoom is not 0 to 30, or the column or row not 0 to 2^zoom - 1.
    """
    if not 0 <= zoom <= DEEPEST_ZOOM or not 0 <= column < 1 << zoom or not 0 <= row < 1 << zoom:
        raise DataError(f"there is no tile {zoom}/{column}/{row}; zoom is 0 to {DEEPEST_ZOOM}, column and row 0 to 2^zoom - 1")


def lonlat_at(zoom: int, column: float, row: float) -> tuple[float, float]:
    """Return longitude and latitude in degrees of a place in tiles of a zoom; whole numbers are upper left corners."""
    side = 1 << zoom
    return 360.0 * column / side - 180.0, math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * row / side))))


def tile_bounds(zoom: int, column: int, row: int) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a tile in degrees.

    Raises:
        DataError: there is no such tile.
    """
    check_tile(zoom, column, row)
    west, north = lonlat_at(zoom, column, row)
    east, south = lonlat_at(zoom, column + 1, row + 1)
    return west, south, east, north


def tile_at(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """Return column and row of the tile that holds a place; places beyond the map's ends give its outermost tile."""
    side = 1 << zoom
    limited = math.radians(max(-NORTHERNMOST, min(NORTHERNMOST, latitude)))
    column = math.floor((longitude + 180.0) / 360.0 * side)
    row = math.floor((1.0 - math.asinh(math.tan(limited)) / math.pi) / 2.0 * side)
    return min(max(column, 0), side - 1), min(max(row, 0), side - 1)
