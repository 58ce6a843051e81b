"""A reduced, whitened basis of latents: the denoiser predicts a few numbers a patch instead of all channels.

The 32-channel latents of the tiny auto-encoder are close to noise at high frequency. Their principal components over
small patches keep what shows in a scene and leave a target that a small denoiser can learn. The basis is fitted on
training images only.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Basis:
    """An affine map between latents and coefficients of unit variance.

    Attributes:
        mean: (channels * patch²,) mean of a patch.
        directions: (channels * patch², components), orthonormal columns, by falling variance.
        deviation: (components,) standard deviation along each direction on the training images.
        patch: latent cells a side.
    """

    mean: Tensor
    directions: Tensor
    deviation: Tensor
    patch: int

    def coefficients(self, latents: Tensor) -> Tensor:
        """Project latents (n, c, h, w) to coefficients (n, components, h / patch, w / patch)."""
        patches = functional.pixel_unshuffle(latents, self.patch)
        centred = patches - self.mean[:, None, None]
        projected = torch.einsum("nchw,ck->nkhw", centred, self.directions)
        return projected / self.deviation[:, None, None]

    def latents(self, coefficients: Tensor) -> Tensor:
        """Return the latents that coefficients stand for; what the basis leaves out is its training mean."""
        scaled = coefficients * self.deviation[:, None, None]
        patches = torch.einsum("nkhw,ck->nchw", scaled, self.directions) + self.mean[:, None, None]
        return functional.pixel_shuffle(patches, self.patch)

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors to store, by name."""
        return {"basis.mean": self.mean, "basis.directions": self.directions, "basis.deviation": self.deviation}


def fit_basis(latents: Tensor, patch: int, components: int) -> tuple[Basis, float]:
    """Fit the basis on training latents.

    Args:
        latents: (n, c, h, w), h and w multiples of `patch`.
        patch: latent cells a side that one vector covers.
        components: how many directions are kept.

    Returns:
        The basis, and the share of the variance that it keeps.
    """
    patches = functional.pixel_unshuffle(latents.double(), patch)
    vectors = patches.permute(0, 2, 3, 1).reshape(-1, patches.shape[1])
    mean = vectors.mean(0)
    centred = vectors - mean
    variance, directions = torch.linalg.eigh(centred.T @ centred / len(centred))
    variance, directions = variance.flip(0).clamp_min(0), directions.flip(1)
    # An eigenvector's sign is arbitrary: take the one whose largest entry is positive.
    largest = directions.abs().argmax(0)
    directions = directions * directions[largest, torch.arange(directions.shape[1])].sign()
    kept = float(variance[:components].sum() / variance.sum())
    deviation = variance[:components].sqrt().clamp_min(1e-6)
    basis = Basis(mean.float(), directions[:, :components].float().contiguous(), deviation.float(), patch)
    return basis, kept
