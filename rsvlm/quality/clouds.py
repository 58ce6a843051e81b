"""Clouds: by whiteness where there are only red, green and blue; by band tests where there are Sentinel-2's bands.

The band test is that of Braaten, Cohen and Yang (2015, Remote Sensing of Environment 169), carried over to Sentinel-2
with a limit on the short-wave infrared against snow; on the labelled spectra of Hollstein et al. (2016) it was reported
right for 88 % of the pixels. A pixel is cloud when

    B11 > 0.2  and  ((B03 > 0.175 and B03 > B04)  or  B03 > 0.39)

Two tests are added. B02 / B04 > 0.7 keeps bright sand, which is red, from counting as cloud; and where there is the cirrus
band (13 bands, level 1C), B10 > 0.01 is cloud. All limits are settings.

s2cloudless, the usual detector, is not used: it brings LightGBM, OpenCV and a client of a web service, and needs B10, which
surface reflectance (12 bands) does not have.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsvlm.imagery.sentinel2 import SCALE, band_names
from rsvlm.quality.settings import CloudBandsScreen, CloudScreen
from rsvlm.records.unfit import Unfit

Bands = Mapping[str, NDArray[np.float32]]
NEEDED = ("B02", "B03", "B04", "B11")
_GRID = 32


def white_share(picture: Image.Image, settings: CloudScreen) -> float:
    """Return the share of a picture's cells that are bright and without colour, as clouds are.

    Cells are means over a grid of at most 32 x 32, so that single roofs and cars do not count. Snow, salt, white sand and
    large concrete look the same to this test: of real airports, beaches and car parks a few in a thousand are dropped.
    """
    size = min(picture.width, _GRID), min(picture.height, _GRID)
    cells = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BOX)).astype(np.int32)
    brightest, darkest = cells.max(axis=2), cells.min(axis=2)
    cloudy = (brightest >= settings.bright) & (brightest - darkest <= settings.saturation * brightest)
    return float(cloudy.mean())


def reflectance(numbers: NDArray[np.generic], *, offset: int) -> dict[str, NDArray[np.float32]]:
    """Return Sentinel-2 reflectances by band name; 0 (no data) becomes NaN.

    Products of processing baseline 04.00 and later (from January 2022) store 1,000 above the older ones. Taken for older
    ones, their fields look like cloud; and the numbers alone do not tell which they are, as deserts have none below 1,000.

    Args:
        numbers: (12 or 13, height, width) stored numbers in the order B01 ... B12, B10 being there with 13 bands.
        offset: what the product adds, 0 or 1,000, from its metadata.

    Raises:
        Unfit: another number of bands.
    """
    if numbers.ndim != 3 or len(numbers) not in (12, 13):
        raise Unfit("bands are not Sentinel-2's", f"shape {numbers.shape}; 12 or 13 bands of height and width are needed")
    values = numbers.astype(np.float32)
    scaled = np.where(values > 0, (values - offset) / SCALE, np.nan).astype(np.float32)
    return dict(zip(band_names(len(numbers)), scaled, strict=True))


def cloud_mask(bands: Bands, settings: CloudBandsScreen) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which pixels are cloud, and which have data in the bands of the test.

    Args:
        bands: reflectances (0 to about 1) by name, all of one shape; B02, B03, B04, B11 and, if there, B10.
        settings: the limits.

    Raises:
        Unfit: a band is missing, or they differ in shape.
    """
    for name in NEEDED:
        if name not in bands:
            raise Unfit("band is missing", f"{name}; the test needs {', '.join(NEEDED)}")
    names = [*NEEDED, "B10"] if "B10" in bands else list(NEEDED)
    shapes = {bands[name].shape for name in names}
    if len(shapes) > 1:
        raise Unfit("bands differ in size", ", ".join(map(str, sorted(shapes))))
    blue, green, red, infrared = (bands[name] for name in NEEDED)
    valid = np.logical_and.reduce([np.isfinite(bands[name]) for name in NEEDED])
    with np.errstate(invalid="ignore"):
        bright = ((green > settings.green) & (green > red)) | (green > settings.bright)
        cloud = bright & (infrared > settings.infrared) & (blue > settings.blue_to_red * red)
        if "B10" in bands:
            cloud |= bands["B10"] > settings.cirrus
    return cloud & valid, valid


def cloud_share(bands: Bands, settings: CloudBandsScreen) -> float:
    """Return the share of cloudy pixels among those with data.

    Raises:
        Unfit: a band is missing, they differ in shape, or no pixel has data.
    """
    cloud, valid = cloud_mask(bands, settings)
    if not valid.any():
        raise Unfit("picture has no data", "no pixel with all bands")
    return float(cloud.sum() / valid.sum())
