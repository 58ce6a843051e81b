"""Stored adapters of a language model, read back and put beside its layers."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import LlamaForCausalLM

from rsvlm.errors import DataError
from rsvlm.instruction.settings import Lora
from rsvlm.training.lora import CONFIG, PREFIX, WEIGHTS, adapter_state, add_adapters, stored_name


def read_lora(folder: Path) -> Lora:
    """Return the settings of stored adapters (also published ones).

    Raises:
        DataError: the config is missing or asks for what rsvlm does not do.
    """
    path = folder / CONFIG
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
    path = folder / WEIGHTS
    if not path.is_file():
        raise DataError(f"{path}: missing; only safetensors are loaded")
    _check(load_file(path), adapter_state(language), path)
    own = {stored_name(name): parameter for name, parameter in language.named_parameters()}
    with torch.no_grad():
        for name, value in load_file(path).items():
            own[name].copy_(value)


def _check(stored: Mapping[str, Tensor], own: Mapping[str, Tensor], path: Path) -> None:
    missing, strange = sorted(set(own) - set(stored)), sorted(set(stored) - set(own))
    shapes = [name for name in own if name in stored and own[name].shape != stored[name].shape]
    parts = []
    for word, names in (("missing", missing), ("unknown", strange), ("of another shape", shapes)):
        if names:
            parts.append(f"{len(names)} {word} (first {names[0].removeprefix(PREFIX)})")
    if parts:
        raise DataError(f"{path}: the adapters do not fit this language model: {', '.join(parts)}")
