"""Land cover by spectral indices: single pixels whose class follows from the written rules."""

import numpy as np
import pytest

from rsvlm.data.derived_cover import derived_cover, offset_of
from rsvlm.data.kinds.land_cover import DerivedCover
from rsvlm.errors import DataError
from rsvlm.maps.cover import CLASSES

RULE = DerivedCover(kind="derived", shifted=("new_*.tif",))
# B02, B03, B04, B08, B11 as reflectances, and the class that the rules give.
PIXELS = [
    ((0.05, 0.06, 0.04, 0.02, 0.01), "water"),
    ((0.80, 0.80, 0.80, 0.75, 0.10), "snow"),
    ((0.03, 0.05, 0.03, 0.30, 0.15), "tree"),
    ((0.05, 0.12, 0.05, 0.45, 0.20), "crop"),
    ((0.06, 0.09, 0.10, 0.22, 0.25), "grass"),
    ((0.15, 0.16, 0.17, 0.20, 0.22), "developed area"),
    ((0.15, 0.20, 0.28, 0.33, 0.40), "bare land"),
    ((0.15, 0.16, 0.17, 0.20, 0.35), "bare land"),
    ((0.0, 0.0, 0.0, 0.0, 0.0), "background"),
]


def patch(values, bands: int = 12, added: int = 0) -> np.ndarray:
    """One row of pixels; bands that no rule asks have the value of B08."""
    found = np.zeros((bands, 1, len(values)), np.uint16)
    for column, (blue, green, red, near, short) in enumerate(values):
        found[:, 0, column] = round(near * 10_000)
        for band, value in ((1, blue), (2, green), (3, red), (7, near), (bands - 2, short)):
            found[band, 0, column] = round(value * 10_000)
    return np.where(found.any(axis=0), found + added, 0).astype(np.uint16)


@pytest.mark.parametrize("bands", [12, 13])
def test_each_rule_names_its_pixel(bands: int) -> None:
    found = derived_cover(patch([values for values, _ in PIXELS], bands), RULE)
    assert [CLASSES[place].name for place in found[0]] == [name for _, name in PIXELS]


def test_numbers_of_newer_products_are_shifted_back() -> None:
    shifted = patch([values for values, _ in PIXELS], added=1000)
    found = derived_cover(shifted, RULE, offset_of("images/new_1.tif", RULE))
    assert [CLASSES[place].name for place in found[0]] == [name for _, name in PIXELS]
    assert offset_of("images/old_1.tif", RULE) == 0
    assert [CLASSES[place].name for place in derived_cover(shifted, RULE)[0]] != [name for _, name in PIXELS]


def test_other_rasters_are_refused() -> None:
    with pytest.raises(DataError, match="12 bands"):
        derived_cover(np.ones((3, 2, 2), np.uint16), RULE)
