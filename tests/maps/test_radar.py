from pathlib import Path

import numpy as np
import pytest

from rsvlm.errors import DataError
from rsvlm.imagery.rasters import read
from rsvlm.maps.radar import decibels, infrared_picture, radar_picture

FOLDER = "sar-optical-pan/sar-quadpol"


def test_decibels_of_known_amplitudes() -> None:
    shown, echo = decibels(np.array([[[3 + 4j, 10, 100j, 0, np.nan]]]))
    assert shown[0, 0] == pytest.approx([20 * 0.69897, 20, 40, 0, 0])
    assert echo.tolist() == [[True, True, True, False, False]]


def test_a_decade_of_amplitude_is_a_step_of_grey() -> None:
    picture = np.asarray(radar_picture(np.array([[[1, 10, 100j, 0]]]), stretch=(0, 100)))
    assert picture[0, :, 0].tolist() == [0, 128, 255, 0]
    assert (picture == picture[..., :1]).all()


def test_real_complex_samples_make_pictures(mirror: Path) -> None:
    bands = [read(mirror / FOLDER / f"sar_{name}.tif")[0][0] for name in ("hh", "hv", "vv")]
    assert bands[0].dtype == np.complex64
    grey, colour = radar_picture(bands[0][None]), radar_picture(np.stack(bands))
    assert grey.size == colour.size == (200, 200)
    assert 60 < np.asarray(grey).mean() < 200
    assert np.asarray(grey)[..., 0].std() > 20
    # brighter pixels have higher amplitudes, whatever the stretch
    order = np.argsort(np.abs(bands[0]).ravel())
    assert (np.diff(np.asarray(grey)[..., 0].ravel()[order].astype(int)) >= 0).all()
    assert not np.array_equal(np.asarray(colour)[..., 0], np.asarray(colour)[..., 1])


def test_a_real_masked_pair_is_black_where_it_was_masked(mirror: Path) -> None:
    pixels, valid = read(mirror / FOLDER / "sar_masked.tif", [1])
    assert 0 < valid.mean() < 1
    assert not np.asarray(radar_picture(pixels))[~valid].any()


def test_an_infrared_band_is_grey(mirror: Path) -> None:
    band = read(mirror / "sentinel2-locations/images/patch_502692.tif", [11])[0][0]
    picture = np.asarray(infrared_picture(band))
    assert picture.shape == (256, 256, 3)
    assert (picture == picture[..., :1]).all()
    assert picture.std() > 20
    warm = np.array([[280.0, 290.0], [300.0, np.nan]])
    assert np.asarray(infrared_picture(warm, (0, 100)))[..., 0].tolist() == [[0, 128], [255, 0]]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: radar_picture(np.ones((2, 4, 4))), "bands"),
        (lambda: radar_picture(np.ones((4, 4))), "bands"),
        (lambda: radar_picture(np.zeros((1, 4, 4))), "no-data"),
        (lambda: infrared_picture(np.ones((4, 4), dtype=complex)), "bands"),
        (lambda: infrared_picture(np.full((4, 4), np.nan)), "no-data"),
    ],
)
def test_what_makes_no_picture(make, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        make()
    assert caught.value.reason == reason
