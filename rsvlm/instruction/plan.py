"""How large an instruction model is, without its weights: built on the meta device."""

import torch
from torch import nn
from transformers import LlamaForCausalLM

from rsvlm.instruction.chat import build_connector
from rsvlm.instruction.language import build_language, published_config
from rsvlm.instruction.settings import InstructionPretrainSettings, InstructionSftSettings, Lora
from rsvlm.instruction.vision import build_vision
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


def adapter_parameters(language: LlamaForCausalLM, lora: Lora) -> int:
    """Return how many parameters the adapters have: rank x (inputs + outputs) for every target layer."""
    layers = (module for name, module in language.named_modules() if name.rsplit(".", 1)[-1] in lora.targets)
    return sum(lora.rank * (layer.in_features + layer.out_features) for layer in layers if isinstance(layer, nn.Linear))


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
