"""A text-to-image model: text tower, denoiser, sampler and decoder, loaded from one self-contained folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from pydantic import Field
from safetensors.torch import load_file
from torch import Tensor

from rsvlm.errors import IntegrityError
from rsvlm.files import readable_json, write_atomic
from rsvlm.generation.codec import Codec, load_kl, load_tiny, save_tensors, to_pictures
from rsvlm.generation.denoiser import build_unet, unet_configuration
from rsvlm.generation.sampling import sample
from rsvlm.generation.schedule import make_schedule
from rsvlm.generation.settings import (
    ClipTower,
    Denoiser,
    Diffusion,
    GenerationPretrainSettings,
    KlAutoencoder,
    Sampler,
    SentenceTower,
    TinyAutoencoder,
)
from rsvlm.generation.text import TextTower, load_tower, text_width
from rsvlm.seeds import seed_of
from rsvlm.settings import Settings, validate
from rsvlm.training.precision import has_bfloat16

_BATCH = 64


class Architecture(Settings):
    """What `model.json` says of a text-to-image model: enough to build it again."""

    autoencoder: TinyAutoencoder | KlAutoencoder = Field(discriminator="kind")
    text: SentenceTower | ClipTower = Field(discriminator="kind")
    denoiser: Denoiser
    diffusion: Diffusion
    sampler: Sampler


def architecture_of(settings: GenerationPretrainSettings) -> Architecture:
    """Return the part of a recipe section that describes the model itself."""
    return Architecture(**{name: getattr(settings, name) for name in Architecture.model_fields})


def new_unet(architecture: Architecture, shape: tuple[int, int, int], *seed: str | int) -> Any:
    """Build the denoiser with weights that follow from the seed, leaving torch's global generator as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed_of("denoiser", *seed))
        return build_unet(unet_configuration(architecture.denoiser, shape[0], text_width(architecture.text), shape[1]))


class TextToImage:
    """Captions to pictures."""

    def __init__(self, architecture: Architecture, codec: Codec, tower: TextTower, unet: Any) -> None:
        """Put the parts together, for inference."""
        self.architecture, self._codec, self._tower = architecture, codec, tower
        self.unet = unet.eval().requires_grad_(False).to(memory_format=torch.channels_last)
        self._schedule = make_schedule(architecture.diffusion)
        self._empty = tower([""])

    def generate(
        self, prompts: Sequence[str], seeds: Sequence[int], steps: int | None = None, guidance: float | None = None
    ) -> list[Image.Image]:
        """Generate one picture for each prompt.

        Args:
            prompts: captions.
            seeds: one an image; the same prompt and seed give the same picture in any batch.
            steps: DDIM steps; the recipe's if not given.
            guidance: strength of guidance; the recipe's if not given.

        Returns:
            RGB pictures of the recipe's size.
        """
        sampler = self.architecture.sampler
        steps = steps or sampler.steps
        strength = sampler.guidance if guidance is None else guidance
        pictures: list[Image.Image] = []
        for start in range(0, len(prompts), _BATCH):
            states = self._tower(prompts[start : start + _BATCH])
            chosen = list(seeds[start : start + _BATCH])
            variables = sample(self._schedule, self._predict, states, self._empty, self._codec.shape, chosen, steps, strength)
            pictures.extend(to_pictures(self._codec.decode(variables)))
        return pictures

    @torch.no_grad()
    def _predict(self, noisy: Tensor, times: Tensor, states: Tensor) -> Tensor:
        device = noisy.device.type
        with torch.autocast(device, torch.bfloat16, enabled=has_bfloat16(device)):
            predicted = self.unet(noisy.contiguous(memory_format=torch.channels_last), times, states, return_dict=False)[0]
        return predicted.float()


def save(folder: Path, architecture: Architecture, codec: Codec, tower: TextTower, denoiser: dict[str, Tensor]) -> None:
    """Write a self-contained model folder (the caller publishes it); `denoiser` is the state of the U-Net."""
    codec.save(folder)
    tower.save(folder / "text")
    save_tensors(denoiser, folder / "denoiser.safetensors")
    described = {"family": "generation", "format": 1, "architecture": architecture.model_dump(mode="json")}
    write_atomic(folder / "model.json", readable_json(described))


def _parts(folder: Path) -> tuple[Architecture, Codec, TextTower]:
    described = json.loads((folder / "model.json").read_bytes())
    if (described.get("family"), described.get("format")) != ("generation", 1):
        found = f"{described.get('family')}, {described.get('format')}"
        raise IntegrityError(f"{folder}: not a text-to-image model of format 1; it says {found}")
    architecture = validate(Architecture, described["architecture"], str(folder / "model.json"))
    codec: Codec
    if isinstance(architecture.autoencoder, TinyAutoencoder):
        codec = load_tiny(folder, architecture.autoencoder)
    else:
        codec = load_kl(folder / "autoencoder.safetensors", architecture.autoencoder)
    return architecture, codec, load_tower(architecture.text, folder / "text", folder / "text")


def load(folder: Path, device: str = "cpu") -> TextToImage:
    """Load a model folder.

    Raises:
        IntegrityError: the folder is not of this kind.
    """
    architecture, codec, tower = _parts(folder)
    unet = new_unet(architecture, codec.shape, "load")
    unet.load_state_dict(load_file(folder / "denoiser.safetensors"))
    tower.model.to(device)
    return TextToImage(architecture, codec, tower, unet.to(device))


def untrained(folder: Path, seed: int) -> TextToImage:
    """Return the same model with a denoiser that has learned nothing: the baseline of its scores."""
    architecture, codec, tower = _parts(folder)
    return TextToImage(architecture, codec, tower, new_unet(architecture, codec.shape, "untrained", seed))
