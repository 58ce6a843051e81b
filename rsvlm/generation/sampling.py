"""DDIM sampling with guidance without a classifier, one generator an image, so that batches do not change results."""

from collections.abc import Callable

import torch
from torch import Tensor

from rsvlm.generation.schedule import Schedule

Predict = Callable[[Tensor, Tensor, Tensor], Tensor]


def sampling_times(total: int, steps: int) -> list[int]:
    """Return the times of a sampling run, last first, evenly spaced from the end ("trailing"), so that it starts at pure noise."""
    return [round(total - index * total / steps) - 1 for index in range(steps)]


def _clean_and_noise(schedule: Schedule, current: Tensor, predicted: Tensor, time: int) -> tuple[Tensor, Tensor]:
    """Split z_t into its clean latents and noise, by what was predicted."""
    signal = schedule.signal[time]
    keep, add = signal.sqrt(), (1 - signal).sqrt()
    if schedule.prediction == "v_prediction":
        return keep * current - add * predicted, keep * predicted + add * current
    return (current - add * predicted) / keep, predicted


def sample(
    schedule: Schedule,
    predict: Predict,
    states: Tensor,
    empty: Tensor,
    shape: tuple[int, int, int],
    seeds: list[int],
    steps: int,
    guidance: float,
) -> Tensor:
    """Sample latents for text states with deterministic DDIM (Song et al., eta 0).

    Args:
        schedule: the noise process.
        predict: (latents, times, text states) to the denoiser's prediction.
        states: (n, tokens, width) text states.
        empty: (1, tokens, width) states of the empty caption.
        shape: (channels, height, width) of the latents.
        seeds: one an image.
        steps: sampling steps.
        guidance: 1 follows the text as trained; more, stronger: e = e_empty + guidance (e_text - e_empty).

    Returns:
        (n, channels, height, width) latents.
    """
    noise = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    current = torch.stack(noise).to(states.device)
    times = sampling_times(len(schedule.signal), steps)
    for position, time in enumerate(times):
        stamps = torch.full((len(current),), time, device=current.device)
        predicted = predict(current, stamps, states)
        if guidance != 1:
            unconditional = predict(current, stamps, empty.expand_as(states))
            predicted = unconditional + guidance * (predicted - unconditional)
        clean, residual = _clean_and_noise(schedule, current, predicted, time)
        if position + 1 == len(times):
            return clean
        following = schedule.signal[times[position + 1]]
        current = following.sqrt() * clean + (1 - following).sqrt() * residual
    return current
