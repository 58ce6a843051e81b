"""Pictures, rasters and masks of a raw source, as records are cut from them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from rasterio.crs import CRS
from rasterio.warp import transform

from rsvlm.errors import DataError
from rsvlm.imagery.pictures import ImageError, decode
from rsvlm.imagery.rasters import NO_PLACE, RasterInfo, info, lonlat_bounds, open_raster, read
from rsvlm.imagery.stretch import percentile_limits, to_rgb
from rsvlm.records.chips import Window
from rsvlm.records.models import Point
from rsvlm.records.unfit import Unfit

RASTERS = (".tif", ".tiff")


def load(path: Path, stretch: tuple[float, float]) -> Image.Image:
    """Return a picture or raster as RGB: three bands or more give the first three, fewer give the first as grey.

    Args:
        path: JPEG, PNG, WebP or GeoTIFF.
        stretch: percentiles (0 to 100) that rasters of more than 8 bits are stretched between, over the whole raster.

    Raises:
        Unfit: it cannot be decoded.
    """
    try:
        if path.suffix.lower() not in RASTERS:
            return decode(path.read_bytes(), path.name)
        raster = info(path)
        pixels, valid = read(path, [1, 2, 3] if len(raster.bands) >= 3 else [1])
        eight_bit = raster.dtype == "uint8"
        limits = [(0.0, 255.0)] * len(pixels) if eight_bit else percentile_limits(pixels, valid, *stretch)
        return to_rgb(pixels, valid, limits)
    except ImageError as error:
        raise Unfit(f"picture: {error.reason}", str(error)) from None


def load_mask(path: Path, colours: Sequence[str] = ()) -> np.ndarray:
    """Return a mask's values (height, width) as integers: the first band of a raster, the grey value of a picture.

    Args:
        path: of the mask.
        colours: of a mask in colour, the colours (`#rrggbb`) that stand for the values 0, 1, 2, ...; a pixel of another colour
            gets the value after the last.

    Raises:
        Unfit: it cannot be decoded, or a raster has not three bands to be colours.
    """
    try:
        if colours:
            return _coloured(path, colours)
        if path.suffix.lower() in RASTERS:
            return read(path, [1])[0][0]
        return np.asarray(decode(path.read_bytes(), path.name).convert("L"))
    except ImageError as error:
        raise Unfit(f"picture: {error.reason}", str(error)) from None


def _coloured(path: Path, colours: Sequence[str]) -> np.ndarray:
    if path.suffix.lower() not in RASTERS:
        pixels = np.asarray(decode(path.read_bytes(), path.name).convert("RGB"))
    elif (bands := len(info(path).bands)) < 3:
        raise Unfit("mask has no colours", f"{bands} bands")
    else:
        pixels = np.moveaxis(read(path, [1, 2, 3])[0], 0, -1)
    codes = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    values = np.full(codes.shape, len(colours), np.int32)
    for value, colour in enumerate(colours):
        values[codes == int(colour[1:], 16)] = value
    return values


def georeference(path: Path) -> RasterInfo | None:
    """Return what is known of a raster's place, or None for a picture or a raster without one.

    Raises:
        Unfit: it cannot be read.
    """
    if path.suffix.lower() not in RASTERS:
        return None
    try:
        found = info(path)
    except ImageError as error:
        raise Unfit(f"picture: {error.reason}", str(error)) from None
    return found if found.crs else None


def window_bounds(raster: RasterInfo, window: Window) -> list[float]:
    """Return west, south, east, north in degrees of a window of a georeferenced raster."""
    a, b, c, d, e, f = raster.transform
    affine = (a, b, a * window.x + b * window.y + c, d, e, d * window.x + e * window.y + f)
    return list(lonlat_bounds(CRS.from_user_input(raster.crs), affine, window.width, window.height))


def pixel_mapper(path: Path) -> Callable[[str, list[Point]], list[Point]]:
    """Return a function from points in a named CRS to fractional pixel coordinates on a raster.

    Raises:
        DataError: the raster cannot be read, or has no CRS or no area, so that nothing can be placed on it.
    """
    with open_raster(path) as raster:
        crs, affine = raster.crs, raster.transform
    if crs is None:
        raise DataError(f"{path}: has no CRS, so nothing can be placed on it; give it one (gdal_edit.py -a_srs EPSG:...)")
    if affine.is_degenerate:
        raise DataError(f"{path}: its geotransform {tuple(affine)[:6]} gives pixels no area, so nothing can be placed on it")
    a, b, c, d, e, f = tuple(~affine)[:6]

    def to_pixels(name: str, points: list[Point]) -> list[Point]:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        try:
            source = CRS.from_user_input(name)
            if source != crs:
                xs, ys, *_ = transform(source, crs, xs, ys)
        except NO_PLACE as error:
            raise Unfit("footprint has no place on the raster", f"{name}: {str(error)[:100]}") from None
        return [(a * x + b * y + c, d * x + e * y + f) for x, y in zip(xs, ys, strict=True)]

    return to_pixels
