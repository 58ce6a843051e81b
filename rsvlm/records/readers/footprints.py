"""GeoJSON footprints onto a georeferenced raster: horizontal boxes in pixels around each polygon."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rsvlm.errors import DataError
from rsvlm.records.geometry import corners_of_box
from rsvlm.records.models import Point
from rsvlm.records.readers.annotation import Annotation, RawObject
from rsvlm.records.readers.jsonlines import LARGEST_FILE, parse
from rsvlm.records.unfit import Unfit

_CRS = re.compile(r"(?:urn:ogc:def:crs:)?(EPSG|OGC):[\d.]*:?(\w+)$", re.IGNORECASE)


def crs_of(document: dict[str, Any]) -> str:
    """Return the CRS that a GeoJSON document names (`EPSG:32616`), or `EPSG:4326`, which the standard means without one.

    Raises:
        ValueError: it names one in a way that is not understood.
    """
    named = document.get("crs")
    if named is None:
        return "EPSG:4326"
    properties = named.get("properties") if isinstance(named, dict) else None
    text = str(properties.get("name", "")) if isinstance(properties, dict) else ""
    found = _CRS.match(text)
    if not found:
        raise ValueError(f"crs {text[:60]!r} is not understood; use EPSG codes")
    return "EPSG:4326" if found[2].upper() == "CRS84" else f"EPSG:{found[2]}"


def _rings(geometry: Any) -> list[list[Point]]:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(kind)
    if polygons is None:
        raise Unfit("footprint is not a polygon", str(kind)[:40])
    return [[(float(x), float(y)) for x, y, *_ in polygon[0]] for polygon in polygons]


def _objects(feature: Any, where: str, label: str, to_pixels: Callable[[list[Point]], list[Point]]) -> list[RawObject]:
    try:
        found = []
        for ring in _rings(feature["geometry"]):
            points = to_pixels(ring)
            xs, ys = [x for x, _ in points], [y for _, y in points]
            if not all(map(math.isfinite, (*xs, *ys))):
                raise Unfit("box coordinates are not finite", "the footprint has no place on the raster")
            found.append(RawObject(where, label, corners_of_box(min(xs), min(ys), max(xs), max(ys))))
        return found
    except Unfit as unfit:
        return [RawObject(where, fault=unfit)]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        return [RawObject(where, fault=Unfit("footprint is not a polygon", str(error)[:100]))]


def read(path: Path, label: str, to_pixels: Callable[[str, list[Point]], list[Point]]) -> Annotation:
    """Read footprints.

    Args:
        path: a GeoJSON FeatureCollection.
        label: class name of every footprint.
        to_pixels: (CRS of the points, points) -> pixel coordinates on the raster.

    Raises:
        DataError: not a FeatureCollection, or its CRS is not understood; the file is named.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataError(f"{path}: {path.stat().st_size:,} bytes; at most {LARGEST_FILE:,} are read")
        document = parse(path.read_bytes())
        crs = crs_of(document) if isinstance(document, dict) else ""
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; acquire the source again") from None
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection" or not isinstance(document.get("features"), list):
        raise DataError(f"{path}: not a GeoJSON FeatureCollection")
    objects = []
    for number, feature in enumerate(document["features"], start=1):
        objects.extend(_objects(feature, f"feature {number}", label, lambda points: to_pixels(crs, points)))
    return Annotation("", objects)
