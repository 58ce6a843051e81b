import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from rsvlm.errors import ConfigurationError
from rsvlm.training import checkpoints
from rsvlm.training.deepspeed_engine import DeepSpeedEngine, configuration, consolidate
from rsvlm.training.deepspeed_settings import DeepSpeedSettings
from rsvlm.training.engine import TorchEngine
from rsvlm.training.loop import TrainingError, fit
from rsvlm.training.settings import OptimisationSettings

INPUTS = torch.randn(64, 8, generator=torch.Generator().manual_seed(1))
TARGETS = INPUTS.sum(1, keepdim=True)
STEPS = 12


def settings(**changes) -> OptimisationSettings:
    given = {
        "steps": STEPS, "batch": 8, "accumulate": 2, "learning_rate": 1e-2, "weight_decay": 0.1, "clip": 1.0, "checkpoint_every": 4,
        "log_every": 4, "rate_factors": {"2.": 0.5}, **changes,
    }  # fmt: skip
    return OptimisationSettings(**given)


def network() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 1))
    model[0].bias.requires_grad_(False)
    return model


def objective(module, batch, place):
    rows = batch
    inputs = INPUTS[rows].to(next(module.parameters()).dtype)
    return ((module(inputs) - TARGETS[rows]).float() ** 2).mean()


def train(scratch: Path, zero: int | None, **changes):
    model, chosen = network(), settings(**changes)
    engine = (
        DeepSpeedEngine(model, chosen, DeepSpeedSettings(zero=zero), scratch / "incoming")
        if zero is not None
        else TorchEngine(model, chosen)
    )
    history = fit(model, objective, lambda rows, place: list(rows), samples=64, settings=chosen, seed=1, scratch=scratch, engine=engine)
    weights = engine.trained if zero is not None else {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}
    return history, weights


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return train(tmp_path_factory.mktemp("plain"), None)


@pytest.mark.parametrize("zero", [0, 1, 2, 3])
def test_every_stage_trains_as_plain_pytorch_does(tmp_path, plain, zero):
    history, weights = train(tmp_path, zero)
    assert weights.keys() == plain[1].keys()
    for name, value in weights.items():
        assert torch.allclose(value, plain[1][name], atol=1e-6), name
    for ours, theirs in zip(history, plain[0], strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-5)
        assert ours["gradient_norm"] == pytest.approx(theirs["gradient_norm"], rel=1e-4)


def test_a_training_leaves_pytorch_as_it_was(tmp_path):
    before = torch.nn.functional.linear
    train(tmp_path, 3)
    assert torch.nn.functional.linear is before


@pytest.mark.parametrize("zero", [0, 1, 2, 3])
def test_bfloat16_keeps_a_float32_master_copy(tmp_path, plain, zero):
    history, weights = train(tmp_path, zero, precision="bfloat16")
    assert all(value.dtype == torch.float32 for value in weights.values())
    assert any(not torch.equal(value, value.bfloat16().float()) for value in weights.values())
    assert history[-1]["loss"] == pytest.approx(plain[0][-1]["loss"], rel=0.02)


@pytest.mark.fault
@pytest.mark.parametrize("zero", [0, 2, 3])
def test_a_training_cut_short_goes_on_exactly(tmp_path, zero):
    expected = train(tmp_path / "whole", zero, precision="bfloat16")
    train(tmp_path / "cut", zero, precision="bfloat16")
    folder = tmp_path / "cut" / "train"
    for path in sorted(folder.glob("step-*"))[1:]:
        for file in sorted(path.rglob("*"), reverse=True):
            file.unlink() if file.is_file() else file.rmdir()
        path.rmdir()
    assert checkpoints.latest(folder)[1]["step"] == 8
    again = train(tmp_path / "cut", zero, precision="bfloat16")
    assert again[0] == expected[0]
    assert all(torch.equal(again[1][name], value) for name, value in expected[1].items())


@pytest.mark.fault
def test_a_changed_checkpoint_is_never_unpickled(tmp_path):
    train(tmp_path, 2)
    folder = tmp_path / "train"
    newest = sorted(folder.glob("step-*"))[-1]
    victim = next(newest.rglob("*model_states.pt"))
    victim.write_bytes(b"not what was written")
    found = checkpoints.latest(folder)
    assert found is not None
    assert found[1]["step"] == 8
    assert not newest.exists()


@pytest.mark.parametrize("zero", [1, 2, 3])
def test_a_checkpoint_is_put_together_as_float32_safetensors(tmp_path, zero):
    _, weights = train(tmp_path, zero, precision="bfloat16")
    consolidate(sorted((tmp_path / "train").glob("step-*"))[-1], tmp_path / "weights.safetensors")
    stored = load_file(tmp_path / "weights.safetensors")
    assert stored.keys() == weights.keys()
    assert all(torch.equal(stored[name], value) for name, value in weights.items())


@pytest.mark.fault
def test_another_number_of_workers_is_told_what_to_do(tmp_path):
    train(tmp_path, 2)
    path = sorted((tmp_path / "train").glob("step-*"))[-1]
    (path / "engine.json").write_text(json.dumps({"workers": 2, "zero": 2}))
    engine = DeepSpeedEngine(network(), settings(), DeepSpeedSettings(zero=2), tmp_path / "incoming")
    with pytest.raises(ConfigurationError, match=r"written by 2 workers under ZeRO 2, not 1 under 2; go on with those settings, or remove"):
        engine.load(path)


@pytest.mark.fault
@pytest.mark.parametrize("zero", [0, 2, 3])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_values_that_are_not_finite_change_nothing(tmp_path, zero, precision):
    def poisoned(module, batch, place):
        loss = objective(module, batch, place)
        return loss * float("nan") if place.step == 3 else loss * (float("inf") if place.step == 5 and place.micro else 1.0)

    model, chosen = network(), settings(precision=precision, log_every=1, steps=8)
    engine = DeepSpeedEngine(model, chosen, DeepSpeedSettings(zero=zero), tmp_path / "incoming")
    history = fit(model, poisoned, lambda rows, place: list(rows), samples=64, settings=chosen, seed=1, scratch=tmp_path, engine=engine)
    assert [entry["skipped"] for entry in history] == [0, 0, 0, 1, 0, 1, 0, 0]
    assert all(torch.isfinite(value).all() for value in engine.trained.values())


@pytest.mark.fault
@pytest.mark.parametrize("zero", [0, 2, 3])
def test_gradients_that_are_not_finite_change_nothing(tmp_path, zero):
    """The loss is finite, its gradient is not: the root of nought."""

    def poisoned(module, batch, place):
        loss = objective(module, batch, place)
        return loss + (loss - loss.detach()).abs().sqrt() if place.step == 2 else loss

    model, chosen = network(), settings(log_every=1, steps=4)
    engine = DeepSpeedEngine(model, chosen, DeepSpeedSettings(zero=zero), tmp_path / "incoming")
    history = fit(model, poisoned, lambda rows, place: list(rows), samples=64, settings=chosen, seed=1, scratch=tmp_path, engine=engine)
    assert [entry["skipped"] for entry in history] == [0, 0, 1, 0]
    assert all(torch.isfinite(value).all() for value in engine.trained.values())


@pytest.mark.fault
def test_a_loss_that_stays_not_finite_ends_the_run(tmp_path):
    chosen = settings(nonfinite_limit=3)
    engine = DeepSpeedEngine(network(), chosen, DeepSpeedSettings(zero=2), tmp_path / "incoming")
    with pytest.raises(TrainingError, match="3 steps in a row"):
        fit(
            engine.model, lambda *_: torch.tensor(float("nan"), requires_grad=True), lambda rows, place: rows, samples=64, settings=chosen,
            seed=1, scratch=tmp_path, engine=engine,
        )  # fmt: skip


def test_the_configuration_is_that_of_the_published_files():
    two = configuration(settings(precision="bfloat16"), DeepSpeedSettings(zero=2), 2)
    assert (two["train_batch_size"], two["train_micro_batch_size_per_gpu"], two["gradient_accumulation_steps"]) == (8, 2, 2)
    assert two["bf16"] == {"enabled": True}
    assert two["zero_optimization"]["stage"] == 2
    assert two["zero_optimization"]["contiguous_gradients"]
    assert two["zero_optimization"]["sub_group_size"] == 1_000_000_000
    three = configuration(settings(), DeepSpeedSettings(zero=3), 1)["zero_optimization"]
    assert three["stage3_max_live_parameters"] == three["stage3_max_reuse_distance"] == 1_000_000_000
    assert three["stage3_gather_16bit_weights_on_model_save"]


@pytest.mark.fault
def test_what_deepspeed_is_not_asked_to_do_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="no multiple of 2 micro-batches x 3 workers"):
        configuration(settings(), DeepSpeedSettings(zero=2, workers=3), 3)
    with pytest.raises(ConfigurationError, match=r"optimisation.ema: not offered"):
        DeepSpeedEngine(network(), settings(ema=0.9), DeepSpeedSettings(zero=2), tmp_path)
