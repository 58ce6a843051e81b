"""The training objective of latent diffusion: predict noise or velocity at a random time, under a caption or none."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from rsvlm.generation.schedule import Schedule


@dataclass(frozen=True)
class NoisyBatch:
    """Clean variables (n, c, h, w), noise of the same shape, times (n,), text states (n, tokens, width)."""

    clean: Tensor
    noise: Tensor
    times: Tensor
    states: Tensor


def draw(clean: Tensor, states: Tensor, empty: Tensor, schedule: Schedule, dropout: float, generator: torch.Generator) -> NoisyBatch:
    """Draw times, noise, and which captions are replaced by the empty one, all from one generator.

    Times are uniform over the schedule, one from each of as many equal strata as there are samples: the same
    expectation as independent draws, with less variance from step to step.
    """
    count = len(clean)
    places = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    times = (places * len(schedule.signal)).long().clamp(max=len(schedule.signal) - 1)
    noise = torch.randn(clean.shape, generator=generator)
    dropped = torch.rand(count, generator=generator) < dropout
    return NoisyBatch(clean, noise, times, torch.where(dropped[:, None, None], empty, states))


def diffusion_loss(unet: Any, batch: NoisyBatch, schedule: Schedule) -> Tensor:
    """Return the mean over samples of weight x mean squared error of the prediction (survey Eq. 3 where weights are 1)."""
    noisy = schedule.noisy(batch.clean, batch.noise, batch.times).contiguous(memory_format=torch.channels_last)
    predicted = unet(noisy, batch.times, batch.states, return_dict=False)[0].float()
    target = schedule.target(batch.clean, batch.noise, batch.times)
    errors = functional.mse_loss(predicted, target, reduction="none").mean(dim=(1, 2, 3))
    return (schedule.weights(batch.times) * errors).mean()
