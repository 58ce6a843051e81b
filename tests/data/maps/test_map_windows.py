"""The boundary around a focus object: it holds the object, stays in the picture, and is no coarser than the tags allow."""

import numpy as np
import pytest

from rsvlm.data.kinds.map_tags import WindowRules
from rsvlm.data.map_windows import boundary
from rsvlm.settings import validate


def rules(**more: object) -> WindowRules:
    return validate(WindowRules, {"least": 64, "most": 128, "margin": 1.5, "jitter": 1.0, "reductions": [1, 2], **more}, "recipe")


@pytest.mark.system("skyscript", 2)
@pytest.mark.parametrize("seed", range(30))
def test_every_boundary_holds_its_object_and_lies_in_the_picture(seed: int) -> None:
    generator = np.random.default_rng(seed)
    x1, y1 = generator.uniform(0, 300, 2)
    focus = (x1, y1, x1 + generator.uniform(0, 100), y1 + generator.uniform(0, 100))
    found = boundary(focus, (400, 420), 0.5, 1.0, rules(), generator)
    assert found is not None
    assert 0 <= found.x <= 400 - found.side
    assert 0 <= found.y <= 420 - found.side
    assert found.x <= focus[0]
    assert found.y <= focus[1]
    assert found.x + found.side >= focus[2]
    assert found.y + found.side >= focus[3]
    assert 64 <= found.stored <= 128


@pytest.mark.system("skyscript", 2)
def test_an_areas_box_fixes_the_side() -> None:
    found = boundary((100, 100, 150, 120), (400, 400), 0.5, 10.0, rules(jitter=0.0), np.random.default_rng(0))
    assert found is not None
    assert (found.side, found.reduction) == (75, 1)
    assert abs(found.x + found.side / 2 - 125) <= 1
    assert abs(found.y + found.side / 2 - 110) <= 1


def test_jitter_moves_the_boundary() -> None:
    places = {boundary((200, 200, 200, 200), (400, 400), 0.5, 1.0, rules(most=64), np.random.default_rng(seed)).x for seed in range(20)}  # type: ignore[union-attr]
    assert len(places) > 5


@pytest.mark.system("skyscript", 2)
def test_a_large_area_needs_coarser_pixels_and_its_tags_must_allow_them() -> None:
    focus = (50.0, 50.0, 250.0, 150.0)
    coarse = boundary(focus, (400, 400), 0.6, 10.0, rules(), np.random.default_rng(0))
    assert coarse is not None
    assert coarse.reduction == 2
    assert boundary(focus, (400, 400), 0.6, 1.0, rules(), np.random.default_rng(0)) is None, "1.2 m is too coarse for 1 m"
    assert boundary((0, 0, 390, 390), (400, 400), 0.1, 10.0, rules(), np.random.default_rng(0)) is None, "no reduction holds it"
