"""The decision on a new model version: champion, challenger or refused, with the numbers and reasons.

Pure functions of two evaluations, so the same evidence gives the same decision everywhere.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from rsvlm.registry.settings import Gate, Kept, RegisterSettings
from rsvlm.seeds import numpy_generator

Verdict = Literal["champion", "challenger", "refused"]
_DRAWS = 10_000
# 0.1 + 0.2 is not 0.3: a number that meets its bound exactly must not fail by a last bit.
_ROUNDING = 1e-9
_BLOCK_VALUES = 4_000_000
_WIDTH_OF_95 = 2 * 1.959963984540054


@dataclass(frozen=True)
class Evaluation:
    """What is known of one version: flat metrics and, where there are any, the main metric's value for each sample."""

    metrics: Mapping[str, float]
    samples: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One condition held against one number: whether it passed, and a sentence with both."""

    metric: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Comparison:
    """A main metric against the champion's.

    Attributes:
        metric: the main metric.
        candidate: the new version's value.
        champion: the champion's value.
        p_better: chance of a difference this large if the candidate were no better (one-sided).
        p_worse: the same, if it were no worse.
        samples: shared samples of a paired test; 0 for a comparison of intervals.
    """

    metric: str
    candidate: float
    champion: float
    p_better: float
    p_worse: float
    samples: int

    @property
    def sentence(self) -> str:
        """The comparison in words."""
        how = f"paired over {self.samples:,} samples" if self.samples else "from the intervals"
        return (
            f"{self.metric} {self.candidate:.4f} against the champion's {self.champion:.4f}; "
            f"chance of it without being better {self.p_better:.4f}, without being worse {self.p_worse:.4f} ({how})"
        )


@dataclass(frozen=True)
class Decision:
    """What is to happen to a version, and why; `alias` is what it shall carry, empty for none."""

    verdict: Verdict
    reasons: tuple[str, ...]
    checks: tuple[Check, ...]
    comparison: Comparison | None

    @property
    def alias(self) -> str:
        """The alias that goes with the verdict."""
        return "" if self.verdict == "refused" else self.verdict

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form: same decision, same bytes."""
        compared = None
        if self.comparison is not None:
            compared = {
                name: getattr(self.comparison, name) for name in ("metric", "candidate", "champion", "p_better", "p_worse", "samples")
            }
        checks = [{"metric": c.metric, "passed": c.passed, "sentence": c.sentence} for c in self.checks]
        return {"verdict": self.verdict, "alias": self.alias, "reasons": list(self.reasons), "checks": checks, "comparison": compared}


def decide(settings: RegisterSettings, candidate: Evaluation, champion: Evaluation | None, significance: float) -> Decision:
    """Decide on a version.

    A version that fails a gate is refused. The first one that passes becomes champion. Against a champion: refused if
    significantly worse or if it forgets (a metric under `keep` falls too far); champion if significantly better; else
    challenger.

    Args:
        settings: the recipe's register section.
        candidate: the new version's evaluation.
        champion: the current champion's; None where there is none.
        significance: one-sided error rate in (0, 1) for "better" and for "worse".
    """
    checks = [check_gate(gate, candidate.metrics) for gate in settings.gates]
    if settings.metric not in candidate.metrics:
        checks.append(Check(settings.metric, False, f"{settings.metric}: the main metric was not measured"))
    failed = tuple(check.sentence for check in checks if not check.passed)
    if failed:
        return Decision("refused", failed, tuple(checks), None)
    if champion is None:
        return Decision("champion", ("first version that passes every gate",), tuple(checks), None)
    return _against(settings, candidate, champion, significance, checks)


def _against(
    settings: RegisterSettings, candidate: Evaluation, champion: Evaluation, significance: float, checks: Sequence[Check]
) -> Decision:
    if settings.metric not in champion.metrics:
        reason = f"passes, but the champion was not measured on {settings.metric}: compare and promote it by hand"
        return Decision("challenger", (reason,), tuple(checks), None)
    comparison = compare(settings, candidate, champion)
    kept = [check_kept(kept, candidate.metrics, champion.metrics) for kept in settings.keep]
    checks = (*checks, *kept)
    forgotten = tuple(check.sentence for check in kept if not check.passed)
    if comparison.p_worse <= significance:
        return Decision("refused", (f"worse than the champion: {comparison.sentence}", *forgotten), checks, comparison)
    if forgotten:
        return Decision("refused", forgotten, checks, comparison)
    if comparison.p_better <= significance:
        return Decision("champion", (f"better than the champion: {comparison.sentence}",), checks, comparison)
    return Decision("challenger", (f"passes, but not better beyond {significance:g}: {comparison.sentence}",), checks, comparison)


def check_gate(gate: Gate, metrics: Mapping[str, float]) -> Check:
    """Hold one gate against the metrics; a missing or non-finite number fails."""
    low_end, bound, words = _bound(gate, metrics)
    value = _value(gate, metrics, low_end)
    if bound is None or not math.isfinite(bound):
        return Check(gate.metric, False, f"{gate.metric}: {words}, but no baseline was measured")
    if value is None or not math.isfinite(value):
        return Check(gate.metric, False, f"{gate.metric}: not measured{' with an interval' if gate.interval else ''}")
    passed = value >= bound - _ROUNDING if low_end else value <= bound + _ROUNDING
    end = f"{'low' if low_end else 'high'} end of the interval " if gate.interval else ""
    needed = f"{words} = {bound:.4f}" if "baseline" in words else words
    return Check(gate.metric, passed, f"{gate.metric}: {end}{value:.4f}; needed: {needed}")


def _bound(gate: Gate, metrics: Mapping[str, float]) -> tuple[bool, float | None, str]:
    """Return (whether more is better, the bound, its words) of a gate."""
    baseline = metrics.get(f"{gate.metric}/baseline")
    if gate.at_least is not None:
        return True, gate.at_least, f"at least {gate.at_least:g}"
    if gate.at_most is not None:
        return False, gate.at_most, f"at most {gate.at_most:g}"
    if gate.above_baseline is not None:
        return True, None if baseline is None else baseline + gate.above_baseline, f"at least {gate.above_baseline:g} above its baseline"
    factor = gate.times_baseline or 0.0
    return False, None if baseline is None else baseline * factor, f"at most {factor:g} times its baseline"


def _value(gate: Gate, metrics: Mapping[str, float], low_end: bool) -> float | None:
    end = ("/low" if low_end else "/high") if gate.interval else ""
    return metrics.get(f"{gate.metric}{end}")


def check_kept(kept: Kept, candidate: Mapping[str, float], champion: Mapping[str, float]) -> Check:
    """Hold a metric that must not fall against the champion's; one that the champion never had passes."""
    if kept.metric not in champion:
        return Check(kept.metric, True, f"{kept.metric}: not measured for the champion")
    if kept.metric not in candidate:
        return Check(kept.metric, False, f"{kept.metric}: measured for the champion, not for this version")
    new, old = candidate[kept.metric], champion[kept.metric]
    loss = old - new if kept.better == "higher" else new - old
    passed = loss <= kept.within + _ROUNDING
    words = "keeps" if passed else "forgets"
    return Check(
        kept.metric, passed, f"{kept.metric}: {words}: {new:.4f} against the champion's {old:.4f}; {kept.within:g} worse is allowed"
    )


def compare(settings: RegisterSettings, candidate: Evaluation, champion: Evaluation) -> Comparison:
    """Compare the main metric of two versions: paired over the samples both were scored on, else from their intervals."""
    metric, sign = settings.metric, 1.0 if settings.better == "higher" else -1.0
    new, old = candidate.metrics[metric], champion.metrics[metric]
    shared = sorted(set(candidate.samples) & set(champion.samples))
    if len(shared) >= 2:
        differences = sign * np.array([candidate.samples[id] - champion.samples[id] for id in shared])
        return Comparison(metric, new, old, sign_flip(differences), sign_flip(-differences), len(shared))
    score = sign * (new - old) / max(_spread(metric, candidate.metrics, champion.metrics), 1e-12)
    return Comparison(metric, new, old, _upper_tail(score), _upper_tail(-score), 0)


def _spread(metric: str, *evaluations: Mapping[str, float]) -> float:
    """Return the standard error of a difference of two independent numbers, from their 95 % intervals."""
    widths = [metrics.get(f"{metric}/high", math.nan) - metrics.get(f"{metric}/low", math.nan) for metrics in evaluations]
    if not all(math.isfinite(width) for width in widths):
        return math.inf
    return math.sqrt(sum((width / _WIDTH_OF_95) ** 2 for width in widths))


def _upper_tail(score: float) -> float:
    return 0.5 * math.erfc(score / math.sqrt(2))


def sign_flip(differences: np.ndarray) -> float:
    """Return the one-sided p-value that the mean of paired differences is not above zero.

    Randomisation test: under the null hypothesis each difference is as likely with the other sign. p = (1 + draws with
    a sum at least as large) / (1 + draws), over 10,000 seeded draws; samples without a difference play no part.

    Args:
        differences: candidate minus champion for each sample, shape (n,).
    """
    moved = differences[differences != 0]
    if not len(moved):
        return 1.0
    observed = moved.sum() - 1e-9 * np.abs(moved).sum()
    generator = numpy_generator("registry", "sign-flip", len(moved))
    block = max(1, min(_DRAWS, _BLOCK_VALUES // len(moved)))
    reached = 0
    for start in range(0, _DRAWS, block):
        signs = generator.integers(0, 2, size=(min(block, _DRAWS - start), len(moved)), dtype=np.int8) * 2 - 1
        reached += int((signs @ moved >= observed).sum())
    return (1 + reached) / (1 + _DRAWS)
