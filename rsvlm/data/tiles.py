"""Tiles cut from pictures and rasters, with what is known of each: place, resolution, land cover, buildings, class."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import shapely.geometry
from numpy.typing import NDArray
from PIL import Image

from rsvlm.captioning.grammar import class_words
from rsvlm.data.covers import windows_of
from rsvlm.data.derived_cover import derived_cover, offset_of
from rsvlm.data.kinds.located_tiles import LocatedTiles
from rsvlm.data.metadata import tile_gsd, tile_of
from rsvlm.data.work import Work
from rsvlm.errors import DataError
from rsvlm.imagery.rasters import info, read
from rsvlm.imagery.stretch import percentile_limits, to_rgb
from rsvlm.maps.cover import shares
from rsvlm.maps.sentinel2 import composite
from rsvlm.records.pictures import RASTERS, georeference, load, window_bounds
from rsvlm.records.readers.json_files import read_whole
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class Tile:
    """A square of ground.

    Attributes:
        suffix: row and column among the tiles of its picture, and the factor (`01-r2`), empty where the picture is the tile.
        picture: RGB, reduced.
        factor: how many pixels of the file one of its pixels stands for, in a row.
        window: x, y, width, height in pixels of the picture, None for all of it.
        facts: longitude and latitude of the centre (degrees), gsd (metres), zoom of a web map, sensor, place, cover (shares
            of land cover), buildings (a count), label.
        bounds: west, south, east, north in degrees.
    """

    suffix: str
    picture: Image.Image
    factor: int
    window: tuple[int, int, int, int] | None
    facts: dict[str, Any]
    bounds: list[float]


def tiles(file: str, settings: LocatedTiles, work: Work) -> Iterator[Tile]:
    """Yield the tiles of one picture, factor by factor; where it is too small for a factor there is none.

    Raises:
        Unfit: it cannot be decoded, is smaller than every tile, or its place is not known.
    """
    source = work.source(settings.source)
    path, row = source.path(file), source.metadata(file)
    known: dict[str, Any] = {key: row[key] for key in ("sensor", "date") if row.get(key)}
    if settings.place_name:
        known["place"] = settings.place_name
    if settings.label:
        if (matched := re.search(settings.label, file)) is None:
            raise DataError(f"source '{settings.source}': the recipe's class pattern {settings.label!r} does not match '{file}'")
        known["label"] = class_words(matched[1])
    if settings.place == "tile":
        picture = load(path, settings.stretch)
        zoom, bounds = tile_of(file)
        known |= {"zoom": zoom, **_centre(list(bounds))}
        known["gsd"] = tile_gsd(known["latitude"], zoom, picture.width)
        known |= _counted(settings, work, bounds)
        for factor in settings.reductions:
            yield Tile(_suffix("", factor), reduced(picture, factor), factor, None, known, list(bounds))
        return
    raster = georeference(path)
    gsd = source.gsd(file) or (raster.gsd if raster else None)
    if raster is None or gsd is None:
        raise Unfit("place is not known", f"{file}: a raster with its place is needed")
    whole = _whole(path, settings)
    fitting = [factor for factor in settings.reductions if settings.side * factor <= min(raster.width, raster.height)]
    if not fitting:
        raise Unfit("picture is smaller than a tile", f"{raster.width} x {raster.height} pixels; {settings.side} a side are needed")
    for factor in fitting:
        for suffix, window in windows_of(raster.width, raster.height, settings.side * factor):
            place = (window.x, window.y, window.width, window.height)
            around = window_bounds(raster, window)
            facts = known | _centre(around) | {"gsd": gsd} | _counted(settings, work, around)
            if whole is None:
                pixels, _ = read(path, window=place)
                picture = composite(pixels, settings.composite, stretch=settings.stretch)
                facts |= _covered(pixels, file, settings)
            else:
                picture = whole.crop((window.x, window.y, window.x + window.width, window.y + window.height))
            yield Tile(_suffix(suffix, factor), reduced(picture, factor), factor, place if suffix else None, facts, around)


def _suffix(suffix: str, factor: int) -> str:
    return "-".join(filter(None, (suffix, f"r{factor}" if factor > 1 else "")))


def reduced(picture: Image.Image, factor: int) -> Image.Image:
    """Return a picture reduced by a whole factor: each pixel is the mean of a square of pixels.

    Raises:
        Unfit: the sides are no multiples of the factor.
    """
    if picture.width % factor or picture.height % factor:
        raise Unfit("picture cannot be reduced evenly", f"{picture.width} x {picture.height} pixels by {factor}")
    return picture if factor == 1 else picture.reduce(factor)


def _whole(path: Path, settings: LocatedTiles) -> Image.Image | None:
    """Return a raster stretched as a whole, so that its tiles match; None for one of Sentinel-2's bands."""
    if len(info(path).bands) in (12, 13):
        return None
    if path.suffix.lower() in RASTERS and info(path).dtype != "uint8":
        pixels, valid = read(path, [1, 2, 3] if len(info(path).bands) >= 3 else [1])
        return to_rgb(pixels, valid, percentile_limits(pixels, valid, *settings.stretch))
    return load(path, settings.stretch)


def _centre(bounds: list[float]) -> dict[str, float]:
    west, south, east, north = bounds
    east = east if east > west else east + 360.0
    return {"longitude": round(((west + east) / 2 + 180.0) % 360.0 - 180.0, 7), "latitude": round((south + north) / 2, 7)}


def _covered(pixels: NDArray[Any], file: str, settings: LocatedTiles) -> dict[str, Any]:
    if settings.cover is None:
        return {}
    cover = derived_cover(pixels, settings.cover, offset_of(file, settings.cover))
    return {"cover": {name: round(share, 6) for name, share in shares(cover).items()}}


def _counted(settings: LocatedTiles, work: Work, bounds: Any) -> dict[str, Any]:
    """Return how many buildings have their centre (of their box) in a tile."""
    if not settings.buildings:
        return {}
    centres = building_centres(work.source(settings.source).path(settings.buildings))
    west, south, east, north = bounds
    inside = (centres[:, 0] >= west) & (centres[:, 0] < east) & (centres[:, 1] > south) & (centres[:, 1] <= north)
    return {"buildings": int(inside.sum())}


@cache
def building_centres(path: Path) -> NDArray[np.float64]:
    """Return longitude and latitude (n, 2) of the centres of outlines' boxes; what is no outline is passed over.

    Raises:
        DataError: not GeoJSON.
    """
    features = read_whole(path).get("features")
    if not isinstance(features, list):
        raise DataError(f"{path}: no GeoJSON collection of features")
    found = []
    for feature in features:
        try:
            west, south, east, north = shapely.geometry.shape(feature["geometry"]).bounds
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, shapely.errors.ShapelyError):
            continue
        found.append(((west + east) / 2, (south + north) / 2))
    return np.asarray(found, dtype=np.float64).reshape(-1, 2)
