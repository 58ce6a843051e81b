import importlib.util
import os
import signal
from pathlib import Path

import pytest
import torch
from torch import nn

from rsvlm.training.loop import TrainingError, fit
from rsvlm.training.settings import OptimisationSettings

_spec = importlib.util.spec_from_file_location("training_problem", Path(__file__).with_name("problem.py"))
problem = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(problem)


def equal(first: nn.Module, second: nn.Module) -> bool:
    one, two = first.state_dict(), second.state_dict()
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_a_run_is_the_same_twice_and_learns(tmp_path):
    first, one = problem.train(tmp_path / "a")
    second, two = problem.train(tmp_path / "b")
    assert first == second
    assert equal(one, two)
    assert first[-1]["step"] == 40
    assert first[-1]["loss"] < first[0]["loss"]


@pytest.mark.parametrize("stop", [1, 9, 10, 23, 79])
def test_a_run_that_fails_anywhere_goes_on_exactly(tmp_path, stop):
    whole, undisturbed = problem.train(tmp_path / "a")
    calls = 0

    def failing(module, batch, place):
        nonlocal calls
        calls += 1
        if calls == stop:
            raise RuntimeError("stopped")
        noise = 0.01 * torch.randn(batch[0].shape, generator=place.generator)
        return ((module(batch[0] + noise) - batch[1]) ** 2).mean()

    with pytest.raises(RuntimeError, match="stopped"):
        problem.train(tmp_path / "b", objective=failing)
    resumed, model = problem.train(tmp_path / "b")
    assert resumed == whole
    assert equal(model, undisturbed)


def test_a_finished_run_is_not_trained_again(tmp_path):
    whole, model = problem.train(tmp_path)

    def never(*arguments):
        raise AssertionError("trained again")

    again, loaded = problem.train(tmp_path, objective=never)
    assert again == whole
    assert equal(model, loaded)


def _plain(module, batch, place):
    return ((module(batch[0]) - batch[1]) ** 2).mean()


def test_accumulated_micro_batches_equal_one_large_batch(tmp_path):
    def linear():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))

    _, one = problem.train(tmp_path / "a", problem.settings(accumulate=1), linear(), _plain)
    _, four = problem.train(tmp_path / "b", problem.settings(accumulate=4), linear(), _plain)
    for (name, first), second in zip(one.state_dict().items(), four.state_dict().values(), strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=1e-6, msg=name)


def test_steps_equal_a_plain_loop_with_adamw(tmp_path):
    chosen = OptimisationSettings(
        steps=6, batch=problem.SAMPLES, learning_rate=0.05, schedule="constant", weight_decay=0.1, clip=0.5, ema=0.9
    )
    torch.manual_seed(0)
    ours, theirs = nn.Linear(4, 1), nn.Linear(4, 1)
    theirs.load_state_dict(ours.state_dict())
    inputs, outputs = problem.data()
    optimiser = torch.optim.AdamW(
        [{"params": [theirs.weight], "weight_decay": 0.1}, {"params": [theirs.bias], "weight_decay": 0.0}], lr=0.05
    )
    average = {name: value.clone() for name, value in theirs.state_dict().items()}
    for update in range(1, 7):
        optimiser.zero_grad()
        ((theirs(inputs) - outputs) ** 2).mean().backward()
        nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
        optimiser.step()
        decay = min(0.9, (1 + update) / (10 + update))
        average = {name: decay * average[name] + (1 - decay) * value for name, value in theirs.state_dict().items()}
    problem.train(tmp_path, chosen, ours, _plain)
    for name, value in ours.state_dict().items():
        torch.testing.assert_close(value, average[name], rtol=0, atol=1e-6, msg=name)


def test_rate_factors_and_frozen_parameters(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1))
    model[1].requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    chosen = OptimisationSettings(steps=1, batch=10, learning_rate=0.01, rate_factors={"0": 0.1, "0.bias": 10.0})
    problem.train(tmp_path, chosen, model, _plain)
    moved = {name: (value - before[name]).abs().max().item() for name, value in model.state_dict().items()}
    # Adam's first step is the learning rate in every direction.
    assert moved["0.weight"] == pytest.approx(0.001, rel=1e-3)
    assert moved["0.bias"] == pytest.approx(0.1, rel=1e-3)
    assert moved["2.weight"] == pytest.approx(0.01, rel=1e-3)
    assert moved["1.weight"] == moved["1.bias"] == 0


def test_a_step_without_finite_loss_is_skipped_and_counted(tmp_path):
    model = nn.Linear(4, 1)
    seen = []

    def objective(module, batch, place):
        loss = _plain(module, batch, place)
        seen.append(module.weight.detach().clone())
        return loss * float("nan") if place.step == 3 else loss

    history, _ = problem.train(tmp_path, problem.settings(accumulate=1, log_every=10), model, objective)
    assert [entry["skipped"] for entry in history] == [1, 0, 0, 0]
    assert torch.equal(seen[3], seen[4])
    assert not torch.equal(seen[2], seen[3])


def test_a_loss_that_stays_without_value_ends_the_run(tmp_path):
    def objective(module, batch, place):
        return _plain(module, batch, place) * float("inf" if place.step >= 6 else 1)

    with pytest.raises(TrainingError, match="not finite for 3 steps in a row; lower learning_rate"):
        problem.train(tmp_path, problem.settings(nonfinite_limit=3), nn.Linear(4, 1), objective)


def test_bfloat16_computes_under_autocast_and_keeps_float32_weights(tmp_path):
    kinds = set()

    def objective(module, batch, place):
        output = module(batch[0])
        kinds.add(output.dtype)
        return ((output.float() - batch[1]) ** 2).mean()

    _, model = problem.train(tmp_path, problem.settings(precision="bfloat16"), nn.Linear(4, 1), objective)
    assert kinds == {torch.bfloat16}
    assert model.weight.dtype == torch.float32


def test_an_interrupt_finishes_and_saves_the_step(tmp_path):
    whole, undisturbed = problem.train(tmp_path / "a")

    def interrupted(module, batch, place):
        if (place.step, place.micro) == (12, 0):
            os.kill(os.getpid(), signal.SIGINT)
        noise = 0.01 * torch.randn(batch[0].shape, generator=place.generator)
        return ((module(batch[0] + noise) - batch[1]) ** 2).mean()

    with pytest.raises(KeyboardInterrupt):
        problem.train(tmp_path / "b", objective=interrupted)
    assert sorted(path.name for path in (tmp_path / "b/train").iterdir())[-1] == "step-000000013"
    resumed, model = problem.train(tmp_path / "b")
    assert resumed == whole
    assert equal(model, undisturbed)


def test_a_fault_while_making_a_batch_reaches_the_caller(tmp_path):
    def batch(rows, place):
        raise ValueError("bad sample")

    with pytest.raises(ValueError, match="bad sample"):
        fit(nn.Linear(4, 1), _plain, batch, samples=10, settings=problem.settings(), seed=1, scratch=tmp_path)
