"""The noise process against diffusers' schedulers and against numbers worked out by hand."""

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler

from rsvlm.generation.sampling import sample, sampling_times
from rsvlm.generation.schedule import make_schedule
from rsvlm.generation.settings import Diffusion


def _settings(prediction="v_prediction", **more):
    return Diffusion(prediction=prediction, **more)


def _reference(kind=DDPMScheduler, prediction="v_prediction", zero=False, **more):
    return kind(
        num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type=prediction,
        rescale_betas_zero_snr=zero, clip_sample=False, **more,
    )  # fmt: skip


@pytest.mark.system("rs-sd", 2)
@pytest.mark.parametrize("zero", [False, True])
def test_noisy_latents_and_velocity_are_those_of_diffusers(zero):
    schedule, reference = make_schedule(_settings(zero_terminal_snr=zero)), _reference(zero=zero)
    generator = torch.Generator().manual_seed(1)
    clean, noise = torch.randn(4, 3, 5, 5, generator=generator), torch.randn(4, 3, 5, 5, generator=generator)
    times = torch.tensor([0, 250, 700, 999])
    torch.testing.assert_close(schedule.noisy(clean, noise, times), reference.add_noise(clean, noise, times), atol=2e-4, rtol=2e-4)
    torch.testing.assert_close(schedule.target(clean, noise, times), reference.get_velocity(clean, noise, times), atol=2e-4, rtol=2e-4)


def test_the_target_of_epsilon_prediction_is_the_noise():
    schedule = make_schedule(_settings("epsilon"))
    noise = torch.randn(2, 1, 2, 2)
    assert torch.equal(schedule.target(torch.zeros(2, 1, 2, 2), noise, torch.tensor([3, 900])), noise)


def test_zero_terminal_snr_ends_in_pure_noise_and_keeps_the_first_step():
    plain, rescaled = make_schedule(_settings()), make_schedule(_settings(zero_terminal_snr=True))
    assert float(rescaled.signal[-1]) == 0
    assert float(rescaled.signal[0]) == pytest.approx(float(plain.signal[0]), rel=1e-6)


@pytest.mark.parametrize(("prediction", "divisor"), [("epsilon", lambda ratio: ratio), ("v_prediction", lambda ratio: ratio + 1)])
def test_min_snr_weights_follow_the_formula(prediction, divisor):
    schedule = make_schedule(_settings(prediction, min_snr_gamma=5.0))
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    signal = np.cumprod(1 - betas)
    times = [10, 400, 990]
    expected = [min(signal[t] / (1 - signal[t]), 5.0) / divisor(signal[t] / (1 - signal[t])) for t in times]
    np.testing.assert_allclose(schedule.weights(torch.tensor(times)).numpy(), expected, rtol=1e-3)


def test_weights_are_finite_where_the_signal_is_zero():
    for prediction, last in (("epsilon", 1.0), ("v_prediction", 0.0)):
        schedule = make_schedule(_settings(prediction, min_snr_gamma=5.0, zero_terminal_snr=True))
        assert float(schedule.weights(torch.tensor([999]))) == pytest.approx(last)


def test_sampling_starts_at_pure_noise_and_is_evenly_spaced():
    assert sampling_times(1000, 4) == [999, 749, 499, 249]
    reference = _reference(DDIMScheduler, timestep_spacing="trailing")
    reference.set_timesteps(30)
    assert sampling_times(1000, 30) == reference.timesteps.tolist()


@pytest.mark.system("rs-sd", 2)
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_sampling_is_ddim_as_diffusers_does_it(prediction):
    schedule = make_schedule(_settings(prediction))
    reference = _reference(DDIMScheduler, prediction, timestep_spacing="trailing", set_alpha_to_one=True)
    reference.set_timesteps(8)
    states, empty = torch.ones(2, 1, 1), torch.zeros(1, 1, 1)

    def predict(noisy, times, texts):
        return 0.3 * noisy + 0.1 * texts[:, :, :, None] + times.view(-1, 1, 1, 1) / 5000

    ours = sample(schedule, predict, states, empty, (3, 4, 4), [5, 6], steps=8, guidance=2.0)
    current = torch.stack([torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(seed)) for seed in (5, 6)])
    for time in reference.timesteps:
        stamps = torch.full((2,), int(time))
        without, wanted = predict(current, stamps, torch.zeros(2, 1, 1)), predict(current, stamps, states)
        current = reference.step(without + 2.0 * (wanted - without), time, current).prev_sample
    torch.testing.assert_close(ours, current, atol=1e-4, rtol=1e-4)


def test_a_perfect_denoiser_is_followed_to_the_clean_latents():
    schedule = make_schedule(_settings(zero_terminal_snr=True))
    clean = torch.full((1, 2, 3, 3), 0.7)

    def oracle(noisy, times, texts):
        signal = schedule.signal[times].view(-1, 1, 1, 1)
        noise = (noisy - signal.sqrt() * clean) / (1 - signal).sqrt()
        return signal.sqrt() * noise - (1 - signal).sqrt() * clean

    found = sample(schedule, oracle, torch.zeros(1, 1, 1), torch.zeros(1, 1, 1), (2, 3, 3), [1], steps=10, guidance=1.0)
    torch.testing.assert_close(found, clean, atol=1e-3, rtol=0)
