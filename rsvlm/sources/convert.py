"""Published weights made into safetensors, once: GGUF models dequantised, `.pth` files read without running code."""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsvlm.errors import SourceError
from rsvlm.files import list_files, publish, readable_json, sha256_of, verify

if TYPE_CHECKING:
    import torch

logger = logging.getLogger("rsvlm.sources")

# Raised when a conversion's output changes, so that results of an earlier one are not taken for it.
_VERSIONS = {"gguf": 1, "pth": 1}


def convert(kind: str, inputs: Path, sha256s: dict[str, str], cache: Path) -> Path:
    """Convert a folder of weights and return the folder with the result, kept under the hash of what went in.

    Args:
        kind: `gguf` (a causal language model with its tokenizer, to bfloat16) or `pth` (state dicts).
        inputs: folder with the published files; those that are no weights are copied as they are.
        sha256s: hex sha256 of every input file, by relative path.
        cache: folder that keeps conversions.

    Returns:
        A published folder (with a manifest) of safetensors, config and tokenizer files.

    Raises:
        SourceError: an input is not what it should be, for example a pickle that wants to run code.
    """
    final = cache / f"converted-{sha256_of({'kind': kind, 'version': _VERSIONS[kind], 'inputs': sha256s})[:32]}"
    if final.exists():
        verify(final)
        return final
    logger.info("converting %s to safetensors (once; later runs reuse it)", ", ".join(sorted(sha256s)))
    with publish(final, {"conversion": kind, "inputs": sha256s}) as folder:
        for relative in list_files(inputs):
            path = inputs / relative
            if path.suffix == ".gguf":
                _convert_gguf(path, folder)
            elif path.suffix in (".pth", ".pt"):
                _convert_pth(path, (folder / relative).with_suffix(".safetensors"))
            else:
                target = folder / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    return final


def _save(tensors: dict[str, "torch.Tensor"], path: Path) -> None:
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensors[name].contiguous() for name in sorted(tensors)}, str(path))


def _convert_pth(path: Path, target: Path) -> None:
    """Write a state dict as safetensors; a file with anything but tensors is refused, not run."""
    import pickle

    import torch  # takes seconds to import; most acquisitions convert nothing

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise SourceError(f"{path.name}: not a plain state dict; it is not loaded ({str(error).splitlines()[0]})") from None
    tensors = _flattened(state) if isinstance(state, dict) else {}
    named = all(isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in tensors.items())
    if not isinstance(state, dict) or not named:
        raise SourceError(f"{path.name}: holds something else than named tensors, or dicts of them")
    _save(tensors, target)


def _flattened(state: dict[Any, Any]) -> dict[Any, Any]:
    """Return what a dict holds, and what the dicts in it hold as `outer.inner`: BasicSR keeps weights under `params_ema`."""
    found: dict[Any, Any] = {}
    for outer, value in state.items():
        found |= {f"{outer}.{inner}": below for inner, below in value.items()} if isinstance(value, dict) else {outer: value}
    return found


def _convert_gguf(path: Path, folder: Path) -> None:
    """Dequantise a GGUF causal language model to bfloat16 and write model, config and tokenizer files.

    `save_pretrained` refuses models that were loaded from GGUF, so the state dict and the config are written by hand.
    """
    import torch  # as above
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(str(path.parent), gguf_file=path.name)
    state = model.state_dict()
    if model.config.tie_word_embeddings:
        state.pop("lm_head.weight")
    _save({name: value.to(torch.bfloat16) for name, value in state.items()}, folder / "model.safetensors")
    config = model.config.to_dict()
    for key in ("quantization_config", "_model_name_or_path", "_name_or_path", "transformers_version"):
        config.pop(key, None)
    config |= {"architectures": [type(model).__name__], "dtype": "bfloat16"}
    (folder / "config.json").write_bytes(readable_json(config))
    AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name).save_pretrained(str(folder))
    tokenizer = folder / "tokenizer_config.json"
    settings = {key: value for key, value in json.loads(tokenizer.read_bytes()).items() if key not in ("is_local", "local_files_only")}
    tokenizer.write_bytes(readable_json(settings))
