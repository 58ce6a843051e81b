"""Georeferenced rasters through rasterio: what they are, where they lie, and reads of bounded windows.

Only GeoTIFFs are opened, by that driver and no other: formats that point to further files or addresses (VRT) would let
a file read what its sender may not. Nothing is read whole unless it fits a budget of pixels.
"""

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.warp import transform, transform_bounds
from rasterio.windows import Window

from rsvlm.imagery.pictures import ImageError

DRIVER = "GTiff"
MAX_BAND_PIXELS = 256_000_000
_LONLAT = CRS.from_epsg(4326)
# WGS 84: semi-major axis in metres and first eccentricity squared.
_AXIS, _ECCENTRICITY2 = 6_378_137.0, 0.00669437999014
_SPAN = 32
# What GDAL raises where coordinates have no place on the earth: another body, a local grid, a view that reaches into space.
NO_PLACE = (CPLE_BaseError, RasterioError, ValueError, OverflowError)


@dataclass(frozen=True)
class RasterInfo:
    """What a raster is and where it lies.

    Attributes:
        width: columns.
        height: rows.
        bands: names of the bands in file order: their descriptions, or `band1`, `band2`, ...
        dtype: NumPy type of the pixels.
        nodata: value that stands for missing ground, or None.
        crs: `EPSG:n` where known by number, else WKT; None without georeference.
        transform: affine (a, b, c, d, e, f): x = a*column + b*row + c, y = d*column + e*row + f, in units of the CRS.
        gsd: ground sampling distance in metres at the centre (geometric mean of both directions), or None.
        bounds: (west, south, east, north) in degrees; west > east where the raster crosses the antimeridian.
        centre: (longitude, latitude) in degrees, or None.
    """

    width: int
    height: int
    bands: tuple[str, ...]
    dtype: str
    nodata: float | None
    crs: str | None
    transform: tuple[float, float, float, float, float, float]
    gsd: float | None
    bounds: tuple[float, float, float, float] | None
    centre: tuple[float, float] | None


@contextlib.contextmanager
def open_raster(path: Path) -> Iterator[Any]:
    """Open a GeoTIFF for reading.

    Yields:
        The rasterio dataset.

    Raises:
        ImageError: not a GeoTIFF (reason `format`), or damaged (reason `broken`).
    """
    if not path.is_file():
        raise ImageError(str(path), "empty", "no such file")
    try:
        with rasterio.open(path, driver=DRIVER, sharing=False) as dataset:
            yield dataset
    except RasterioIOError as error:
        reason = "format" if "not recognized" in str(error) else "broken"
        raise ImageError(path.name, reason, f"not a readable GeoTIFF: {_said(error, path)}") from None
    except RasterioError as error:
        raise ImageError(path.name, "broken", _said(error, path)) from None


def _said(error: Exception, path: Path) -> str:
    """Return the first line of what a library says, without the folder: the same wherever the workspace lies."""
    return (str(error).splitlines() or [type(error).__name__])[0].replace(str(path), path.name)


def info(path: Path) -> RasterInfo:
    """Return what a raster is and where it lies, without reading pixels.

    Raises:
        ImageError: not a readable GeoTIFF.
    """
    with open_raster(path) as dataset:
        return describe(dataset)


def describe(dataset: Any) -> RasterInfo:
    """Return the facts of an open rasterio dataset; one whose georeference names no place on the earth has none."""
    affine: tuple[float, float, float, float, float, float] = tuple(float(value) for value in dataset.transform)[:6]  # type: ignore[assignment]
    bands = tuple(description or f"band{number}" for number, description in enumerate(dataset.descriptions, 1))
    crs = dataset.crs
    place = _place(crs, affine, dataset.width, dataset.height) if crs and not dataset.transform.is_identity else None
    return RasterInfo(
        width=dataset.width,
        height=dataset.height,
        bands=bands,
        dtype=str(dataset.dtypes[0]),
        nodata=None if dataset.nodata is None else float(dataset.nodata),
        crs=crs.to_string() if place else None,
        transform=affine,
        gsd=place[0] if place else None,
        bounds=place[1] if place else None,
        centre=place[2] if place else None,
    )


def _place(
    crs: Any, affine: Sequence[float], width: int, height: int
) -> tuple[float | None, tuple[float, float, float, float], tuple[float, float]] | None:
    """Return GSD, bounds and centre; None where they are not on the earth, or the pixels have no area."""
    a, b, _, d, e, _ = affine
    if not all(map(math.isfinite, affine)) or a * e == b * d:
        return None
    try:
        centre = _lonlat(crs, affine, width / 2, height / 2)
        bounds = lonlat_bounds(crs, affine, width, height)
        gsd = _gsd(crs, affine, width, height)
    except NO_PLACE:
        return None
    right = all(map(math.isfinite, (*centre, *bounds))) and -90.5 <= bounds[1] <= bounds[3] <= 90.5  # half a pixel may stand out
    return (gsd, bounds, centre) if right else None


def _at(affine: Sequence[float], column: float, row: float) -> tuple[float, float]:
    a, b, c, d, e, f = affine
    return a * column + b * row + c, d * column + e * row + f


def _lonlat(crs: Any, affine: Sequence[float], column: float, row: float) -> tuple[float, float]:
    x, y = _at(affine, column, row)
    longitudes, latitudes = transform(crs, _LONLAT, [x], [y])
    return (float(longitudes[0]) + 180.0) % 360.0 - 180.0, float(latitudes[0])


def lonlat_bounds(crs: Any, affine: Sequence[float], width: int, height: int) -> tuple[float, float, float, float]:
    """Return (west, south, east, north) in degrees of a raster, also a rotated or south-up one.

    Crossing the antimeridian gives west > east. A rotated raster's box is that of its four corners.
    """
    corners = [_at(affine, column, row) for column in (0, width) for row in (0, height)]
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    west, south, east, north = transform_bounds(crs, _LONLAT, min(xs), min(ys), max(xs), max(ys), densify_pts=21)
    if east - west >= 360.0:
        return -180.0, south, 180.0, north
    return (west + 180.0) % 360.0 - 180.0, south, (east - 180.0) % 360.0 - 180.0 if east > 180.0 else east, north


def metres_between(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return the straight distance in metres of two near points (longitude, latitude in degrees) on the WGS 84 ellipsoid.

    Also right beside a pole and across the antimeridian; a straight line is short of the arc by 1e-8 at some kilometres.
    """
    return math.dist(_geocentric(*first), _geocentric(*second))


def _geocentric(longitude: float, latitude: float) -> tuple[float, float, float]:
    """Return earth-centred coordinates in metres of a point on the ellipsoid."""
    east, north = math.radians(longitude), math.radians(latitude)
    radius = _AXIS / math.sqrt(1.0 - _ECCENTRICITY2 * math.sin(north) ** 2)
    flat = radius * math.cos(north)
    return flat * math.cos(east), flat * math.sin(east), radius * (1.0 - _ECCENTRICITY2) * math.sin(north)


def _gsd(crs: Any, affine: Sequence[float], width: int, height: int) -> float | None:
    """Return the GSD at the centre, measured on the ground: the scale of a map projection does not count."""
    column, row = width / 2, height / 2
    across = metres_between(_lonlat(crs, affine, column - _SPAN, row), _lonlat(crs, affine, column + _SPAN, row)) / (2 * _SPAN)
    along = metres_between(_lonlat(crs, affine, column, row - _SPAN), _lonlat(crs, affine, column, row + _SPAN)) / (2 * _SPAN)
    found = math.sqrt(across * along)
    return found if math.isfinite(found) and found > 0 else None


def band_numbers(raster: RasterInfo, bands: Sequence[str | int]) -> list[int]:
    """Return 1-based band numbers for names or numbers; names win over order.

    Raises:
        ImageError: a name or number that the raster does not have (reason `bands`).
    """
    numbers = []
    for band in bands:
        if isinstance(band, int) and 1 <= band <= len(raster.bands):
            numbers.append(band)
        elif isinstance(band, str) and raster.bands.count(band) == 1:
            numbers.append(raster.bands.index(band) + 1)
        else:
            raise ImageError("raster", "bands", f"no band {band!r}, or more than one; bands: {', '.join(raster.bands)}")
    return numbers


def read(
    path: Path, bands: Sequence[str | int] | None = None, window: tuple[int, int, int, int] | None = None, max_pixels: int = MAX_BAND_PIXELS
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Read a window of a raster.

    Args:
        path: the GeoTIFF.
        bands: names or 1-based numbers; None for all, in file order.
        window: (column, row, width, height) in pixels, inside the raster; None for all of it.
        max_pixels: most pixels, over all bands, that may be read.

    Returns:
        Pixels (bands, height, width) in the file's type, and a mask (height, width), True where all bands hold data: a
        pixel is missing where every band has the no-data value, or any is NaN or infinite.

    Raises:
        ImageError: reasons `too-large`, `bands`, `window`, `format`, `broken`.
    """
    with open_raster(path) as dataset:
        raster = describe(dataset)
        numbers = band_numbers(raster, bands or list(range(1, len(raster.bands) + 1)))
        column, row, width, height = window or (0, 0, raster.width, raster.height)
        if width < 1 or height < 1 or column < 0 or row < 0 or column + width > raster.width or row + height > raster.height:
            raise ImageError(path.name, "window", f"window {window} is not inside {raster.width} x {raster.height} pixels")
        if width * height * len(numbers) > max_pixels:
            raise ImageError(
                path.name, "too-large", f"{width} x {height} x {len(numbers)} pixels; at most {max_pixels:,} at once: read windows"
            )
        pixels = dataset.read(numbers, window=Window(column, row, width, height))
    return pixels, valid_mask(pixels, raster.nodata)


def valid_mask(pixels: NDArray[Any], nodata: float | None) -> NDArray[np.bool_]:
    """Return where pixels (bands, height, width) hold data; shape (height, width)."""
    valid = np.ones(pixels.shape[1:], dtype=bool)
    if np.issubdtype(pixels.dtype, np.inexact):
        valid &= np.isfinite(pixels).all(axis=0)
    if nodata is not None and not math.isnan(nodata):
        valid &= ~(pixels == np.asarray(nodata).astype(pixels.dtype)).all(axis=0)
    return valid
