"""Pictures of a source as they are stored: JPEG and PNG as they are, rasters rendered to JPEG, large ones reduced."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from rsvlm.imagery.pictures import ImageError
from rsvlm.imagery.rasters import info, read
from rsvlm.maps.sentinel2 import composite
from rsvlm.records.chips import encode_jpeg
from rsvlm.records.models import EXTENSION_OF
from rsvlm.records.pictures import RASTERS, load
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class Rendered:
    """A picture's encoded bytes, what they are, and how many source pixels one of its pixels stands for."""

    image: bytes
    extension: str
    reduced: float


def rendered(path: Path, *, longest_side: int, stretch: tuple[float, float], quality: int, colours: str | None = None) -> Rendered:
    """Return a picture as it is stored.

    Args:
        path: JPEG, PNG, WebP or GeoTIFF.
        longest_side: larger pictures are reduced to this many pixels.
        stretch: percentiles that rasters are stretched between.
        quality: of JPEG, where it is rendered.
        colours: a Sentinel-2 composite, for rasters of 12 or 13 bands.

    Raises:
        Unfit: it cannot be decoded.
    """
    picture = _loaded(path, stretch, colours)
    side = max(picture.size)
    if side <= longest_side and (extension := EXTENSION_OF.get(PurePosixPath(path).suffix.lower())):
        return Rendered(path.read_bytes(), extension, 1.0)
    if side > longest_side:
        picture.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return Rendered(encode_jpeg(picture, quality), "jpg", side / max(picture.size))


def _loaded(path: Path, stretch: tuple[float, float], colours: str | None) -> Image.Image:
    if colours is None or path.suffix.lower() not in RASTERS:
        return load(path, stretch)
    try:
        pixels, _ = read(path, list(range(1, len(info(path).bands) + 1)))
        return composite(pixels, colours, stretch=stretch)
    except ImageError as error:
        raise Unfit(f"picture: {error.reason}", str(error)) from None
