"""What training reads again and again, computed once into scratch: the variables of every picture, the states of every caption."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rsvlm.files import publish, verify
from rsvlm.generation.basis import decoder_metric, fit_basis
from rsvlm.generation.codec import TinyCodec, to_tensor
from rsvlm.generation.settings import TinyAutoencoder
from rsvlm.generation.taef2 import decoder, encoder, load_half
from rsvlm.generation.text import TextTower
from rsvlm.imagery.pictures import decode
from rsvlm.progress import Progress
from rsvlm.records.shards import Shards
from rsvlm.seeds import torch_generator

_BATCH = 32


def cached(folder: Path, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the tensors that `make` computes, from `folder` where a former run left them whole."""
    if not folder.exists():
        with publish(folder) as partial:
            save_file({name: value.contiguous() for name, value in make().items()}, partial / "tensors.safetensors")
    verify(folder)
    return load_file(folder / "tensors.safetensors")


def encode_pictures(shards: Shards, rows: Sequence[int], size: int, encode: Callable[[Tensor], Tensor], *, mirrored: bool) -> Tensor:
    """Encode the pictures of some rows; with `mirrored`, each also mirrored left to right.

    Returns:
        (rows, 1 or 2, ...) of what `encode` returns for a picture.
    """
    progress = Progress("encode pictures", len(rows), "pictures")
    parts = []
    for start in range(0, len(rows), _BATCH):
        chosen = rows[start : start + _BATCH]
        pictures = to_tensor([decode(shards.image(row), str(row)) for row in chosen], size)
        views = [pictures, pictures.flip(3)] if mirrored else [pictures]
        parts.append(torch.stack([encode(view) for view in views], dim=1))
        progress.advance(len(chosen))
    progress.finish()
    return torch.cat(parts)


def fit_tiny(
    shards: Shards, rows: Sequence[int], settings: TinyAutoencoder, weights: Path, scratch: Path, seed: int
) -> tuple[TinyCodec, Tensor, float]:
    """Encode the training pictures with TAEF2, fit the basis on them, and project them onto it.

    Returns:
        The codec, the coefficients (rows, views, components, h, w), and the share of the energy that the basis keeps.
    """
    halves = load_half(encoder(), weights / "taef2_encoder.safetensors"), load_half(decoder(), weights / "taef2_decoder.safetensors")
    quick = halves[0].to(memory_format=torch.channels_last)

    def latents() -> dict[str, Tensor]:
        with torch.no_grad():
            found = encode_pictures(shards, rows, settings.image_size, quick, mirrored=settings.mirrored)
        return {"latents": found.half()}

    stored = cached(scratch / "latents", latents)["latents"].float()
    metric = None
    if settings.probes:
        chosen = torch.linspace(0, len(stored) - 1, min(settings.probes, len(stored))).long()
        metric = decoder_metric(halves[1], stored[chosen, 0], settings.patch, torch_generator(seed, "decoder metric"))
    basis, kept = fit_basis(stored.flatten(0, 1), settings.patch, settings.components, metric, settings.power)
    coefficients = basis.coefficients(stored.flatten(0, 1)).unflatten(0, stored.shape[:2])
    return TinyCodec(*halves, basis, settings.image_size), coefficients, kept


def caption_states(captions: Sequence[Sequence[str]], tower: TextTower, scratch: Path) -> tuple[Tensor, list[list[int]]]:
    """Compute the states of every distinct caption once.

    Args:
        captions: the captions of every sample.
        tower: the text tower.
        scratch: where the states are kept.

    Returns:
        (1 + distinct captions, tokens, width) half-precision states, the empty caption's first; and for every sample
        the numbers of its captions in it.
    """
    distinct = sorted({caption for several in captions for caption in several})
    number = {caption: place for place, caption in enumerate(distinct, start=1)}

    def states() -> dict[str, Tensor]:
        progress = Progress("encode captions", len(distinct) + 1, "captions")
        parts = []
        words = ["", *distinct]
        for start in range(0, len(words), 512):
            parts.append(tower(words[start : start + 512]).half())
            progress.advance(len(parts[-1]))
        progress.finish()
        return {"states": torch.cat(parts)}

    return cached(scratch / "captions", states)["states"], [[number[caption] for caption in several] for several in captions]
