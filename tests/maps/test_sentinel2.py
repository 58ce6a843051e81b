import csv
from pathlib import Path

import numpy as np
import pytest

from rsvlm.errors import DataError
from rsvlm.imagery.rasters import info, read
from rsvlm.maps.sentinel2 import COMPOSITES, composite, select, valid_pixels

PATCHES = "sentinel2-locations/images"


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


def test_blank_pixels_hold_no_data_and_make_no_picture() -> None:
    pixels = np.full((12, 2, 2), 5000, dtype=np.uint16)
    pixels[:, 0, 0] = 0
    assert valid_pixels(pixels).tolist() == [[False, True], [True, True]]
    with pytest.raises(DataError, match="no pixel of this window holds data"):
        composite(np.zeros((12, 2, 2), dtype=np.uint16), "true colour")
