from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import transform

from rsvlm.errors import DataError
from rsvlm.maps.cover import CLASSES, REGIONS, classes_of_codes, counts, read_cover, region_of, shares
from rsvlm.maps.frames import Frame, frame_of_bounds

CODES = [10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100]
PIXEL = 1 / 12_000  # WorldCover's, in degrees


def class_raster(path: Path, codes: np.ndarray, west: float = 9.0, north: float = 48.0, crs: str | None = "EPSG:4326") -> Path:
    """A small raster of WorldCover's layout."""
    profile = {"driver": "GTiff", "count": 1, "dtype": codes.dtype, "height": codes.shape[0], "width": codes.shape[1], "nodata": 0}
    with rasterio.open(path, "w", crs=crs, transform=from_origin(west, north, PIXEL, PIXEL), **profile) as sink:
        sink.write(codes, 1)
    return path


@pytest.fixture
def codes() -> np.ndarray:
    return np.random.default_rng(3).choice(np.array(CODES, dtype=np.uint8), (60, 80))


def naive(codes: np.ndarray) -> np.ndarray:
    place = {each.code: number for number, each in enumerate(CLASSES)}
    return np.array([[place[int(code)] for code in row] for row in codes], dtype=np.uint8)


def test_every_code_has_its_class() -> None:
    named = {each.code: each.name for each in CLASSES}
    assert named[80] == "water"
    assert named[50] == "developed area"
    assert named[10] == "tree"
    assert named[95] == "mangroves"
    assert sorted(named) == [0, *CODES]
    assert [each.name for each in CLASSES][:4] == ["background", "water", "developed area", "tree"]


def test_a_chip_on_the_rasters_own_grid_is_a_slice(tmp_path: Path, codes: np.ndarray) -> None:
    path = class_raster(tmp_path / "cover.tif", codes)
    bounds = (9.0 + 10 * PIXEL, 48.0 - 50 * PIXEL, 9.0 + 40 * PIXEL, 48.0 - 20 * PIXEL)
    assert np.array_equal(read_cover(path, frame_of_bounds(bounds, 30, 30)), naive(codes[20:50, 10:40]))


def test_a_chip_in_utm_has_the_class_under_each_pixels_centre(tmp_path: Path, codes: np.ndarray) -> None:
    path = class_raster(tmp_path / "cover.tif", codes)
    (x,), (y,) = transform("EPSG:4326", "EPSG:32632", [9.0 + 20 * PIXEL], [48.0 - 10 * PIXEL])
    frame = Frame("EPSG:32632", (5.0, 0.0, x, 0.0, -5.0, y), 40, 30)
    found = read_cover(path, frame)
    columns, rows = np.meshgrid(np.arange(40) + 0.5, np.arange(30) + 0.5)
    longitudes, latitudes = transform("EPSG:32632", "EPSG:4326", (x + 5 * columns).ravel(), (y - 5 * rows).ravel())
    expected = [
        codes[int((48.0 - latitude) / PIXEL), int((longitude - 9.0) / PIXEL)]
        for longitude, latitude in zip(longitudes, latitudes, strict=True)
    ]
    agreed = (found == naive(np.array(expected).reshape(30, 40))).mean()
    assert agreed > 0.99  # GDAL approximates the transform to an eighth of a pixel
    assert set(np.unique(found)) <= set(range(1, len(CLASSES)))


def test_beyond_the_raster_is_background(tmp_path: Path, codes: np.ndarray) -> None:
    path = class_raster(tmp_path / "cover.tif", codes)
    bounds = (9.0 - 10 * PIXEL, 48.0 - 20 * PIXEL, 9.0 + 10 * PIXEL, 48.0)
    found = read_cover(path, frame_of_bounds(bounds, 20, 20))
    assert not found[:, :10].any()
    assert np.array_equal(found[:, 10:], naive(codes[:20, :10]))


@pytest.mark.parametrize("code", [1, 15, 101, 254, 255])
def test_a_code_that_worldcover_does_not_have(code: int, tmp_path: Path) -> None:
    path = class_raster(tmp_path / "cover.tif", np.full((30, 30), code, dtype=np.uint8))
    with pytest.raises(DataError, match=rf"cover\.tif: {code} is no WorldCover code; allowed: 0, 80"):
        read_cover(path, frame_of_bounds((9.0, 48.0 - 10 * PIXEL, 9.0 + 10 * PIXEL, 48.0), 10, 10))


def test_floats_are_no_codes() -> None:
    with pytest.raises(DataError, match="is no WorldCover code"):
        classes_of_codes(np.full((2, 2), 10.0), "here")
    assert classes_of_codes(np.array([[10, 80]]), "here").tolist() == [[3, 1]]


def test_files_that_are_no_class_raster(tmp_path: Path) -> None:
    frame = frame_of_bounds((9.0, 47.9, 9.1, 48.0), 10, 10)
    for path in (
        class_raster(tmp_path / "wide.tif", np.full((9, 9), 10, dtype=np.uint16)),
        class_raster(tmp_path / "nowhere.tif", np.full((9, 9), 10, dtype=np.uint8), crs=None),
    ):
        with pytest.raises(DataError, match="a class raster is one uint8"):
            read_cover(path, frame)
    (tmp_path / "text.tif").write_text("no raster")
    for name in ("text.tif", "absent.tif"):
        with pytest.raises(DataError, match=name):
            read_cover(tmp_path / name, frame)


def test_regions_are_quadrants_and_the_middle_half() -> None:
    mask = np.arange(64, dtype=np.uint8).reshape(8, 8)
    assert region_of(mask, "top left").tolist() == mask[:4, :4].tolist()
    assert region_of(mask, "top right").tolist() == mask[:4, 4:].tolist()
    assert region_of(mask, "bottom left").tolist() == mask[4:, :4].tolist()
    assert region_of(mask, "bottom right").tolist() == mask[4:, 4:].tolist()
    assert region_of(mask, "middle").tolist() == mask[2:6, 2:6].tolist()


def test_shares_counted_by_hand() -> None:
    # water 1, developed 2, tree 3; a background row
    mask = np.array([[0, 0, 0, 0], [1, 1, 3, 3], [1, 2, 3, 3], [2, 2, 2, 1]], dtype=np.uint8)
    assert list(counts(mask).items()) == [("tree", 4), ("developed area", 4), ("water", 4), ("background", 4)]
    assert list(shares(mask).items()) == [("tree", 1 / 3), ("developed area", 1 / 3), ("water", 1 / 3)]
    assert shares(mask, of_all=True) == {"tree": 0.25, "developed area": 0.25, "water": 0.25}
    assert shares(mask, "top left") == {"water": 1.0}
    assert shares(mask, "top left", of_all=True) == {"water": 0.5}
    assert list(shares(mask, "bottom left").items()) == [("developed area", 0.75), ("water", 0.25)]
    assert shares(mask, "middle") == {"tree": 0.5, "water": 0.25, "developed area": 0.25}


def test_a_region_without_data_has_no_shares() -> None:
    for region in REGIONS:
        assert shares(np.zeros((8, 8), dtype=np.uint8), region) == {}


def test_quadrants_of_random_masks_add_up() -> None:
    for seed in range(20):
        generator = np.random.default_rng(seed)
        mask = generator.integers(0, 12, generator.integers(2, 40, 2)).astype(np.uint8)
        total: dict[str, int] = {}
        for region in REGIONS[:4]:
            for name, count in counts(mask, region).items():
                total[name] = total.get(name, 0) + count
        assert total == counts(mask)
        assert list(counts(mask).values()) == sorted(counts(mask).values(), reverse=True)
