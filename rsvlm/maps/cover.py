"""Land cover of a chip: ESA WorldCover's codes, ChatEarthNet's classes, and their shares by region.

WorldCover is one GeoTIFF per 3 by 3 degrees, EPSG:4326, 10 m, one uint8 band with the codes below. Where there is none, a
class raster of the same codes may be derived otherwise: from spectral indices of a Sentinel-2 patch (water where
NDWI = (B03 - B08) / (B03 + B08) is positive, vegetation by NDVI = (B08 - B04) / (B08 + B04), snow by NDSI), from map areas
(`natural=water`, `landuse=forest`, ...) burnt into the chip's grid, or by clustering bands and naming the clusters.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import Resampling, reproject

from rsvlm.errors import DataError
from rsvlm.imagery.pictures import ImageError
from rsvlm.imagery.rasters import NO_PLACE, open_raster
from rsvlm.maps.frames import Frame

Region = Literal["top left", "top right", "bottom left", "bottom right", "middle"]
REGIONS: tuple[Region, ...] = ("top left", "top right", "bottom left", "bottom right", "middle")


@dataclass(frozen=True)
class CoverClass:
    """A class of land cover: ChatEarthNet's name, WorldCover's code and name."""

    name: str
    code: int
    title: str


# In ChatEarthNet's order: a class's place is its value in a mask; 0 is no data.
CLASSES = (
    CoverClass("background", 0, "No data"),
    CoverClass("water", 80, "Permanent water bodies"),
    CoverClass("developed area", 50, "Built-up"),
    CoverClass("tree", 10, "Tree cover"),
    CoverClass("shrub", 20, "Shrubland"),
    CoverClass("grass", 30, "Grassland"),
    CoverClass("crop", 40, "Cropland"),
    CoverClass("bare land", 60, "Bare / sparse vegetation"),
    CoverClass("snow", 70, "Snow and ice"),
    CoverClass("wetland", 90, "Herbaceous wetland"),
    CoverClass("mangroves", 95, "Mangroves"),
    CoverClass("moss", 100, "Moss and lichen"),
)
_UNKNOWN = 255
_INDEX_OF_CODE = np.full(256, _UNKNOWN, dtype=np.uint8)
for _index, _class in enumerate(CLASSES):
    _INDEX_OF_CODE[_class.code] = _index


def classes_of_codes(codes: NDArray[Any], where: str) -> NDArray[np.uint8]:
    """Return WorldCover codes as places in `CLASSES`.

    Raises:
        DataError: a code that WorldCover does not have.
    """
    whole = codes.astype(np.int64) if np.issubdtype(codes.dtype, np.integer) else np.full(codes.shape, -1)
    inside = (whole >= 0) & (whole < _UNKNOWN)
    mask = np.where(inside, _INDEX_OF_CODE[np.where(inside, whole, _UNKNOWN)], _UNKNOWN).astype(np.uint8)
    if (mask == _UNKNOWN).any():
        strange = codes[mask == _UNKNOWN].flat[0]
        raise DataError(f"{where}: {strange} is no WorldCover code; allowed: {', '.join(str(each.code) for each in CLASSES)}")
    return mask


def read_cover(path: Path, frame: Frame) -> NDArray[np.uint8]:
    """Return the land cover of a chip, (height, width), as places in `CLASSES`; 0 where the raster has nothing.

    Each pixel has the class of the raster's pixel that holds its centre (nearest neighbour): codes cannot be averaged.

    Args:
        path: a class raster, a GeoTIFF of one band with WorldCover's codes in any CRS.
        frame: where the chip lies.

    Raises:
        DataError: not a readable class raster, without CRS, or with codes that WorldCover does not have.
    """
    codes = np.zeros((frame.height, frame.width), dtype=np.uint8)
    with open_raster(path) as dataset:
        if dataset.crs is None or dataset.count != 1 or dataset.dtypes[0] != "uint8":
            raise ImageError(
                path.name, "bands", f"{dataset.count} bands of {dataset.dtypes[0]}, CRS {dataset.crs}; a class raster is one uint8"
            )
        try:
            reproject(
                rasterio.band(dataset, 1),
                codes,
                dst_transform=rasterio.Affine(*frame.transform),
                dst_crs=CRS.from_user_input(frame.crs),
                dst_nodata=0,
                resampling=Resampling.nearest,
            )
        except NO_PLACE as error:
            raise DataError(f"{path}: cannot be laid on the chip: {str(error)[:200]}") from None
    return classes_of_codes(codes, str(path))


def region_of(mask: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
    """Return a view of a region: one of the four quadrants, or the middle half of rows and columns, which overlaps them all.

    With an odd side the lower and right quadrants have the spare row and column.
    """
    height, width = mask.shape
    top, bottom = slice(0, height // 2), slice(height // 2, height)
    left, right = slice(0, width // 2), slice(width // 2, width)
    slices = {
        "top left": (top, left),
        "top right": (top, right),
        "bottom left": (bottom, left),
        "bottom right": (bottom, right),
        "middle": (slice(height // 4, height * 3 // 4), slice(width // 4, width * 3 // 4)),
    }
    return mask[slices[region]]


def counts(mask: NDArray[np.uint8], region: Region | None = None) -> dict[str, int]:
    """Return pixels by class that occurs, `background` among them, most first; of equal ones the later in `CLASSES` first.

    Args:
        mask: (height, width), places in `CLASSES`.
        region: one of `REGIONS`; None for all of it.
    """
    found = np.bincount((mask if region is None else region_of(mask, region)).ravel(), minlength=len(CLASSES))
    order = sorted((index for index in range(len(CLASSES)) if found[index]), key=lambda index: (-found[index], -index))
    return {CLASSES[index].name: int(found[index]) for index in order}


def shares(mask: NDArray[np.uint8], region: Region | None = None, *, of_all: bool = False) -> dict[str, float]:
    """Return each class's share, without background, most first; empty where there is only background.

    Args:
        mask: (height, width), places in `CLASSES`.
        region: one of `REGIONS`; None for all of it.
        of_all: of all pixels (ChatEarthNet's captions from pictures); else of those with data (its captions from text).
    """
    found = counts(mask, region)
    background = found.pop("background", 0)
    whole = sum(found.values()) + (background if of_all else 0)
    return {name: count / whole for name, count in found.items()}
