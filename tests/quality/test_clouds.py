import numpy as np
import pytest
import rasterio

from rsvlm.imagery.sentinel2 import band_names
from rsvlm.quality.clouds import cloud_mask, cloud_share, reflectance
from rsvlm.quality.pictures import bands_fault
from rsvlm.quality.settings import CloudBandsScreen
from rsvlm.records.unfit import Unfit

SETTINGS = CloudBandsScreen(kind="cloud-bands")


@pytest.fixture
def patch(mirror):
    def read(number):
        with rasterio.open(mirror / "sentinel2-locations" / "images" / f"patch_{number}.tif") as raster:
            return raster.read()

    return read


def test_a_patch_under_broken_cloud_is_dropped(patch):
    bands = reflectance(patch(511198), offset=0)
    assert 0.4 < cloud_share(bands, SETTINGS) < 0.6
    assert bands_fault(bands, SETTINGS).reason == "picture is cloudy"


@pytest.mark.parametrize(("number", "offset"), [(25630, 0), (770287, 1000)])
def test_snow_is_no_cloud(patch, number, offset):
    assert cloud_share(reflectance(patch(number), offset=offset), SETTINGS) < 0.01


def test_snow_is_told_by_the_infrared_alone(patch):
    bands = reflectance(patch(25630), offset=0)
    assert cloud_share(bands, CloudBandsScreen(kind="cloud-bands", infrared=0.0)) > 0.99


def test_bright_dunes_are_no_cloud(patch):
    bands = reflectance(patch(70541), offset=0)
    assert cloud_share(bands, SETTINGS) < 0.01
    assert cloud_share(bands, CloudBandsScreen(kind="cloud-bands", blue_to_red=0.0)) > 0.9, "what B02 / B04 is there for"


def test_fields_look_cloudy_when_the_offset_of_newer_products_is_forgotten(patch):
    assert cloud_share(reflectance(patch(57755), offset=0), SETTINGS) > 0.2
    assert cloud_share(reflectance(patch(57755), offset=1000), SETTINGS) < 0.01


def test_mask_by_naive_loop():
    generator = np.random.default_rng(8)
    bands = {name: generator.uniform(0, 0.8, (9, 11)).astype(np.float32) for name in band_names(13)}
    bands["B10"] *= 0.02
    bands["B11"][0, 0] = np.nan
    cloud, valid = cloud_mask(bands, SETTINGS)
    for y in range(9):
        for x in range(11):
            b02, b03, b04, b10, b11 = (float(bands[name][y, x]) for name in ("B02", "B03", "B04", "B10", "B11"))
            test = b11 > 0.2 and ((b03 > 0.175 and b03 > b04) or b03 > 0.39) and b02 / b04 > 0.7
            expected = (test or b10 > 0.01) and b11 == b11
            assert cloud[y, x] == expected, (y, x)
    assert valid.sum() == 98


def test_bands_go_by_their_place():
    numbers = np.arange(1, 14).reshape(13, 1, 1) * 1000
    assert {name: round(float(band[0, 0]), 3) for name, band in reflectance(numbers, offset=1000).items()} == {
        name: round(0.1 * place, 3) for place, name in enumerate(band_names(13))
    }
    assert tuple(reflectance(numbers[:12], offset=0)) == band_names(12)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [(np.zeros((4, 2, 2)), "bands are not Sentinel-2's"), (np.zeros(12), "bands are not Sentinel-2's")],
)
def test_other_rasters_are_refused(numbers, expected):
    with pytest.raises(Unfit) as caught:
        reflectance(numbers, offset=0)
    assert caught.value.reason == expected


def test_missing_data_has_a_reason():
    whole = reflectance(np.full((12, 2, 2), 500), offset=0)
    cases = [
        ({name: band for name, band in whole.items() if name != "B11"}, "band is missing"),
        ({**whole, "B11": whole["B11"][:1]}, "bands differ in size"),
        (reflectance(np.zeros((12, 2, 2)), offset=0), "picture has no data"),
    ]
    for bands, expected in cases:
        with pytest.raises(Unfit) as caught:
            cloud_share(bands, SETTINGS)
        assert caught.value.reason == expected
