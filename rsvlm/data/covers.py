"""Satellite patches with their land cover: cut from a picture, with a class for every pixel, derived or read from a raster."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsvlm.data.derived_cover import derived_cover, offset_of
from rsvlm.data.kinds.land_cover import CoverRaster, DerivedCover, LandCover
from rsvlm.data.work import Work
from rsvlm.errors import DataError
from rsvlm.imagery.rasters import RasterInfo, info, read
from rsvlm.maps.cover import CLASSES, classes_of_codes, read_cover
from rsvlm.maps.frames import Frame
from rsvlm.maps.sentinel2 import composite
from rsvlm.quality.clouds import cloud_share, reflectance
from rsvlm.quality.settings import CloudBandsScreen
from rsvlm.records.chips import Window
from rsvlm.records.pictures import RASTERS, georeference, load, load_mask, window_bounds
from rsvlm.records.unfit import Unfit

# ChatEarthNet's colour of each class, in the order of `CLASSES`.
COLOURS = (
    "#000000", "#0000ff", "#ff0000", "#00c000", "#c8aa78", "#00ff00",
    "#ffff00", "#808080", "#ffffff", "#00ffff", "#ff00ff", "#800080",
)  # fmt: skip
_CLOUDS = CloudBandsScreen(kind="cloud-bands")


@dataclass(frozen=True)
class Patch:
    """A square of a satellite picture.

    Attributes:
        suffix: row and column among the patches of its picture (`01`), empty where the picture is one patch.
        picture: RGB.
        cover: (height, width), places in `rsvlm.maps.cover.CLASSES`.
        cloud: share of cloudy pixels by the bands; 0 where there are none.
        window: x, y, width, height in pixels of the picture, None for all of it.
        annotation: file of the land cover, where there is one.
        gsd: metres, where the file tells.
        bounds: west, south, east, north in degrees, where the file tells.
    """

    suffix: str
    picture: Image.Image
    cover: NDArray[np.uint8]
    cloud: float
    window: tuple[int, int, int, int] | None
    annotation: str | None
    gsd: float | None
    bounds: list[float] | None


def windows_of(width: int, height: int, side: int) -> list[tuple[str, Window]]:
    """Return suffix and window of each whole patch of a picture, row by row: 512 pixels at 256 give 00, 01, 10 and 11.

    Raises:
        Unfit: the picture is smaller than a patch.
    """
    rows, columns = height // side, width // side
    if rows == 0 or columns == 0:
        raise Unfit("picture is smaller than a patch", f"{width} x {height} pixels; {side} a side are needed")
    if (width, height) == (side, side):
        return [("", Window(0, 0, side, side))]
    apart = "-" if max(rows, columns) > 10 else ""
    return [(f"{row}{apart}{column}", Window(column * side, row * side, side, side)) for row in range(rows) for column in range(columns)]


def patches(file: str, settings: LandCover, work: Work) -> Iterator[Patch]:
    """Yield the patches of one picture.

    Raises:
        Unfit: it cannot be decoded, or is smaller than a patch.
        DataError: the land cover cannot be read.
    """
    path = work.source(settings.source).path(file)
    raster = georeference(path)
    rule = settings.cover
    bands = path.suffix.lower() in RASTERS and len(info(path).bands) in (12, 13)
    if isinstance(rule, DerivedCover) and not bands:
        raise Unfit("picture has no bands to derive land cover from", f"{file}: 12 or 13 are needed")
    whole = None if bands else load(path, settings.stretch)
    width, height = (whole.width, whole.height) if whole else (info(path).width, info(path).height)
    for suffix, window in windows_of(width, height, settings.side):
        place = (window.x, window.y, window.width, window.height)
        cloud = 0.0
        if whole is None:
            pixels, _ = read(path, window=place)
            offset = offset_of(file, rule) if isinstance(rule, DerivedCover) else 0
            picture = composite(pixels, "true colour", stretch=settings.stretch)
            cloud = cloud_share(reflectance(pixels, offset=-offset), _CLOUDS)
        else:
            picture = whole.crop((window.x, window.y, window.x + window.width, window.y + window.height))
        annotation = None
        if isinstance(rule, DerivedCover):
            cover = derived_cover(pixels, rule, offset)
        else:
            annotation = annotation_of(file, rule)
            cover = _read(work.source(rule.source or settings.source).path(annotation), rule, raster, window, (width, height))
        bounds = window_bounds(raster, window) if raster else None
        yield Patch(suffix, picture, cover, cloud, place if suffix else None, annotation, raster.gsd if raster else None, bounds)


def annotation_of(file: str, rule: CoverRaster) -> str:
    """Return the path of a picture's land cover."""
    path = PurePosixPath(file)
    return rule.file.replace("{stem}", path.stem).replace("{folder}", path.parent.as_posix())


def _read(path: Path, rule: CoverRaster, raster: RasterInfo | None, window: Window, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a window's land cover: laid on the picture's grid by its place, or pixel by pixel where neither has one."""
    if raster and raster.crs and rule.values == "worldcover":
        a, b, c, d, e, f = raster.transform
        corner = (a * window.x + b * window.y + c, d * window.x + e * window.y + f)
        return read_cover(path, Frame(raster.crs, (a, b, corner[0], d, e, corner[1]), window.width, window.height))
    values = load_mask(path, COLOURS if rule.values == "colours" else ())
    if values.shape != (size[1], size[0]):
        raise DataError(f"{path}: land cover of {values.shape[1]} x {values.shape[0]} pixels for a picture of {size[0]} x {size[1]}")
    part = values[window.y : window.y + window.height, window.x : window.x + window.width]
    if rule.values == "worldcover":
        return classes_of_codes(part, str(path))
    if rule.values == "colours":
        part = np.where(part < len(COLOURS), part, 0)  # a colour of no class is background, as published
    if part.max() >= len(CLASSES):
        raise DataError(f"{path}: {part.max()} is no class; 0 to {len(CLASSES) - 1} are allowed")
    return part.astype(np.uint8)
