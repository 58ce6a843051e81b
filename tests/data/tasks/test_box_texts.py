"""Boxes in the formats of SkyEyeGPT and LHRS-Bot: narrow ones, and the round trip through published patterns."""

import re

import pytest

from rsvlm.data.box_texts import box_text, fitted
from rsvlm.data.checkers.box_texts import boxes_in, matched, near
from rsvlm.records.unfit import Unfit


@pytest.mark.system("skyeye-968k", 2)
@pytest.mark.parametrize("narrow", ["widen", "drop"])
def test_boxes_narrower_than_one_step(narrow: str) -> None:
    """Trap: rounding to 0-100 loses boxes narrower than one hundredth."""
    box = (497.0, 100.0, 499.0, 200.0)  # 62.1 to 62.4 of 100 steps
    if narrow == "drop":
        with pytest.raises(Unfit, match="box is too small for its text"):
            fitted(box, 800, 800, "skyeyegpt", "drop")
        return
    geometry, widened = fitted(box, 800, 800, "skyeyegpt", "widen")
    assert widened
    assert box_text([geometry], "skyeyegpt") == "{<62><12><63><25>}"


def test_widening_at_the_border_stays_inside() -> None:
    geometry, widened = fitted((799.0, 799.0, 800.0, 800.0), 800, 800, "skyeyegpt", "widen")
    assert widened
    assert box_text([geometry], "skyeyegpt") == "{<99><99><100><100>}"


def test_a_wide_box_stays_as_it_is() -> None:
    geometry, widened = fitted((10.0, 20.0, 110.0, 60.0), 200, 200, "lhrs-bot", "drop")
    assert not widened
    assert box_text([geometry], "lhrs-bot") == "[0.05,0.10,0.55,0.30]"


@pytest.mark.system("skyeye-968k", 2)
def test_integer_boxes_come_back_from_the_published_pattern() -> None:
    """MiniGPT-v2 reads four groups of one to three digits, over a hundred times the side."""
    for x1, y1, x2, y2 in [(0, 0, 100, 100), (3, 7, 4, 99), (50, 50, 51, 51), (0, 99, 1, 100)]:
        box = (x1 * 8.0, y1 * 6.0, x2 * 8.0, y2 * 6.0)
        text = box_text([fitted(box, 800, 600, "skyeyegpt", "drop")[0]], "skyeyegpt")
        found = re.findall(r"\{<(\d{1,3})><(\d{1,3})><(\d{1,3})><(\d{1,3})>\}", text)
        assert [tuple(map(int, groups)) for groups in found] == [(x1, y1, x2, y2)]


@pytest.mark.parametrize("form", ["lhrs-bot", "rs-gpt4v", "skyeyegpt", "teochat", "vhm"])
def test_the_checker_reads_what_was_written(form: str) -> None:
    box = (31.0, 17.0, 157.5, 163.0)
    text = box_text([fitted(box, 320, 240, form, "drop")[0]] * 2, form)
    found = boxes_in(text, form, 320, 240)
    assert len(found) == 2
    assert all(near(one, box, form, 320, 240) for one in found)
    assert not near((found[0][0] + 10, *found[0][1:]), box, form, 320, 240)


def test_boxes_are_given_to_objects_once_each() -> None:
    truths = [(10.0, 10.0, 20.0, 20.0), (10.4, 10.0, 20.4, 20.0)]
    boxes = [(10.0, 10.0, 20.0, 20.0), (10.0, 10.0, 20.0, 20.0)]
    assert sorted(matched(boxes, truths, "skyeyegpt", 100, 100) or []) == [0, 1]
    assert matched([*boxes, boxes[0]], truths, "skyeyegpt", 100, 100) is None
    assert matched([(60.0, 60.0, 70.0, 70.0)], truths, "skyeyegpt", 100, 100) is None
