"""Sentinel-2's bands by name, composites of three, and how much of a patch is blank, cloud or snow.

Pixels are digital numbers as delivered: reflectance = (number + offset) / 10000. Products of processing baseline 04.00 and
later (from 25 January 2022) have an offset of -1000, older ones 0; archives mix both, and a patch alone does not tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsvlm.errors import DataError
from rsvlm.imagery.stretch import percentile_limits, to_rgb

SCALE = 10_000.0
# A pixel is cloud or snow where the visible bands are at least this bright ...
BRIGHT = 0.30
# ... and alike: their spread over their mean is at most this (bright sand and roofs are redder) ...
WHITE = 0.40
# ... and snow where the normalised difference snow index (B03 - B11) / (B03 + B11) exceeds this: ice absorbs 1.6 um, clouds do not.
SNOW_INDEX = 0.40


@dataclass(frozen=True)
class Band:
    """A band: its name, centre wavelength in nanometres, and the metres a pixel has in the original product."""

    name: str
    wavelength: int
    metres: int


# In the product's own order. Level 1C has all 13; level 2A leaves B10 (cirrus) out. (EuroSAT puts B8A last.)
BANDS_13 = (
    Band("B01", 443, 60),
    Band("B02", 490, 10),
    Band("B03", 560, 10),
    Band("B04", 665, 10),
    Band("B05", 705, 20),
    Band("B06", 740, 20),
    Band("B07", 783, 20),
    Band("B08", 842, 10),
    Band("B8A", 865, 20),
    Band("B09", 945, 60),
    Band("B10", 1375, 60),
    Band("B11", 1610, 20),
    Band("B12", 2190, 20),
)
BANDS_12 = tuple(band for band in BANDS_13 if band.name != "B10")
# Red, green and blue of a picture.
COMPOSITES = {
    "true colour": ("B04", "B03", "B02"),
    "false colour infrared": ("B08", "B04", "B03"),
    "short-wave infrared": ("B12", "B8A", "B04"),
    "agriculture": ("B11", "B08", "B02"),
    "urban": ("B12", "B11", "B04"),
}


@dataclass(frozen=True)
class Condition:
    """How much of a patch is usable, as shares 0 to 1.

    Attributes:
        blank: pixels without data, of all.
        cloud: cloudy pixels, of those with data; 0 where there are none.
        snow: pixels of snow or ice, of those with data.
    """

    blank: float
    cloud: float
    snow: float


def band_names(count: int) -> tuple[str, ...]:
    """Return the names of a patch's bands in order.

    Raises:
        DataError: neither 12 nor 13.
    """
    if count not in (12, 13):
        raise DataError(f"a Sentinel-2 patch has 12 bands (without B10) or 13, not {count}; name the bands")
    return tuple(band.name for band in (BANDS_12 if count == 12 else BANDS_13))


def select(pixels: NDArray[Any], wanted: Sequence[str], names: Sequence[str] | None = None) -> NDArray[Any]:
    """Return the wanted bands of a patch.

    Args:
        pixels: (bands, height, width).
        wanted: names, in the order in which they are returned.
        names: of the patch's bands; None for the product's order of 12 or 13.

    Raises:
        DataError: the number of bands does not fit, or one is wanted that the patch does not have.
    """
    if pixels.ndim != 3:
        raise DataError(f"a patch is (bands, height, width), not {pixels.ndim} dimensions")
    have = list(names if names is not None else band_names(len(pixels)))
    if len(have) != len(pixels):
        raise DataError(f"{len(have)} names for {len(pixels)} bands")
    for name in wanted:
        if have.count(name) != 1:
            raise DataError(f"the patch has no band {name}, or more than one; it has {', '.join(have)}")
    return pixels[[have.index(name) for name in wanted]]


def valid_pixels(pixels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where a patch (bands, height, width) holds data: not 0 in all bands, and nowhere NaN or infinite."""
    return np.asarray((pixels != 0).any(axis=0) & np.isfinite(pixels).all(axis=0))


def composite(
    pixels: NDArray[Any], name: str, names: Sequence[str] | None = None, stretch: tuple[float, float] = (2.0, 98.0)
) -> Image.Image:
    """Return a composite as an 8-bit RGB picture, each band stretched between two percentiles of itself.

    An offset of the numbers makes no difference here.

    Args:
        pixels: (bands, height, width).
        name: of `COMPOSITES`.
        names: of the patch's bands; None for the product's order of 12 or 13.
        stretch: lower and upper percentile, 0 to 100.

    Raises:
        DataError: no such composite or band, or (ImageError, reason `no-data`) no pixel holds data.
    """
    if name not in COMPOSITES:
        raise DataError(f"no composite {name!r}; there are {', '.join(COMPOSITES)}")
    chosen = select(pixels, COMPOSITES[name], names)
    valid = valid_pixels(pixels)
    return to_rgb(chosen, valid, percentile_limits(chosen, valid, *stretch))


def condition(pixels: NDArray[Any], offset: float = 0.0, names: Sequence[str] | None = None) -> Condition:
    """Return the shares of blank, cloudy and snowy pixels of a patch, by brightness alone.

    A pixel is bright where the mean reflectance of B02, B03 and B04 is at least `BRIGHT` and their spread over it at most
    `WHITE`; a bright one is snow where its snow index exceeds `SNOW_INDEX`, else cloud. Thin cloud is missed and white
    roofs or salt are taken for cloud: a screen for patches, no mask for measurement.

    Args:
        pixels: (bands, height, width), digital numbers.
        offset: added before scaling: -1000 for products of baseline 04.00 and later.
        names: of the patch's bands; None for the product's order of 12 or 13.

    Raises:
        DataError: a band of the test is missing.
    """
    valid = valid_pixels(pixels)
    held = int(valid.sum())
    if held == 0:
        return Condition(1.0, 0.0, 0.0)
    blue, green, red, infrared = np.maximum(
        (select(pixels, ("B02", "B03", "B04", "B11"), names)[:, valid].astype(np.float64) + offset) / SCALE, 0.0
    )
    visible = np.stack([blue, green, red])
    mean = visible.mean(axis=0)
    bright = (mean >= BRIGHT) & (visible.max(axis=0) - visible.min(axis=0) <= WHITE * mean)
    snow = bright & (green - infrared > SNOW_INDEX * (green + infrared))
    return Condition(1.0 - held / valid.size, float((bright & ~snow).sum()) / held, float(snow.sum()) / held)
