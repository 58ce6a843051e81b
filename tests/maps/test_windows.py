from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

from rsvlm.errors import DataError, SourceError
from rsvlm.maps.ranges import BLOCK, RangeFile, Remote, http_file, s3_file
from rsvlm.maps.windows import overview_for, read_window
from rsvlm.sources.definition import S3Address
from rsvlm.sources.http import Patience
from tests.maps.servers import Server, parts, send, serving
from tests.objectstore import SECRET, object_store, set_credentials

FAST = Patience(attempts=3, first_wait=0.01, longest_wait=0.02, read=5.0)
SIDE, WEST, NORTH, GSD = 2048, 500_000.0, 5_400_000.0, 10.0


@pytest.fixture(scope="module")
def cog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cloud-optimised GeoTIFF of 3 bands, 256-pixel tiles and overviews by 2, 4 and 8."""
    path = tmp_path_factory.mktemp("cog") / "scene.tif"
    pixels = np.random.default_rng(1).integers(1, 5000, (3, SIDE, SIDE)).astype(np.uint16)
    profile = {"driver": "COG", "width": SIDE, "height": SIDE, "count": 3, "dtype": "uint16", "crs": "EPSG:32632", "blocksize": 256}
    place = from_origin(WEST, NORTH, GSD, GSD)
    with rasterio.open(path, "w", transform=place, overview_resampling="nearest", compress="DEFLATE", **profile) as sink:
        sink.write(pixels)
    return path


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as started:
        yield started


def bounds_of(column: int, row: int, width: int, height: int) -> tuple[float, float, float, float]:
    """Degrees of a box just inside pixels of the scene, as far as degrees can tell."""
    west, north = WEST + column * GSD + 1, NORTH - row * GSD - 1
    return transform_bounds("EPSG:32632", "EPSG:4326", west, north - height * GSD + 2, west + width * GSD - 2, north)


@pytest.mark.parametrize(
    ("wanted", "place"), [(None, None), (10.0, None), (19.9, None), (20.0, 0), (39.0, 0), (40.0, 1), (79.0, 1), (500.0, 2), (1.0, None)]
)
def test_the_coarsest_overview_that_is_not_too_coarse(wanted: float | None, place: int | None) -> None:
    assert overview_for(10.0, [2, 4, 8], wanted) == place
    assert overview_for(10.0, [], wanted) is None


@pytest.mark.integration
def test_a_window_over_http_has_the_files_pixels_and_costs_only_its_tiles(cog: Path, server: Server) -> None:
    data = cog.read_bytes()
    server.answers["/scene.tif"] = parts(server, data)
    found = read_window(http_file(f"{server.url}/scene.tif", own_host="127.0.0.1", patience=FAST), bounds_of(300, 600, 100, 80))
    with rasterio.open(cog) as dataset:
        whole = dataset.read()
    column, row = round((found.transform[2] - WEST) / GSD), round((NORTH - found.transform[5]) / GSD)
    height, width = found.pixels.shape[1:]
    assert column <= 300 < 400 <= column + width <= 410
    assert row <= 600 < 680 <= row + height <= 690
    assert np.array_equal(found.pixels, whole[:, row : row + height, column : column + width])
    assert found.valid.all()
    assert (found.crs, found.gsd) == ("EPSG:32632", pytest.approx(10.0, rel=1e-3))
    # the window lies in 1 column x 1 row of tiles (columns 256-511, rows 512-767): 3 bands of 256 x 256 x 2 bytes, and the header
    assert server.sent < 3 * 256 * 256 * 2 + 8 * BLOCK
    assert server.sent < len(data) / 40
    assert all("bytes=" in line for line in server.asked)


@pytest.mark.integration
def test_a_coarser_gsd_reads_an_overview(cog: Path, server: Server) -> None:
    data = cog.read_bytes()
    server.answers["/scene.tif"] = parts(server, data)
    remote = http_file(f"{server.url}/scene.tif", own_host="127.0.0.1", patience=FAST)
    found = read_window(remote, bounds_of(0, 0, SIDE, SIDE), gsd=85.0, bands=[2])
    with rasterio.open(cog, overview_level=2) as dataset:
        expected = dataset.read([2])
    assert found.gsd == pytest.approx(80.0, rel=1e-3)
    assert np.array_equal(found.pixels, expected)
    assert found.transform == pytest.approx((80.0, 0.0, WEST, 0.0, -80.0, NORTH))
    assert server.sent < len(data) / 30


@pytest.mark.integration
def test_a_server_with_bad_moments_gives_the_same_pixels(cog: Path, server: Server) -> None:
    good, calls = parts(server, cog.read_bytes()), [0]

    def moody(handler: BaseHTTPRequestHandler) -> None:
        calls[0] += 1
        if calls[0] % 3 == 1:
            send(handler, 503, Retry_After="0")
        elif calls[0] % 3 == 2 and calls[0] > 2:
            handler.close_connection = True  # cut in the middle
            handler.send_response(206)
            handler.send_header("Content-Range", handler.headers["Range"].replace("=", " ") + f"/{cog.stat().st_size}")
            handler.send_header("ETag", '"one"')
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(b"x")
        else:
            good(handler)

    server.answers["/scene.tif"] = moody
    remote = http_file(f"{server.url}/scene.tif", own_host="127.0.0.1", patience=FAST)
    found = read_window(remote, bounds_of(10, 10, 50, 50), bands=[1])
    with rasterio.open(cog) as dataset:
        column, row = round((found.transform[2] - WEST) / GSD), round((NORTH - found.transform[5]) / GSD)
        height, width = found.pixels.shape[1:]
        assert np.array_equal(found.pixels[0], dataset.read(1)[row : row + height, column : column + width])
    assert calls[0] > 4


@pytest.mark.integration
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda handler: send(handler, 200, b"whole"), "does not answer range requests"),
        (lambda handler: send(handler, 404), r"HTTP 404"),
        (lambda handler: send(handler, 403), r"HTTP 403"),
        (lambda handler: send(handler, 503), "the server answered 503; gave up after 3 attempts"),
        (lambda handler: send(handler, 302, Location="http://169.254.169.254/latest/meta-data"), "only https is allowed"),
        (lambda handler: send(handler, 302, Location="https://10.0.0.1/"), "private network"),
        (lambda handler: send(handler, 206, b"x", Content_Range="bytes 5-5/10", Connection="close"), "another range"),
        (lambda handler: send(handler, 206, b"x", Connection="close"), "another range"),
    ],
)
def test_servers_that_do_not_serve_are_a_clear_error(answer, message: str, server: Server) -> None:
    server.answers["/scene.tif"] = answer
    with pytest.raises(SourceError, match=message):
        http_file(f"{server.url}/scene.tif", own_host="127.0.0.1", patience=FAST)


@pytest.mark.integration
def test_a_file_that_changes_while_it_is_read_is_not_mixed(cog: Path, server: Server) -> None:
    data, calls = cog.read_bytes(), [0]

    def changing(handler: BaseHTTPRequestHandler) -> None:
        calls[0] += 1
        parts(server, data, f'"{min(calls[0], 2)}"')(handler)

    server.answers["/scene.tif"] = changing
    remote = http_file(f"{server.url}/scene.tif", own_host="127.0.0.1", patience=FAST)
    with pytest.raises(SourceError, match="the file changed while it was read"):
        read_window(remote, bounds_of(0, 0, 10, 10))


def test_addresses_that_may_not_be_read() -> None:
    for url in ("http://images.example.org/a.tif", "https://127.0.0.1/a.tif", "https://169.254.169.254/a.tif", "file:///etc/passwd"):
        with pytest.raises(SourceError):
            http_file(url, patience=FAST)


def of_bytes(data: bytes) -> tuple[Remote, list[tuple[int, int]]]:
    asked: list[tuple[int, int]] = []

    def fetch(start: int, length: int) -> bytes:
        asked.append((start, length))
        assert 0 <= start < start + length <= len(data)
        return data[start : start + length]

    return Remote("memory", len(data), fetch), asked


def test_reading_in_parts_is_reading() -> None:
    data = np.random.default_rng(2).integers(0, 256, 5 * BLOCK + 100, dtype=np.uint8).tobytes()
    remote, asked = of_bytes(data)
    file, generator = RangeFile(remote), np.random.default_rng(3)
    for _ in range(200):
        at, count = int(generator.integers(0, len(data) + 50)), int(generator.integers(0, 3 * BLOCK))
        assert file.seek(at) == file.tell() == at
        assert file.read(count) == data[at : at + count]
    assert sum(length for _, length in asked) == len(data), "each block once"
    file.seek(-10, 2)
    assert file.read() == data[-10:]
    assert file.read(5) == b""


def test_a_run_of_blocks_is_one_request() -> None:
    remote, asked = of_bytes(bytes(10 * BLOCK))
    file = RangeFile(remote)
    file.seek(4 * BLOCK)
    file.read(10)
    file.seek(BLOCK + 5)
    file.read(6 * BLOCK)
    assert asked == [(4 * BLOCK, BLOCK), (BLOCK, 3 * BLOCK), (5 * BLOCK, 3 * BLOCK)]


@pytest.mark.parametrize("data", [b"", b"no raster", b"II*\0" + b"\xff" * 500, b"<VRTDataset/>"])
def test_what_is_no_geotiff(data: bytes) -> None:
    with pytest.raises(DataError, match="memory: not a readable GeoTIFF"):
        read_window(of_bytes(data)[0], (9.0, 48.0, 9.1, 48.1))


def test_a_geotiff_cut_short_or_spoiled_ends_in_an_error(cog: Path) -> None:
    data = cog.read_bytes()
    for cut in (100, 1500, len(data) // 2):
        with pytest.raises(DataError):
            read_window(of_bytes(data[:cut])[0], bounds_of(0, 0, SIDE, SIDE))


def test_windows_that_are_not_there(cog: Path) -> None:
    remote, _ = of_bytes(cog.read_bytes())
    for bounds in ((-70.0, 48.0, -69.9, 48.1), (9.0, 10.0, 9.1, 10.1)):
        with pytest.raises(DataError, match="lies outside its bounds"):
            read_window(remote, bounds)
    with pytest.raises(DataError, match="at most 1,000 at once"):
        read_window(remote, bounds_of(0, 0, 100, 100), max_pixels=1000)
    with pytest.raises(DataError, match="no band 'B04'"):
        read_window(remote, bounds_of(0, 0, 100, 100), bands=["B04"])
    with pytest.raises(ValueError, match="antimeridian"):
        read_window(remote, (179.0, 0.0, -179.0, 1.0))
    with pytest.raises(ValueError, match="are not west, south, east, north"):
        read_window(remote, (9.0, 50.0, 8.0, 49.0))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_raster_without_place(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with rasterio.open(path, "w", driver="GTiff", width=20, height=20, count=1, dtype="uint8") as sink:
        sink.write(np.ones((1, 20, 20), dtype=np.uint8))
    with pytest.raises(DataError, match="has no CRS or transform"):
        read_window(of_bytes(path.read_bytes())[0], (9.0, 48.0, 9.1, 48.1))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, cog: Path) -> Iterator[str]:
    """A real store that holds the scene."""
    with object_store(tmp_path_factory.mktemp("weed"), {"2024/scene.tif": cog.read_bytes()}) as url:
        yield url


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    set_credentials(monkeypatch)


def address(store: str) -> S3Address:
    return S3Address(kind="s3", bucket="scenes", prefix="2024/", endpoint_url=store)


@pytest.mark.integration
@pytest.mark.usefixtures("credentials")
def test_a_window_from_a_real_store_costs_only_its_tiles(store: str, cog: Path) -> None:
    remote, taken = s3_file(address(store), "scene.tif"), [0]

    def counted(start: int, length: int) -> bytes:
        data = remote.fetch(start, length)
        taken[0] += len(data)
        return data

    found = read_window(Remote(remote.where, remote.size, counted), bounds_of(300, 600, 100, 80), bands=[3])
    with rasterio.open(cog) as dataset:
        column, row = round((found.transform[2] - WEST) / GSD), round((NORTH - found.transform[5]) / GSD)
        height, width = found.pixels.shape[1:]
        assert np.array_equal(found.pixels[0], dataset.read(3)[row : row + height, column : column + width])
    assert remote.size == cog.stat().st_size
    assert taken[0] < remote.size / 40


@pytest.mark.integration
@pytest.mark.usefixtures("credentials")
def test_a_real_store_says_what_is_wrong_and_no_secret(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match=r"s3://scenes/2024/absent\.tif: no such object or bucket"):
        s3_file(address(store), "absent.tif")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET + "wrong")
    with pytest.raises(SourceError, match="access refused") as caught:
        s3_file(address(store), "scene.tif")
    assert SECRET not in str(caught.value)
