"""Screens over the picture of a record: size, blank or missing ground, clouds, open water, blur."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageChops
from scipy import ndimage

from rsvlm.quality.clouds import Bands, cloud_share, white_share
from rsvlm.quality.settings import (
    BlankScreen,
    BrokenScreen,
    CloudBandsScreen,
    CloudScreen,
    OceanScreen,
    SharpScreen,
    SizeScreen,
    UniformScreen,
)
from rsvlm.records.unfit import Unfit

PictureScreen = BrokenScreen | BlankScreen | CloudScreen | OceanScreen | UniformScreen | SharpScreen
PictureCheck = Callable[[Image.Image], Unfit | None]


def size_fault(width: int, height: int, settings: SizeScreen) -> Unfit | None:
    """Return why a picture of this size (pixels) is dropped, or None."""
    short, long = sorted((width, height))
    if short < settings.least_side:
        return Unfit("picture is too small", f"{width} x {height} pixels; at least {settings.least_side} a side")
    if width * height < settings.least_area:
        return Unfit("picture is too small", f"{width} x {height} pixels; at least {settings.least_area:,} in all")
    if long > settings.most_aspect * short:
        return Unfit("picture is too long", f"{width} x {height} pixels; at most {settings.most_aspect:g} to 1")
    return None


def stated_size(fields: Mapping[str, Any]) -> tuple[int, int]:
    """Return the width and height that a record states, in pixels.

    Raises:
        Unfit: one is missing or no positive integer.
    """
    width, height = fields.get("width"), fields.get("height")
    if type(width) is not int or type(height) is not int or width < 1 or height < 1:
        raise Unfit("picture has no size", f"width {width!r}, height {height!r}"[:100])
    return width, height


def entropy(picture: Image.Image) -> float:
    """Return the Shannon entropy of the grey values in bits, 0 (one value) to 8 (all 256 equally often)."""
    counts = np.asarray(picture.convert("L").histogram(), dtype=np.float64)
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0


def constant_share(picture: Image.Image) -> float:
    """Return the share of pixels that have the most frequent grey value."""
    counts = picture.convert("L").histogram()
    return max(counts) / sum(counts)


def missing_share(picture: Image.Image, *, dark: int, light: int) -> float:
    """Return the share of black or white pixels that hang together (over their sides) with the picture's border.

    Black and white inside, deep shadow or a roof, is ground and does not count.
    """
    red, green, blue = picture.convert("RGB").split()
    brightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    total = 0
    for extreme in (np.asarray(brightest) <= dark, np.asarray(darkest) >= light):
        if not (extreme[[0, -1]].any() or extreme[:, [0, -1]].any()):
            continue
        regions, _ = ndimage.label(extreme)
        border = np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))
        total += int(np.bincount(regions.ravel())[border[border > 0]].sum())
    return total / (picture.width * picture.height)


def water_share(picture: Image.Image, *, margin: int) -> float:
    """Return the share of pixels whose blue is more than `margin` levels above their red."""
    pixels = np.asarray(picture.convert("RGB")).astype(np.int16)
    return float((pixels[..., 2] - pixels[..., 0] > margin).mean())


def sharpness(picture: Image.Image) -> float:
    """Return the variance of the Laplacian (4 neighbours) of the grey values, 0 to 255, without the outermost pixels."""
    grey = np.asarray(picture.convert("L"), dtype=np.float64)
    if min(grey.shape) < 3:
        return 0.0
    return float(ndimage.laplace(grey)[1:-1, 1:-1].var())


def _broken(picture: Image.Image) -> Unfit | None:
    """Decoding was the test."""
    return None


def _blank(settings: BlankScreen) -> PictureCheck:
    def check(picture: Image.Image) -> Unfit | None:
        constant = constant_share(picture)
        if constant > settings.most_constant:
            return Unfit("picture is blank", f"{constant:.1%} of one grey value; at most {settings.most_constant:.1%}")
        missing = missing_share(picture, dark=settings.dark, light=settings.light)
        if missing > settings.most_missing:
            return Unfit("picture has missing ground", f"{missing:.1%} black or white at the border; at most {settings.most_missing:.1%}")
        return None

    return check


def _cloud(settings: CloudScreen) -> PictureCheck:
    def check(picture: Image.Image) -> Unfit | None:
        share = white_share(picture, settings)
        return Unfit("picture is cloudy", f"{share:.1%}; at most {settings.most_share:.1%}") if share > settings.most_share else None

    return check


def _ocean(settings: OceanScreen) -> PictureCheck:
    def check(picture: Image.Image) -> Unfit | None:
        water, bits = water_share(picture, margin=settings.margin), entropy(picture)
        if water > settings.most_share and bits < settings.least_entropy:
            return Unfit("picture is open water", f"{water:.1%} blue with {bits:.2f} bits of grey")
        return None

    return check


def _uniform(settings: UniformScreen) -> PictureCheck:
    def check(picture: Image.Image) -> Unfit | None:
        bits = entropy(picture)
        return Unfit("picture shows little", f"{bits:.2f} bits of grey") if bits < settings.least_entropy else None

    return check


def _sharp(settings: SharpScreen) -> PictureCheck:
    def check(picture: Image.Image) -> Unfit | None:
        variance = sharpness(picture)
        if variance < settings.least_variance:
            return Unfit("picture is blurred", f"variance {variance:.2f} of the Laplacian; at least {settings.least_variance:g}")
        return None

    return check


def picture_check(screen: PictureScreen) -> PictureCheck:
    """Return the function of one picture screen: from an RGB picture to why it is dropped, or None."""
    match screen:
        case BrokenScreen():
            return _broken
        case BlankScreen():
            return _blank(screen)
        case CloudScreen():
            return _cloud(screen)
        case OceanScreen():
            return _ocean(screen)
        case UniformScreen():
            return _uniform(screen)
        case SharpScreen():
            return _sharp(screen)


def bands_fault(bands: Bands, settings: CloudBandsScreen) -> Unfit | None:
    """Return why a Sentinel-2 picture is dropped, or None.

    Raises:
        Unfit: a band is missing, they differ in shape, or no pixel has data.
    """
    share = cloud_share(bands, settings)
    return (
        Unfit("picture is cloudy", f"{share:.1%} by its bands; at most {settings.most_share:.1%}") if share > settings.most_share else None
    )
