"""Chips: a raster cut into a grid of equal windows, each with its own georeference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rasterio.crs import CRS

from rsvlm.imagery.pictures import ImageError
from rsvlm.imagery.rasters import RasterInfo, info, lonlat_bounds, read
from rsvlm.imagery.stretch import percentile_limits, to_rgb

_SAMPLE_SIDE = 1024


@dataclass(frozen=True)
class Chip:
    """One window of a raster.

    Attributes:
        column: left edge in the raster, pixels.
        row: upper edge in the raster, pixels.
        width: columns.
        height: rows.
        transform: affine of the chip in units of the raster's CRS, as in `RasterInfo`.
        bounds: (west, south, east, north) in degrees, or None without georeference.
    """

    column: int
    row: int
    width: int
    height: int
    transform: tuple[float, float, float, float, float, float]
    bounds: tuple[float, float, float, float] | None


def require_place(raster: RasterInfo, name: str) -> str:
    """Return the raster's CRS.

    Raises:
        ImageError: it has none, so nobody knows where it lies (reason `no-crs`).
    """
    if raster.crs is None:
        raise ImageError(name, "no-crs", "no coordinate reference system or transform; give it one, for example with gdal_translate -a_srs")
    return raster.crs


def grid(raster: RasterInfo, side: int, stride: int | None = None) -> Iterator[Chip]:
    """Yield square chips row by row; the last ones of a row or column are moved inwards, so that all are whole.

    Args:
        raster: the raster; one smaller than a chip gives a single chip of its own size.
        side: width and height of a chip in pixels.
        stride: pixels between two chips; None for chips that touch.

    Raises:
        ValueError: side or stride is not positive.
    """
    if side < 1 or (stride is not None and stride < 1):
        raise ValueError(f"side {side} and stride {stride} must be positive")
    crs = CRS.from_user_input(raster.crs) if raster.crs else None
    width, height = min(side, raster.width), min(side, raster.height)
    for row in _starts(raster.height, height, stride or side):
        for column in _starts(raster.width, width, stride or side):
            a, b, c, d, e, f = raster.transform
            affine = (a, b, a * column + b * row + c, d, e, d * column + e * row + f)
            bounds = lonlat_bounds(crs, affine, width, height) if crs is not None else None
            yield Chip(column, row, width, height, affine, bounds)


def _starts(length: int, side: int, stride: int) -> list[int]:
    last = length - side
    return [*range(0, last, stride), last]


def pictures(
    path: Path, side: int, bands: Sequence[str | int], stride: int | None = None, georeferenced: bool = True
) -> Iterator[tuple[Chip, Image.Image]]:
    """Yield every chip of a raster as an RGB picture, all under one stretch; chips without any data are left out.

    Args:
        path: the GeoTIFF.
        side: chip side in pixels.
        bands: one (grey) or three band names or 1-based numbers, in the order red, green, blue.
        stride: as in `grid`.
        georeferenced: refuse a raster that does not say where it lies.

    Raises:
        ImageError: unreadable, no such band, or no georeference where one is asked for.
    """
    raster = info(path)
    if georeferenced:
        require_place(raster, path.name)
    limits = _limits(path, raster, bands)
    for chip in grid(raster, side, stride):
        pixels, valid = read(path, bands, (chip.column, chip.row, chip.width, chip.height))
        if valid.any():
            yield chip, to_rgb(pixels, valid, limits)


def _limits(path: Path, raster: RasterInfo, bands: Sequence[str | int]) -> list[tuple[float, float]]:
    """Return stretch limits from up to nine windows spread over the raster: memory does not grow with it."""
    side = (min(_SAMPLE_SIDE, raster.width), min(_SAMPLE_SIDE, raster.height))
    columns = sorted({(raster.width - side[0]) * step // 2 for step in range(3)})
    rows = sorted({(raster.height - side[1]) * step // 2 for step in range(3)})
    values = []
    for row in rows:
        for column in columns:
            pixels, valid = read(path, bands, (column, row, *side))
            values.append(pixels[:, valid])
    flat = np.concatenate(values, axis=1)[:, None, :]
    return percentile_limits(flat, np.ones(flat.shape[1:], dtype=bool))
