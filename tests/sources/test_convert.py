import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rsvlm.encoders.rrdb import RrdbNet, load_rrdb
from rsvlm.errors import IntegrityError, SourceError
from rsvlm.files import sha256_file
from rsvlm.sources.convert import convert


class _Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("/tmp/never-made-by-a-pickle"),))


def _folder(tmp_path: Path, content: object) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    torch.save(content, folder / "model.pth")
    (folder / "LICENSE").write_bytes(b"MIT")
    return folder


def test_state_dicts_become_safetensors_once(tmp_path: Path) -> None:
    state = {"b": torch.arange(6.0).reshape(2, 3).t(), "a": torch.ones(2, dtype=torch.float16), "n": torch.tensor(3)}
    folder = _folder(tmp_path, state)
    hashes = {"model.pth": sha256_file(folder / "model.pth"), "LICENSE": sha256_file(folder / "LICENSE")}
    first = convert("pth", folder, hashes, tmp_path / "one")
    loaded = load_file(str(first / "model.safetensors"))
    assert loaded.keys() == state.keys()
    assert all(torch.equal(loaded[name], state[name]) and loaded[name].dtype == state[name].dtype for name in state)
    assert (first / "LICENSE").read_bytes() == b"MIT"
    again = convert("pth", folder, hashes, tmp_path / "two")
    assert (again / "model.safetensors").read_bytes() == (first / "model.safetensors").read_bytes()
    (folder / "model.pth").unlink()
    assert convert("pth", folder, hashes, tmp_path / "one") == first
    data = bytearray((first / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (first / "model.safetensors").write_bytes(data)
    with pytest.raises(IntegrityError, match="bytes changed"):
        convert("pth", folder, hashes, tmp_path / "one")


@pytest.mark.system("git-10m", 2)
def test_weights_that_lie_in_a_dict_are_named_after_it_and_load(tmp_path: Path) -> None:
    """BasicSR's files hold one state dict under `params_ema`; the super-resolution network takes what becomes of it."""
    torch.manual_seed(2)
    given, other = RrdbNet(2, 4, 1, 3), RrdbNet(2, 4, 1, 3)
    folder = _folder(tmp_path, {"params_ema": given.state_dict()})
    result = convert("pth", folder, {"model.pth": sha256_file(folder / "model.pth")}, tmp_path / "cache")
    stored = load_file(str(result / "model.safetensors"))
    assert torch.equal(stored["params_ema.body.0.rdb1.conv1.weight"], given.state_dict()["body.0.rdb1.conv1.weight"])
    load_rrdb(other, result / "model.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(given.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    "content", [{"a": _Payload()}, [1, 2], {"a": 3}, {"a": {"b": {"c": torch.ones(1)}}}, {"a": {"b": 3}}, {3: torch.ones(1)}]
)
def test_anything_but_tensors_is_refused_and_not_run(tmp_path: Path, content: object) -> None:
    folder = _folder(tmp_path, content)
    with pytest.raises(SourceError, match=r"model\.pth: (not a plain state dict|holds something else)"):
        convert("pth", folder, {"model.pth": "x"}, tmp_path / "cache")
    assert not Path("/tmp/never-made-by-a-pickle").exists()
    assert not list((tmp_path / "cache").glob("converted-*"))


def test_a_bare_pickle_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "model.pt").write_bytes(pickle.dumps(_Payload()))
    with pytest.raises(SourceError, match="not a plain state dict"):
        convert("pth", folder, {"model.pt": "x"}, tmp_path / "cache")


@pytest.mark.integration
def test_a_gguf_model_speaks_after_conversion(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    from rsvlm.sources.catalogue import load
    from rsvlm.sources.definition import PackageAddress
    from rsvlm.sources.packages import locate

    source = load("smollm2")
    address = source.definition.parts[0].address
    assert isinstance(address, PackageAddress)
    assert source.files is not None
    origin = locate(address, source.files[0].path)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / origin.name).symlink_to(origin)
    result = convert("gguf", folder, {origin.name: source.files[0].sha256}, tmp_path / "cache")
    config = json.loads((result / "config.json").read_bytes())
    assert (config["hidden_size"], config["num_hidden_layers"], config["dtype"]) == (576, 30, "bfloat16")
    assert "quantization_config" not in config
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(result))
    model = transformers.AutoModelForCausalLM.from_pretrained(str(result), dtype=torch.bfloat16).eval()
    tensors = load_file(str(result / "model.safetensors"))
    assert sum(tensor.numel() for tensor in tensors.values()) == 134_515_008  # SmolLM2-135M, tied embeddings counted once
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}], add_generation_prompt=True, tokenize=False
    )
    prompt = tokenizer(chat, return_tensors="pt", add_special_tokens=False)
    with torch.inference_mode():
        out = model.generate(**prompt, max_new_tokens=12, do_sample=False)
    assert "Paris" in tokenizer.decode(out[0, prompt["input_ids"].shape[1] :])
