"""GeoJSON feature collections as map elements, whoever exported them from OpenStreetMap."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import rasterio.warp
import shapely
from rasterio.crs import CRS
from shapely.geometry.base import BaseGeometry

from rsvlm.errors import DataError
from rsvlm.imagery.rasters import NO_PLACE
from rsvlm.maps.elements import Element, SetAside, checked_element, clean_tags, kind_of
from rsvlm.records.readers.footprints import crs_of
from rsvlm.records.readers.jsonlines import LARGEST_FILE, parse
from rsvlm.records.unfit import Unfit

_OSM_ID = re.compile(r"(node|way|relation)/\d{1,19}")
_LONLAT = CRS.from_epsg(4326)
# Bookkeeping of exporters: ids, versions, who and when; they say nothing of the thing itself.
_NOT_TAGS = ("osm_id", "osm_way_id", "osm_type", "osm_version", "osm_timestamp", "z_order", "way_area")


def read_geojson(path: Path, set_aside: SetAside, also: Mapping[str, str] | None = None) -> Iterator[Element]:
    """Yield a file's features in its order, with their properties as tags.

    The id is `way/123` where the feature tells (its own id, `@type` and `@id`, or osm2pgsql's `osm_id`, negative for
    relations), else `feature/N` with its number in the file, from 1. Coordinates in another CRS that the file names are
    brought to longitude and latitude.

    Args:
        path: the file.
        set_aside: called with `feature/N` and the reason when a feature is unusable.
        also: tags of every feature, where the file is of one kind of thing and does not say so (`building`: `yes`).

    Raises:
        DataError: missing, too large, not GeoJSON, or in a CRS that is not understood.
    """
    document = _load(path)
    try:
        crs = CRS.from_user_input(crs_of(document))
    except NO_PLACE as error:
        raise DataError(f"{path}: {str(error)[:200]}") from None
    for number, feature in enumerate(document["features"], 1):
        try:
            yield _element(feature, number, None if crs == _LONLAT else crs, also or {})
        except Unfit as fault:
            set_aside(f"feature/{number}", fault)


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(f"{path}: no such file; acquire the source again")
    if path.stat().st_size > LARGEST_FILE:
        raise DataError(f"{path}: {path.stat().st_size:,} bytes; at most {LARGEST_FILE:,} are read")
    try:
        document = parse(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except Unfit as fault:
        raise DataError(f"{path}: {fault}") from None
    if isinstance(document, dict) and document.get("type") == "Feature":
        document = {**document, "features": [document]}
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        raise DataError(f"{path}: not a GeoJSON FeatureCollection")
    return document


def _element(feature: Any, number: int, crs: Any, also: Mapping[str, str]) -> Element:
    if not isinstance(feature, dict) or not isinstance(feature.get("geometry"), dict):
        raise Unfit("feature has no geometry", type(feature).__name__)
    geometry = _geometry(feature["geometry"])
    if crs is not None:
        geometry = _to_lonlat(geometry, crs)
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    own = {key: value for key, value in properties.items() if not key.startswith("@") and key not in _NOT_TAGS and value is not None}
    tags = clean_tags({**also, **own}.items())
    return checked_element(id_of(feature.get("id"), properties, kind_of(geometry)) or f"feature/{number}", geometry, tags)


def id_of(own: Any, properties: dict[str, Any], kind: str) -> str:
    """Return OpenStreetMap's id of an exported feature, `way/123`; empty where it tells none.

    Args:
        own: the feature's own id.
        properties: its properties.
        kind: point, line or area: what osm2pgsql's bare numbers mean depends on it.
    """
    for value in (own, properties.get("@id")):
        if isinstance(value, str) and _OSM_ID.fullmatch(value):
            return value
    number, named = _whole(properties.get("@id")), properties.get("@type")
    if number is not None and named in ("node", "way", "relation"):
        return f"{named}/{number}"
    number = _whole(properties.get("osm_id"))
    if not number:
        return ""
    if number < 0:
        return f"relation/{-number}"
    return f"node/{number}" if kind == "point" else f"way/{number}"


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
        return int(value)
    return (
        int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value == int(value)
        else None
    )


def _geometry(geometry: dict[str, Any]) -> BaseGeometry:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    try:
        match kind:
            case "Point":
                return shapely.Point(_point(coordinates))
            case "MultiPoint":
                return shapely.MultiPoint(_points(coordinates))
            case "LineString":
                return shapely.LineString(_points(coordinates))
            case "MultiLineString":
                return shapely.MultiLineString([_points(line) for line in _list(coordinates)])
            case "Polygon":
                return _polygon(coordinates)
            case "MultiPolygon":
                return shapely.MultiPolygon([_polygon(polygon) for polygon in _list(coordinates)])
    except Unfit:
        raise
    except (ValueError, shapely.errors.ShapelyError) as error:
        raise Unfit("geometry is broken", str(error)[:100]) from None
    raise Unfit("geometry is of no single kind", str(kind)[:40])


def _polygon(rings: Any) -> BaseGeometry:
    outer, *holes = [_points(ring) for ring in _list(rings)]
    return shapely.Polygon(outer, holes)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise Unfit("geometry is broken", f"a list of coordinates is {str(value)[:40]!r}")
    return value


def _points(value: Any) -> list[tuple[float, float]]:
    return [_point(each) for each in _list(value)]


def _point(value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) < 2:
        raise Unfit("geometry is broken", f"a position is {str(value)[:40]!r}")
    x, y = value[:2]
    if not all(isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < 1e9 for number in (x, y)):
        raise Unfit("geometry is broken", f"a position is {str(value)[:40]!r}")
    return float(x), float(y)


def _to_lonlat(geometry: BaseGeometry, crs: Any) -> BaseGeometry:
    def convert(points: Any) -> Any:
        longitudes, latitudes = rasterio.warp.transform(crs, _LONLAT, points[:, 0], points[:, 1])
        return [*zip(longitudes, latitudes, strict=True)]

    try:
        return shapely.transform(geometry, convert)
    except NO_PLACE as error:
        raise Unfit("coordinates are not on the earth", str(error)[:100]) from None
