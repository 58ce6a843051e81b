"""A number as it is reported: value, interval, sample count, trivial baseline, and, apart from it, the published one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rsvlm.evaluation.settings import Published
from rsvlm.intervals import Interval

DECIMALS = 6


@dataclass(frozen=True)
class Score:
    """One number of one task.

    Attributes:
        value: the number.
        n: how many samples it was computed on.
        low: lower end of the 95 % interval.
        high: upper end.
        baseline: what needs no trained model, on the same samples; null where there is none.
        baseline_name: what the baseline is ("chance", "best constant caption").
        note: what a reader must know to compare the number (features, protocol, template).
    """

    value: float
    n: int
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    baseline_name: str = ""
    note: str = ""


def score_of(interval: Interval, n: int, baseline: float | None = None, baseline_name: str = "", note: str = "") -> Score:
    """Return the score of an interval."""
    return Score(interval.value, n, interval.low, interval.high, baseline, baseline_name, note)


def flatten(scores: Mapping[str, Score], published: Mapping[str, Published]) -> dict[str, float]:
    """Return the flat form of `metrics.json`: `name`, `name/low`, `name/high`, `name/n`, `name/baseline`, `name/published`.

    Args:
        scores: by full name, for example `zero_shot/aid/top1`.
        published: published numbers by the same names.
    """
    flat: dict[str, float] = {}
    for name, score in scores.items():
        parts: dict[str, float | None] = {"": score.value, "/low": score.low, "/high": score.high, "/baseline": score.baseline}
        if name in published:
            parts["/published"] = published[name].value
        for suffix, value in parts.items():
            if value is not None:
                flat[name + suffix] = rounded(value)
        flat[f"{name}/n"] = score.n
    return dict(sorted(flat.items()))


def summarise(scores: Mapping[str, Score], published: Mapping[str, Published]) -> dict[str, Any]:
    """Return the nested form of `summary.json`: task, data set, metric, and for each one object with words beside numbers."""
    summary: dict[str, Any] = {}
    for name, score in sorted(scores.items()):
        place = summary
        *parents, last = name.split("/")
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = _entry(score, published.get(name))
    return summary


def _entry(score: Score, published: Published | None) -> dict[str, Any]:
    numbers = {"value": score.value, "low": score.low, "high": score.high, "baseline": score.baseline}
    entry: dict[str, Any] = {name: rounded(value) for name, value in numbers.items() if value is not None}
    words = {"baseline_is": score.baseline_name, "note": score.note}
    entry |= {"n": score.n} | {name: text for name, text in words.items() if text}
    if published is not None:
        entry |= {"published": published.value, "published_for": published.note}
    return entry


def rounded(value: float) -> float:
    """Return a number as it is written: six decimals, and never a negative zero."""
    return round(float(value), DECIMALS) + 0.0
