"""Low-rank adapters (PEFT's) beside a model's linear layers, stored in PEFT's layout, and merged into the weights."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file
from torch import Tensor, nn

from rsvlm.files import readable_json, write_atomic

PREFIX = "base_model.model."
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
_ADAPTER = "default"


class Lora(Protocol):
    """What a family's settings say of adapters: W x + (alpha / rank) B A x beside the layers whose names end in a target."""

    @property
    def rank(self) -> int:
        """Columns of B and rows of A."""

    @property
    def alpha(self) -> float:
        """Numerator of the scale."""

    @property
    def dropout(self) -> float:
        """On an adapter's input."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Suffixes of linear layers."""


def add_adapters(model: nn.Module, lora: Lora, generator: torch.Generator) -> None:
    """Put fresh adapters beside the target layers; only they require gradients afterwards.

    A is uniform within 1 / sqrt(inputs), B is zero, so that nothing changes before the first step.
    """
    model.requires_grad_(False)
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=list(lora.targets), bias="none")
    inject_adapter_in_model(config, model, adapter_name=_ADAPTER)
    for _, layer in _layers(model):
        down, up = layer.lora_A[_ADAPTER].weight, layer.lora_B[_ADAPTER].weight
        bound = down.shape[1] ** -0.5
        down.data = (torch.rand(down.shape, generator=generator) * 2 - 1) * bound
        up.data = torch.zeros(up.shape)


def stored_name(name: str) -> str:
    """Return the name that PEFT stores an adapter's parameter under."""
    return f"{PREFIX}{name.replace(f'.{_ADAPTER}', '')}"


def adapter_parameters(model: nn.Module, lora: Lora) -> int:
    """Return how many parameters adapters would have: rank x (inputs + outputs) for every target layer."""
    endings = tuple(f".{target}" for target in lora.targets)
    layers = (module for name, module in model.named_modules() if f".{name}".endswith(endings))
    return sum(lora.rank * (layer.in_features + layer.out_features) for layer in layers if isinstance(layer, nn.Linear))


def _layers(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield (name, layer) of every adapted layer, in the model's order."""
    for name, module in model.named_modules():
        if isinstance(module, LoraLayer):
            yield name, module


def adapter_state(model: nn.Module) -> dict[str, Tensor]:
    """Return the adapters' tensors in float32, by the names that PEFT stores."""
    return {stored_name(name): value.float() for name, value in model.state_dict().items() if ".lora_" in name}


def save_adapters(model: nn.Module, lora: Lora, base: str, folder: Path, task: str | None = None) -> None:
    """Write `adapter_model.safetensors` and `adapter_config.json`, as PEFT reads them.

    Args:
        model: with adapters.
        lora: their settings.
        base: name of the model that they belong to.
        folder: where to; made if needed.
        task: PEFT's name of what the model does, where it has one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = adapter_state(model)
    save_file({name: state[name].contiguous() for name in sorted(state)}, folder / WEIGHTS)
    config = {
        "peft_type": "LORA", "task_type": task, "base_model_name_or_path": base, "r": lora.rank, "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout, "target_modules": sorted(lora.targets), "bias": "none", "inference_mode": True,
    }  # fmt: skip
    write_atomic(folder / CONFIG, readable_json(config))


@torch.no_grad()
def merged_state(model: nn.Module) -> dict[str, Tensor]:
    """Return the state of a model with its adapters added to the weights, in the weights' own type.

    W + (alpha / rank) B A is computed in float32 and rounded once.
    """
    layers = dict(_layers(model))
    merged = {}
    for name, value in model.state_dict().items():
        if ".lora_" in name:
            continue
        plain = name.replace(".base_layer", "")
        layer = layers.get(plain.rsplit(".", 1)[0])
        if layer is not None and plain.endswith(".weight"):
            down, up = layer.lora_A[_ADAPTER].weight.float(), layer.lora_B[_ADAPTER].weight.float()
            value = (value.float() + up @ down * layer.scaling[_ADAPTER]).to(value.dtype)
        merged[plain] = value
    return merged
