"""The reduced basis of latents, against NumPy's singular values and by its own promises."""

import numpy as np
import torch

from rsvlm.generation.basis import fit_basis


def _latents(count=40, channels=3, side=4):
    generator = torch.Generator().manual_seed(2)
    mixing = torch.randn(channels, channels, generator=generator)
    return torch.einsum("nchw,cd->ndhw", torch.randn(count, channels, side, side, generator=generator), mixing) + 1.5


def test_coefficients_have_no_mean_unit_variance_and_no_correlation_on_the_training_latents():
    latents = _latents()
    basis, _ = fit_basis(latents, patch=2, components=5)
    found = basis.coefficients(latents).permute(0, 2, 3, 1).reshape(-1, 5).double().numpy()
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(found.T @ found / len(found), np.eye(5), atol=1e-4)


def test_all_components_give_the_latents_back():
    latents = _latents()
    basis, kept = fit_basis(latents, patch=2, components=12)
    assert round(kept, 6) == 1
    torch.testing.assert_close(basis.latents(basis.coefficients(latents)), latents, atol=1e-4, rtol=1e-4)


def test_the_kept_share_is_that_of_the_largest_singular_values():
    latents = _latents()
    vectors = latents.permute(0, 2, 3, 1).reshape(-1, 3).double().numpy()
    squares = np.linalg.svd(vectors - vectors.mean(0), compute_uv=False) ** 2
    _, kept = fit_basis(latents, patch=1, components=2)
    assert abs(kept - squares[:2].sum() / squares.sum()) < 1e-9


def test_what_is_left_out_is_the_training_mean():
    latents = _latents()
    basis, _ = fit_basis(latents, patch=1, components=1)
    flat = torch.zeros(1, 1, 4, 4)
    expected = latents.mean(dim=(0, 2, 3)).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    torch.testing.assert_close(basis.latents(flat), expected, atol=1e-5, rtol=1e-5)
