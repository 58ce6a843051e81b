"""Between pictures and what the denoiser works on: an auto-encoder, and a basis or a scale behind it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from rsvlm.generation import taef2
from rsvlm.generation.basis import Basis
from rsvlm.generation.settings import KlAutoencoder, TinyAutoencoder
from rsvlm.imagery.pictures import square


def save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write tensors of any memory layout as safetensors."""
    save_file({name: value.detach().contiguous() for name, value in tensors.items()}, path)


class Codec(Protocol):
    """Pictures to the denoiser's variables and back. `shape` is (channels, height, width) of one image's variables."""

    shape: tuple[int, int, int]

    def encode(self, pictures: Tensor) -> Tensor:
        """Map (n, 3, size, size) in [0, 1] to (n, *shape)."""

    def decode(self, variables: Tensor) -> Tensor:
        """Map (n, *shape) to (n, 3, size, size), about [0, 1]."""

    def save(self, folder: Path) -> None:
        """Write the weights that `decode` needs."""


class TinyCodec:
    """TAEF2 with a reduced basis of its latents."""

    def __init__(self, encoder: torch.nn.Module, decoder: torch.nn.Module, basis: Basis, size: int) -> None:
        """Put the halves together; `size` is the side of a picture in pixels."""
        self._encoder, self._decoder, self._basis = encoder, decoder, basis
        side = size // taef2.FACTOR // basis.patch
        self.shape = (basis.components, side, side)

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        """Map pictures to whitened coefficients."""
        return self._basis.coefficients(self._encoder(pictures))

    @torch.no_grad()
    def decode(self, variables: Tensor) -> Tensor:
        """Map coefficients to pictures."""
        return self._decoder(self._basis.latents(variables))

    def save(self, folder: Path) -> None:
        """Write both halves and the basis."""
        save_tensors(self._encoder.state_dict(), folder / "encoder.safetensors")
        save_tensors(self._decoder.state_dict(), folder / "decoder.safetensors")
        save_tensors(self._basis.tensors(), folder / "basis.safetensors")


def load_tiny(folder: Path, settings: TinyAutoencoder) -> TinyCodec:
    """Load a saved tiny codec from a model folder."""
    stored = load_file(folder / "basis.safetensors")
    basis = Basis(stored["basis.mean"], stored["basis.forward"], stored["basis.inverse"], settings.patch)
    encoder = taef2.load_half(taef2.encoder(), folder / "encoder.safetensors")
    return TinyCodec(encoder, taef2.load_half(taef2.decoder(), folder / "decoder.safetensors"), basis, settings.image_size)


class KlCodec:
    """Stable Diffusion's auto-encoder; its variables are the mean latents times a constant."""

    def __init__(self, autoencoder: Any, settings: KlAutoencoder) -> None:
        """Wrap diffusers' AutoencoderKL."""
        self._autoencoder, self._scale = autoencoder.eval().requires_grad_(False), settings.scale
        side = settings.image_size // 2 ** (len(settings.channels) - 1)
        self.shape = (settings.latent_channels, side, side)

    @torch.no_grad()
    def encode(self, pictures: Tensor) -> Tensor:
        """Map pictures to scaled mean latents."""
        return self._autoencoder.encode(pictures * 2 - 1).latent_dist.mean * self._scale

    @torch.no_grad()
    def decode(self, variables: Tensor) -> Tensor:
        """Map scaled latents to pictures."""
        return self._autoencoder.decode(variables / self._scale).sample / 2 + 0.5

    def save(self, folder: Path) -> None:
        """Write the auto-encoder's weights."""
        save_tensors(self._autoencoder.state_dict(), folder / "autoencoder.safetensors")


def build_kl(settings: KlAutoencoder) -> Any:
    """Build diffusers' KL auto-encoder of the given sizes, with fresh weights."""
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    levels = len(settings.channels)
    return AutoencoderKL(
        block_out_channels=settings.channels,
        latent_channels=settings.latent_channels,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        layers_per_block=2,
        norm_num_groups=min(32, settings.channels[0]),
        sample_size=settings.image_size,
    )


def load_kl(weights: Path, settings: KlAutoencoder) -> KlCodec:
    """Load a KL codec from one file of weights in diffusers' layout."""
    autoencoder = build_kl(settings)
    autoencoder.load_state_dict(load_file(weights))
    return KlCodec(autoencoder, settings)


def to_tensor(pictures: Sequence[Image.Image], size: int) -> Tensor:
    """Resize (bicubic, short side) and centre-crop RGB pictures to (n, 3, size, size) float32 in [0, 1]."""
    arrays = [np.asarray(square(picture, size)) for picture in pictures]
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float() / 255


def to_pictures(values: Tensor) -> list[Image.Image]:
    """Return (n, 3, h, w) values, clamped to [0, 1], as 8-bit RGB pictures."""
    arrays = (values.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(array) for array in arrays]
