"""Frozen image encoders that give a grid of features: EfficientNet-Lite0's last map, or CLIP ViT-L/14's patch tokens."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPVisionConfig, CLIPVisionModel

from rsvlm.encoders.efficientnet import WIDTH, EfficientNetLite0Tower, from_published
from rsvlm.errors import DataError
from rsvlm.instruction.settings import ClipGrid, EfficientNetGrid

_HALVES = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
_CLIP_SIDE = 24
_CELL = 32
_LEAST_SPREAD = 1e-3


def interpolate_positions(embedding: Tensor, side: int) -> Tensor:
    """Resample a ViT's position embedding to another grid, as GeoChat's `clip_interpolate_embeddings` does.

    Bicubic with the corners aligned; the class token's position, the first row, is kept.

    Args:
        embedding: (1 + n * n, width).
        side: of the new grid.

    Returns:
        (1 + side * side, width).
    """
    old = round((len(embedding) - 1) ** 0.5)
    grid = embedding[1:].float().reshape(1, old, old, -1).permute(0, 3, 1, 2)
    grid = functional.interpolate(grid, (side, side), mode="bicubic", align_corners=True)
    return torch.cat([embedding[:1], grid.permute(0, 2, 3, 1).reshape(side * side, -1).to(embedding.dtype)])


class EfficientNetFeatures(nn.Module):
    """EfficientNet-Lite0's last grid, each of the 1280 features standardised over the training scenes."""

    mean: Tensor
    scale: Tensor
    normalisation = _HALVES
    width = WIDTH

    def __init__(self, settings: EfficientNetGrid) -> None:
        """Build it with random weights and a standardisation that does nothing."""
        super().__init__()
        self.size = settings.size
        self.tokens = (settings.size // _CELL) ** 2
        self.tower = EfficientNetLite0Tower().to(memory_format=torch.channels_last)
        self.register_buffer("mean", torch.zeros(WIDTH))
        self.register_buffer("scale", torch.ones(WIDTH))

    def raw(self, pixels: Tensor) -> Tensor:
        """Turn pixels (n, 3, size, size) into features (n, tokens, 1280) as the network gives them, in 0 to 6."""
        return self.tower.grid(pixels).float().flatten(2).transpose(1, 2)

    def scaled(self, raw: Tensor) -> Tensor:
        """Standardise raw features."""
        return (raw - self.mean) * self.scale

    def forward(self, pixels: Tensor) -> Tensor:
        """Turn pixels (n, 3, size, size) into standardised features (n, tokens, 1280)."""
        return self.scaled(self.raw(pixels))

    def standardise(self, raw: Tensor) -> None:
        """Take mean and spread from raw features (n, tokens, 1280); a feature that hardly varies is not blown up."""
        flat = raw.flatten(0, 1)
        self.mean.copy_(flat.mean(0))
        self.scale.copy_(1 / flat.std(0).clamp_min(_LEAST_SPREAD))


class ClipFeatures(nn.Module):
    """CLIP ViT-L/14's patch tokens at one of its last layers."""

    normalisation = _CLIP
    width = 1024

    def __init__(self, settings: ClipGrid, config: CLIPVisionConfig | None = None) -> None:
        """Build it with random weights; the published sizes unless told otherwise (tests)."""
        super().__init__()
        self.size = settings.size
        self.layer = settings.layer
        self.tower = CLIPVisionModel(config or clip_config(settings.size))
        self.width = self.tower.config.hidden_size
        self.tokens = (settings.size // self.tower.config.patch_size) ** 2

    def forward(self, pixels: Tensor) -> Tensor:
        """Turn pixels (n, 3, size, size) into features (n, tokens, width), without the class token."""
        states = self.tower(pixels.to(self.tower.dtype), output_hidden_states=True).hidden_states
        features: Tensor = states[self.layer][:, 1:]
        return features

    def raw(self, pixels: Tensor) -> Tensor:
        """Return what `forward` does: these features are used as they are."""
        return self(pixels).float()

    def scaled(self, raw: Tensor) -> Tensor:
        """Return the features as they are."""
        return raw


Features = EfficientNetFeatures | ClipFeatures


def clip_config(size: int) -> CLIPVisionConfig:
    """Return the published config of ViT-L/14, for images of another size."""
    return CLIPVisionConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, image_size=size, patch_size=14,
        projection_dim=768,
    )  # fmt: skip


def build_vision(settings: EfficientNetGrid | ClipGrid) -> Features:
    """Build an encoder with random weights, frozen."""
    encoder = EfficientNetFeatures(settings) if isinstance(settings, EfficientNetGrid) else ClipFeatures(settings)
    return encoder.requires_grad_(False).eval()


def load_published_vision(settings: EfficientNetGrid | ClipGrid, folder: Path) -> Features:
    """Build an encoder with its published weights.

    Args:
        settings: which encoder, for which size.
        folder: the source's files, with one `.safetensors` of the published layout.

    Raises:
        DataError: the weights are not there, or are of another model.
    """
    path = _only_weights(folder)
    encoder = build_vision(settings)
    tensors = load_file(path)
    state = from_published(tensors, path) if isinstance(encoder, EfficientNetFeatures) else _clip_state(tensors, encoder)
    _load_strictly(encoder.tower, state, path)
    return encoder


def _only_weights(folder: Path) -> Path:
    found = sorted(folder.glob("*.safetensors"))
    if len(found) != 1:
        raise DataError(f"{folder}: one .safetensors file is needed, {len(found)} are there; acquire the source again")
    return found[0]


def _clip_state(tensors: Mapping[str, Tensor], encoder: ClipFeatures) -> dict[str, Tensor]:
    """Return the tower's state from a published CLIP checkpoint (both towers, or the vision tower alone)."""
    prefix = "vision_model."
    state = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    state.pop("embeddings.position_ids", None)
    key = "embeddings.position_embedding.weight"
    if key in state:
        state[key] = interpolate_positions(state[key], encoder.size // encoder.tower.config.patch_size)
    return state


def _load_strictly(module: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    own = module.state_dict()
    wrong = sorted(set(own) ^ set(state)) or [name for name in own if own[name].shape != state[name].shape]
    if wrong:
        raise DataError(f"{path}: not the weights of this encoder ({len(wrong)} tensors differ, first {wrong[0]})")
    module.load_state_dict(state)


def prepare(image: Image.Image, size: int, mean: Sequence[float]) -> Image.Image:
    """Pad an image to a square with the mean colour (as LLaVA does), and bring it to `size` pixels a side.

    Boxes are given in shares of width and height of the image without padding.
    """
    side = max(image.size)
    if image.width != image.height:
        square = Image.new("RGB", (side, side), tuple(int(255 * value) for value in mean))
        square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        image = square
    return image.resize((size, size), Image.Resampling.BICUBIC)


def to_pixels(images: Sequence[Image.Image | None], encoder: Features) -> Tensor:
    """Return normalised pixels (n, 3, size, size) for an encoder; None is a blank image, of the mean colour throughout."""
    mean, deviation = encoder.normalisation
    array = np.empty((len(images), encoder.size, encoder.size, 3), np.float32)
    for row, image in zip(array, images, strict=True):
        row[:] = np.array(mean) if image is None else np.asarray(prepare(image, encoder.size, mean), np.float32) / 255
    array -= np.array(mean, np.float32)
    array /= np.array(deviation, np.float32)
    return torch.from_numpy(array).permute(0, 3, 1, 2)
