import numpy as np
import pytest
from scipy.stats import norm

from rsvlm.evaluation.statistics import (
    bootstrap_mean,
    bootstrap_statistic,
    draw_counts,
    interval_from_error,
    paired_difference,
    resampled_sums,
    share,
)
from rsvlm.intervals import wilson
from rsvlm.seeds import numpy_generator


def test_sums_equal_those_of_a_loop_over_the_same_draws():
    samples = np.random.default_rng(0).normal(size=(11, 3))
    drawn = numpy_generator("test").integers(0, 11, size=(50, 11))
    expected = np.array([samples[row].sum(axis=0) for row in drawn])
    np.testing.assert_allclose(resampled_sums(samples, numpy_generator("test"), 50), expected, atol=1e-12)


def test_every_resample_draws_as_many_as_there_are():
    counts = draw_counts(7, 20, numpy_generator("x"))
    assert counts.shape == (20, 7)
    assert (counts.sum(axis=1) == 7).all()


def test_interval_is_seeded_and_close_to_the_normal_one():
    samples = np.random.default_rng(1).normal(3, 2, size=800)
    found = bootstrap_mean(samples, numpy_generator("a"))
    assert found == bootstrap_mean(samples, numpy_generator("a"))
    margin = norm.ppf(0.975) * samples.std(ddof=1) / 800**0.5
    assert found.value == pytest.approx(samples.mean())
    assert found.low == pytest.approx(samples.mean() - margin, abs=0.02)
    assert found.high == pytest.approx(samples.mean() + margin, abs=0.02)


def test_interval_holds_the_truth_in_95_of_100_cases():
    generator = np.random.default_rng(2)
    inside = 0
    for case in range(300):
        found = bootstrap_mean(generator.normal(size=120), numpy_generator("cover", case), 400)
        inside += found.low <= 0 <= found.high
    assert 0.90 <= inside / 300 <= 0.985


def test_a_ratio_is_resampled_as_a_ratio():
    rows = np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 5.0]])
    found = bootstrap_statistic(rows, lambda sums: sums[:, 0] / sums[:, 1], numpy_generator("r"))
    assert found.value == pytest.approx(4 / 11)
    assert found.low < found.value < found.high


def test_pairs_that_move_together_have_a_narrow_difference():
    base = np.random.default_rng(3).normal(size=300)
    paired = paired_difference(base + 0.1, base, numpy_generator("p"))
    assert paired.value == pytest.approx(0.1)
    assert paired.high - paired.low < 1e-9


def test_wilson_by_its_published_example():
    found = wilson(1, 10)  # Newcombe 1998: 0.0179 to 0.4042
    assert (found.low, found.high) == (pytest.approx(0.0179, abs=5e-5), pytest.approx(0.4042, abs=5e-5))
    assert wilson(0, 0).high == 1


def test_a_share_of_all_hits_still_has_an_interval():
    found = share(np.ones(50), numpy_generator("s"))
    assert found.value == 1
    assert found.low == wilson(50, 50).low < 1


def test_interval_from_error_is_symmetric():
    found = interval_from_error(5.0, np.array([7.0, 9.0]))
    assert found.low == pytest.approx(5 - 1.959964 * 2**0.5)
    assert found.high - 5 == pytest.approx(5 - found.low)
