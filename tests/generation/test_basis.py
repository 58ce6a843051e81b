"""The reduced basis of latents, against NumPy's singular values and by its own promises."""

import numpy as np
import torch

from rsvlm.generation.basis import decoder_metric, fit_basis


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


def test_a_metric_ranks_directions_by_what_they_show():
    latents = torch.randn(50, 2, 4, 4, generator=torch.Generator().manual_seed(6)) * torch.tensor([3.0, 1.0]).view(1, 2, 1, 1)
    shows_second = torch.diag(torch.tensor([1e-3, 1.0], dtype=torch.float64))
    plain, _ = fit_basis(latents, patch=1, components=1)
    ranked, _ = fit_basis(latents, patch=1, components=1, metric=shows_second)
    assert int(plain.forward.abs().argmax()) == 0
    assert int(ranked.forward.abs().argmax()) == 1


def test_power_gives_strong_directions_more_amplitude_and_keeps_the_mean_square_at_one():
    basis, _ = fit_basis(_latents(), patch=1, components=3, power=1.0)
    squares = basis.coefficients(_latents()).square().mean(dim=(0, 2, 3))
    assert squares[0] > squares[1] > squares[2]
    torch.testing.assert_close(float(squares.mean()), 1.0, atol=1e-4, rtol=0)


def test_the_metric_of_a_linear_decoder_is_its_matrix_squared():
    decoder = torch.nn.Conv2d(2, 3, 1, bias=False)
    latents = torch.zeros(400, 2, 8, 8)
    found = decoder_metric(decoder, latents, 1, torch.Generator().manual_seed(7))
    matrix = decoder.weight[:, :, 0, 0].detach().double()
    # Four independent probes of unit variance at every one of 64 cells.
    expected = matrix.T @ matrix * 4 * 64
    torch.testing.assert_close(found, expected, rtol=0.1, atol=0.1 * float(expected.abs().max()))
