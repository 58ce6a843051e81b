"""Sentinel-2's bands and the scale of their numbers.

Pixels are digital numbers as delivered: reflectance = (number + offset) / 10000. Products of processing baseline 04.00 and
later (from 25 January 2022) have an offset of -1000, older ones 0; archives mix both, and a patch alone does not tell.
"""

from dataclasses import dataclass

from rsvlm.errors import DataError

SCALE = 10_000.0


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


def band_names(count: int) -> tuple[str, ...]:
    """Return the names of a patch's bands in order.

    Raises:
        DataError: neither 12 nor 13.
    """
    if count not in (12, 13):
        raise DataError(f"a Sentinel-2 patch has 12 bands (without B10) or 13, not {count}; name the bands")
    return tuple(band.name for band in (BANDS_12 if count == 12 else BANDS_13))
