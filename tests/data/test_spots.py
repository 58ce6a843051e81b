"""Windows around single objects, pairs and groups."""

import numpy as np

from rsvlm.data.kinds.spots import SpotSettings
from rsvlm.data.spots import alone, groups
from rsvlm.records.geometry import rectangle
from rsvlm.records.models import LabelledObject
from rsvlm.seeds import numpy_generator

OBJECTS = [
    LabelledObject("ship", rectangle(20, 20, 30, 30)),
    LabelledObject("ship", rectangle(150, 150, 160, 160)),
    LabelledObject("ship", rectangle(170, 150, 180, 160)),
    LabelledObject("pier", rectangle(60, 20, 70, 30)),
]
RULE = SpotSettings(sides=(64,), windows=20, draws=100, border=3.0, pairs=True, groups=5)


def shown(window, labelled: LabelledObject) -> bool:
    x1, y1, x2, y2 = labelled.box
    return x1 < window.x + window.width and x2 > window.x and y1 < window.y + window.height and y2 > window.y


def test_an_object_is_whole_and_alone_of_its_class() -> None:
    found = alone(OBJECTS, [0], 64, (200, 200), RULE, numpy_generator(1, "a"))
    assert len(found) == 20
    for window in found:
        assert 0 <= window.x <= 17
        assert 0 <= window.y <= 17
        assert [shown(window, one) for one in OBJECTS[:3]] == [True, False, False]


def test_two_of_a_class_within_a_window_are_never_alone() -> None:
    found = alone(OBJECTS, [1], 64, (200, 200), RULE, numpy_generator(1, "b"))
    assert all(not shown(window, OBJECTS[2]) for window in found)


def test_pairs_and_windows_that_do_not_fit() -> None:
    found = alone(OBJECTS, [0, 3], 64, (200, 200), RULE, numpy_generator(1, "c"))
    assert found
    assert all(window.x <= 17 and window.x + 64 >= 73 for window in found)
    assert alone(OBJECTS, [0], 15, (200, 200), RULE, numpy_generator(1, "d")) == []  # 10 pixels and twice the border


def test_a_group_is_whole() -> None:
    found = groups(OBJECTS, 64, (200, 200), RULE, np.random.default_rng(0))
    assert 0 < len(found) <= 5
    for window in found:
        assert window.x <= 147
        assert window.x + 64 >= 183
