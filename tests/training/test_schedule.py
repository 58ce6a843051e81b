import math

import pytest
from pydantic import ValidationError

from rsvlm.training.schedule import learning_rate
from rsvlm.training.settings import OptimisationSettings


def test_warmup_then_cosine_by_hand():
    settings = OptimisationSettings(steps=10, batch=1, learning_rate=0.8, warmup=2, final_share=0.25)
    assert learning_rate(settings, 0) == pytest.approx(0.4)
    assert learning_rate(settings, 1) == pytest.approx(0.8)
    assert learning_rate(settings, 2) == pytest.approx(0.8)
    # Half-way through the eight remaining steps: the middle of 1 and 0.25.
    assert learning_rate(settings, 6) == pytest.approx(0.8 * 0.625)
    # A quarter: cos(45 degrees) = sqrt(1/2).
    assert learning_rate(settings, 4) == pytest.approx(0.8 * (0.25 + 0.75 * (1 + math.sqrt(0.5)) / 2))
    assert learning_rate(settings, 10) == pytest.approx(0.2)


def test_constant_stays_at_the_peak():
    settings = OptimisationSettings(steps=100, batch=1, learning_rate=0.1, schedule="constant", warmup=4)
    assert [learning_rate(settings, step) for step in (0, 3, 4, 99)] == pytest.approx([0.025, 0.1, 0.1, 0.1])


@pytest.mark.parametrize(
    ("change", "words"),
    [({"warmup": 10}, "warmup"), ({"accumulate": 3}, "multiple"), ({"learning_rate": -1.0}, "greater"), ({"steps": 10**9}, "less")],
)
def test_settings_that_cannot_be_meant_are_refused(change, words):
    with pytest.raises(ValidationError, match=words):
        OptimisationSettings(**{"steps": 10, "batch": 4, "learning_rate": 0.1, **change})
