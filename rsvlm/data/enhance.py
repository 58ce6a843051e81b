"""Enlarged companions of tiles: an RRDBNet over each tile at a fixed size, the original kept beside it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from rsvlm.data.kinds.located_tiles import Enhancement
from rsvlm.encoders.rrdb import RrdbNet, load_rrdb
from rsvlm.errors import DataError
from rsvlm.records.raw import RawSource
from rsvlm.records.unfit import Unfit

Enhance = Callable[[Image.Image], Image.Image]


def enhancer(settings: Enhancement, raw: Path) -> Enhance:
    """Return a function from an RGB picture to the enlarged one (`scale` times `side` pixels, square).

    Args:
        settings: network and weights.
        raw: `data/raw/<item>`.

    Raises:
        DataError: the weights are missing or do not fit.
    """
    network = RrdbNet(settings.scale, settings.features, settings.blocks, settings.growth)
    try:
        path = RawSource(settings.weights.source, raw / settings.weights.source).path(settings.weights.file)
    except Unfit as unfit:
        raise DataError(f"source '{settings.weights.source}': weights {settings.weights.file}: {unfit}") from None
    load_rrdb(network, path)
    network.requires_grad_(False).eval()

    def enhance(picture: Image.Image) -> Image.Image:
        resized = picture.convert("RGB").resize((settings.side, settings.side), Image.Resampling.BICUBIC)
        pixels = torch.from_numpy(np.asarray(resized).copy()).permute(2, 0, 1)[None].float() / 255
        with torch.inference_mode():
            made = network(pixels)[0].clamp(0, 1)
        return Image.fromarray((made * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())

    return enhance
