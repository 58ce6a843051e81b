import pickle

import pytest
import torch
from safetensors.torch import save_file

from rsvlm.errors import DataError
from rsvlm.instruction.chat import build_connector
from rsvlm.instruction.published import connector_state, load_connector

LAYOUTS = {
    "mm_projector.bin": ("model.mm_projector.0", "model.mm_projector.2"),
    "non_lora_trainables.bin": ("base_model.model.model.mm_projector.0", "base_model.model.model.mm_projector.2"),
    "model.safetensors": ("multi_modal_projector.linear_1", "multi_modal_projector.linear_2"),
}


def tensors(first, second):
    generator = torch.Generator().manual_seed(0)
    shapes = {f"{first}.weight": (6, 4), f"{first}.bias": (6,), f"{second}.weight": (6, 6), f"{second}.bias": (6,)}
    return {name: torch.randn(shape, generator=generator).half() for name, shape in shapes.items()}


@pytest.mark.system("geochat", 3)
@pytest.mark.parametrize("name", list(LAYOUTS))
def test_a_connector_is_read_from_every_published_layout(tmp_path, name):
    stored = tensors(*LAYOUTS[name])
    other = {"model.embed_tokens.weight": torch.zeros(2, 2)}
    if name.endswith(".bin"):
        torch.save({**stored, **other}, tmp_path / name)
    else:
        save_file({**stored, **other}, tmp_path / name)
    connector = build_connector(4, 6)
    load_connector(connector, tmp_path)
    first, second = LAYOUTS[name]
    assert torch.equal(connector[0].weight, stored[f"{first}.weight"].float())
    assert torch.equal(connector[2].bias, stored[f"{second}.bias"].float())


@pytest.mark.fault
def test_a_connector_of_another_size_is_refused(tmp_path):
    torch.save(tensors(*LAYOUTS["mm_projector.bin"]), tmp_path / "mm_projector.bin")
    with pytest.raises(DataError, match=r"0.weight is \(6, 4\), this model needs \(8, 4\)"):
        load_connector(build_connector(4, 8), tmp_path)


@pytest.mark.fault
def test_files_without_a_connector_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"looked for mm_projector\.safetensors"):
        load_connector(build_connector(4, 6), tmp_path)
    with pytest.raises(DataError, match="no two-layer connector"):
        connector_state({"model.mm_projector.weight": torch.zeros(2)}, tmp_path)


class Payload:
    def __reduce__(self):
        return (open, ("ran", "w"))


@pytest.mark.fault
def test_a_pickle_with_a_payload_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mm_projector.bin").write_bytes(pickle.dumps({"a": Payload()}))
    with pytest.raises(DataError, match="not plain tensors"):
        load_connector(build_connector(4, 6), tmp_path)
    assert not (tmp_path / "ran").exists()
