"""Malformed pictures and rasters: one among good ones is set aside; those of odd but lawful kinds are decoded by a stated rule."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from tests.data.hostile.bench import ALL_TRAIN, Files, Hostile, Outcome, World, judge, outcome, picture

pytestmark = pytest.mark.integration

LINE = b"10 10 30 10 30 20 10 20 ship 0\n"


def encoded(image: Image.Image, kind: str, **how: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def rgb(seed: int = 9, side: int = 40) -> Image.Image:
    return Image.open(io.BytesIO(picture(seed, side))).convert("RGB")


def header_only(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes cannot hold."""
    body = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", body), (b"IDAT", zlib.compress(bytes(64))), (b"IEND", b"")]
    packed = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def raster(pixels: np.ndarray, crs: str | None = "EPSG:32629", transform: Any = None, **more: Any) -> bytes:
    """A GeoTIFF of (bands, height, width)."""
    affine = from_origin(500_000, 4_300_000, 0.5, 0.5) if transform is None else transform
    bands, height, width = pixels.shape
    profile = {"driver": "GTiff", "width": width, "height": height, "count": bands, "dtype": pixels.dtype, **more}
    with MemoryFile() as memory:
        with memory.open(**profile, crs=crs, transform=affine) as target:
            target.write(pixels)
        return bytes(memory.getbuffer())


def noise(dtype: str = "uint8", bands: int = 3, side: int = 40) -> np.ndarray:
    return np.random.default_rng(5).integers(1, 200, (bands, side, side)).astype(dtype)


# -- pictures of boxes: file names say what is read ---------------------------------------------------------------------

BOXES = World(
    {f"pictures/p{n}.png": picture(n) for n in range(3)} | {f"labels/p{n}.txt": LINE for n in range(3)},
    {"kind": "boxes", "shares": ALL_TRAIN, "format": "dota", "pictures": "pictures/{stem}.png", "annotations": "labels/*.txt"},
)
WHOLE_PNG, WHOLE_JPEG = picture(9, 120), picture(9, 120, "JPEG")


def boxed(name: str, data: bytes, aside: str) -> Hostile:
    return Hostile(name, {"pictures/q.png": data, "labels/q.txt": LINE}, aside=f"^record: {aside}$")


BOX_CASES = [
    boxed("no bytes", b"", "picture: empty"),
    boxed("text", b"a picture of a ship", "picture: format"),
    boxed("HTML of an error page", b"<!DOCTYPE html><html><body>404</body></html>", "picture: format"),
    boxed("a signature alone", b"\x89PNG\r\n\x1a\n", "picture: (format|broken)"),
    boxed("zeros", bytes(5_000), "picture: format"),
    boxed("PNG cut in its pixels", WHOLE_PNG[: len(WHOLE_PNG) // 2], "picture: (truncated|broken)"),
    boxed("PNG cut in its header", WHOLE_PNG[:20], "picture: (format|broken)"),
    boxed("PNG with a flipped byte", WHOLE_PNG[:200] + bytes([WHOLE_PNG[200] ^ 255]) + WHOLE_PNG[201:], "picture: broken"),
    boxed("PNG of no width", header_only(0, 40), "picture: (format|broken|too-small)"),
    boxed("PNG that claims 20,000 x 20,000", header_only(20_000, 20_000), "picture: too-large"),
    boxed("PNG that claims 10,000 x 9,500", header_only(10_000, 9_500), "picture: too-large"),
    boxed("PNG that claims 7,000 x 7,000 in a few bytes", header_only(7_000, 7_000), "picture: too-large"),
    boxed("PNG that claims 2**31 pixels a side", header_only(2**31 - 1, 2**31 - 1), "picture: (too-large|broken)"),
    boxed("bomb that is whole", encoded(Image.new("1", (9_000, 9_000)), "PNG"), "picture: too-large"),
    boxed("one pixel", encoded(Image.new("RGB", (1, 1)), "PNG"), "picture: too-small"),
    boxed("one row", encoded(Image.new("RGB", (400, 1)), "PNG"), "picture: too-small"),
    boxed("JPEG cut", WHOLE_JPEG[: len(WHOLE_JPEG) // 2], "picture: (truncated|broken)"),
    boxed("JPEG that is called PNG", WHOLE_JPEG, "picture is not what its name says"),
    boxed("GIF that is called PNG", encoded(rgb(), "GIF"), "picture: format"),
    boxed("animated PNG", encoded(rgb(), "PNG", save_all=True, append_images=[rgb(8)], duration=9), "picture: frames"),
    boxed("BMP that is called PNG", encoded(rgb(), "BMP"), "picture: format"),
    boxed("SVG with a script", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "picture: format"),
    boxed("VRT that is called PNG", b"<VRTDataset rasterXSize='9' rasterYSize='9'/>", "picture: format"),
    boxed("32-bit floats", encoded(Image.fromarray(np.ones((40, 40), np.float32)), "TIFF"), "picture: depth"),
    Hostile("picture missing", {"labels/q.txt": LINE}, aside="^record: file is missing$"),
    Hostile("picture is a folder", {"pictures/q.png/x": b"x", "labels/q.txt": LINE}, aside="^record: file is missing$"),
]  # fmt: skip

# -- rasters: everything is a GeoTIFF by name ----------------------------------------------------------------------------

RASTERS = World(
    {f"pictures/p{n}.tif": raster(noise() + n) for n in range(3)} | {f"labels/p{n}.txt": LINE for n in range(3)},
    {"kind": "boxes", "shares": ALL_TRAIN, "format": "dota", "pictures": "pictures/{stem}.tif", "annotations": "labels/*.txt"},
)
VRT = b"""<VRTDataset rasterXSize="40" rasterYSize="40"><VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">
<SourceFilename relativetoVRT="0">/etc/passwd</SourceFilename></VRTRasterBand></VRTDataset>"""
WHOLE_TIFF = raster(noise())


def rastered(name: str, data: bytes, aside: str) -> Hostile:
    return Hostile(name, {"pictures/q.tif": data, "labels/q.txt": LINE}, aside=f"^record: {aside}$")


def sparse(side: int) -> bytes:
    with MemoryFile() as memory:
        profile = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": "uint8", "tiled": True}
        with memory.open(**profile, blockxsize=8192, blockysize=8192, sparse_ok=True, compress="deflate"):
            pass
        return bytes(memory.getbuffer())


RASTER_CASES = [
    rastered("VRT that is called TIFF", VRT, "picture: format"),
    rastered("VRT with an address", VRT.replace(b"/etc/passwd", b"/vsicurl/http://127.0.0.1/x"), "picture: format"),
    rastered("TIFF of no bytes", b"", "picture: (format|broken|empty)"),
    rastered("TIFF cut in its pixels", WHOLE_TIFF[:2_000], "picture: broken"),
    rastered("TIFF cut in its header", WHOLE_TIFF[:100], "picture: (format|broken)"),
    rastered("PNG that is called TIFF", WHOLE_PNG, "picture: format"),
    rastered("sparse TIFF of 100,000 x 100,000", sparse(100_000), "picture: too-large"),
    rastered("complex numbers", raster(noise("complex64", 1)), "picture: bands"),
    rastered("nothing but NaN", raster(np.full((1, 40, 40), np.nan, np.float32)), "picture: .*"),
    rastered("nothing but NaN, which means no data", raster(np.full((1, 40, 40), np.nan, np.float32), nodata=float("nan")), "picture: .*"),
    rastered("nothing but infinity", raster(np.full((3, 40, 40), np.inf, np.float32)), "picture: .*"),
    rastered("no data anywhere", raster(np.full((3, 40, 40), 7, np.uint16), nodata=7), "picture: .*"),
]

WORLDS: dict[str, tuple[World, list[Hostile]]] = {"boxes": (BOXES, BOX_CASES), "rasters": (RASTERS, RASTER_CASES)}
CASES = [(name, hostile) for name, (_, cases) in WORLDS.items() for hostile in cases]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The corpora of the good files alone."""
    return {name: outcome(world, None, tmp_path_factory.mktemp(name)) for name, (world, _) in WORLDS.items()}


@pytest.mark.parametrize(("name", "hostile"), CASES, ids=[f"{name}: {hostile.name}" for name, hostile in CASES])
def test_it_is_set_aside_with_its_reason(name: str, hostile: Hostile, tmp_path: Path, good: dict[str, Outcome]) -> None:
    assert len(good[name].records) == 3
    judge(hostile, outcome(WORLDS[name][0], hostile, tmp_path), good[name])


# -- odd, but lawful ------------------------------------------------------------------------------------------------------


def palette_with_transparency() -> bytes:
    image = rgb().quantize(16)
    return encoded(image, "PNG", transparency=bytes([0] * 8))


def turned_jpeg() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: 60 x 40 is shown as 40 x 60
    return encoded(rgb(9, 60).crop((0, 0, 60, 40)), "JPEG", exif=exif)


LAWFUL: dict[str, tuple[str, Callable[[], bytes], tuple[int, int]]] = {
    "16 bits": ("q.png", lambda: encoded(Image.fromarray(np.arange(1600, dtype=np.uint16).reshape(40, 40) * 40), "PNG"), (40, 40)),
    "two levels": ("q.png", lambda: encoded(rgb().convert("1"), "PNG"), (40, 40)),
    "palette with transparency": ("q.png", palette_with_transparency, (40, 40)),
    "CMYK": ("q.jpg", lambda: encoded(rgb().convert("CMYK"), "JPEG"), (40, 40)),
    "turned by EXIF": ("q.jpg", turned_jpeg, (40, 60)),
    "no CRS": ("q.tif", lambda: raster(noise(), crs=None), (40, 40)),
    "a CRS of another body": ("q.tif", lambda: raster(noise(), crs="+proj=longlat +a=1737400 +b=1737400 +no_defs"), (40, 40)),
    "NaN means no data": ("q.tif", lambda: raster(np.where(noise("float32") > 50, noise("float32"), np.nan), nodata=np.nan), (40, 40)),
    "negative numbers": ("q.tif", lambda: raster(noise("int16") - np.int16(100), nodata=-9999), (40, 40)),
    "south up": ("q.tif", lambda: raster(noise(), transform=rasterio.Affine(0.5, 0, 500_000, 0, 0.5, 4_300_000)), (40, 40)),
    "turned": ("q.tif", lambda: raster(noise(), transform=rasterio.Affine(0.3, 0.4, 500_000, 0.4, -0.3, 4_300_000)), (40, 40)),
    "over the antimeridian": (
        "q.tif",
        lambda: raster(noise(), crs="EPSG:4326", transform=from_origin(179.9999, 10, 1e-5, 1e-5)),
        (40, 40),
    ),
}


@pytest.mark.parametrize("name", LAWFUL)
def test_odd_but_lawful_pictures_are_decoded_by_the_rule(name: str, tmp_path: Path) -> None:
    file, make, size = LAWFUL[name]
    files: Files = {f"pictures/{file}": make(), "labels/q.txt": LINE}
    suffix = file.removeprefix("q")
    world = World(files, {**BOXES.builder, "pictures": f"pictures/{{stem}}{suffix}"})
    found = outcome(world, None, tmp_path)
    (record,) = found.records
    assert (record["width"], record["height"]) == size
    assert not found.rejected
    if name in ("no CRS", "a CRS of another body"):
        assert "bounds" not in record
