import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from rsvlm.imagery import chips, rasters
from rsvlm.imagery.pictures import ImageError
from rsvlm.imagery.stretch import percentile_limits, to_rgb


def _write(path: Path, pixels: np.ndarray, crs: str | None, affine: Affine | None, names: tuple[str, ...] = (), **more: Any) -> Path:
    bands, height, width = pixels.shape
    profile = {"driver": "GTiff", "count": bands, "height": height, "width": width, "dtype": pixels.dtype, "crs": crs, **more}
    if affine is not None:
        profile["transform"] = affine
    with rasterio.open(path, "w", **profile) as sink:
        sink.write(pixels)
        for number, name in enumerate(names, 1):
            sink.set_band_description(number, name)
    return path


def _ramp(bands: int = 1, height: int = 50, width: int = 60, dtype: str = "uint16") -> np.ndarray:
    return np.arange(bands * height * width).reshape(bands, height, width).astype(dtype)


def test_gsd_of_geographic_rasters_is_in_metres(tmp_path: Path) -> None:
    degrees = 0.001
    info = rasters.info(_write(tmp_path / "a.tif", _ramp(), "EPSG:4326", Affine(degrees, 0, 10, 0, -degrees, 60.025)))
    # At 60 degrees north a degree of longitude is 55,800 m and one of latitude 111,412 m (published tables of WGS 84).
    assert info.gsd == pytest.approx(math.sqrt(55.80 * 111.412), rel=1e-3)
    assert info.bounds == pytest.approx((10.0, 59.975, 10.06, 60.025))
    assert info.centre == pytest.approx((10.03, 60.0))


def test_gsd_of_web_mercator_is_that_on_the_ground(tmp_path: Path) -> None:
    x, y = 1_113_194.9, 8_399_737.9  # 10 E, 60 N
    info = rasters.info(_write(tmp_path / "a.tif", _ramp(), "EPSG:3857", Affine(10, 0, x - 300, 0, -10, y + 250)))
    assert info.gsd == pytest.approx(10 * math.cos(math.radians(60)), rel=5e-3)


def test_south_up_and_rotated_rasters_lie_where_they_lie(tmp_path: Path) -> None:
    south_up = rasters.info(_write(tmp_path / "s.tif", _ramp(), "EPSG:4326", Affine(0.01, 0, 5, 0, 0.01, 40)))
    assert south_up.bounds == pytest.approx((5.0, 40.0, 5.6, 40.5))
    turned = rasters.info(_write(tmp_path / "r.tif", _ramp(1, 100, 100), "EPSG:32632", Affine(0, 2.0, 500_000, -2.0, 0, 5_000_000)))
    assert turned.gsd == pytest.approx(2.0, rel=1e-3)
    assert turned.centre is not None
    assert turned.centre[0] > 9.0


def test_crossing_the_antimeridian_gives_west_beyond_east(tmp_path: Path) -> None:
    info = rasters.info(_write(tmp_path / "a.tif", _ramp(1, 100, 200), "EPSG:4326", Affine(0.01, 0, 179, 0, -0.01, 1)))
    assert info.bounds == pytest.approx((179.0, 0.0, -179.0, 1.0))
    assert info.centre is not None
    assert abs(info.centre[0]) == pytest.approx(180.0)
    utm = rasters.info(_write(tmp_path / "u.tif", _ramp(1, 100, 100), "EPSG:32660", Affine(100, 0, 828_000, 0, -100, 5_000)))
    assert utm.bounds is not None
    assert utm.bounds[0] > 179.0
    assert utm.bounds[2] < -179.0


def test_a_polar_raster_has_bounds_around_the_pole(tmp_path: Path) -> None:
    info = rasters.info(_write(tmp_path / "p.tif", _ramp(1, 100, 100), "EPSG:3995", Affine(1000, 0, -50_000, 0, -1000, 50_000)))
    assert info.bounds is not None
    assert info.bounds[3] == pytest.approx(90.0, abs=0.1)
    assert info.gsd == pytest.approx(1000, rel=0.05)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_raster_without_place_is_readable_but_refused_where_a_place_is_needed(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", _ramp(3, 8, 8, "uint8"), None, None)
    info = rasters.info(path)
    assert (info.crs, info.bounds, info.gsd) == (None, None, None)
    with pytest.raises(ImageError, match="no-crs"):
        next(chips.pictures(path, 4, [1, 2, 3]))
    assert len(list(chips.pictures(path, 4, [1, 2, 3], georeferenced=False))) == 4


@pytest.mark.parametrize(
    ("crs", "affine"),
    [
        ('LOCAL_CS["site",UNIT["metre",1]]', Affine(1, 0, 5, 0, -1, 7)),
        ("+proj=longlat +R=1737400", Affine(0.1, 0, 1, 0, -0.1, 10)),  # the Moon
        ("+proj=geos +h=35785831 +lon_0=0 +sweep=y", Affine(170_000, 0, -5_500_000, 0, -170_000, 5_500_000)),  # corners in space
        ("EPSG:32633", Affine(1e7, 0, 1e12, 0, -1e7, 1e12)),
        ("EPSG:32633", Affine(0, 0, 5e5, 0, 0, 5e6)),
        ("EPSG:32633", Affine(1, 1, 5e5, 1, 1, 5e6)),
        ("EPSG:32633", Affine(math.nan, 0, 5e5, 0, -1, 5e6)),
        ("EPSG:4326", Affine(1, 0, 10, 0, -1, 120)),  # north of the pole
    ],
)
def test_a_georeference_that_names_no_place_on_the_earth_gives_none(tmp_path: Path, crs: str, affine: Affine) -> None:
    path = _write(tmp_path / "a.tif", _ramp(), crs, affine)
    info = rasters.info(path)
    assert (info.crs, info.gsd, info.bounds, info.centre) == (None, None, None, None)
    assert rasters.read(path)[0].shape == (1, 50, 60)


def test_bands_go_by_name(tmp_path: Path) -> None:
    names = tuple(f"B{number:02}" for number in (8, 4, 3, 2, 1, 5, 6, 7, 9, 10, 11, 12, 13))
    path = _write(tmp_path / "a.tif", _ramp(13, 5, 6), "EPSG:32632", Affine(10, 0, 5e5, 0, -10, 5e6), names)
    pixels, _ = rasters.read(path, ["B04", "B03", "B02"])
    assert np.array_equal(pixels, _ramp(13, 5, 6)[1:4])
    with pytest.raises(ImageError, match=r"no band 'red'.*B04"):
        rasters.read(path, ["red"])
    with pytest.raises(ImageError, match="bands"):
        rasters.read(path, [14])


def test_windows_are_bounded(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", _ramp(), "EPSG:32632", Affine(10, 0, 5e5, 0, -10, 5e6))
    pixels, _ = rasters.read(path, window=(7, 3, 5, 4))
    assert np.array_equal(pixels[0], _ramp()[0, 3:7, 7:12])
    with pytest.raises(ImageError, match="window"):
        rasters.read(path, window=(58, 0, 5, 4))
    with pytest.raises(ImageError, match="too-large"):
        rasters.read(path, max_pixels=2_999)


def test_a_sparse_giant_is_described_but_never_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "giant.tif"
    profile = {"driver": "GTiff", "count": 1, "height": 100_000, "width": 100_000, "dtype": "uint8", "tiled": True, "blockxsize": 2048}
    with rasterio.open(
        path, "w", blockysize=2048, sparse_ok=True, compress="deflate", crs="EPSG:32632", transform=Affine(1, 0, 5e5, 0, -1, 5e6), **profile
    ):
        pass
    assert path.stat().st_size < 3_000_000
    assert rasters.info(path).width == 100_000
    with pytest.raises(ImageError, match="too-large"):
        rasters.read(path)
    assert rasters.read(path, window=(50_000, 50_000, 64, 64))[0].shape == (1, 64, 64)


def test_a_raster_that_points_elsewhere_is_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"0123456789abcdef" * 16)
    path = tmp_path / "innocent.tif"
    path.write_text(
        '<VRTDataset rasterXSize="16" rasterYSize="16"><VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
        f'<SourceFilename relativetoVRT="0">{secret}</SourceFilename><ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset>'
        "<LineOffset>16</LineOffset></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(ImageError, match="format") as caught:
        rasters.read(path)
    assert "0123" not in str(caught.value)


@pytest.mark.parametrize(
    "path", ["/vsicurl/http://127.0.0.1:1/a.tif", "/vsizip//vsicurl/http://127.0.0.1:1/a.zip", "https://127.0.0.1:1/a.tif"]
)
def test_addresses_never_reach_the_raster_library(path: str) -> None:
    with pytest.raises(ImageError, match="no such file"):
        rasters.info(Path(path))


@pytest.mark.parametrize("content", [b"", b"II*\0garbage", b"not a raster"])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(ImageError):
        rasters.info(tmp_path / "a.tif")


def test_missing_ground_is_masked(tmp_path: Path) -> None:
    pixels = np.full((2, 4, 4), 5, dtype="int16")
    pixels[:, 0, 0] = -9999
    pixels[0, 1, 1] = -9999  # only one band: still data
    path = _write(tmp_path / "a.tif", pixels, "EPSG:32632", Affine(10, 0, 5e5, 0, -10, 5e6), nodata=-9999)
    _, valid = rasters.read(path)
    assert (int(valid.sum()), bool(valid[0, 0]), bool(valid[1, 1])) == (15, False, True)
    floats = np.array([[[1.0, np.nan], [np.inf, 2.0]]], dtype="float32")
    assert rasters.valid_mask(floats, float("nan")).tolist() == [[True, False], [False, True]]


def test_stretch_agrees_with_a_loop_and_blackens_missing_ground() -> None:
    pixels = np.array([[[-100, 0], [50, 100]]], dtype=np.int16)
    valid = np.array([[False, True], [True, True]])
    picture = np.asarray(to_rgb(pixels, valid, [(0.0, 80.0)]))
    expected = [[0, 0], [round(50 * 255 / 80), 255]]
    assert picture[..., 0].tolist() == expected
    assert np.array_equal(picture[..., 0], picture[..., 2])
    with pytest.raises(ImageError, match="no-data"):
        percentile_limits(pixels, np.zeros((2, 2), dtype=bool))
    with pytest.raises(ImageError, match="bands"):
        to_rgb(np.zeros((2, 2, 2)), valid, [(0, 1)] * 2)
    assert np.asarray(to_rgb(np.full((1, 2, 2), 9.0), valid, [(9.0, 9.0)]))[1, 1, 0] == 128


def test_chips_cover_the_raster_and_know_where_they_are(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tif", _ramp(), "EPSG:4326", Affine(0.01, 0, 5, 0, -0.01, 40))
    info = rasters.info(path)
    cut = list(chips.grid(info, 32))
    assert [(chip.column, chip.row) for chip in cut] == [(0, 0), (28, 0), (0, 18), (28, 18)]
    covered = np.zeros((50, 60), dtype=bool)
    for chip in cut:
        covered[chip.row : chip.row + chip.height, chip.column : chip.column + chip.width] = True
        assert chip.bounds == pytest.approx(
            (5 + chip.column * 0.01, 40 - (chip.row + 32) * 0.01, 5 + (chip.column + 32) * 0.01, 40 - chip.row * 0.01)
        )
    assert covered.all()
    assert [(chip.width, chip.height) for chip in chips.grid(info, 200)] == [(60, 50)]
    with pytest.raises(ValueError, match="positive"):
        next(chips.grid(info, 0))


def test_chip_pictures_leave_out_empty_ground(tmp_path: Path) -> None:
    pixels = _ramp(1, 64, 64)
    pixels[:, :32, :32] = 0
    path = _write(tmp_path / "a.tif", pixels, "EPSG:32632", Affine(1, 0, 5e5, 0, -1, 5e6), nodata=0)
    found = [(chip.column, chip.row) for chip, picture in chips.pictures(path, 32, [1]) if picture.size == (32, 32)]
    assert found == [(32, 0), (0, 32), (32, 32)]
