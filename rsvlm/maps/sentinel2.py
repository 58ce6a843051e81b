"""Pictures of Sentinel-2 patches: the bands by name, and composites of three. Clouds are told by `rsvlm.quality.clouds`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsvlm.errors import DataError
from rsvlm.imagery.sentinel2 import band_names
from rsvlm.imagery.stretch import percentile_limits, to_rgb

# Red, green and blue of a picture.
COMPOSITES = {
    "true colour": ("B04", "B03", "B02"),
    "false colour infrared": ("B08", "B04", "B03"),
    "short-wave infrared": ("B12", "B8A", "B04"),
    "agriculture": ("B11", "B08", "B02"),
    "urban": ("B12", "B11", "B04"),
}


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
