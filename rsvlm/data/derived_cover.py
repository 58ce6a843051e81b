"""Land cover of a Sentinel-2 patch by thresholds on spectral indices, where no class map is at hand.

With reflectances rho, the indices are NDWI = (B03 - B08) / (B03 + B08) (McFeeters 1996), NDVI = (B08 - B04) / (B08 + B04)
(Tucker 1979), NDSI = (B03 - B11) / (B03 + B11) (Hall et al. 1995) and NDBI = (B11 - B08) / (B11 + B08) (Zha et al. 2003).
The first rule that a pixel meets names it; the order and all limits are our own choice:

1. background: a band without data;
2. snow: NDSI > `snow` and B03 > `snow_green` (water has a high NDSI too, but is dark);
3. water: NDWI > `water`;
4. tree: NDVI >= `dense` and B03 < `tree_green` (leaves of a canopy shade each other);
5. crop: NDVI >= `dense` otherwise (one bright green layer);
6. grass: NDVI >= `sparse`;
7. developed area: `built` < NDBI <= `built_most` and B04 / B02 < `red_to_blue` (roofs and roads are grey, bare soil is red
   and drier);
8. bare land: what is left.

Shrub, wetland, mangroves and moss are never given: indices of one date cannot tell them from the others.
"""

from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsvlm.data.kinds.land_cover import DerivedCover
from rsvlm.imagery.sentinel2 import SCALE
from rsvlm.maps.cover import CLASSES
from rsvlm.maps.sentinel2 import select, valid_pixels

SHIFT = -1000
_PLACE = {each.name: place for place, each in enumerate(CLASSES)}


def offset_of(file: str, settings: DerivedCover) -> int:
    """Return what is added to the numbers of a file before they are scaled: -1,000 for shifted ones, else 0."""
    return SHIFT if any(fnmatchcase(PurePosixPath(file).name, pattern) for pattern in settings.shifted) else 0


def derived_cover(pixels: NDArray[Any], settings: DerivedCover, offset: int = 0) -> NDArray[np.uint8]:
    """Return the land cover of a patch, (height, width), as places in `rsvlm.maps.cover.CLASSES`.

    Args:
        pixels: (12 or 13, height, width), digital numbers.
        settings: the limits.
        offset: added to the numbers before they are divided by 10,000.

    Raises:
        DataError: another number of bands.
    """
    numbers = select(pixels, ("B02", "B03", "B04", "B08", "B11")).astype(np.float64)
    blue, green, red, near, short = np.maximum((numbers + offset) / SCALE, 0.0)

    def index(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        whole = first + second
        found: NDArray[np.float64] = np.divide(first - second, whole, out=np.zeros_like(whole), where=whole > 0)
        return found

    vegetation, built = index(near, red), index(short, near)
    rules = (
        ("background", ~valid_pixels(pixels)),
        ("snow", (index(green, short) > settings.snow) & (green > settings.snow_green)),
        ("water", index(green, near) > settings.water),
        ("tree", (vegetation >= settings.dense) & (green < settings.tree_green)),
        ("crop", vegetation >= settings.dense),
        ("grass", vegetation >= settings.sparse),
        ("developed area", (built > settings.built) & (built <= settings.built_most) & (red < settings.red_to_blue * blue)),
    )
    found: NDArray[np.uint8] = np.select(
        [met for _, met in rules], [np.uint8(_PLACE[name]) for name, _ in rules], np.uint8(_PLACE["bare land"])
    ).astype(np.uint8)
    return found
