import numpy as np
import pytest
import torch
from PIL import Image

from rsvlm.contrastive.pixels import centre, random_crop, to_tensor, turn
from rsvlm.contrastive.settings import ClipVit, EfficientNetLite0


def ramp(width: int, height: int) -> Image.Image:
    """An image whose red is the column and whose green is the row."""
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    return Image.fromarray(np.stack([columns, rows, 0 * rows], axis=-1).astype(np.uint8))


def test_the_middle_square_of_the_short_side():
    cut = np.asarray(centre(ramp(100, 60), 60))
    assert cut.shape == (60, 60, 3)
    assert cut[0, 0].tolist() == [20, 0, 0]
    assert cut[-1, -1].tolist() == [79, 59, 0]


def test_a_short_side_is_resized_first():
    cut = np.asarray(centre(ramp(100, 50), 25), dtype=float)
    assert cut.shape == (25, 25, 3)
    # Halved, columns 12.5 to 37.5 remain: the middle keeps its value.
    assert cut[12, 12] == pytest.approx([50, 25, 0], abs=2)


@pytest.mark.system("remoteclip", 2)
def test_clip_scales_by_the_published_mean_and_deviation():
    white = to_tensor([Image.new("RGB", (32, 32), (255, 128, 0))], ClipVit(kind="clip-vit"))
    expected = [(1 - 0.48145466) / 0.26862954, (128 / 255 - 0.4578275) / 0.26130258, -0.40821073 / 0.27577711]
    assert white[0, :, 5, 5].tolist() == pytest.approx(expected, abs=1e-5)


def test_efficientnet_scales_to_minus_one_and_one():
    pixels = to_tensor([Image.new("RGB", (32, 32), (255, 0, 51))], EfficientNetLite0(kind="efficientnet-lite0"))
    assert pixels[0, :, 0, 0].tolist() == pytest.approx([1, -1, -0.6])


def test_views_mirror():
    pixels = torch.arange(4).view(1, 1, 2, 2)
    found = {view: turn(pixels, view).flatten().tolist() for view in ("identity", "horizontal", "vertical", "transpose")}
    assert found == {"identity": [0, 1, 2, 3], "horizontal": [1, 0, 3, 2], "vertical": [2, 3, 0, 1], "transpose": [0, 2, 1, 3]}


@pytest.mark.parametrize("size", [(100, 60), (60, 60), (31, 200)])
def test_random_crops_follow_from_their_generator_and_keep_their_share(size):
    first, again = (np.asarray(random_crop(ramp(*size), 48, 0.5, torch.Generator().manual_seed(4)), dtype=int) for _ in range(2))
    assert first.shape == (48, 48, 3)
    assert (first == again).all()
    generator = torch.Generator().manual_seed(5)
    for _ in range(20):
        cut = np.asarray(random_crop(ramp(*size), 48, 0.5, generator), dtype=float)
        across, down = np.ptp(cut[..., 0]) + 2, np.ptp(cut[..., 1]) + 2
        whole = min(size) ** 2 if max(size) > 2 * min(size) else size[0] * size[1] * 0.5
        assert across * down > 0.9 * whole
