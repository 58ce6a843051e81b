import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from rsvlm.imagery.hashing import hamming, perceptual_hash


def _scene(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((150, 150), Image.Resampling.BICUBIC)


def test_agrees_with_a_reference_transform() -> None:
    image = _scene(1)
    grey = np.asarray(image.convert("L").resize((32, 32), Image.Resampling.LANCZOS), dtype=float)
    low = dctn(grey, norm="ortho")[:8, :8].ravel()
    expected = 0
    for value in low:
        expected = expected * 2 + int(value > np.median(low))
    assert int(perceptual_hash(image), 16) == expected


def test_near_copies_are_near_and_other_scenes_are_far() -> None:
    image = _scene(1)
    smaller = image.resize((96, 96), Image.Resampling.BILINEAR)
    assert hamming(perceptual_hash(image), perceptual_hash(smaller)) <= 2
    assert hamming(perceptual_hash(image), perceptual_hash(_scene(2))) > 10


@pytest.mark.parametrize(("first", "second", "bits"), [("0" * 16, "f" * 16, 64), ("00000000000000ff", "00000000000000fe", 1)])
def test_hamming_counts_bits(first: str, second: str, bits: int) -> None:
    assert hamming(first, second) == bits
