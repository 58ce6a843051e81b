"""Check captions from footprints: polygons placed on the raster again, then read as captions from boxes are."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import shapely
import shapely.affinity
import shapely.geometry
from rasterio.warp import transform_geom

from rsvlm.data.checkers.boxes import check_captions
from rsvlm.data.evidence import Evidence, in_window
from rsvlm.data.statement import Statement
from rsvlm.imagery.rasters import open_raster


@cache
def footprint_boxes(footprints: Path, raster: Path) -> tuple[shapely.Polygon, ...]:
    """Return the box around every outer ring of a GeoJSON file, in pixels of a raster."""
    document = json.loads(footprints.read_bytes())
    named = document.get("crs", {}).get("properties", {}).get("name", "EPSG:4326").upper().removeprefix("URN:OGC:DEF:CRS:")
    crs = "EPSG:4326" if named.endswith("CRS84") else f"EPSG:{named.rpartition(':')[2]}"
    with open_raster(raster) as dataset:
        to_pixels, target = ~dataset.transform, dataset.crs
    found = []
    for feature in document["features"]:
        if (feature.get("geometry") or {}).get("type") not in ("Polygon", "MultiPolygon"):
            continue
        placed = shapely.geometry.shape(transform_geom(crs, target, feature["geometry"]))
        affine = (to_pixels.a, to_pixels.b, to_pixels.d, to_pixels.e, to_pixels.c, to_pixels.f)
        parts = placed.geoms if isinstance(placed, shapely.MultiPolygon) else [placed]
        found += [shapely.box(*shapely.affinity.affine_transform(part, affine).bounds) for part in parts]
    return tuple(found)


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions."""
    rule, origin, source = evidence.rules(record)[0], record["origin"], evidence.source(str(record["source"]))
    boxes = footprint_boxes(source.path(origin["annotation"]), source.path(origin["picture"]))
    objects = [(rule["label"], box.exterior.coords[:4], False) for box in boxes]
    yield from check_captions(record, rule, in_window(record, evidence, objects))
