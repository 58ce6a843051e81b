"""Published weights of LLaVA-type models: connectors in the three layouts that they come in."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from rsvlm.errors import DataError

# LLaVA's mm_projector.bin, LoRA training's non_lora_trainables.bin, and Hugging Face's own LLaVA port.
_LAYOUTS = {
    "base_model.model.model.mm_projector.": ("0", "2"),
    "model.mm_projector.": ("0", "2"),
    "multi_modal_projector.": ("linear_1", "linear_2"),
}
_NAMES = ("mm_projector.safetensors", "mm_projector.bin", "non_lora_trainables.safetensors", "non_lora_trainables.bin", "model.safetensors")


def connector_state(tensors: Mapping[str, Tensor], where: Path) -> dict[str, Tensor]:
    """Return the connector's state, by our names, out of a published set of tensors; other tensors are passed over.

    Raises:
        DataError: there is no connector of two linear layers.
    """
    for prefix, layers in _LAYOUTS.items():
        names = {f"{own}.{kind}": f"{prefix}{layer}.{kind}" for own, layer in zip("02", layers, strict=True) for kind in ("weight", "bias")}
        if all(name in tensors for name in names.values()):
            return {own: tensors[name].float() for own, name in names.items()}
    known = ", ".join(f"{prefix}*" for prefix in _LAYOUTS)
    raise DataError(f"{where}: no two-layer connector in it; known names: {known}")


def load_connector(connector: nn.Module, folder: Path) -> None:
    """Fill a connector from a source's folder.

    `.bin` files are read as plain tensors only: one that wants to run code is refused.

    Raises:
        DataError: no file of a known name, not plain tensors, or of other sizes.
    """
    path = next((folder / name for name in _NAMES if (folder / name).is_file()), None)
    if path is None:
        raise DataError(f"{folder}: no connector; looked for {', '.join(_NAMES)}")
    state = connector_state(_read(path), path)
    own = connector.state_dict()
    for name, value in state.items():
        if value.shape != own[name].shape:
            raise DataError(f"{path}: {name} is {tuple(value.shape)}, this model needs {tuple(own[name].shape)}")
    connector.load_state_dict(state)


def _read(path: Path) -> dict[str, Tensor]:
    import pickle

    if path.suffix == ".safetensors":
        return load_file(path)
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise DataError(f"{path}: not plain tensors; it is not loaded ({str(error).splitlines()[0]})") from None
    if not isinstance(tensors, dict) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise DataError(f"{path}: holds something else than named tensors")
    return tensors
