"""Published weights: read without running anything in them, converted from open_clip's and Hugging Face's layouts."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from rsvlm.errors import DataError

_EXTRA = ("input_resolution", "context_length", "vocab_size")
_POSITIONS = re.compile(r".*embeddings\.position_ids$")
_SHOWN = 5
_PICKLES = (b"\x80", b"PK\x03\x04")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a file of weights: safetensors, or a published `.pt`, `.pth` or `.bin` that holds nothing but tensors.

    A wrapping `state_dict` and the prefix `module.` are taken off.

    Raises:
        DataError: the file is missing, cut off, is not what its name says, or holds more than tensors.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file of weights")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if path.suffix not in (".pt", ".pth", ".bin"):
        raise DataError(f"{path}: weights come as .safetensors, .pt, .pth or .bin")
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path}: refused, it is cut off or holds more than tensors ({reason}); ask for safetensors") from None
    return _unwrapped(loaded, path)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    with path.open("rb") as stream:
        if stream.read(4).startswith(_PICKLES):
            raise DataError(f"{path}: refused, it is a pickle with a safetensors name, and pickles can run code")
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{path}: not a whole safetensors file: {error}") from None


def _unwrapped(loaded: Any, path: Path) -> dict[str, Tensor]:
    if isinstance(loaded, Mapping) and isinstance(loaded.get("state_dict"), Mapping):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, Mapping):
        raise DataError(f"{path}: holds {type(loaded).__name__}; named tensors are needed")
    tensors = {str(name).removeprefix("module."): value for name, value in loaded.items() if str(name) not in _EXTRA}
    strange = next((name for name, value in tensors.items() if not isinstance(value, Tensor)), None)
    if strange is not None:
        raise DataError(f"{path}: {strange} is no tensor")
    return tensors


def load_strict(module: nn.Module, tensors: Mapping[str, Tensor], where: Path) -> None:
    """Copy named tensors into a module, all of them or none, converting to the module's types.

    Raises:
        DataError: names or shapes differ; the first few are listed by kind.
    """
    own = module.state_dict()
    faults = {
        "missing": sorted(set(own) - set(tensors)),
        "unknown": sorted(set(tensors) - set(own)),
        "of another shape": [
            f"{name} ({tuple(tensors[name].shape)} instead of {tuple(own[name].shape)})"
            for name in sorted(set(own) & set(tensors))
            if tensors[name].shape != own[name].shape
        ],
    }
    if any(faults.values()):
        texts = [f"{len(names)} {kind}: {', '.join(names[:_SHOWN])}" for kind, names in faults.items() if names]
        raise DataError(f"{where}: the weights do not fit the model; {'; '.join(texts)}")
    module.load_state_dict(dict(tensors))


def clip_state(tensors: Mapping[str, Tensor], where: Path) -> dict[str, Tensor]:
    """Return a CLIP checkpoint's tensors under the names of a `DualEncoder` with CLIP towers and linear heads.

    Raises:
        DataError: it is neither in open_clip's nor in Hugging Face's layout.
    """
    if any(name.startswith("vision_model.") for name in tensors):
        return _from_hugging_face(tensors)
    if "visual.class_embedding" in tensors:
        return _from_hugging_face(_open_clip_to_hugging_face(tensors))
    if "visual.attnpool.positional_embedding" in tensors:
        vision = {f"vision.{name.removeprefix('visual.')}": value for name, value in tensors.items() if name.startswith("visual.")}
        rest = {name: value for name, value in tensors.items() if not name.startswith("visual.")}
        return {**vision, **_from_hugging_face(_open_clip_to_hugging_face(rest))}
    raise DataError(f"{where}: neither open_clip's layout (visual.*) nor Hugging Face's (vision_model.*)")


def _from_hugging_face(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    names = {
        "text_model.": "text.model.",
        "vision_model.": "vision.model.",
        "visual_projection.": "heads.image.",
        "text_projection.": "heads.text.",
        "logit_scale": "heads.log_scale",
    }
    state = {}
    for name, value in tensors.items():
        if not _POSITIONS.match(name):
            old = next((start for start in names if name.startswith(start)), "")
            state[names[old] + name.removeprefix(old) if old else name] = value
    return state


_WHOLE = {
    "logit_scale": "logit_scale",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
}
_STARTS = {
    "ln_final.": "text_model.final_layer_norm.",
    "visual.ln_pre.": "vision_model.pre_layrnorm.",
    "visual.ln_post.": "vision_model.post_layernorm.",
}
_TRANSPOSED = {"text_projection": "text_projection.weight", "visual.proj": "visual_projection.weight"}
_BLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)")
_BLOCK_STARTS = {
    "attn.out_proj.": "self_attn.out_proj.",
    "ln_1.": "layer_norm1.",
    "ln_2.": "layer_norm2.",
    "mlp.c_fc.": "mlp.fc1.",
    "mlp.c_proj.": "mlp.fc2.",
}


def _open_clip_to_hugging_face(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename, split the joint query-key-value tensors in three, and transpose the projections."""
    state: dict[str, Tensor] = {}
    for name, value in tensors.items():
        block = _BLOCK.fullmatch(name)
        if block:
            tower = "vision_model" if block[1] else "text_model"
            state.update(_block(f"{tower}.encoder.layers.{block[2]}.", block[3], value))
        elif name in _TRANSPOSED:
            state[_TRANSPOSED[name]] = value.T.contiguous()
        else:
            start = next((start for start in _STARTS if name.startswith(start)), "")
            state[_STARTS[start] + name.removeprefix(start) if start else _WHOLE.get(name, name)] = value
    return state


def _block(prefix: str, name: str, value: Tensor) -> dict[str, Tensor]:
    if name.startswith("attn.in_proj_"):
        kind = name.removeprefix("attn.in_proj_")
        return {f"{prefix}self_attn.{part}_proj.{kind}": piece.clone() for part, piece in zip("qkv", value.chunk(3), strict=True)}
    start = next((start for start in _BLOCK_STARTS if name.startswith(start)), "")
    return {prefix + (_BLOCK_STARTS[start] + name.removeprefix(start) if start else name): value}
