import pytest

from rsvlm.errors import DataError
from rsvlm.imagery.sentinel2 import BANDS_12, BANDS_13, band_names


def test_bands_in_the_products_order() -> None:
    assert band_names(13) == ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
    assert band_names(12) == tuple(name for name in band_names(13) if name != "B10")
    assert {band.name for band in BANDS_13 if band.metres == 10} == {"B02", "B03", "B04", "B08"}
    assert {band.name for band in BANDS_13 if band.metres == 60} == {"B01", "B09", "B10"}
    assert [band.wavelength for band in BANDS_12] == sorted(band.wavelength for band in BANDS_12)
    with pytest.raises(DataError, match="12 bands"):
        band_names(10)
