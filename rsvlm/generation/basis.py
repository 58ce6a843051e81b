"""A reduced basis of latents: the denoiser predicts a few numbers a patch instead of all channels.

The 32-channel latents of the tiny auto-encoder are close to noise at high frequency. Their principal components keep what
shows in a scene and leave a target that a small denoiser can learn. What shows is measured by the decoder: directions are
ranked by the energy that they have in the decoded picture, not in the latents. The basis is fitted on training pictures only.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_SCALES = (1, 2, 4, 8)
_PROBE_BATCH = 32


@dataclass(frozen=True)
class Basis:
    """An affine map between latents and coefficients.

    Attributes:
        mean: (channels * patch²,) mean of a patch.
        forward: (channels * patch², components), patches to coefficients.
        inverse: (components, channels * patch²), coefficients to the patches nearest to them on the training pictures.
        patch: latent cells a side.
    """

    mean: Tensor
    forward: Tensor
    inverse: Tensor
    patch: int

    @property
    def components(self) -> int:
        """How many coefficients a patch has."""
        return self.inverse.shape[0]

    def coefficients(self, latents: Tensor) -> Tensor:
        """Project latents (n, c, h, w) to coefficients (n, components, h / patch, w / patch)."""
        patches = functional.pixel_unshuffle(latents, self.patch)
        return torch.einsum("nchw,ck->nkhw", patches - self.mean[:, None, None], self.forward)

    def latents(self, coefficients: Tensor) -> Tensor:
        """Return the latents that coefficients stand for; what the basis leaves out is its training mean."""
        patches = torch.einsum("nkhw,kc->nchw", coefficients, self.inverse) + self.mean[:, None, None]
        return functional.pixel_shuffle(patches, self.patch)

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors to store, by name."""
        return {"basis.mean": self.mean, "basis.forward": self.forward, "basis.inverse": self.inverse}


def _patches(latents: Tensor, patch: int) -> Tensor:
    """Return the patches of latents (n, c, h, w) as rows (n * h * w / patch², c * patch²), in float64."""
    unshuffled = functional.pixel_unshuffle(latents.double(), patch)
    return unshuffled.permute(0, 2, 3, 1).reshape(-1, unshuffled.shape[1])


def decoder_metric(decoder: nn.Module, latents: Tensor, patch: int, generator: torch.Generator) -> Tensor:
    """Estimate how strongly a change of a patch shows in the decoded picture: the mean of Jᵀ J of the decoder.

    For random outputs r with independent entries, the gradient g of r · decode(z) has E[g gᵀ] = Jᵀ J. Probes are drawn at
    four scales, so that a smooth change of colour counts beside pixel noise.

    Args:
        decoder: latents to pictures, differentiable.
        latents: (n, c, h, w) latents of some training pictures.
        patch: latent cells a side of one vector.
        generator: for the probes.

    Returns:
        (c * patch², c * patch²) float64, symmetric.
    """
    total = torch.zeros(0)
    for start in range(0, len(latents), _PROBE_BATCH):
        some = latents[start : start + _PROBE_BATCH].clone().requires_grad_(True)
        pictures = decoder(some)
        side = pictures.shape[-1]
        probe = torch.zeros_like(pictures)
        for scale in _SCALES:
            coarse = torch.randn(len(some), pictures.shape[1], side // scale, side // scale, generator=generator)
            probe = probe + functional.interpolate(coarse, scale_factor=scale)
        (gradient,) = torch.autograd.grad((pictures * probe).sum(), some)
        rows = _patches(gradient, patch)
        total = total + rows.T @ rows if len(total) else rows.T @ rows
    return total / len(latents)


def _root(matrix: Tensor, floor: float) -> Tensor:
    """Return the symmetric square root of a positive matrix, its eigenvalues kept above a share of the largest."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values.clamp_min(floor * values.max()).sqrt()) @ vectors.T


def fit_basis(latents: Tensor, patch: int, components: int, metric: Tensor | None = None, power: float = 0.0) -> tuple[Basis, float]:
    """Fit the basis on training latents.

    Args:
        latents: (n, c, h, w), h and w multiples of `patch`.
        patch: latent cells a side that one vector covers.
        components: how many directions are kept.
        metric: what a change of a patch counts; the identity if not given (plain principal components).
        power: coefficients get the amplitude energy^(power / 2), rescaled to a mean square of one: 0 whitens them, 1 leaves
            them as strong as they show. Weak directions then drown in noise earlier, as high frequencies of pictures do.

    Returns:
        The basis, and the share of the energy that it keeps.
    """
    vectors = _patches(latents, patch)
    mean = vectors.mean(0)
    centred = vectors - mean
    covariance = centred.T @ centred / len(centred)
    root = torch.eye(len(mean), dtype=torch.float64) if metric is None else _root(metric, 1e-4)
    energy, directions = torch.linalg.eigh(root @ covariance @ root)
    energy, directions = energy.flip(0).clamp_min(0), directions.flip(1)
    # An eigenvector's sign is arbitrary: take the one whose largest entry is positive.
    largest = directions.abs().argmax(0)
    directions = directions * directions[largest, torch.arange(directions.shape[1])].sign()
    kept = float(energy[:components].sum() / energy.sum())
    strongest = energy[:components].clamp_min(1e-12)
    amplitude = strongest ** (power / 2)
    amplitude = amplitude / amplitude.square().mean().sqrt()
    forward = (root @ directions[:, :components]) / strongest.sqrt() * amplitude
    # The least-squares inverse on the training patches: C ≈ (C A) B with B = (Aᵀ S A)⁻¹ Aᵀ S for covariance S.
    inverse = torch.linalg.solve(forward.T @ covariance @ forward, forward.T @ covariance)
    return Basis(mean.float(), forward.float().contiguous(), inverse.float().contiguous(), patch), kept
