"""A text-to-image model end to end at a tiny size: trained for a few steps, saved, loaded, sampled."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rsvlm.generation import taef2
from rsvlm.generation.codec import to_pictures, to_tensor

MIRROR = Path(os.environ.get("RSVLM_MIRROR") or Path(__file__).parents[3] / "shared" / "data")
WEIGHTS = MIRROR / "weights" / "taef2"
SCENES = MIRROR / "aid150-rsicd" / "images"

needs_data = pytest.mark.skipif(not WEIGHTS.is_dir() or not SCENES.is_dir(), reason="no mirror with the sample data")


def _half(half, name):
    half.load_state_dict(torch.load(WEIGHTS / name, weights_only=True))
    return half.float().eval()


@needs_data
def test_the_published_auto_encoder_reconstructs_real_scenes():
    encoder, decoder = _half(taef2.encoder(), "taef2_encoder.pth"), _half(taef2.decoder(), "taef2_decoder.pth")
    names = sorted(SCENES.glob("*/*.jpg"))[::300]
    pictures = to_tensor([Image.open(name).convert("RGB") for name in names], 144)
    with torch.no_grad():
        latents = encoder(pictures)
        again = decoder(latents).clamp(0, 1)
    assert latents.shape == (len(names), 32, 18, 18)
    errors = ((again - pictures) ** 2).mean(dim=(1, 2, 3)).numpy()
    # 27.6 dB were measured elsewhere on twelve scenes of this set; a wrong layer or order gives less than 15.
    assert 24 < float((-10 * np.log10(errors)).mean()) < 31


def test_pictures_are_cropped_to_their_middle_square():
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    tensor = to_tensor([Image.fromarray(wide)], 10)
    assert tensor.shape == (1, 3, 10, 10)
    assert float(tensor.min()) > 0.9


def test_values_outside_the_range_are_clamped_when_pictures_are_made():
    picture = to_pictures(torch.tensor([-1.0, 0.5, 2.0]).view(1, 3, 1, 1))[0]
    assert picture.getpixel((0, 0)) == (0, 128, 255)
