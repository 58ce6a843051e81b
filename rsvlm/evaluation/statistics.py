"""How sure a number is: seeded bootstrap intervals, Wilson intervals, paired differences.

A bootstrap draws the test samples again with replacement and looks at how much the number moves. Every function takes
its own generator (see `rsvlm.seeds`), so the same samples always give the same interval.
"""

from collections.abc import Callable

import numpy as np

from rsvlm.intervals import NORMAL_95, Interval, wilson

RESAMPLES = 2000
_CELLS = 1 << 23  # draws held in memory at once, as counts a sample


def resampled_sums(samples: np.ndarray, generator: np.random.Generator, resamples: int = RESAMPLES) -> np.ndarray:
    """Return column sums of samples drawn with replacement.

    Args:
        samples: (n, k), one row a test sample.
        generator: where the draws come from.
        resamples: how often the n samples are drawn again.

    Returns:
        (resamples, k) float64 sums.
    """
    rows = np.asarray(samples, dtype=np.float64)
    count = len(rows)
    chunk = max(1, min(resamples, _CELLS // max(count, 1)))
    sums = np.empty((resamples, rows.shape[1]))
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        sums[start : start + size] = draw_counts(count, size, generator) @ rows
    return sums


def draw_counts(count: int, resamples: int, generator: np.random.Generator) -> np.ndarray:
    """Return how often each of `count` samples is drawn in each resample, (resamples, count) float64."""
    drawn = generator.integers(0, count, size=(resamples, count))
    drawn += np.arange(resamples)[:, None] * count
    return np.bincount(drawn.ravel(), minlength=resamples * count).reshape(resamples, count).astype(np.float64)


def percentiles(draws: np.ndarray) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile of resampled values."""
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def bootstrap_mean(samples: np.ndarray, generator: np.random.Generator, resamples: int = RESAMPLES) -> Interval:
    """Return the mean of per-sample values (n,) with its percentile bootstrap interval."""
    values = np.asarray(samples, dtype=np.float64)
    draws = resampled_sums(values[:, None], generator, resamples)[:, 0] / len(values)
    return Interval(float(values.mean()), *percentiles(draws))


def bootstrap_statistic(
    samples: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    generator: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return a function of summed per-sample columns (a ratio, corpus BLEU) with its percentile bootstrap interval.

    Args:
        samples: (n, k) columns that the statistic sums.
        statistic: maps (m, k) sums to (m,) values.
        generator: where the draws come from.
        resamples: number of draws.
    """
    rows = np.asarray(samples, dtype=np.float64)
    value = float(statistic(rows.sum(axis=0, keepdims=True))[0])
    return Interval(value, *percentiles(statistic(resampled_sums(rows, generator, resamples))))


def paired_difference(first: np.ndarray, second: np.ndarray, generator: np.random.Generator) -> Interval:
    """Return mean(first - second) over the same samples, with the interval of the paired differences."""
    return bootstrap_mean(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64), generator)


def interval_from_error(value: float, draws: np.ndarray) -> Interval:
    """Return value +- 1.96 bootstrap standard errors, for statistics that resampling itself shifts.

    Distances between distributions grow when a resample repeats samples, so that the percentiles of the draws need not
    hold the value; their spread is still the measure of how sure it is.
    """
    margin = NORMAL_95 * float(np.std(draws, ddof=1))
    return Interval(value, value - margin, value + margin)


def share(hits: np.ndarray, generator: np.random.Generator) -> Interval:
    """Return the mean of 0/1 values with its bootstrap interval, or Wilson's where all values are equal."""
    values = np.asarray(hits, dtype=np.float64)
    if len(values) and values.min() != values.max():
        return bootstrap_mean(values, generator)
    return wilson(int(values.sum()), len(values))
