import pytest

from rsvlm.errors import SourceError
from rsvlm.maps import patience
from rsvlm.maps.patience import Again, Pace, patiently
from rsvlm.sources.http import Patience


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that passes only by sleeping; what was slept."""
    naps: list[float] = []
    monkeypatch.setattr(patience.time, "sleep", naps.append)
    monkeypatch.setattr(patience.time, "monotonic", lambda: 100.0 + sum(naps))
    return naps


def test_calls_keep_their_distance(slept: list[float]) -> None:
    pace = Pace(4.0)
    for _ in range(5):
        pace.wait()
    assert slept == pytest.approx([0.25] * 4)


def test_a_failure_that_passes_is_waited_out_with_doubled_waits(slept: list[float]) -> None:
    answers = iter([Again("busy"), Again("busy", wait=7.0), Again("busy"), "well"])

    def call() -> str:
        answer = next(answers)
        if isinstance(answer, Again):
            raise answer
        return answer

    assert patiently(call, "here", Patience(attempts=5, first_wait=1.0)) == "well"
    assert 0.5 <= slept[0] <= 1.0
    assert slept[1] == 7.0
    assert 2.0 <= slept[2] <= 4.0


def test_it_gives_up_after_its_attempts(slept: list[float]) -> None:
    def call() -> None:
        raise Again("the server answered 503")

    with pytest.raises(SourceError, match="here: the server answered 503; gave up after 3 attempts"):
        patiently(call, "here", Patience(attempts=3))
    assert len(slept) == 2


def test_it_gives_up_rather_than_wait_past_its_total(slept: list[float]) -> None:
    def call() -> None:
        raise Again("busy", wait=1000.0)

    with pytest.raises(SourceError, match="gave up after 1 attempts"):
        patiently(call, "here", Patience(total=60.0))
    assert slept == []


def test_other_failures_are_not_tried_again(slept: list[float]) -> None:
    def call() -> None:
        raise SourceError("gone")

    with pytest.raises(SourceError, match="gone"):
        patiently(call, "here")
    assert slept == []
