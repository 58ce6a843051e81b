import csv
from pathlib import Path

import numpy as np
import pytest

from rsvlm.errors import DataError
from rsvlm.imagery.rasters import info, read
from rsvlm.maps.sentinel2 import BANDS_12, BANDS_13, COMPOSITES, band_names, composite, condition, select, valid_pixels

PATCHES = "sentinel2-locations/images"


def patch(**reflectance: float) -> np.ndarray:
    """A 2 x 2 patch of 12 bands at 0.1, but for the named ones."""
    pixels = np.full((12, 2, 2), 1000, dtype=np.uint16)
    for name, value in reflectance.items():
        pixels[band_names(12).index(name)] = round(value * 10_000)
    return pixels


def test_bands_in_the_products_order() -> None:
    assert band_names(13) == ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
    assert band_names(12) == tuple(name for name in band_names(13) if name != "B10")
    assert {band.name for band in BANDS_13 if band.metres == 10} == {"B02", "B03", "B04", "B08"}
    assert {band.name for band in BANDS_13 if band.metres == 60} == {"B01", "B09", "B10"}
    assert [band.wavelength for band in BANDS_12] == sorted(band.wavelength for band in BANDS_12)
    with pytest.raises(DataError, match="12 bands"):
        band_names(10)


def test_composites_take_the_named_bands() -> None:
    pixels = np.arange(13 * 4).reshape(13, 2, 2).astype(np.uint16)
    assert select(pixels, COMPOSITES["true colour"]).tolist() == pixels[[3, 2, 1]].tolist()
    assert select(pixels, ("B11",)).tolist() == pixels[[11]].tolist()
    assert select(pixels[:12], ("B11",)).tolist() == pixels[[10]].tolist()
    assert select(pixels[:2], ("b", "a"), ("a", "b")).tolist() == pixels[[1, 0]].tolist()


@pytest.mark.parametrize(
    ("bands", "names", "message"),
    [
        (5, None, "12 bands"),
        (12, ("a",), "1 names for 12 bands"),
        (3, ("B02", "B02", "B03"), "no band B04"),
        (3, ("B04", "B04", "B03"), "B04"),
    ],
)
def test_bands_that_are_not_there(bands: int, names: tuple[str, ...] | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        composite(np.ones((bands, 2, 2), dtype=np.uint16), "true colour", names)


def test_an_unknown_composite() -> None:
    with pytest.raises(DataError, match="no composite 'sepia'; there are true colour"):
        composite(np.ones((12, 2, 2), dtype=np.uint16), "sepia")


def test_every_real_patch_makes_every_picture(mirror: Path) -> None:
    with (mirror / "sentinel2-locations/index.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 23
    for row in rows:
        path = mirror / PATCHES / row["file"]
        pixels, _ = read(path)
        centre = info(path).centre
        assert centre == pytest.approx((float(row["lon"]), float(row["lat"])), abs=1e-4)
        picture = composite(pixels, "true colour")
        assert picture.size == (256, 256)
        assert np.asarray(picture).std() > 10
    for name in COMPOSITES:
        assert np.asarray(composite(pixels, name)).std() > 10


@pytest.mark.parametrize(
    ("name", "cloud", "snow"),
    [  # judged by eye from the true-colour and short-wave pictures
        ("patch_511198.tif", (0.2, 0.5), (0.0, 0.01)),  # cumulus over forest
        ("patch_25630.tif", (0.0, 0.01), (0.99, 1.0)),  # Greenland's ice
        ("patch_770287.tif", (0.0, 0.02), (0.95, 1.0)),  # snow
        ("patch_502692.tif", (0.0, 0.001), (0.0, 0.001)),  # forest
        ("patch_275979.tif", (0.0, 0.001), (0.0, 0.001)),  # dry land
    ],
)
def test_clouds_and_snow_of_real_patches(name: str, cloud: tuple[float, float], snow: tuple[float, float], mirror: Path) -> None:
    pixels, _ = read(mirror / PATCHES / name)
    found = condition(pixels)
    assert found.blank == 0.0
    assert cloud[0] <= found.cloud <= cloud[1]
    assert snow[0] <= found.snow <= snow[1]


@pytest.mark.parametrize(
    ("reflectance", "cloud", "snow"),
    [
        ({}, 0.0, 0.0),
        ({"B02": 0.5, "B03": 0.5, "B04": 0.5, "B11": 0.4}, 1.0, 0.0),
        ({"B02": 0.8, "B03": 0.8, "B04": 0.8, "B11": 0.1}, 0.0, 1.0),  # index 0.7 / 0.9
        ({"B02": 0.2, "B03": 0.35, "B04": 0.5, "B11": 0.6}, 0.0, 0.0),  # bright sand: spread 0.3 over 0.35
        ({"B02": 0.29, "B03": 0.29, "B04": 0.29, "B11": 0.4}, 0.0, 0.0),
    ],
)
def test_the_rule_by_hand(reflectance: dict[str, float], cloud: float, snow: float) -> None:
    found = condition(patch(**reflectance))
    assert (found.blank, found.cloud, found.snow) == (0.0, cloud, snow)


def test_an_offset_is_taken_off_first() -> None:
    bright = patch(B02=0.35, B03=0.35, B04=0.35, B11=0.35)
    assert condition(bright).cloud == 1.0
    assert condition(bright, offset=-1000).cloud == 0.0


def test_blank_pixels_are_counted_and_left_out() -> None:
    pixels = patch(B02=0.5, B03=0.5, B04=0.5, B11=0.4)
    pixels[:, 0, 0] = 0
    assert valid_pixels(pixels).tolist() == [[False, True], [True, True]]
    found = condition(pixels)
    assert (found.blank, found.cloud) == (0.25, 1.0)
    assert condition(np.zeros((12, 2, 2), dtype=np.uint16)).blank == 1.0
    with pytest.raises(DataError, match="no pixel of this window holds data"):
        composite(np.zeros((12, 2, 2), dtype=np.uint16), "true colour")
