"""Pictures to pixels: resize, crop, scale as the tower was trained; and the random part of it for training."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from rsvlm.contrastive.settings import View, Vision

_CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
_HALVES = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_ASPECTS = (3 / 4, 4 / 3)


def centre(image: Image.Image, side: int) -> Image.Image:
    """Resize the short side to `side` pixels (bicubic) and cut the middle square."""
    width, height = image.size
    scale = side / min(width, height)
    size = (max(side, round(width * scale)), max(side, round(height * scale)))
    resized = image if size == image.size else image.resize(size, Image.Resampling.BICUBIC)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    return resized.crop((left, top, left + side, top + side))


def random_crop(image: Image.Image, side: int, least_share: float, generator: torch.Generator) -> Image.Image:
    """Cut a random part of at least this share of the area, with an aspect of 3:4 to 4:3, and resize it to a square.

    Where the drawn part does not fit the image, the middle square is taken.
    """
    width, height = image.size
    draws = torch.rand(4, generator=generator, dtype=torch.float64).tolist()
    area = width * height * (least_share + (1 - least_share) * draws[0])
    aspect = math.exp(math.log(_ASPECTS[0]) + (math.log(_ASPECTS[1]) - math.log(_ASPECTS[0])) * draws[1])
    across, down = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
    if not (0 < across <= width and 0 < down <= height):
        return centre(image, side)
    left, top = int(draws[2] * (width - across + 1)), int(draws[3] * (height - down + 1))
    return image.resize((side, side), Image.Resampling.BICUBIC, box=(left, top, left + across, top + down))


def to_tensor(images: Sequence[Image.Image], vision: Vision) -> Tensor:
    """Return (n, 3, side, side) float32 pixels, scaled as the tower expects, of square images of one size."""
    mean, deviation = _HALVES if vision.kind == "efficientnet-lite0" else _CLIP
    pixels = torch.from_numpy(np.stack([np.asarray(image, dtype=np.uint8) for image in images])).permute(0, 3, 1, 2)
    shift, scale = (torch.tensor(values).view(1, 3, 1, 1) for values in (mean, deviation))
    return (pixels.float() / 255 - shift) / scale


def turn(pixels: Tensor, view: View) -> Tensor:
    """Return a mirrored form of (..., h, w) pixels: left-right, top-bottom, or about the main diagonal."""
    match view:
        case "identity":
            return pixels
        case "horizontal":
            return pixels.flip(-1)
        case "vertical":
            return pixels.flip(-2)
        case "transpose":
            return pixels.transpose(-1, -2)
