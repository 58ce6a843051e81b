"""Raster values to pictures that people and models can look at: a percentile stretch to 8-bit RGB."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsvlm.imagery.pictures import ImageError


def percentile_limits(
    pixels: NDArray[np.generic], valid: NDArray[np.bool_], low: float = 2.0, high: float = 98.0
) -> list[tuple[float, float]]:
    """Return each band's values at two percentiles of the pixels that hold data.

    Args:
        pixels: (bands, height, width), any real type.
        valid: (height, width), True where there is data.
        low: lower percentile, 0 to 100.
        high: upper percentile, above `low`.

    Raises:
        ImageError: no pixel holds data (reason `no-data`).
    """
    if not valid.any():
        raise ImageError("raster", "no-data", "no pixel of this window holds data")
    return [(float(bottom), float(top)) for bottom, top in (np.percentile(band[valid].astype(np.float64), (low, high)) for band in pixels)]


def to_rgb(pixels: NDArray[np.generic], valid: NDArray[np.bool_], limits: Sequence[tuple[float, float]]) -> Image.Image:
    """Stretch one or three bands to an 8-bit RGB picture; missing ground is black.

    A band whose limits coincide becomes mid-grey (128) where it holds data.

    Args:
        pixels: (1 or 3, height, width), real values; one band gives grey.
        valid: (height, width), True where there is data.
        limits: for each band the values that become 0 and 255; take those of the whole raster, so that its chips match.

    Raises:
        ImageError: another number of bands, or complex values (reason `bands`).
    """
    if pixels.shape[0] not in (1, 3) or np.iscomplexobj(pixels):
        raise ImageError("raster", "bands", f"{pixels.shape[0]} bands of {pixels.dtype}; choose one or three real bands")
    out = np.zeros((*pixels.shape[1:], 3), dtype=np.uint8)
    for channel, (low, high) in enumerate(limits):
        values = np.where(valid, pixels[channel], 0).astype(np.float64)
        scaled = np.clip((values - low) * (255.0 / (high - low)), 0, 255) if high > low else np.full(values.shape, 128.0)
        out[..., channel] = np.where(valid, np.rint(scaled), 0).astype(np.uint8)
    if pixels.shape[0] == 1:
        out[..., 1] = out[..., 2] = out[..., 0]
    return Image.fromarray(out)
