"""Annotated shapes of a class in pixels of their picture: regions of masks, and GeoJSON footprints on rasters and map tiles."""

import math
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import rasterio.features
import shapely
import shapely.geometry

from rsvlm.errors import DataError
from rsvlm.maps.tiles import check_tile
from rsvlm.records.models import Point
from rsvlm.records.pictures import pixel_mapper
from rsvlm.records.readers.fields import members
from rsvlm.records.readers.footprints import crs_of
from rsvlm.records.readers.jsonlines import LARGEST_FILE, parse
from rsvlm.records.readers.outlines import geojson_polygon
from rsvlm.records.unfit import Unfit

TILE_SIDE = 256
Mapper = Callable[[str, list[Point]], list[Point]]
_TILE = re.compile(r"(\d+)\D+(\d+)\D+(\d+)$")


def mask_shapes(mask: np.ndarray) -> list[shapely.Polygon]:
    """Return the regions of a boolean mask (height, width), joined along edges, as polygons along pixel edges, with their holes."""
    found = rasterio.features.shapes(mask.astype(np.uint8), mask=mask, connectivity=4)
    return [shapely.geometry.shape(geometry) for geometry, _ in found]


def tile_mapper(picture: str) -> Mapper:
    """Return a function from longitudes and latitudes to pixels of a web map tile of 256 pixels.

    Args:
        picture: whose name ends in column, row and zoom: `OAM-1238176-1046484-21.jpg`.

    Raises:
        Unfit: the name has no such numbers, or there is no such tile.
    """
    match = _TILE.search(PurePosixPath(picture).stem)
    if match is None:
        raise Unfit("name is not that of a map tile", f"{picture[:100]}; <name>-<column>-<row>-<zoom> is needed")
    column, row, zoom = (int(number) for number in match.groups())
    try:
        check_tile(zoom, column, row)
    except DataError as error:
        raise Unfit("name is not that of a map tile", str(error)) from None
    side = 1 << zoom

    def to_pixels(crs: str, points: list[Point]) -> list[Point]:
        if crs != "EPSG:4326":
            raise Unfit("footprint has no place on the raster", f"{crs}: only longitude and latitude are put on map tiles")
        found = []
        for longitude, latitude in points:
            if not (-180 <= longitude <= 180 and -85.06 < latitude < 85.06):
                raise Unfit("footprint has no place on the raster", f"{longitude:g}, {latitude:g}")
            across = (longitude + 180.0) / 360.0 * side - column
            down = (1.0 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2.0 * side - row
            found.append((across * TILE_SIDE, down * TILE_SIDE))
        return found

    return to_pixels


def footprint_shapes(path: Path, to_pixels: Mapper) -> list[tuple[str, shapely.Polygon | Unfit]]:
    """Return (where, outer ring in pixels or its fault) of every polygon of a GeoJSON file.

    Raises:
        DataError: not a FeatureCollection, or its CRS is not understood; the file is named.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f"{path.stat().st_size:,} bytes; at most {LARGEST_FILE:,} are read")
        document = parse(path.read_bytes())
        crs = crs_of(document) if isinstance(document, dict) else ""
        features = members(document, "features", "the document")
    except (ValueError, OSError) as error:  # an Unfit is a ValueError
        raise DataError(f"{path}: not a GeoJSON FeatureCollection ({error})") from None
    found: list[tuple[str, shapely.Polygon | Unfit]] = []
    for number, feature in enumerate(features, start=1):
        where = f"feature {number}"
        try:
            for geometry in _polygons(feature):
                polygon = shapely.Polygon(to_pixels(crs, list(geojson_polygon(geometry, where))))
                if not polygon.is_valid:
                    raise Unfit("outline crosses or touches itself", where)
                found.append((where, polygon))
        except Unfit as unfit:
            found.append((where, unfit))
    return found


def _polygons(feature: object) -> list[object]:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if isinstance(geometry, dict) and geometry.get("type") == "MultiPolygon" and isinstance(geometry.get("coordinates"), list):
        return [{"type": "Polygon", "coordinates": rings} for rings in geometry["coordinates"]]
    return [geometry]


def raster_mapper(path: Path) -> Mapper:
    """Return a function from points in a named CRS to pixels of a georeferenced raster.

    Raises:
        Unfit: the raster has no place on the ground.
    """
    try:
        return pixel_mapper(path)
    except DataError as error:
        raise Unfit("raster has no place on the ground", str(error)[:200]) from None
