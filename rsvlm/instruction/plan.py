"""How large an instruction model is, without its weights: built on the meta device."""

import torch
from torch import nn

from rsvlm.instruction.chat import build_connector
from rsvlm.instruction.language import build_language, published_config
from rsvlm.instruction.settings import InstructionPretrainSettings, InstructionSftSettings
from rsvlm.instruction.vision import build_vision
from rsvlm.training.lora import adapter_parameters
from rsvlm.training.plan import Block


def blocks(settings: InstructionPretrainSettings | InstructionSftSettings) -> list[Block]:
    """Return the blocks of a training section: in pre-training the connector learns, in fine-tuning the adapters do."""
    model = settings.model
    with torch.device("meta"):
        vision = build_vision(model.vision)
        language = build_language(published_config(model.language.kind))
        connector = build_connector(vision.width, language.config.hidden_size)
    trained = settings.train_connector if isinstance(settings, InstructionSftSettings) else settings.optimisation is not None
    found = [
        Block(f"vision ({model.vision.kind})", _count(vision), False),
        Block(f"connector ({model.connector.kind})", _count(connector), trained),
        Block(f"language ({model.language.kind})", _count(language), False),
    ]
    if isinstance(settings, InstructionSftSettings):
        found.append(Block(f"adapters (rank {settings.lora.rank})", adapter_parameters(language, settings.lora), True))
    return found


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
