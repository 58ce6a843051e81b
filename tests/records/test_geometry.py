import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, box

from rsvlm.records.geometry import area, checked_object, clip, corners_of_box, is_convex
from rsvlm.records.unfit import Unfit

SQUARE = [(10.0, 10.0), (30.0, 10.0), (30.0, 30.0), (10.0, 30.0)]


@st.composite
def rectangles(draw):
    """Rectangles anywhere about a 100 x 80 picture, turned by any angle."""
    x, y = draw(st.floats(-60, 160)), draw(st.floats(-60, 140))
    width, height, angle = draw(st.floats(2, 80)), draw(st.floats(2, 80)), draw(st.floats(0, math.pi))
    cosine, sine = math.cos(angle), math.sin(angle)
    half = ((-width / 2, -height / 2), (width / 2, -height / 2), (width / 2, height / 2), (-width / 2, height / 2))
    return [(x + u * cosine - v * sine, y + u * sine + v * cosine) for u, v in half]


@given(rectangles())
def test_clipping_agrees_with_shapely(corners):
    expected = Polygon(corners).intersection(box(0, 0, 100, 80)).area
    found = clip(corners, 0, 0, 100, 80)
    assert abs(abs(area(found)) - expected) < 1e-6 * max(1, expected)
    assert all(-1e-6 <= x <= 100 + 1e-6 and -1e-6 <= y <= 80 + 1e-6 for x, y in found)


@given(rectangles())
def test_every_object_that_is_kept_lies_inside_and_shows_enough(corners):
    share = Polygon(corners).intersection(box(0, 0, 100, 80)).area / Polygon(corners).area
    within = all(-2 <= x <= 102 and -2 <= y <= 82 for x, y in corners)
    if share < 0.5 - 1e-9 and not within:
        with pytest.raises(Unfit, match=r"box (mostly )?outside the image"):
            checked_object("ship", corners, 100, 80, visible_share=0.5)
    elif share > 0.5 + 1e-9:
        kept = checked_object("ship", corners, 100, 80, visible_share=0.5)
        assert all(0 <= x <= 100 and 0 <= y <= 80 for x, y in kept.polygon)


def test_an_inner_box_keeps_its_corners_and_a_cut_one_its_visible_part():
    assert checked_object("ship", SQUARE, 100, 80).polygon == tuple(SQUARE)
    cut = checked_object("ship", [(-4, 10), (16, 10), (16, 30), (-4, 30)], 100, 80)
    assert cut.polygon == ((0, 10), (16, 10), (16, 30), (0, 30))
    assert checked_object("ship", [(-1, 10), (16, 10), (16, 81), (-1, 81)], 100, 80).polygon == ((0, 10), (16, 10), (16, 80), (0, 80))


@pytest.mark.parametrize(
    ("corners", "reason"),
    [
        ([(200, 10), (230, 10), (230, 30), (200, 30)], "box outside the image"),
        ([(-50, -50), (-10, -50), (-10, -10), (-50, -10)], "box outside the image"),
        ([(90, 10), (190, 10), (190, 30), (90, 30)], "box mostly outside the image"),
        ([(10, 10), (30, 30), (30, 10), (10, 30)], "box corners are not in order"),
        ([(10, 10), (30, 10), (20, 10), (10, 10)], "box has no area"),
        ([(10, 10), (10, 10), (10, 10), (10, 10)], "box has no area"),
        ([(math.nan, 10), (30, 10), (30, 30), (10, 30)], "box coordinates are not finite"),
        ([(math.inf, 10), (30, 10), (30, 30), (10, 30)], "box coordinates are not finite"),
        ([(1e300, 10), (30, 10), (30, 30), (10, 30)], "box coordinates are not finite"),
        (SQUARE[:3], "box has not four corners"),
    ],
)
def test_nonsense_boxes_are_refused_with_their_reason(corners, reason):
    with pytest.raises(Unfit) as caught:
        checked_object("ship", corners, 100, 80)
    assert caught.value.reason == reason


@pytest.mark.parametrize("label", ["", "  ", "ship\x1b[0m", "x" * 101])
def test_labels_obey_the_rule_for_text(label):
    with pytest.raises(Unfit):
        checked_object(label, SQUARE, 100, 80)


@pytest.mark.parametrize(
    ("sides", "reason"),
    [
        ((30, 10, 10, 30), "box is inside out"),
        ((10, 10, 10, 30), "box is inside out"),
        ((10, math.nan, 20, 30), "box coordinates are not finite"),
    ],
)
def test_horizontal_boxes_must_have_their_corners_the_right_way_round(sides, reason):
    with pytest.raises(Unfit) as caught:
        corners_of_box(*sides)
    assert caught.value.reason == reason


def test_convexity_by_hand():
    assert is_convex(SQUARE)
    assert is_convex(SQUARE[::-1])
    assert not is_convex([(0, 0), (10, 0), (2, 2), (0, 10)])
