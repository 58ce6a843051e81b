"""Pictures of what eyes do not see: radar amplitude and single infrared bands as 8-bit images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsvlm.imagery.pictures import ImageError
from rsvlm.imagery.stretch import percentile_limits, to_rgb


def decibels(pixels: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return amplitudes in decibels, 20 log10 |z|, and where there is an echo.

    Args:
        pixels: (bands, height, width), complex samples or real amplitudes.

    Returns:
        Decibels (bands, height, width), 0 without echo; and a mask (height, width), False where a band is 0, NaN or infinite.
    """
    amplitude = np.abs(pixels).astype(np.float64)
    echo = (np.isfinite(amplitude) & (amplitude > 0)).all(axis=0)
    return 20.0 * np.log10(np.where(echo, amplitude, 1.0)), echo


def radar_picture(pixels: NDArray[Any], stretch: tuple[float, float] = (1.0, 99.0)) -> Image.Image:
    """Return radar samples as an RGB picture: one band is grey, three (HH, HV, VV, say) are red, green and blue.

    Amplitudes spread over decades, so they are shown in decibels, stretched between two percentiles of each band.

    Args:
        pixels: (1 or 3, height, width), complex samples or real amplitudes, not yet in decibels.
        stretch: lower and upper percentile, 0 to 100.

    Raises:
        ImageError: another number of bands (reason `bands`), or no echo at all (reason `no-data`).
    """
    shown, echo = decibels(_three_dimensions(pixels))
    return to_rgb(shown, echo, percentile_limits(shown, echo, *stretch))


def infrared_picture(band: NDArray[Any], stretch: tuple[float, float] = (1.0, 99.0)) -> Image.Image:
    """Return a single band as a grey RGB picture, brighter for more, stretched between two percentiles.

    Args:
        band: (height, width), real; NaN and infinite values are missing and black.
        stretch: lower and upper percentile, 0 to 100.

    Raises:
        ImageError: complex values (reason `bands`), or no value at all (reason `no-data`).
    """
    if np.iscomplexobj(band):
        raise ImageError("raster", "bands", "complex samples are radar, not infrared")
    pixels = _three_dimensions(band[np.newaxis])
    valid = np.isfinite(pixels).all(axis=0)
    return to_rgb(pixels, valid, percentile_limits(pixels, valid, *stretch))


def _three_dimensions(pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.ndim != 3:
        raise ImageError("raster", "bands", f"pixels of shape {pixels.shape}; a picture is made of bands, height and width")
    return pixels
