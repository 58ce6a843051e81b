"""Pictures, rasters and masks of a raw source as 8-bit arrays that records can be cut from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform

from rsvlm.errors import DataError
from rsvlm.imagery.pictures import ImageError, decode
from rsvlm.records.models import Point
from rsvlm.records.unfit import Unfit

LARGEST = 64_000_000
_RASTERS = (".tif", ".tiff")


def _stretch(bands: np.ndarray, low: float, high: float) -> np.ndarray:
    """Map each band's percentiles `low`..`high` to 0..255; 8-bit bands stay as they are."""
    if bands.dtype == np.uint8:
        return bands
    found = []
    for band in bands.astype(np.float64):
        lower, upper = np.quantile(band[np.isfinite(band)] if np.isfinite(band).any() else [0.0], [low, high])
        scaled = (np.nan_to_num(band, nan=lower) - lower) / max(upper - lower, 1e-9)
        found.append(np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8))
    return np.stack(found)


def _read_raster(path: Path) -> np.ndarray:
    """Return all bands of a GeoTIFF (bands, height, width)."""
    try:
        with rasterio.open(path, driver="GTiff") as raster:  # this driver only: no virtual rasters that name other files
            if raster.width * raster.height > LARGEST:
                raise Unfit("picture: too-large", f"{raster.width} x {raster.height} pixels; at most {LARGEST:,} are read at once")
            return raster.read()
    except RasterioError as error:
        raise Unfit("picture: broken", str(error)[:200]) from None


def load(path: Path, stretch: tuple[float, float]) -> Image.Image:
    """Return a picture or raster as RGB: three bands or more give the first three, one gives grey.

    Args:
        path: JPEG, PNG, WebP or GeoTIFF.
        stretch: percentiles (0..1) that rasters of more than 8 bits are stretched between.

    Raises:
        Unfit: it cannot be decoded.
    """
    if path.suffix.lower() in _RASTERS:
        bands = _stretch(_read_raster(path), *stretch)
        chosen = bands[:3] if len(bands) >= 3 else np.repeat(bands[:1], 3, axis=0)
        return Image.fromarray(np.ascontiguousarray(chosen.transpose(1, 2, 0)), "RGB")
    try:
        return decode(path.read_bytes(), path.name)
    except ImageError as error:
        raise Unfit(f"picture: {error.reason}", str(error)) from None


def load_mask(path: Path) -> np.ndarray:
    """Return a mask's values (height, width) as integers; the first band of a raster, the grey or palette value of a picture.

    Raises:
        Unfit: it cannot be decoded.
    """
    if path.suffix.lower() in _RASTERS:
        return _read_raster(path)[0]
    try:
        return np.asarray(decode(path.read_bytes(), path.name).convert("L"))
    except ImageError as error:
        raise Unfit(f"picture: {error.reason}", str(error)) from None


def pixel_mapper(path: Path) -> Callable[[str, list[Point]], list[Point]]:
    """Return a function from points in a named CRS to fractional pixel coordinates on a raster.

    Raises:
        DataError: the raster has no CRS.
    """
    with rasterio.open(path, driver="GTiff") as raster:
        crs, inverse = raster.crs, ~raster.transform
    if crs is None:
        raise DataError(f"{path}: has no CRS, so nothing can be placed on it; give it one (gdal_edit.py -a_srs EPSG:...)")

    def to_pixels(name: str, points: list[Point]) -> list[Point]:
        source = CRS.from_user_input(name)
        xs, ys = [x for x, _ in points], [y for _, y in points]
        if source != crs:
            xs, ys, *_ = transform(source, crs, xs, ys)
        return [inverse * (x, y) for x, y in zip(xs, ys, strict=True)]

    return to_pixels
