"""Llama-type language models: from published files, or by their published sizes alone."""

import json
from pathlib import Path
from typing import Literal

from accelerate import init_empty_weights
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from rsvlm.errors import DataError
from rsvlm.files import readable_json, write_atomic
from rsvlm.training.precision import working_type

_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
# Config keys that say where and how a file was made, not what the model is.
_CIRCUMSTANCES = ("transformers_version", "_name_or_path", "auto_map", "quantization_config")


def published_config(kind: Literal["smollm2-135m", "vicuna-7b-v1.5"]) -> LlamaConfig:
    """Return the published sizes of a language model."""
    if kind == "smollm2-135m":
        return LlamaConfig(
            vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
            max_position_embeddings=8192, tie_word_embeddings=True,
        )  # fmt: skip
    return LlamaConfig(
        vocab_size=32000, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32,
        max_position_embeddings=4096, tie_word_embeddings=False,
    )  # fmt: skip


def build_language(config: LlamaConfig) -> LlamaForCausalLM:
    """Build a language model with random weights.

    Attention is written out: on CPU, backwards through the fused kernel takes far longer for rows this short.
    """
    config._attn_implementation = "eager"
    return LlamaForCausalLM(config)


def load_language(folder: Path, device: str = "cpu") -> LlamaForCausalLM:
    """Build a language model from a folder with `config.json` and safetensors, one file or several with an index; frozen.

    Code that a config names (`auto_map`) is never run. Weights keep the type that they are stored in, but bfloat16 becomes
    float32 for a device that would only emulate it.

    Args:
        folder: config and weights.
        device: where the model will work.

    Raises:
        DataError: a file is missing, the architecture is another one, or weights and config do not fit.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise DataError(f"{path}: missing; a language model needs its config")
    stored = json.loads(path.read_bytes())
    if stored.get("model_type") not in ("llama", "llava"):
        raise DataError(f"{path}: model_type {stored.get('model_type')!r} is no language model of Llama's kind")
    config = LlamaConfig(**{key: value for key, value in stored.items() if key not in (*_CIRCUMSTANCES, "model_type")})
    state = _weights(folder)
    with init_empty_weights(include_buffers=False):
        model = build_language(config)
    _check(model, state, folder)
    # Assigned, not copied: one set of weights in memory.
    held = {name: value.to(working_type(value.dtype, device)) for name, value in state.items()}
    model.load_state_dict(held, strict=False, assign=True)
    model.tie_weights()
    return model.requires_grad_(False).eval()


def _check(model: LlamaForCausalLM, state: dict[str, Tensor], folder: Path) -> None:
    """Compare names and shapes; the head may be left out where it is the embedding."""
    own = model.state_dict()
    if model.config.tie_word_embeddings:
        own.pop("lm_head.weight")
    found = {name: value for name, value in state.items() if name in own or not name.startswith("lm_head")}
    wrong = sorted(set(own) ^ set(found)) or [name for name in own if own[name].shape != found[name].shape]
    if wrong:
        raise DataError(f"{folder}: weights and config.json do not fit ({len(wrong)} tensors differ, first {wrong[0]})")


def _weights(folder: Path) -> dict[str, Tensor]:
    index = folder / _INDEX
    names = sorted(set(json.loads(index.read_bytes())["weight_map"].values())) if index.is_file() else [_WEIGHTS]
    state: dict[str, Tensor] = {}
    for name in names:
        if not (folder / name).is_file():
            raise DataError(f"{folder / name}: missing; acquire the language model again")
        state |= load_file(folder / name)
    return state


def save_language(config: LlamaConfig, state: dict[str, Tensor], folder: Path) -> None:
    """Write weights, in the type that the config names, and config; a head that is the embedding is left out."""
    if config.dtype is not None:
        state = {name: value.to(config.dtype) for name, value in state.items()}
    kept = {name: value.contiguous() for name, value in state.items() if not (config.tie_word_embeddings and name == "lm_head.weight")}
    save_file({name: kept[name] for name in sorted(kept)}, folder / _WEIGHTS)
    described = {key: value for key, value in config.to_dict().items() if key not in _CIRCUMSTANCES}
    write_atomic(folder / "config.json", readable_json(described))
