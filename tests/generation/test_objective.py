"""The diffusion objective against a naive loop."""

import torch

from rsvlm.generation.objective import NoisyBatch, diffusion_loss, draw
from rsvlm.generation.schedule import make_schedule
from rsvlm.generation.settings import Diffusion

SCHEDULE = make_schedule(Diffusion(prediction="v_prediction", min_snr_gamma=5.0))


def _linear(noisy, times, states, return_dict):
    assert not return_dict
    return (0.5 * noisy + states.mean(dim=(1, 2)).view(-1, 1, 1, 1),)


def test_the_loss_is_the_mean_over_samples_of_weighted_squared_errors():
    generator = torch.Generator().manual_seed(3)
    clean, noise = torch.randn(3, 2, 2, 2, generator=generator), torch.randn(3, 2, 2, 2, generator=generator)
    times, states = torch.tensor([5, 500, 950]), torch.randn(3, 2, 4, generator=generator)
    found = diffusion_loss(_linear, NoisyBatch(clean, noise, times, states), SCHEDULE)
    total = 0.0
    for n in range(3):
        signal = float(SCHEDULE.signal[times[n]])
        keep, add, ratio = signal**0.5, (1 - signal) ** 0.5, signal / (1 - signal)
        errors = []
        for x, e in zip(clean[n].flatten().tolist(), noise[n].flatten().tolist(), strict=True):
            predicted = 0.5 * (keep * x + add * e) + float(states[n].mean())
            errors.append((predicted - (keep * e - add * x)) ** 2)
        total += min(ratio, 5.0) / (ratio + 1) * sum(errors) / len(errors)
    torch.testing.assert_close(float(found), total / 3, atol=1e-5, rtol=1e-4)


def test_captions_are_dropped_at_the_given_share_and_replaced_by_the_empty_one():
    states, empty = torch.ones(4000, 1, 2), torch.full((1, 1, 2), -1.0)
    batch = draw(torch.zeros(4000, 1, 1, 1), states, empty, SCHEDULE, 0.1, torch.Generator().manual_seed(4))
    dropped = batch.states[:, 0, 0] == -1
    assert 0.08 < float(dropped.float().mean()) < 0.12
    assert bool((batch.states[dropped] == empty).all())
    assert bool((batch.states[~dropped] == 1).all())


def test_the_same_generator_draws_the_same_batch():
    first, second = (
        draw(torch.zeros(8, 2, 2, 2), torch.ones(8, 1, 1), torch.zeros(1, 1, 1), SCHEDULE, 0.5, torch.Generator().manual_seed(5))
        for _ in range(2)
    )
    assert torch.equal(first.noise, second.noise)
    assert torch.equal(first.times, second.times)
    assert torch.equal(first.states, second.states)
