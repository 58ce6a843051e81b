import numpy as np
import pytest
from scipy.linalg import sqrtm

from rsvlm.evaluation.metrics.distances import cubic_kernel, frechet, kernel_distance, weighted_frechet, weighted_kernel_distance


@pytest.fixture
def features():
    generator = np.random.default_rng(0)
    return generator.normal(size=(60, 7)), generator.normal(size=(45, 7)) @ generator.normal(size=(7, 7)) + 0.3


@pytest.mark.system("rs-sd", 2)
def test_frechet_equals_the_formula_with_covariances(features):
    real, made = features
    first, second = np.cov(real, rowvar=False), np.cov(made, rowvar=False)
    expected = ((real.mean(0) - made.mean(0)) ** 2).sum() + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert frechet(real, made) == pytest.approx(expected, rel=1e-9)


def test_frechet_with_fewer_samples_than_features_is_finite_and_right():
    generator = np.random.default_rng(1)
    real, made = generator.normal(size=(5, 40)), generator.normal(size=(6, 40))
    first, second = np.cov(real, rowvar=False), np.cov(made, rowvar=False)
    values, vectors = np.linalg.eigh(first)
    root = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
    inner = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    expected = ((real.mean(0) - made.mean(0)) ** 2).sum() + np.trace(first) + np.trace(second) - 2 * inner
    assert frechet(real, made) == pytest.approx(expected, rel=1e-6)


def test_frechet_in_one_dimension_by_hand():
    real, made = np.array([[0.0], [2.0]]), np.array([[1.0], [5.0]])  # variances 2 and 8, means 1 and 3
    assert frechet(real, made) == pytest.approx(4 + 2 + 8 - 2 * 4)
    assert frechet(real, real) == pytest.approx(0, abs=1e-12)


def test_counts_stand_for_repeated_samples(features):
    real, made = features
    counts = np.array([2, 0, 3] + [1] * 57)
    repeated = np.repeat(real, counts, axis=0)
    assert weighted_frechet(real, made, counts.astype(float), np.ones(45)) == pytest.approx(frechet(repeated, made), rel=1e-9)


def test_kernel_distance_equals_the_double_loop(features):
    real, made = features[0][:9], features[1][:7]

    def kernel(x, y):
        return (x @ y / 7 + 1) ** 3

    within = [np.mean([kernel(a, b) for i, a in enumerate(part) for j, b in enumerate(part) if i != j]) for part in (real, made)]
    between = np.mean([kernel(a, b) for a in real for b in made])
    assert kernel_distance(real, made) == pytest.approx(sum(within) - 2 * between, rel=1e-9)


def test_kernel_distance_of_resamples_leaves_a_sample_with_itself_out(features):
    real, made = features[0][:4], features[1][:3]
    kernels = cubic_kernel(real, real), cubic_kernel(made, made), cubic_kernel(real, made)
    found = weighted_kernel_distance(*kernels, np.array([[2.0, 1, 1, 0]]), np.array([[1.0, 1, 1]]))
    drawn = [0, 0, 1, 2]
    pairs = [kernels[0][a, b] for i, a in enumerate(drawn) for j, b in enumerate(drawn) if a != b and i != j]
    inner = np.mean([kernels[1][a, b] for a in range(3) for b in range(3) if a != b])
    cross = np.mean([kernels[2][a, b] for a in drawn for b in range(3)])
    assert found[0] == pytest.approx(np.mean(pairs) + inner - 2 * cross)
