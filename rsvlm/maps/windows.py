"""Windows of cloud-optimised GeoTIFFs far away: the wanted ground at the wanted resolution, and no other bytes."""

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from rsvlm.errors import DataError
from rsvlm.imagery.pictures import ImageError
from rsvlm.imagery.rasters import DRIVER, MAX_BAND_PIXELS, NO_PLACE, RasterInfo, band_numbers, describe, valid_mask
from rsvlm.maps.geometry import Bounds, check_bounds
from rsvlm.maps.ranges import RangeFile, Remote

_NAME = "remote.tif"


@dataclass(frozen=True)
class RemoteWindow:
    """Pixels of a window.

    Attributes:
        pixels: (bands, height, width) in the file's type.
        valid: (height, width), True where there is data.
        crs: of the raster.
        transform: affine of the window, as in `RasterInfo`.
        gsd: metres a pixel of this resolution has on the ground.
    """

    pixels: NDArray[Any]
    valid: NDArray[np.bool_]
    crs: str
    transform: tuple[float, float, float, float, float, float]
    gsd: float


def overview_for(gsd: float, factors: Sequence[int], wanted: float | None) -> int | None:
    """Return the place, in a raster's list, of the coarsest overview that is not coarser than wanted.

    Args:
        gsd: of the full resolution, metres.
        factors: by which each overview is coarser (2, 4, 8, ...).
        wanted: metres; None for full resolution.

    Returns:
        The place in `factors`, or None for full resolution, also where even that is coarser than wanted.
    """
    fitting = [(factor, place) for place, factor in enumerate(factors) if wanted is not None and gsd * factor <= wanted * (1 + 1e-6)]
    return max(fitting)[1] if fitting else None


def read_window(
    remote: Remote,
    bounds: Bounds,
    *,
    gsd: float | None = None,
    bands: Sequence[str | int] | None = None,
    max_pixels: int = MAX_BAND_PIXELS,
) -> RemoteWindow:
    """Read the pixels that touch bounds, at full resolution or from an overview; nothing is resampled.

    Args:
        remote: a GeoTIFF; tiled and with overviews inside, or much of it has to be transferred.
        bounds: west, south, east, north in degrees, not across the antimeridian; cut to the raster.
        gsd: metres that a pixel may have; the coarsest overview that is not coarser is read. None for full resolution.
        bands: names or 1-based numbers; None for all.
        max_pixels: most pixels, over all bands, that may be read.

    Raises:
        SourceError: the transfer failed.
        DataError: not a GeoTIFF, without place, or (ImageError) no overlap, no such band, too many pixels.
        ValueError: the bounds name no box.
    """
    check_bounds(bounds)
    if bounds[0] > bounds[2]:
        raise ValueError(f"bounds {bounds} cross the antimeridian; read each side by itself")
    file = RangeFile(remote)
    with _opened(file, None) as dataset:
        raster = describe(dataset)
        level = overview_for(_gsd(raster, remote.where), dataset.overviews(1), gsd)
    with _opened(file, level) as dataset:
        raster = describe(dataset)
        numbers = band_numbers(raster, bands or list(range(1, dataset.count + 1)))
        column, row, width, height = _window(raster, bounds, remote.where)
        if width * height * len(numbers) > max_pixels:
            raise ImageError(remote.where, "too-large", f"{width} x {height} x {len(numbers)} pixels; at most {max_pixels:,} at once")
        pixels = dataset.read(numbers, window=Window(column, row, width, height))
    a, b, c, d, e, f = raster.transform
    transform = (a, b, a * column + b * row + c, d, e, d * column + e * row + f)
    return RemoteWindow(pixels, valid_mask(pixels, raster.nodata), str(raster.crs), transform, _gsd(raster, remote.where))


@contextlib.contextmanager
def _opened(file: RangeFile, level: int | None) -> Iterator[Any]:
    def opener(name: str, mode: str = "rb") -> RangeFile:
        if not name.endswith(_NAME):  # GDAL looks for files beside it
            raise FileNotFoundError(name)
        file.seek(0)
        return file

    options = {} if level is None else {"overview_level": level}
    try:
        with (
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
            rasterio.open(_NAME, driver=DRIVER, sharing=False, opener=opener, **options) as dataset,
        ):
            yield dataset
    except RasterioError as error:
        if file.fault is not None:
            raise file.fault from None
        raise ImageError(file.remote.where, "broken", f"not a readable GeoTIFF: {str(error).splitlines()[0][:200]}") from None


def _gsd(raster: RasterInfo, where: str) -> float:
    if raster.crs is None or raster.gsd is None:
        raise DataError(f"{where}: has no CRS or transform, so no ground can be looked up in it")
    return raster.gsd


def _window(raster: RasterInfo, bounds: Bounds, where: str) -> tuple[int, int, int, int]:
    """Return column, row, width and height of the pixels that touch bounds."""
    a, b, c, d, e, f = raster.transform
    try:
        west, south, east, north = transform_bounds(CRS.from_epsg(4326), CRS.from_user_input(raster.crs), *bounds, densify_pts=21)
    except NO_PLACE as error:
        raise ImageError(where, "window", f"{bounds} has no place in {raster.crs}: {str(error)[:100]}") from None
    corners = [(x, y) for x in (west, east) for y in (south, north)]
    if not all(math.isfinite(value) for corner in corners for value in corner):
        raise ImageError(where, "window", f"{bounds} has no place in {raster.crs}")
    determinant = a * e - b * d
    columns = [(e * (x - c) - b * (y - f)) / determinant for x, y in corners]
    rows = [(a * (y - f) - d * (x - c)) / determinant for x, y in corners]
    left, right = max(0, math.floor(min(columns) + 1e-6)), min(raster.width, math.ceil(max(columns) - 1e-6))
    top, bottom = max(0, math.floor(min(rows) + 1e-6)), min(raster.height, math.ceil(max(rows) - 1e-6))
    if left >= right or top >= bottom:
        raise ImageError(where, "window", f"{bounds} lies outside its bounds {raster.bounds}")
    return left, top, right - left, bottom - top
