"""Pre-training of text-to-image models: caches what is frozen, trains the denoiser, writes a self-contained model."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from rsvlm.errors import ConfigurationError, DataError
from rsvlm.files import readable_json, write_atomic
from rsvlm.generation import model
from rsvlm.generation.codec import Codec, load_kl
from rsvlm.generation.features import cached, caption_states, encode_pictures, fit_tiny
from rsvlm.generation.objective import NoisyBatch, diffusion_loss, draw
from rsvlm.generation.schedule import Schedule, make_schedule
from rsvlm.generation.settings import GenerationPretrainSettings, TinyAutoencoder
from rsvlm.generation.text import TextTower, load_tower
from rsvlm.records.shards import Shards
from rsvlm.seeds import torch_generator
from rsvlm.training.loop import Place, fit
from rsvlm.training.lora import add_adapters, merged_state, save_adapters

ADAPTER = "adapter"
logger = logging.getLogger("rsvlm.generation")


def pretrain(settings: GenerationPretrainSettings, data: Path, raw: Path, output: Path, scratch: Path, seed: int, threads: int) -> None:
    """Train a text-to-image model on the training split of a dataset of pairs.

    Args:
        settings: the recipe section.
        data: the dataset of image-caption pairs.
        raw: the acquired sources, with the weights that are started from.
        output: an empty folder for the model; the caller publishes it.
        scratch: a folder of exactly this work; a restart goes on from what it holds.
        seed: decides every random choice.
        threads: threads of this process (the caller has set them).

    Raises:
        DataError: the dataset has no training pairs.
        ConfigurationError: a source that the section names was not acquired.
    """
    shards = Shards(data)
    rows = [row for row in shards.rows("train") if shards.fields(row)["captions"]]
    if not rows:
        raise DataError(f"{data}: no training pairs; check the caption stage's splits")
    tower = _tower(settings, raw)
    codec, variables, facts = _encode(settings, shards, rows, raw, scratch, seed)
    captions = [shards.fields(row)["captions"] for row in rows]
    facts["truncated_captions"] = tower.truncated([caption for several in captions for caption in several])
    states, numbers = caption_states(captions, tower, scratch)
    unet = _unet(settings, codec, raw, seed)
    schedule = make_schedule(settings.diffusion)

    def batch(chosen: Sequence[int], place: Place) -> NoisyBatch:
        return _batch(chosen, place, variables, states, numbers, schedule, settings.diffusion.caption_dropout)

    def objective(trained: torch.nn.Module, made: NoisyBatch, place: Place) -> Tensor:
        return diffusion_loss(trained, made, schedule)

    history = fit(
        unet,
        objective,
        batch,
        samples=len(rows),
        settings=settings.optimisation,
        seed=seed,
        scratch=scratch,
        name=f"{settings.system} denoiser",
    )
    if settings.lora is not None:
        save_adapters(unet, settings.lora, str(settings.denoiser.start), output / ADAPTER)
    model.save(output, model.architecture_of(settings), codec, tower, merged_state(unet))
    write_atomic(output / "history.json", readable_json(history))
    write_atomic(output / "facts.json", readable_json({"training_pairs": len(rows), **facts}))


def _source(raw: Path, name: str) -> Path:
    folder = raw / name / "files"
    if not folder.is_dir():
        raise ConfigurationError(f"{raw}: source '{name}' was not acquired; add it to the recipe's acquire section")
    return folder


def _tower(settings: GenerationPretrainSettings, raw: Path) -> TextTower:
    folder = _source(raw, settings.text.source)
    if settings.text.kind == "minilm":
        return load_tower(settings.text, folder, folder)
    return load_tower(settings.text, folder / "text_encoder", folder / "tokenizer")


def _encode(
    settings: GenerationPretrainSettings, shards: Shards, rows: list[int], raw: Path, scratch: Path, seed: int
) -> tuple[Codec, Tensor, dict[str, Any]]:
    """Return the codec, the variables (rows, views, channels, h, w), and facts about them."""
    autoencoder = settings.autoencoder
    weights = _source(raw, autoencoder.source)
    if isinstance(autoencoder, TinyAutoencoder):
        codec, variables, kept = fit_tiny(shards, rows, autoencoder, weights, scratch, seed)
        logger.info("basis: %d of %d dimensions keep %.1f %% of the energy", codec.shape[0], 32 * autoencoder.patch**2, 100 * kept)
        return codec, variables, {"basis_energy_kept": round(kept, 6)}
    kl = load_kl(weights / "vae" / "diffusion_pytorch_model.safetensors", autoencoder)

    def latents() -> dict[str, Tensor]:
        return {"latents": encode_pictures(shards, rows, autoencoder.image_size, kl.encode, mirrored=True)}

    return kl, cached(scratch / "latents", latents)["latents"], {}


def _unet(settings: GenerationPretrainSettings, codec: Codec, raw: Path, seed: int) -> Any:
    unet = model.new_unet(model.architecture_of(settings), codec.shape, settings.system, seed)
    if settings.denoiser.start is not None:
        unet.load_state_dict(load_file(_source(raw, settings.denoiser.start) / "unet" / "diffusion_pytorch_model.safetensors"))
    if settings.lora is not None:
        add_adapters(unet, settings.lora, torch_generator(seed, "adapters"))
    return unet.train().to(memory_format=torch.channels_last)


def _batch(
    chosen: Sequence[int], place: Place, variables: Tensor, states: Tensor, numbers: list[list[int]], schedule: Schedule, dropout: float
) -> NoisyBatch:
    """Take one view of each chosen picture and one of its captions, and draw noise."""
    views = torch.randint(variables.shape[1], (len(chosen),), generator=place.generator).tolist()
    clean = torch.stack([variables[row, view] for row, view in zip(chosen, views, strict=True)])
    drawn = torch.rand(len(chosen), generator=place.generator).tolist()
    texts = [numbers[row][int(share * len(numbers[row]))] for row, share in zip(chosen, drawn, strict=True)]
    return draw(clean, states[texts].float(), states[:1].float(), schedule, dropout, place.generator)
