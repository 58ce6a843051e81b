import json

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from rsvlm.errors import DataError
from rsvlm.instruction.language import build_language, load_language, save_language
from rsvlm.instruction.lora import load_adapters, read_lora
from rsvlm.instruction.settings import LINEAR_LAYERS, Lora
from rsvlm.training.lora import adapter_parameters, adapter_state, add_adapters, merged_state, save_adapters
from rsvlm.training.precision import has_bfloat16
from tests.instruction.conftest import tiny_config

LORA = Lora(rank=4, alpha=8.0, dropout=0.1)
IDS = torch.tensor([[5, 7, 11, 13]])


def adapted(lora=LORA, seed=1, dtype=torch.float32):
    torch.manual_seed(0)
    language = build_language(tiny_config()).to(dtype)
    add_adapters(language, lora, torch.Generator().manual_seed(seed))
    return language.eval()


def trained(lora=LORA, dtype=torch.float32):
    """Adapters that do something."""
    language = adapted(lora, dtype=dtype)
    with torch.no_grad():
        for name, parameter in language.named_parameters():
            if "lora_B" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(len(name))) * 0.05)
    return language


def test_fresh_adapters_change_nothing_and_alone_are_trained():
    torch.manual_seed(0)
    plain = build_language(tiny_config()).eval()
    language = adapted()
    assert torch.equal(plain(IDS).logits, language(IDS).logits)
    assert all(("lora_" in name) == parameter.requires_grad for name, parameter in language.named_parameters())


def test_fresh_adapters_depend_on_their_generator_only():
    first, second = adapter_state(adapted()), adapter_state(adapted())
    torch.manual_seed(99)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], value) for name, value in adapter_state(adapted(seed=2)).items())


@pytest.mark.system("geochat", 2)
def test_targets_are_the_linear_layers_of_the_language_model_but_its_head():
    language = adapted()
    layers = {name.split(".lora_")[0].removeprefix("base_model.model.") for name in adapter_state(language)}
    assert layers == {
        f"model.layers.{layer}.{part}.{name}"
        for layer in range(2)
        for part, names in (("self_attn", LINEAR_LAYERS[:4]), ("mlp", LINEAR_LAYERS[4:]))
        for name in names
    }
    count = sum(parameter.numel() for parameter in language.parameters() if parameter.requires_grad)
    assert count == adapter_parameters(build_language(tiny_config()), LORA)


@pytest.mark.system("geochat", 2)
def test_suffixes_never_reach_a_vision_tower_with_the_same_names():
    """CLIP's attention has q_proj, k_proj and v_proj too; adapters go into the language model, which is all they are given."""
    from transformers import CLIPVisionConfig

    from rsvlm.instruction.chat import Chat, build_connector
    from rsvlm.instruction.settings import ClipGrid
    from rsvlm.instruction.vision import ClipFeatures

    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14
    )
    settings = ClipGrid(kind="clip-vit-large-patch14-336", source="clip", hub="openai/clip", size=28)
    vision = ClipFeatures(settings, config).requires_grad_(False)
    assert any(name.endswith("q_proj") for name, _ in vision.named_modules())
    model = Chat(build_connector(16, 32), adapted(), [1, 2], share_system=False)
    assert not any("lora_" in name for name, _ in vision.named_parameters())
    assert not any(name.startswith("vision") for name, _ in model.named_parameters())


@pytest.mark.system("geochat", 2)
def test_merged_weights_answer_as_the_adapters_do():
    language = trained()
    plain = build_language(tiny_config()).eval()
    before = plain(IDS).logits
    plain.load_state_dict(merged_state(language))
    assert torch.allclose(plain(IDS).logits, language(IDS).logits, atol=1e-5)
    assert not torch.allclose(before, language(IDS).logits, atol=1e-3)


def test_a_merged_weight_is_w_plus_scale_b_a_rounded_once():
    language = trained(dtype=torch.bfloat16)
    name = "model.layers.1.mlp.down_proj"
    layer = language.get_submodule(name)
    down, up = layer.lora_A["default"].weight, layer.lora_B["default"].weight
    expected = (layer.base_layer.weight.double() + 2.0 * (up.double() @ down.double())).to(torch.bfloat16)
    assert torch.equal(merged_state(language)[f"{name}.weight"], expected)


def test_peft_itself_reads_what_is_saved(tmp_path):
    language = trained()
    save_adapters(language, LORA, "base", tmp_path / "adapter")
    torch.manual_seed(0)
    loaded = PeftModel.from_pretrained(build_language(tiny_config()).eval(), str(tmp_path / "adapter"))
    assert torch.allclose(loaded(IDS).logits, language(IDS).logits, atol=1e-6)


def test_saved_adapters_come_back(tmp_path):
    language = trained()
    save_adapters(language, LORA, "base", tmp_path)
    assert read_lora(tmp_path) == Lora(rank=4, alpha=8.0, dropout=0.1, targets=tuple(sorted(LINEAR_LAYERS)))
    torch.manual_seed(0)
    again = build_language(tiny_config()).eval()
    load_adapters(again, tmp_path)
    again.eval()
    assert torch.equal(again(IDS).logits, language(IDS).logits)


@pytest.mark.fault
def test_adapters_of_another_model_are_refused_with_the_differences(tmp_path):
    save_adapters(trained(), LORA, "base", tmp_path)
    path = tmp_path / "adapter_model.safetensors"
    state = load_file(path)
    first = sorted(state)[0]
    changed = {name: value for name, value in state.items() if name != first}
    changed["base_model.model.model.layers.9.mlp.up_proj.lora_A.weight"] = torch.zeros(4, 32)
    save_file(changed, path)
    with pytest.raises(DataError, match=r"1 missing .*1 unknown \(first model.layers.9"):
        load_adapters(build_language(tiny_config()), tmp_path)
    config = tmp_path / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "r": 8}))
    with pytest.raises(DataError, match="of another shape"):
        load_adapters(build_language(tiny_config()), tmp_path)
    config.write_text(json.dumps({"peft_type": "IA3"}))
    with pytest.raises(DataError, match="only LoRA"):
        load_adapters(build_language(tiny_config()), tmp_path)


def test_a_language_model_comes_back_as_it_was_saved(tmp_path):
    torch.manual_seed(2)
    model = build_language(tiny_config()).to(torch.bfloat16).eval()
    save_language(model.config, model.state_dict(), tmp_path)
    assert "lm_head.weight" not in load_file(tmp_path / "model.safetensors")
    loaded = load_language(tmp_path)
    for name, value in loaded.state_dict().items():
        assert torch.equal(value.float(), model.state_dict()[name].float()), name
    assert loaded.model.rotary_emb.inv_freq.dtype == torch.float32
    # A processor that has no bfloat16 holds the same values in float32; what is saved again is bfloat16 everywhere.
    assert loaded.dtype == (torch.bfloat16 if has_bfloat16() else torch.float32)
    (tmp_path / "again").mkdir()
    config = tiny_config()
    config.dtype = torch.bfloat16
    save_language(config, loaded.state_dict(), tmp_path / "again")
    assert (tmp_path / "again/model.safetensors").read_bytes() == (tmp_path / "model.safetensors").read_bytes()


def test_weights_in_several_files_are_put_together(tmp_path):
    torch.manual_seed(2)
    model = build_language(tiny_config(tied=False)).eval()
    save_language(model.config, model.state_dict(), tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    (tmp_path / "model.safetensors").unlink()
    names = sorted(state)
    files = {name: f"model-0000{1 + position % 2}-of-00002.safetensors" for position, name in enumerate(names)}
    for file in set(files.values()):
        save_file({name: state[name] for name in names if files[name] == file}, tmp_path / file)
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}))
    assert torch.equal(load_language(tmp_path)(IDS).logits, model(IDS).logits)


@pytest.mark.fault
def test_weights_that_do_not_fit_their_config_are_refused(tmp_path):
    model = build_language(tiny_config())
    save_language(model.config, model.state_dict(), tmp_path)
    config = tmp_path / "config.json"
    stored = json.loads(config.read_text())
    config.write_text(json.dumps({**stored, "num_hidden_layers": 3}))
    with pytest.raises(DataError, match="do not fit"):
        load_language(tmp_path)
    config.write_text(json.dumps({**stored, "model_type": "gpt2"}))
    with pytest.raises(DataError, match="model_type 'gpt2'"):
        load_language(tmp_path)


def test_code_that_a_config_names_is_never_run(tmp_path):
    model = build_language(tiny_config())
    save_language(model.config, model.state_dict(), tmp_path)
    config = tmp_path / "config.json"
    poisoned = {**json.loads(config.read_text()), "auto_map": {"AutoModelForCausalLM": "evil.Model"}, "trust_remote_code": True}
    config.write_text(json.dumps(poisoned))
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    assert type(load_language(tmp_path)).__module__.startswith("transformers.")
