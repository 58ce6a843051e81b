"""A model at the start of training: its blocks, with the published weights that the recipe names."""

from pathlib import Path

import torch
from torch import nn

from rsvlm.contrastive.model import DualEncoder
from rsvlm.contrastive.settings import ContrastivePretrainSettings, WeightFile, Weights
from rsvlm.contrastive.tokens import Tokens
from rsvlm.contrastive.weights import clip_state, load_strict, read_tensors
from rsvlm.encoders.efficientnet import from_published
from rsvlm.files import verify
from rsvlm.seeds import seed_of


def source_file(raw: Path, file: WeightFile) -> Path:
    """Return where an acquired file is, after checking its source's bytes.

    Raises:
        IntegrityError: the source was changed since it was acquired.
    """
    verify(raw, only=f"{file.source}/")
    return raw / file.source / "files" / file.file


def build(settings: ContrastivePretrainSettings, raw: Path, seed: int) -> DualEncoder:
    """Build the model, load what training starts from, and set what it may change.

    Raises:
        DataError: a file of weights does not fit.
    """
    torch.manual_seed(seed_of(seed, "contrastive", "weights"))
    model = DualEncoder(settings.model)
    model.heads.start(settings.objective)
    load_weights(model, settings.weights, raw)
    model.vision.requires_grad_(settings.model.vision.trainable)
    model.text.requires_grad_(settings.model.text.trainable)
    return model


def load_weights(model: DualEncoder, weights: Weights, raw: Path) -> None:
    """Load a model's tokenizer and the published weights that a recipe names.

    Raises:
        DataError: a file of weights does not fit.
    """
    model.tokens = Tokens(source_file(raw, weights.tokenizer), model.settings.text)
    if weights.whole is not None:
        path = source_file(raw, weights.whole)
        load_strict(model, clip_state(read_tensors(path), path), path)
    if weights.vision is not None:
        _load_tower(model.vision, source_file(raw, weights.vision))
    if weights.text is not None:
        _load_tower(model.text, source_file(raw, weights.text))


def _load_tower(tower: nn.Module, path: Path) -> None:
    """Load one tower's published weights, without the parts of them that it does not use."""
    tensors = read_tensors(path)
    if "_conv_stem.weight" in tensors:
        load_strict(tower, from_published(tensors, path), path)
        return
    unused = ("pooler.", "embeddings.position_ids")
    load_strict(tower, {f"model.{name}": value for name, value in tensors.items() if not name.startswith(unused)}, path)
