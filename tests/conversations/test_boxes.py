import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon

from rsvlm.conversations import boxes
from rsvlm.records.unfit import Unfit

SIZES = st.sampled_from([(100, 100), (504, 504), (160, 120), (333, 512)])


def turned(centre, width, height, degrees):
    """Corners by complex numbers: a clockwise turn on screen (y down) multiplies by exp(i angle)."""
    turn = complex(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    half = (complex(-width, -height), complex(width, -height), complex(width, height), complex(-width, height))
    return [(centre[0] + (z / 2 * turn).real, centre[1] + (z / 2 * turn).imag) for z in half]


@st.composite
def rectangles(draw):
    """Rectangles wholly inside an image, at least eight hundredths wide and high."""
    width, height = draw(SIZES)
    least = 0.08 * max(width, height)
    long, high = draw(st.floats(least, 0.6 * width)), draw(st.floats(least, 0.6 * height))
    angle = draw(st.floats(0, 180, exclude_max=True))
    reach = math.hypot(long, high) / 2
    x = draw(st.floats(min(reach, width / 2), max(width - reach, width / 2)))
    y = draw(st.floats(min(reach, height / 2), max(height - reach, height / 2)))
    return (width, height), turned((x, y), long, high, angle)


@pytest.mark.system("geochat", 2)
@settings(max_examples=200, deadline=None)
@given(rectangles())
def test_boxes_survive_their_text_within_its_rounding(case):
    (width, height), corners = case
    text = boxes.encode(corners, width, height)
    (found,) = boxes.decode(text, width, height)
    # Each edge moves by at most half a hundredth: along one axis that may shift the centre and along the other change the
    # size, which the turn adds up; the angle moves by half a degree about the centre.
    reach = max(math.dist(corners[0], corners[2]), 1) / 2
    allowed = 0.5 * (width + height) / 100 + reach * math.radians(0.5) + 1e-6
    for corner in found:
        assert min(math.dist(corner, other) for other in corners) <= allowed
    truth, again = Polygon(corners), Polygon(found)
    assert truth.intersection(again).area / truth.union(again).area > 0.7


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 179), SIZES)
def test_decoding_turns_a_box_about_its_centre(x1, y1, x2, y2, angle, size):
    width, height = size
    (found,) = boxes.decode(f"{{<{x1}><{y1}><{x2}><{y2}>|<{angle}>}}", width, height)
    centre = ((x1 + x2) / 200 * width, (y1 + y2) / 200 * height)
    expected = turned(centre, abs(x2 - x1) / 100 * width, abs(y2 - y1) / 100 * height, angle)
    assert [math.dist(a, b) < 1e-6 for a, b in zip(found, expected, strict=True)] == [True] * 4


@pytest.mark.system("geochat", 2)
def test_the_convention_by_hand():
    # 40 wide and 20 high about (50, 50), turned a quarter: 20 wide and 40 high.
    (found,) = boxes.decode("{<30><40><70><60>|<90>}", 100, 100)
    assert [(round(x, 6), round(y, 6)) for x, y in found] == [(60, 30), (60, 70), (40, 70), (40, 30)]
    # Clockwise on screen: turned by 45 degrees the right end of a flat box goes down.
    (found,) = boxes.decode("{<30><50><70><50>|<45>}", 100, 100)
    assert [round(value, 3) for value in found[1]] == [64.142, 64.142]
    assert boxes.encode([(10, 20), (30, 20), (30, 60), (10, 60)], 100, 200) == "{<10><10><30><30>|<0>}"
    # A thin box along the left edge: upright with its long side across it would begin at -15.
    corners = turned((5, 50), 40, 4, 88)
    assert boxes.encode(corners, 100, 100) == "{<3><30><7><70>|<178>}"


def test_the_smallest_rectangle_of_a_slanted_quadrilateral_holds_it():
    corners = [(10.0, 10.0), (50.0, 14.0), (48.0, 30.0), (9.0, 27.0)]
    centre, width, height, angle = boxes.rectangle_of(corners)
    found = Polygon(boxes.corners(centre, width, height, angle)).buffer(1e-6)
    assert found.contains(Polygon(corners))
    assert 0 <= angle < 90
    assert width * height == pytest.approx(Polygon(corners).minimum_rotated_rectangle.area)


@pytest.mark.parametrize(
    ("corners", "reason"),
    [
        ([(10, 10), (10.2, 10), (10.2, 50), (10, 50)], "box is too small for its text"),
        (turned((10, 10), 27, 27, 45), "box does not fit its text"),
    ],
)
def test_boxes_without_a_text_are_refused(corners, reason):
    if reason == "box does not fit its text":
        assert min(value for corner in turned((10, 10), 27, 27, 45) for value in corner) < 0
    with pytest.raises(Unfit) as caught:
        boxes.encode(corners, 100, 100)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("no box", 0),
        ("{<1><2><3>|<4>}", 0),
        ("{<1><2><3><x>|<4>}", 0),
        ("{<1><2><30><40>}", 1),
        ("{<1><2><30><40>|<-15>}", 1),
        ("{<99999999999><2><30><40>|<0>}", 0),
        ("text {<1><2><30><40>|<5>}<delim>{<1><2><30><40>|<5>} more {<1>", 2),
    ],
)
def test_answers_of_a_model_are_read_without_trust(text, count):
    assert len(boxes.decode(text, 100, 100)) == count


def test_grounded_phrases_are_read_back():
    ships = boxes.grounded("2 ships", ["{<1><2><30><40>|<0>}", "{<5><5><9><9>|<0>}"])
    harbour = boxes.grounded("a harbor", ["{<0><0><9><9>|<1>}"])
    assert ships == "<p>2 ships</p> {<1><2><30><40>|<0>}<delim>{<5><5><9><9>|<0>}"
    found = boxes.phrases(f"There are {ships} and {harbour}.", 100, 100)
    assert [(phrase, len(polygons)) for phrase, polygons in found] == [("2 ships", 2), ("a harbor", 1)]
