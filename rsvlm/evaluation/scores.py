"""A number as it is reported: value, interval, sample count, trivial baseline, and, apart from it, the published one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rsvlm.evaluation.settings import Published
from rsvlm.evaluation.statistics import Interval

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
    """Return the nested form of `summary.json`: one object a number, with words beside it."""
    summary: dict[str, Any] = {}
    for name, score in sorted(scores.items()):
        entry: dict[str, Any] = {"value": rounded(score.value), "n": score.n}
        if score.low is not None and score.high is not None:
            entry["interval"] = [rounded(score.low), rounded(score.high)]
        if score.baseline is not None:
            entry["baseline"] = {"value": rounded(score.baseline), "name": score.baseline_name}
        if name in published:
            entry["published"] = {"value": published[name].value, "note": published[name].note}
        if score.note:
            entry["note"] = score.note
        summary[name] = entry
    return summary


def rounded(value: float) -> float:
    """Return a number as it is written: six decimals, and never a negative zero."""
    return round(float(value), DECIMALS) + 0.0
