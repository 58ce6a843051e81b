"""Vector tiles (Mapbox Vector Tile, alone or in an MBTiles file) as map elements.

A tile cuts what crosses its edge: the pieces of one element have the same id where the tile tells it (OSM QA tiles do),
and `elements.joined` puts them together.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from rsvlm.errors import DataError
from rsvlm.maps.elements import Element, SetAside, checked_element, clean_tags, kind_of
from rsvlm.maps.geojson import id_of
from rsvlm.maps.tiles import check_tile, lonlat_at
from rsvlm.maps.tilewire import parse_tile, paths_of, value_of
from rsvlm.records.unfit import Unfit

LARGEST_TILE = 64 << 20
_POINT, _LINE, _AREA = 1, 2, 3


def read_tile(data: bytes, zoom: int, column: int, row: int, where: str, set_aside: SetAside) -> Iterator[Element]:
    """Yield the features of one tile, layer by layer.

    An element's id is OpenStreetMap's (`way/123`) where properties tell it, else `layer/zoom/column/row/number`. Properties
    that start with `@` are bookkeeping and no tags.

    Args:
        data: the tile's bytes, gzip'd or not.
        zoom: of the tile.
        column: of the tile, from the west.
        row: of the tile, from the north.
        where: names the tile in errors.
        set_aside: called with a feature's id and the reason when it is unusable.

    Raises:
        DataError: not a vector tile, damaged, too large, or the tile does not exist.
    """
    check_tile(zoom, column, row)
    for layer in parse_tile(_unpacked(data, where), where).layers:
        scale = 1.0 / (layer.extent if layer.HasField("extent") else 4096)
        for number, feature in enumerate(layer.features):
            id = f"{layer.name[:100]}/{zoom}/{column}/{row}/{number}"
            try:
                properties = _properties(layer, feature)
                place = _placed(_geometry(feature), zoom, column, row, scale)
                tags = clean_tags((key, value) for key, value in properties.items() if not key.startswith("@"))
                yield checked_element(id_of(None, properties, kind_of(place)) or id, place, tags)
            except Unfit as fault:
                set_aside(id, fault)


def read_mbtiles(path: Path, set_aside: SetAside) -> Iterator[Element]:
    """Yield the features of all tiles of an MBTiles file, by zoom, column and row.

    Raises:
        DataError: no such file, not MBTiles, or one of its tiles is damaged.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; acquire the source again")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            rows = database.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles ORDER BY 1, 2, 3 DESC")
            for zoom, column, south_row, data in rows:
                where = f"{path}: tile {zoom}/{column}/{south_row}"
                if not all(isinstance(number, int) for number in (zoom, column, south_row)) or not isinstance(data, bytes):
                    raise DataError(f"{where}: not three whole numbers and a blob")
                if not 0 <= zoom <= 30:
                    raise DataError(f"{where}: there is no such zoom")
                # MBTiles counts rows from the south.
                yield from read_tile(data, zoom, column, (1 << zoom) - 1 - south_row, where, set_aside)
    except sqlite3.Error as error:
        raise DataError(f"{path}: not a readable MBTiles file: {error}") from None


def _unpacked(data: bytes, where: str) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data
    stream = zlib.decompressobj(wbits=31)
    try:
        unpacked = stream.decompress(data, LARGEST_TILE)
    except zlib.error as error:
        raise DataError(f"{where}: its gzip is damaged: {error}") from None
    if stream.unconsumed_tail or not stream.eof:
        raise DataError(f"{where}: its gzip is cut short, or holds more than {LARGEST_TILE:,} bytes")
    return unpacked


def _properties(layer: Any, feature: Any) -> dict[str, Any]:
    indices = list(feature.tags)
    if len(indices) % 2 or any(key >= len(layer.keys) for key in indices[::2]) or any(at >= len(layer.values) for at in indices[1::2]):
        raise Unfit("feature's tags point nowhere", str(indices)[:100])
    return {layer.keys[key]: value_of(layer.values[at]) for key, at in zip(indices[::2], indices[1::2], strict=True)}


def _geometry(feature: Any) -> BaseGeometry:
    """Return a feature's shape in tile units."""
    try:
        paths = paths_of(feature.geometry)
        if feature.type == _POINT:
            points = [shapely.Point(point) for points, _ in paths for point in points]
            return points[0] if len(points) == 1 else shapely.MultiPoint(points)
        if feature.type == _LINE:
            lines = [shapely.LineString(points) for points, _ in paths]
            return lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)
        if feature.type == _AREA:
            return _polygons([points for points, _ in paths])
    except Unfit:
        raise
    except (ValueError, shapely.errors.ShapelyError) as error:
        raise Unfit("geometry is broken", str(error)[:100]) from None
    raise Unfit("geometry is of no single kind", f"type {feature.type}")


def _polygons(rings: list[list[tuple[int, int]]]) -> BaseGeometry:
    """Return the polygons of a feature's rings: those that turn like the first are outer ones, the others holes in the last.

    The specification has outer rings turn clockwise on screen, but version 1 left it open.
    """
    polygons: list[tuple[list[tuple[int, int]], list[list[tuple[int, int]]]]] = []
    first = 0
    for ring in rings:
        turn = _turn(ring)
        first = first or turn
        if turn == 0:
            continue
        if turn == first:
            polygons.append((ring, []))
        else:
            polygons[-1][1].append(ring)
    if not polygons:
        raise Unfit("geometry has no extent", "area")
    shapes = [shapely.Polygon(outer, holes) for outer, holes in polygons]
    return shapes[0] if len(shapes) == 1 else shapely.MultiPolygon(shapes)


def _turn(ring: list[tuple[int, int]]) -> int:
    """Return 1 for a ring that goes clockwise on screen, -1 for the other way, 0 for one without area."""
    doubled = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True))
    return (doubled > 0) - (doubled < 0)


def _placed(shape: BaseGeometry, zoom: int, column: int, row: int, scale: float) -> BaseGeometry:
    def place(points: Any) -> Any:
        return [lonlat_at(zoom, column + x * scale, row + y * scale) for x, y in points.tolist()]

    try:
        return shapely.transform(shape, place)
    except (OverflowError, ValueError) as error:
        raise Unfit("coordinates are not on the earth", str(error)[:100]) from None
