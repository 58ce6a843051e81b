"""The decision on a version: numbers worked out by hand, and the cases that a gate exists for."""

import itertools
import math

import numpy as np
import pytest

from rsvlm.errors import ConfigurationError
from rsvlm.registry.gates import Evaluation, check_gate, compare, decide, sign_flip
from rsvlm.registry.settings import Gate, RegisterSettings
from rsvlm.settings import validate

METRIC = "zero_shot/aid/top1"
KEPT = "retrieval/multi/mean_recall"


def settings(**changes) -> RegisterSettings:
    data = {
        "family": "contrastive",
        "system": "remoteclip",
        "model": "models/remoteclip/pretrain",
        "name": "remoteclip",
        "licence": "CC-BY-4.0",
        "metric": METRIC,
        "samples": {"file": "predictions-zero_shot.parquet", "score": "right"},
        "gates": [{"metric": METRIC, "above_baseline": 0.2, "interval": True}],
        "keep": [{"metric": KEPT, "within": 0.01}],
        **changes,
    }
    return validate(RegisterSettings, data, "test")


def evaluation(right: int, of: int = 100, kept: float = 0.15, shift: int = 0, samples: bool = True) -> Evaluation:
    """`right` of `of` samples right, starting at `shift`; a normal-approximation interval."""
    share = right / of
    half = 1.96 * math.sqrt(share * (1 - share) / of)
    metrics = {METRIC: share, f"{METRIC}/low": share - half, f"{METRIC}/high": share + half, f"{METRIC}/baseline": 1 / 30, KEPT: kept}
    scores = {f"id{n}": float((n - shift) % of < right) for n in range(of)} if samples else {}
    return Evaluation(metrics, scores)


def test_the_first_version_that_passes_is_champion():
    decision = decide(settings(), evaluation(60), None, 0.05)
    assert (decision.verdict, decision.alias) == ("champion", "champion")


def test_a_version_that_fails_a_gate_is_refused_with_the_numbers():
    decision = decide(settings(), evaluation(20), None, 0.05)
    assert (decision.verdict, decision.alias) == ("refused", "")
    assert decision.reasons == (f"{METRIC}: low end of the interval 0.1216; needed: at least 0.2 above its baseline = 0.2333",)


def test_worse_than_the_champion_is_refused():
    decision = decide(settings(), evaluation(50), evaluation(70), 0.05)
    assert decision.verdict == "refused"
    assert "worse than the champion" in decision.reasons[0]
    assert "0.5000 against the champion's 0.7000" in decision.reasons[0]


def test_equal_within_noise_does_not_replace_the_champion():
    decision = decide(settings(), evaluation(62, shift=50), evaluation(60), 0.05)
    assert (decision.verdict, decision.alias) == ("challenger", "challenger")


def test_exactly_the_champion_again_is_no_better():
    decision = decide(settings(), evaluation(60), evaluation(60), 0.05)
    assert decision.verdict == "challenger"
    assert decision.comparison is not None
    assert (decision.comparison.p_better, decision.comparison.p_worse) == (1.0, 1.0)


def test_better_but_forgetting_is_refused():
    decision = decide(settings(), evaluation(80, kept=0.12), evaluation(60, kept=0.15), 0.05)
    assert decision.verdict == "refused"
    assert decision.reasons == (f"{KEPT}: forgets: 0.1200 against the champion's 0.1500; 0.01 worse is allowed",)


def test_clearly_better_is_the_new_champion():
    decision = decide(settings(), evaluation(80), evaluation(60), 0.05)
    assert decision.verdict == "champion"
    assert decision.comparison is not None
    assert decision.comparison.samples == 100
    assert decision.comparison.p_better < 0.001


def test_pairing_sees_what_intervals_do_not():
    candidate, champion = evaluation(66), evaluation(60)
    assert decide(settings(), candidate, champion, 0.05).verdict == "champion"
    assert decide(settings(samples=None), evaluation(66, samples=False), evaluation(60, samples=False), 0.05).verdict == "challenger"


def test_only_shared_samples_are_paired():
    candidate = Evaluation(evaluation(60).metrics, {"a": 1.0, "b": 1.0, "only here": 0.0})
    champion = Evaluation(evaluation(60).metrics, {"a": 0.0, "b": 1.0, "only there": 1.0})
    assert compare(settings(), candidate, champion).samples == 2


def test_a_champion_never_measured_on_the_metric_keeps_its_place():
    decision = decide(settings(), evaluation(90), Evaluation({"old/metric": 1.0}), 0.05)
    assert decision.verdict == "challenger"
    assert "by hand" in decision.reasons[0]


def test_a_lower_is_better_metric_is_compared_the_other_way():
    fid = settings(metric="images/fid", better="lower", samples=None, gates=[{"metric": "images/fid", "times_baseline": 0.5}], keep=[])

    def of(value: float) -> Evaluation:
        return Evaluation({"images/fid": value, "images/fid/low": value - 2, "images/fid/high": value + 2, "images/fid/baseline": 300.0})

    assert decide(fid, of(80), of(100), 0.05).verdict == "champion"
    assert decide(fid, of(120), of(100), 0.05).verdict == "refused"
    assert decide(fid, of(100.5), of(100), 0.05).verdict == "challenger"
    assert decide(fid, of(151), None, 0.05).verdict == "refused"


def test_without_intervals_nothing_is_significant():
    bare = Evaluation({METRIC: 0.9, f"{METRIC}/baseline": 0.1, KEPT: 1.0})
    chosen = settings(samples=None, gates=[{"metric": METRIC, "at_least": 0.5}])
    assert decide(chosen, bare, Evaluation({METRIC: 0.1, KEPT: 1.0}), 0.05).verdict == "challenger"


@pytest.mark.parametrize(
    ("gate", "passed"),
    [
        ({"at_least": 0.6}, True),
        ({"at_least": 0.61}, False),
        ({"at_least": 0.55, "interval": True}, False),
        ({"at_most": 0.6}, True),
        ({"at_most": 0.65, "interval": True}, False),
        ({"above_baseline": 0.5}, True),
        ({"above_baseline": 0.6}, False),
        ({"times_baseline": 20.0}, True),
        ({"times_baseline": 10.0}, False),
    ],
)
def test_bounds(gate, passed):
    metrics = {METRIC: 0.6, f"{METRIC}/low": 0.5, f"{METRIC}/high": 0.7, f"{METRIC}/baseline": 1 / 30}
    assert check_gate(Gate(metric=METRIC, **gate), metrics).passed is passed


def test_a_number_that_meets_its_bound_exactly_passes():
    metrics = {METRIC: 0.3, f"{METRIC}/baseline": 0.1}
    assert check_gate(Gate(metric=METRIC, above_baseline=0.2), metrics).passed


@pytest.mark.parametrize("metrics", [{}, {METRIC: math.nan}, {METRIC: math.inf}, {METRIC: 0.9}])
def test_a_missing_or_meaningless_number_fails(metrics):
    assert not check_gate(Gate(metric=METRIC, above_baseline=0.1), {**metrics}).passed
    assert not check_gate(Gate(metric=METRIC, at_least=0.1, interval=True), metrics).passed


def test_an_unmeasured_main_metric_is_refused():
    other = settings(gates=[{"metric": KEPT, "at_least": 0.1}])
    assert decide(other, Evaluation({KEPT: 0.2}), None, 0.05).verdict == "refused"


def exact_sign_flip(differences: list[float]) -> float:
    """All 2^n signs, one by one."""
    observed = sum(differences)
    signs = list(itertools.product((-1, 1), repeat=len(differences)))
    return sum(sum(s * d for s, d in zip(sign, differences, strict=True)) >= observed - 1e-12 for sign in signs) / len(signs)


@pytest.mark.parametrize(
    "differences", [[1.0] * 5, [1.0, 1.0, 1.0, -1.0, 1.0, 0.5], [0.2, -0.7, 0.4, 0.1, -0.1, 0.9, 0.3], [-1.0, -1.0, 1.0]]
)
def test_the_randomisation_test_agrees_with_all_signs(differences):
    assert sign_flip(np.array([*differences, 0.0, 0.0])) == pytest.approx(exact_sign_flip(differences), abs=0.015)


def test_the_test_keeps_its_level():
    generator = np.random.default_rng(1)
    found = [sign_flip(generator.normal(size=20)) <= 0.05 for _ in range(200)]
    assert 0.01 <= np.mean(found) <= 0.1


def test_same_evidence_same_decision():
    first = decide(settings(), evaluation(66), evaluation(60), 0.05).as_json()
    assert first == decide(settings(), evaluation(66), evaluation(60), 0.05).as_json()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"gates": [{"metric": METRIC}]}, "exactly one of at_least, at_most, above_baseline, times_baseline"),
        ({"gates": [{"metric": METRIC, "at_least": 0.1, "at_most": 0.2}]}, "exactly one of"),
        ({"gates": []}, "gates"),
        ({"gates": [{"metric": METRIC, "atleast": 0.1}]}, r"gates\.0\.atleast: unknown key.*did you mean 'at_least'"),
        ({"name": "../x"}, "name"),
        ({"metric": "top1; drop"}, "metric"),
        ({"samples": {"file": "../../x.parquet", "score": "right"}}, "file"),
        ({"better": "more"}, "'more' is not allowed; allowed: higher, lower"),
        ({"licence": ""}, "licence"),
    ],
)
def test_faulty_settings_are_refused_in_one_line(change, line):
    with pytest.raises(ConfigurationError, match=line):
        settings(**change)
