"""Distances between two sets of image features: Frechet distance and kernel distance.

A Frechet distance is called FID only with Inception-v3 features; with another tower it is `fd_<tower>`. It grows as samples
get fewer, so numbers compare only at equal counts; the kernel distance has no such bias.
"""

import numpy as np

_EPSILON = 1e-12


def frechet(real: np.ndarray, made: np.ndarray) -> float:
    """Return |mu_r - mu_g|^2 + Tr(S_r + S_g - 2 (S_r S_g)^(1/2)), in float64.

    The trace of the root is the sum of the singular values of S_r^(1/2) S_g^(1/2), and these are those of X_r X_g^T for the
    centred samples, so no covariance matrix and no root of one is built.

    Args:
        real: (n, d) features.
        made: (m, d) features.
    """
    return weighted_frechet(np.asarray(real, np.float64), np.asarray(made, np.float64), np.ones(len(real)), np.ones(len(made)))


def weighted_frechet(real: np.ndarray, made: np.ndarray, real_counts: np.ndarray, made_counts: np.ndarray) -> float:
    """Return the Frechet distance of samples counted several times (a bootstrap resample), (n,) and (m,) counts."""
    first, second = _centre(real, real_counts), _centre(made, made_counts)
    shift = float(np.sum((first[0] - second[0]) ** 2))
    cross = np.linalg.svd(first[1] @ second[1].T, compute_uv=False).sum()
    return shift + float(np.sum(first[1] ** 2) + np.sum(second[1] ** 2) - 2 * cross)


def _centre(features: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean, and rows X with X^T X the covariance (divisor n - 1)."""
    kept = counts > 0
    rows, weights = features[kept], counts[kept]
    total = weights.sum()
    mean = weights @ rows / total
    return mean, (rows - mean) * np.sqrt(weights / max(total - 1, 1))[:, None]


def cubic_kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return (x.y / d + 1)^3 of all pairs, (n, m) float64 (Binkowski et al. 2018)."""
    wide = np.asarray(first, np.float64) @ np.asarray(second, np.float64).T
    return (wide / first.shape[1] + 1) ** 3


def kernel_distance(real: np.ndarray, made: np.ndarray) -> float:
    """Return KID: the unbiased estimate of the squared maximum mean discrepancy under the cubic kernel."""
    kernels = cubic_kernel(real, real), cubic_kernel(made, made), cubic_kernel(real, made)
    return float(weighted_kernel_distance(*kernels, np.ones((1, len(real))), np.ones((1, len(made))))[0])


def weighted_kernel_distance(
    real: np.ndarray, made: np.ndarray, cross: np.ndarray, real_counts: np.ndarray, made_counts: np.ndarray
) -> np.ndarray:
    """Return KID of resamples; pairs of a sample with itself never count.

    Args:
        real: (n, n) kernel of the real samples.
        made: (m, m) kernel of the made samples.
        cross: (n, m) kernel between them.
        real_counts: (b, n) how often each sample was drawn.
        made_counts: (b, m).

    Returns:
        (b,) float64.
    """
    return _within(real, real_counts) + _within(made, made_counts) - 2 * _between(cross, real_counts, made_counts)


def _within(kernel: np.ndarray, counts: np.ndarray) -> np.ndarray:
    squares = counts**2
    total = counts.sum(axis=1) ** 2 - squares.sum(axis=1)
    summed = np.einsum("bn,bn->b", counts @ kernel, counts) - squares @ np.diag(kernel)
    return summed / np.maximum(total, _EPSILON)


def _between(kernel: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.einsum("bm,bm->b", rows @ kernel, columns) / (rows.sum(axis=1) * columns.sum(axis=1))
