import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPVisionConfig

from rsvlm.errors import DataError
from rsvlm.instruction.settings import ClipGrid, EfficientNetGrid
from rsvlm.instruction.vision import ClipFeatures, build_vision, interpolate_positions, load_published_vision, prepare, to_pixels

GRID = EfficientNetGrid(kind="efficientnet-lite0-grid", source="efficientnet-lite0", size=96)


def cubic(x, a=-0.75):
    """Keys' cubic convolution kernel, with the constant that PyTorch's bicubic has."""
    x = abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def naive_resample(grid, side):
    """Bicubic, corners on corners, border cells repeated: (n, n, width) to (side, side, width), one value at a time."""
    old = grid.shape[0]
    out = np.zeros((side, side, grid.shape[2]))
    for row in range(side):
        for column in range(side):
            y, x = row * (old - 1) / (side - 1), column * (old - 1) / (side - 1)
            for j in range(int(np.floor(y)) - 1, int(np.floor(y)) + 3):
                for i in range(int(np.floor(x)) - 1, int(np.floor(x)) + 3):
                    cell = grid[min(max(j, 0), old - 1), min(max(i, 0), old - 1)]
                    out[row, column] += cubic(y - j) * cubic(x - i) * cell
    return out


@pytest.mark.system("geochat", 2)
@pytest.mark.parametrize(("old", "new"), [(4, 6), (6, 9)])
def test_positions_are_resampled_with_corners_aligned_and_the_class_kept(old, new):
    embedding = torch.randn(1 + old * old, 3, generator=torch.Generator().manual_seed(1))
    result = interpolate_positions(embedding, new)
    assert result.shape == (1 + new * new, 3)
    assert torch.equal(result[0], embedding[0])
    expected = naive_resample(embedding[1:].reshape(old, old, 3).double().numpy(), new)
    assert np.allclose(result[1:].reshape(new, new, 3).numpy(), expected, atol=1e-5)
    assert torch.allclose(result[1], embedding[1], atol=1e-6)  # corner on corner
    assert torch.allclose(result[-1], embedding[-1], atol=1e-6)


@pytest.mark.system("geochat", 2)
def test_the_published_grid_of_24_becomes_one_of_36():
    embedding = torch.randn(577, 8)
    assert interpolate_positions(embedding, 36).shape == (1297, 8)
    assert torch.allclose(interpolate_positions(embedding, 24), embedding, atol=1e-6)


def small_clip():
    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2, image_size=126, patch_size=14
    )
    settings = ClipGrid(kind="clip-vit-large-patch14-336", source="clip", hub="openai/clip-vit-large-patch14-336", size=126)
    torch.manual_seed(0)
    return settings, ClipFeatures(settings, config)


@pytest.mark.system("geochat", 2)
def test_clip_features_are_the_patch_tokens_before_the_last_layer():
    _, encoder = small_clip()
    pixels = torch.randn(2, 3, 126, 126)
    tower = encoder.tower
    hidden = tower.pre_layrnorm(tower.embeddings(pixels))
    for layer in tower.encoder.layers[:-1]:
        output = layer(hidden, None)
        hidden = output[0] if isinstance(output, tuple) else output
    assert encoder(pixels).shape == (2, 81, 16)
    assert encoder.tokens == 81
    assert torch.allclose(encoder(pixels), hidden[:, 1:], atol=1e-5)


def test_a_published_clip_of_both_towers_is_read_and_its_positions_resampled(tmp_path, monkeypatch):
    settings, encoder = small_clip()
    published = {f"vision_model.{name}": value for name, value in encoder.tower.state_dict().items() if "position_ids" not in name}
    key = "vision_model.embeddings.position_embedding.weight"
    published[key] = torch.randn(1 + 36, 16)
    published |= {"text_model.embeddings.token_embedding.weight": torch.zeros(4, 4), "logit_scale": torch.tensor(1.0)}
    save_file({name: value.contiguous() for name, value in published.items()}, tmp_path / "model.safetensors")
    monkeypatch.setattr("rsvlm.instruction.vision.clip_config", lambda size: encoder.tower.config)
    loaded = load_published_vision(settings, tmp_path)
    assert torch.allclose(loaded.tower.embeddings.position_embedding.weight, interpolate_positions(published[key], 9))
    save_file({"visual.proj": torch.zeros(2, 2)}, tmp_path / "model.safetensors")
    with pytest.raises(DataError, match="not the weights of this encoder"):
        load_published_vision(settings, tmp_path)


def test_the_grid_is_that_of_the_published_network(raw):
    """At a size whose padding needs no choice, our folded network gives the feature map of the published package."""
    from efficientnet_lite_pytorch import EfficientNet
    from safetensors.torch import load_file

    folder = raw / "efficientnet-lite0" / "files"
    size = 224
    ours = load_published_vision(EfficientNetGrid(kind="efficientnet-lite0-grid", source="e", size=size), folder)
    theirs = EfficientNet.from_name("efficientnet-lite0").eval()
    theirs.load_state_dict(load_file(next(folder.glob("*.safetensors"))))
    pixels = torch.randn(2, 3, size, size)
    with torch.inference_mode():
        expected = theirs.extract_features(pixels).flatten(2).transpose(1, 2)
        assert torch.allclose(ours.raw(pixels), expected, atol=1e-4)
    assert ours.tokens == 49


def test_features_are_standardised_and_flat_ones_not_blown_up():
    encoder = build_vision(GRID)
    raw = torch.rand(5, 9, 1280) * 6
    raw[..., 0] = 0.25
    encoder.standardise(raw)
    scaled = encoder.scaled(raw)
    assert torch.allclose(scaled[..., 1:].flatten(0, 1).mean(0), torch.zeros(1279), atol=1e-4)
    assert torch.allclose(scaled[..., 1:].flatten(0, 1).std(0), torch.ones(1279), atol=1e-3)
    assert scaled[..., 0].abs().max() < 1e-3


@pytest.mark.system("geochat", 2)
def test_images_are_padded_to_a_square_with_the_mean_colour():
    image = Image.new("RGB", (40, 20), (255, 0, 0))
    square = np.asarray(prepare(image, 40, (0.48145466, 0.4578275, 0.40821073)))
    assert square.shape == (40, 40, 3)
    assert (square[:10] == (122, 116, 104)).all()
    assert (square[10:30] == (255, 0, 0)).all()
    assert (square[30:] == (122, 116, 104)).all()


def test_a_blank_image_is_zero_after_normalisation():
    encoder = build_vision(GRID)
    pixels = to_pixels([None, Image.new("RGB", (10, 10), (255, 255, 255))], encoder)
    assert pixels.shape == (2, 3, 96, 96)
    assert pixels[0].abs().max() < 1e-6
    assert torch.allclose(pixels[1], torch.ones(3, 96, 96))


def test_encoders_are_frozen():
    assert not any(parameter.requires_grad for parameter in build_vision(GRID).parameters())
