"""How large a contrastive model is, without its weights: built on the meta device."""

import torch
from torch import nn

from rsvlm.contrastive.model import DualEncoder
from rsvlm.contrastive.settings import Architecture, ContrastivePretrainSettings
from rsvlm.training.plan import Block


def blocks(settings: ContrastivePretrainSettings) -> list[Block]:
    """Return the blocks of the model that a recipe describes: towers, heads, and the learned scale."""
    return blocks_of(settings.model, settings.objective.learn_temperature)


def blocks_of(architecture: Architecture, learn_temperature: bool = True) -> list[Block]:
    """Return the blocks of an architecture."""
    with torch.device("meta"):
        model = DualEncoder(architecture)
    return [
        Block(f"vision ({architecture.vision.kind})", _count(model.vision), architecture.vision.trainable),
        Block(f"text ({architecture.text.kind})", _count(model.text), architecture.text.trainable),
        Block(f"image head ({architecture.image_head.kind})", _count(model.heads.image), True),
        Block(f"text head ({architecture.text_head.kind})", _count(model.heads.text), True),
        Block("scale", 1, learn_temperature),
    ]


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
