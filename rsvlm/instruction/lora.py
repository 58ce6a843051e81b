"""Low-rank adapters in the language model (PEFT's), stored in PEFT's layout, and merged into the weights."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from rsvlm.errors import DataError
from rsvlm.files import readable_json, write_atomic
from rsvlm.instruction.settings import Lora

_ADAPTER = "default"
_PREFIX = "base_model.model."
_WEIGHTS = "adapter_model.safetensors"
_CONFIG = "adapter_config.json"


def add_adapters(language: LlamaForCausalLM, lora: Lora, generator: torch.Generator) -> None:
    """Put fresh adapters beside the target layers; only they require gradients afterwards.

    A is uniform within 1 / sqrt(inputs), B is zero, so that nothing changes before the first step.
    """
    language.requires_grad_(False)
    config = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=list(lora.targets), bias="none")
    inject_adapter_in_model(config, language, adapter_name=_ADAPTER)
    for _, layer in _layers(language):
        down, up = layer.lora_A[_ADAPTER].weight, layer.lora_B[_ADAPTER].weight
        bound = down.shape[1] ** -0.5
        down.data = (torch.rand(down.shape, generator=generator) * 2 - 1) * bound
        up.data = torch.zeros(up.shape)


def _layers(language: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield (name, layer) of every adapted layer, in the model's order."""
    for name, module in language.named_modules():
        if isinstance(module, LoraLayer):
            yield name, module


def adapter_state(language: nn.Module) -> dict[str, Tensor]:
    """Return the adapters' tensors in float32, by the names that PEFT stores."""
    state = language.state_dict()
    return {f"{_PREFIX}{name.replace(f'.{_ADAPTER}', '')}": value.float() for name, value in state.items() if ".lora_" in name}


def save_adapters(language: nn.Module, lora: Lora, base: str, folder: Path) -> None:
    """Write `adapter_model.safetensors` and `adapter_config.json`, as PEFT reads them.

    Args:
        language: with adapters.
        lora: their settings.
        base: name of the model that they belong to.
        folder: where to; made if needed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = adapter_state(language)
    save_file({name: state[name].contiguous() for name in sorted(state)}, folder / _WEIGHTS)
    config = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": lora.rank, "lora_alpha": lora.alpha,
        "lora_dropout": lora.dropout, "target_modules": sorted(lora.targets), "bias": "none", "inference_mode": True,
    }  # fmt: skip
    write_atomic(folder / _CONFIG, readable_json(config))


def read_lora(folder: Path) -> Lora:
    """Return the settings of stored adapters (also published ones).

    Raises:
        DataError: the config is missing or asks for what rsvlm does not do.
    """
    path = folder / _CONFIG
    if not path.is_file():
        raise DataError(f"{path}: missing; adapters need their config")
    stored = json.loads(path.read_bytes())
    if stored.get("peft_type") != "LORA" or stored.get("bias", "none") != "none":
        raise DataError(f"{path}: only LoRA without biases can be loaded")
    targets = tuple(sorted({str(name).rsplit(".", 1)[-1] for name in stored["target_modules"]}))
    return Lora(rank=stored["r"], alpha=float(stored["lora_alpha"]), dropout=float(stored["lora_dropout"]), targets=targets)


def load_adapters(language: LlamaForCausalLM, folder: Path) -> None:
    """Put stored adapters into a language model.

    Raises:
        DataError: they are of another base, rank or set of layers; the differences are listed.
    """
    add_adapters(language, read_lora(folder), torch.Generator())
    path = folder / _WEIGHTS
    if not path.is_file():
        raise DataError(f"{path}: missing; only safetensors are loaded")
    _check(load_file(path), adapter_state(language), path)
    own = {f"{_PREFIX}{name.replace(f'.{_ADAPTER}', '')}": parameter for name, parameter in language.named_parameters()}
    with torch.no_grad():
        for name, value in load_file(path).items():
            own[name].copy_(value)


def _check(stored: Mapping[str, Tensor], own: Mapping[str, Tensor], path: Path) -> None:
    missing, strange = sorted(set(own) - set(stored)), sorted(set(stored) - set(own))
    shapes = [name for name in own if name in stored and own[name].shape != stored[name].shape]
    parts = []
    for word, names in (("missing", missing), ("unknown", strange), ("of another shape", shapes)):
        if names:
            parts.append(f"{len(names)} {word} (first {names[0].removeprefix(_PREFIX)})")
    if parts:
        raise DataError(f"{path}: the adapters do not fit this language model: {', '.join(parts)}")


@torch.no_grad()
def merged_state(language: LlamaForCausalLM) -> dict[str, Tensor]:
    """Return the state of the language model with its adapters added to the weights, in the weights' own type.

    W + (alpha / rank) B A is computed in float32 and rounded once.
    """
    layers = dict(_layers(language))
    merged = {}
    for name, value in language.state_dict().items():
        if ".lora_" in name:
            continue
        plain = name.replace(".base_layer", "")
        layer = layers.get(plain.rsplit(".", 1)[0])
        if layer is not None and plain.endswith(".weight"):
            down, up = layer.lora_A[_ADAPTER].weight.float(), layer.lora_B[_ADAPTER].weight.float()
            value = (value.float() + up @ down * layer.scaling[_ADAPTER]).to(value.dtype)
        merged[plain] = value
    return merged
