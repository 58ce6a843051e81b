import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from rsvlm.imagery.pictures import ImageError, decode, inspect


def _noise(width: int = 64, height: int = 48) -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 255, (height, width, 3), dtype=np.uint8))


def _bytes(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _png_header(width: int, height: int, body: bytes = b"") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def _reason(data: bytes, name: str = "a.jpg") -> str:
    with pytest.raises(ImageError) as caught:
        decode(data, name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_decodes_what_pillow_decodes(kind: str) -> None:
    data = _bytes(_noise(), kind)
    decoded = decode(data, "a")
    assert decoded.mode == "RGB"
    assert np.array_equal(np.asarray(decoded), np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    assert (inspect(data, "a").width, inspect(data, "a").height, inspect(data, "a").bands) == (64, 48, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "format"),
        (_bytes(_noise(), "GIF"), "format"),
        (b"\x80\x04\x95pickle", "format"),
        (_bytes(_noise(1, 1), "PNG"), "too-small"),
        (_png_header(20_000, 20_000), "too-large"),
        (_png_header(9_000, 7_200), "too-large"),
        (_png_header(7_000, 7_000), "too-large"),
        (_png_header(64, 640, b"\0" * 64), "truncated"),
        (_bytes(_noise())[:800], "truncated"),
        (_bytes(Image.fromarray(np.zeros((8, 8), np.float32)), "TIFF"), "depth"),
        (_bytes(_noise(), "TIFF", save_all=True, append_images=[_noise()]), "frames"),
    ],
)
def test_refuses_with_a_reason(data: bytes, reason: str) -> None:
    assert _reason(data) == reason


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}])
@pytest.mark.parametrize("offset", [5, 7])
def test_sees_a_jpeg_that_claims_more_pixels_than_it_holds(options: dict[str, object], offset: int) -> None:
    data = bytearray(_bytes(_noise(64, 64), **options))
    frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    data[frame + offset : frame + offset + 2] = (640).to_bytes(2, "big")
    assert _reason(bytes(data)) == "truncated"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}])
def test_a_flat_jpeg_is_not_taken_for_a_cut_one(options: dict[str, object]) -> None:
    assert decode(_bytes(Image.new("RGB", (100, 60), (9, 8, 7)), **options), "flat.jpg").size == (100, 60)


def test_flat_png_of_each_kind_is_whole() -> None:
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        assert decode(_bytes(Image.new(mode, (33, 17)), "PNG"), mode).size == (33, 17)


@pytest.mark.fault
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damaged_pictures_are_refused_or_read_but_nothing_else_is_raised() -> None:
    """I05: a thousand ways to break a header; Pillow raises many classes of errors for them."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = _noise()
    formats = [("JPEG", {"exif": exif}), ("JPEG", {"progressive": True}), ("PNG", {"exif": exif}), ("WEBP", {}), ("TIFF", {})]
    whole = [_bytes(picture, kind, **options) for kind, options in formats]
    whole.append(_bytes(picture, "MPO", save_all=True, append_images=[picture]))
    draw = np.random.default_rng(11)
    refused: list[str] = []
    for number in range(1_500):
        data = bytearray(whole[number % len(whole)])
        for _ in range(int(draw.integers(1, 5))):
            data[int(draw.integers(min(len(data), 400)))] = int(draw.choice([0, 1, 127, 255, int(draw.integers(256))]))
        for look in (inspect, decode):
            try:
                look(bytes(data), "a.jpg")
            except ImageError as error:
                refused.append(str(error))
    assert len(refused) > 300
    assert all(line.isprintable() for line in refused)


def test_keeps_the_high_byte_of_16_bits() -> None:
    values = np.array([[0x0000, 0x01FF], [0x7F00, 0xFFFF]], dtype=np.uint16)
    data = _bytes(Image.fromarray(values), "PNG")
    assert np.asarray(decode(data, "a.png"))[..., 0].tolist() == [[0x00, 0x01], [0x7F, 0xFF]]
    assert inspect(data, "a.png").dtype == "uint16"


def test_transparency_becomes_black() -> None:
    clear = Image.new("RGBA", (4, 4), (200, 100, 50, 0))
    half = Image.new("RGBA", (4, 4), (200, 100, 50, 128))
    palette = clear.convert("P")
    palette.info["transparency"] = palette.getpixel((0, 0))
    assert decode(_bytes(clear, "PNG"), "a").getpixel((0, 0)) == (0, 0, 0)
    assert decode(_bytes(half, "PNG"), "a").getpixel((0, 0)) == (100, 50, 25)
    assert decode(_bytes(palette, "PNG", transparency=palette.info["transparency"]), "a").getpixel((0, 0)) == (0, 0, 0)


def test_cmyk_and_grey_become_rgb() -> None:
    assert decode(_bytes(Image.new("CMYK", (8, 8), (0, 255, 255, 0))), "a").getpixel((4, 4))[0] > 240
    assert decode(_bytes(Image.new("L", (8, 8), 77), "PNG"), "a").getpixel((4, 4)) == (77, 77, 77)


def test_applies_the_exif_orientation() -> None:
    image = _noise(64, 48)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = _bytes(image, "PNG", exif=exif)
    assert np.array_equal(np.asarray(decode(data, "a")), np.rot90(np.asarray(image), k=-1))
    assert (inspect(data, "a").width, inspect(data, "a").height) == (48, 64)


def test_takes_the_first_picture_of_a_stereo_jpeg() -> None:
    data = _bytes(_noise(), "MPO", save_all=True, append_images=[_noise(32, 32)])
    assert decode(data, "a.jpg").size == (64, 48)
