"""Pictures (JPEG, PNG, WebP, 8-bit TIFF): what a file says of itself, and safe decoding to RGB.

Every picture is hostile until decoded: its header is checked before any pixel is, and whatever does not fit a declared
rule is refused with a short reason. The rules for what is decoded:

* 16 bits a channel: the high byte is kept.
* palette, grey, two-level, CMYK, YCbCr: converted to RGB.
* transparency: composited over black, the colour that missing ground has in most products.
* EXIF orientation: applied, as viewers do; width and height are those after it.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from rsvlm.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
MAX_PIXELS = 64_000_000
MIN_SIDE = 2
# Neither JPEG nor deflate packs flat content tighter than this; a header that claims more pixels lies about its size.
_MAX_PIXELS_A_BYTE = 9_000
_ORIENTATIONS_THAT_TURN = (5, 6, 7, 8)
_MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "I;16", "I;16B", "I;16L", "I;16N")

# What Pillow raises for damaged files, as found by damaging them.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, AttributeError, struct.error, zlib.error)

ImageFile.LOAD_TRUNCATED_IMAGES = False
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class ImageError(DataError):
    """A picture that is refused.

    Attributes:
        reason: a short code for counts: empty, format, too-large, too-small, depth, frames, truncated, broken.
    """

    def __init__(self, name: str, reason: str, detail: str) -> None:
        """Say which picture, why in one code, and the detail for people."""
        super().__init__(f"{name}: {detail} ({reason})")
        self.reason = reason


@dataclass(frozen=True)
class PictureInfo:
    """What a picture's header says; sizes in pixels after EXIF orientation, dtype of one channel as in NumPy."""

    format: str
    width: int
    height: int
    bands: int
    dtype: str


def _open(data: bytes, name: str) -> Image.Image:
    """Open a picture lazily and check everything that its header tells."""
    if not data:
        raise ImageError(name, "empty", "the file has no bytes")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(name, "too-large", f"claims more than the {MAX_PIXELS:,} pixels that are allowed") from None
    except UnidentifiedImageError:
        raise ImageError(name, "format", f"not a readable picture; allowed: {', '.join(FORMATS)}") from None
    except _BROKEN as error:
        raise ImageError(name, "broken", f"unreadable header: {error}") from None
    width, height = image.size
    pixels = width * height
    if pixels > MAX_PIXELS:
        raise ImageError(name, "too-large", f"{width} x {height} pixels; at most {MAX_PIXELS:,} are allowed")
    if pixels > _MAX_PIXELS_A_BYTE * len(data):
        raise ImageError(name, "too-large", f"{width} x {height} pixels cannot come from {len(data):,} bytes")
    if min(width, height) < MIN_SIDE:
        raise ImageError(name, "too-small", f"{width} x {height} pixels; at least {MIN_SIDE} a side are needed")
    if image.mode not in _MODES:
        raise ImageError(name, "depth", f"pixel type {image.mode} is not 8 or 16 bits a channel")
    # A camera's JPEG may carry a second picture for stereo viewing (MPO); the first one counts.
    if image.format not in ("JPEG", "MPO") and _frames(image, name) > 1:
        raise ImageError(name, "frames", "holds several frames; a picture has one")
    return image


def _frames(image: Image.Image, name: str) -> int:
    """Return the number of frames; to count them, Pillow reads headers further in."""
    try:
        return int(getattr(image, "n_frames", 1))
    except _BROKEN as error:
        raise ImageError(name, "broken", f"unreadable header: {error}") from None


def inspect(data: bytes, name: str) -> PictureInfo:
    """Return what a picture's header says, without decoding its pixels.

    Args:
        data: the file's bytes; the header is enough, if it is long enough.
        name: the file's name, for messages only.

    Raises:
        ImageError: the header breaks a rule.
    """
    image = _open(data, name)
    width, height = image.size
    try:
        turned = image.getexif().get(ExifTags.Base.Orientation) in _ORIENTATIONS_THAT_TURN
    except _BROKEN as error:  # a PNG's EXIF may stand behind its pixels
        raise ImageError(name, "broken", f"unreadable metadata: {error}") from None
    if turned:
        width, height = height, width
    bands = 3 if image.mode == "P" else len(image.getbands())
    return PictureInfo(str(image.format), width, height, bands, "uint16" if image.mode.startswith("I;16") else "uint8")


def decode(data: bytes, name: str) -> Image.Image:
    """Decode a picture to 8-bit RGB under the rules of this module.

    Args:
        data: the whole file.
        name: the file's name, for messages only: the bytes decide what it is.

    Returns:
        A loaded image of mode RGB, with no metadata that would turn or rescale it again.

    Raises:
        ImageError: the picture is refused; its `reason` is one of the class's codes.
    """
    image = _open(data, name)
    try:
        image.load()
        if _ends_flat(image) and not _fills_its_size(data, image):
            raise ImageError(name, "truncated", f"its data ends before {image.size[0]} x {image.size[1]} pixels are full")
        rgb = _to_rgb(ImageOps.exif_transpose(image) if image.getexif() else image)
    except (*_BROKEN, MemoryError) as error:
        reason = "truncated" if "truncated" in str(error) or "end of" in str(error) else "broken"
        raise ImageError(name, reason, f"its pixels cannot be decoded: {error}") from None
    rgb.info.clear()
    return rgb


def _ends_flat(image: Image.Image) -> bool:
    """Say whether the last block is of one colour: what a JPEG decoder leaves where data ran out, and rare otherwise."""
    width, height = image.size
    return all(low == high for low, high in _extremes(image.crop((max(0, width - 8), max(0, height - 8), width, height))))


def _extremes(image: Image.Image) -> list[tuple[float, float]]:
    found = image.getextrema()
    return list(found) if isinstance(found[0], tuple) else [found]


def _fills_its_size(data: bytes, image: Image.Image) -> bool:
    """Say whether a picture's data reaches its last pixel; decoders paint what is missing in one colour and say nothing."""
    if image.format in ("JPEG", "MPO"):
        return _fills_jpeg(data, image)
    return image.format != "PNG" or _fills_png(data)


def _fills_jpeg(data: bytes, image: Image.Image) -> bool:
    """Say whether a JPEG's first scan holds data for all of its pixels.

    If bytes put behind the scan's end change the picture, the decoder was still reading there: the header claims more
    pixels than the file holds. The bytes come with restart markers, for files that count their blocks by them.
    """
    end = data.find(b"\xff\xda") + 2
    restart = 0
    while 0 <= (end := data.find(b"\xff", end)) < len(data) - 1 and (data[end + 1] == 0 or 0xD0 <= data[end + 1] <= 0xD7):
        restart = (data[end + 1] - 0xD0 + 1) % 8 if data[end + 1] else restart
        end += 2
    if end < 0:
        return True
    noise = b"\x5a\xa5\x3c" * 64
    more = noise + b"".join(bytes((0xFF, 0xD0 + (restart + step) % 8)) + noise for step in range(8))
    with Image.open(io.BytesIO(data[:end] + more + data[end:]), formats=("JPEG",)) as other:
        return other.tobytes() == image.tobytes()


def _fills_png(data: bytes) -> bool:
    """Say whether a PNG's image data unpack to as many bytes as its header's size and depth need."""
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    needed = width * height * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] // 8
    unpacker, found, position = zlib.decompressobj(), 0, 8
    while position + 12 <= len(data) and found < needed:
        (length,) = struct.unpack(">I", data[position : position + 4])
        if data[position + 4 : position + 8] == b"IDAT":
            found += len(unpacker.decompress(data[position + 8 : position + 8 + length], needed))
        position += 12 + length
    return found >= needed


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        high = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return Image.fromarray(high).convert("RGB")
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        clear = image.convert("RGBA")
        black = Image.new("RGBA", clear.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, clear).convert("RGB")
    return image.convert("RGB") if image.mode != "RGB" else image


def square(picture: Image.Image, side: int) -> Image.Image:
    """Cut the largest square from a picture's centre and bring it to `side` pixels (bicubic), in RGB."""
    short = min(picture.size)
    left, top = (picture.width - short) / 2, (picture.height - short) / 2
    return picture.resize((side, side), Image.Resampling.BICUBIC, box=(left, top, left + short, top + short)).convert("RGB")
