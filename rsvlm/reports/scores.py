"""The score table: every number with its interval and trivial baseline, and apart from it the published one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rsvlm.reports.text import figure, title_of

PARTS = ("low", "high", "baseline", "published", "n")
LOWER_IS_BETTER = ("fid", "fd", "kid", "kd", "loss", "error", "perplexity", "rmse", "mae")


@dataclass(frozen=True)
class Score:
    """One metric of an evaluation.

    Attributes:
        key: its key in `metrics.json`, for example `zero_shot/aid/top1`.
        value: the measured number.
        low: lower end of its 95 % interval.
        high: upper end.
        baseline: the trivial baseline's number on the same samples.
        published: the number that the system's authors report, on their data.
        n: samples it was computed on.
        baseline_name: what the baseline is.
        published_note: on what the published number was had.
        note: what else is needed to read it (features, protocol, template).
    """

    key: str
    value: float
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    published: float | None = None
    n: float | None = None
    baseline_name: str = ""
    published_note: str = ""
    note: str = ""

    @property
    def task(self) -> str:
        """The task, as words."""
        return title_of(self.key.split("/")[0])

    @property
    def name(self) -> str:
        """The rest of the key, as words."""
        return title_of(" · ".join(self.key.split("/")[1:]) or self.key)

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller number is the better one, going by the metric's name."""
        return self.key.rsplit("/", 1)[-1].split("_")[0] in LOWER_IS_BETTER

    @property
    def interval(self) -> str:
        """The interval as text, or a dash."""
        return f"{figure(self.low)} to {figure(self.high)}" if self.low is not None and self.high is not None else "—"

    @property
    def better(self) -> bool | None:
        """Whether the whole interval lies on the better side of the baseline; None without one or the other."""
        if self.baseline is None:
            return None
        if self.lower_is_better:
            return (self.value if self.high is None else self.high) < self.baseline
        return (self.value if self.low is None else self.low) > self.baseline

    @property
    def share(self) -> bool:
        """Whether the score is a share, which can be drawn on a line from 0 to 1; a distance is not."""
        return not self.lower_is_better and all(
            0 <= number <= 1 for number in (self.value, self.low, self.high, self.baseline) if number is not None
        )


def scores_of(metrics: Mapping[str, float], summary: Mapping[str, Any]) -> list[Score]:
    """Return the scores of a flat `metrics.json`, with the words that the nested `summary.json` has for them.

    Sorted by key, numbers in a key by their value (`r5` before `r10`).
    """
    plain = [key for key in metrics if "/" not in key or key.rsplit("/", 1)[-1] not in PARTS]
    return [_score(key, metrics, _words(summary, key)) for key in sorted(plain, key=_natural)]


def _natural(key: str) -> list[tuple[str, int]]:
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D*)(\d*)", key)]


def _words(summary: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    node: Any = summary
    for part in key.split("/"):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else {}


def _score(key: str, metrics: Mapping[str, float], words: Mapping[str, Any]) -> Score:
    numbers = {part: metrics[f"{key}/{part}"] for part in PARTS if f"{key}/{part}" in metrics}
    return Score(
        key,
        metrics[key],
        **numbers,
        baseline_name=str(words.get("baseline_is") or ""),
        published_note=str(words.get("published_for") or ""),
        note=str(words.get("note") or ""),
    )


def main_score(scores: list[Score], key: str) -> Score | None:
    """Return the score that stands for the system: the one named, or the first that has a baseline, or the first."""
    for score in scores:
        if score.key == key:
            return score
    return next((score for score in scores if score.baseline is not None), scores[0] if scores else None)
