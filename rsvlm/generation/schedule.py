"""The noise process of latent diffusion: schedules, noisy latents, targets and loss weights.

Formulas: z_t = sqrt(a_t) z_0 + sqrt(1 - a_t) e with a_t the running product of 1 - b_t (DDPM); velocity
v = sqrt(a_t) e - sqrt(1 - a_t) z_0; min-SNR weights min(SNR, g) / SNR for noise and / (SNR + 1) for velocity.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from rsvlm.generation.settings import Diffusion


@dataclass(frozen=True)
class Schedule:
    """The running products a_t, float32 of shape (steps,), of a noise process, and how targets are made from them."""

    signal: Tensor
    prediction: str
    min_snr_gamma: float | None

    def noisy(self, clean: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        """Return z_t for (n, c, h, w) latents and noise at (n,) times."""
        keep, add = self._factors(times)
        return keep * clean + add * noise

    def target(self, clean: Tensor, noise: Tensor, times: Tensor) -> Tensor:
        """Return what the denoiser should predict: the noise, or the velocity."""
        if self.prediction == "epsilon":
            return noise
        keep, add = self._factors(times)
        return keep * noise - add * clean

    def weights(self, times: Tensor) -> Tensor:
        """Return the loss weight of every sample, (n,); ones without min-SNR."""
        if self.min_snr_gamma is None:
            return torch.ones(len(times))
        signal = self.signal[times].double()
        ratio = signal / (1 - signal)
        limited = ratio.clamp(max=self.min_snr_gamma)
        # At zero terminal SNR the ratio is 0: the weight of velocity tends to 0 and that of noise to 1.
        weights = (
            limited / (ratio + 1) if self.prediction == "v_prediction" else torch.where(ratio > 0, limited / ratio.clamp_min(1e-12), 1.0)
        )
        return weights.float()

    def _factors(self, times: Tensor) -> tuple[Tensor, Tensor]:
        signal = self.signal[times].view(-1, 1, 1, 1)
        return signal.sqrt(), (1 - signal).sqrt()


def make_schedule(settings: Diffusion) -> Schedule:
    """Build the schedule: variances linear in their square root, as Stable Diffusion's "scaled linear"."""
    betas = torch.linspace(settings.beta_start**0.5, settings.beta_end**0.5, settings.steps, dtype=torch.float64) ** 2
    signal = torch.cumprod(1 - betas, dim=0)
    if settings.zero_terminal_snr:
        root = signal.sqrt()
        first, last = root[0].clone(), root[-1].clone()
        signal = ((root - last) * first / (first - last)) ** 2
    return Schedule(signal.float(), settings.prediction, settings.min_snr_gamma)
