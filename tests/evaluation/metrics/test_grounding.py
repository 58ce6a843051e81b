import math

import pytest

from rsvlm.evaluation.metrics.grounding import accuracy, match, overlap


def box(x, y, width, height, degrees=0.0):
    """Corners of a box about its centre."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(-width / 2, -height / 2), (width / 2, -height / 2), (width / 2, height / 2), (-width / 2, height / 2)]
    return [(x + cos * a - sin * b, y + sin * a + cos * b) for a, b in corners]


def test_overlap_by_hand():
    assert overlap(box(0, 0, 2, 2), box(0, 0, 2, 2)) == pytest.approx(1)
    assert overlap(box(0, 0, 2, 2), box(1, 0, 2, 2)) == pytest.approx(1 / 3)
    assert overlap(box(0, 0, 2, 2), box(5, 0, 2, 2)) == 0
    # a square turned by 45 degrees shares a regular octagon with itself: 8(sqrt2-1) of 4 for side 2
    octagon = 8 * (math.sqrt(2) - 1)
    assert overlap(box(0, 0, 2, 2), box(0, 0, 2, 2, 45)) == pytest.approx(octagon / (8 - octagon))


def test_boxes_without_area_overlap_nothing():
    assert overlap([(0, 0), (1, 1), (2, 2)], box(0, 0, 2, 2)) == 0
    assert overlap([(0, 0), (1, 1)], box(0, 0, 2, 2)) == 0
    assert overlap([(0, 0), (1, float("nan")), (2, 0)], box(0, 0, 2, 2)) == 0


@pytest.mark.system("geochat", 2)
def test_a_box_over_two_objects_finds_one():
    truths = [box(0, 0, 2, 2), box(0.2, 0, 2, 2)]
    found = match([box(0.1, 0, 2, 2)], truths)
    assert (found.found, found.truth, found.answered) == (1, 2, 1)


def test_matching_finds_as_many_as_can_be_found():
    # the first answer fits both truths, the second only the first: greedy by best overlap would lose one
    truths = [box(0, 0, 4, 4), box(1, 0, 4, 4)]
    answers = [box(0.2, 0, 4, 4), box(-1, 0, 4, 4)]
    assert overlap(answers[1], truths[1]) < 0.5 <= overlap(answers[0], truths[1])
    assert match(answers, truths).found == 2


def test_no_answer_and_no_truth():
    assert match([], [box(0, 0, 1, 1)]).found == 0
    assert match([box(0, 0, 1, 1)], []).truth == 0
    assert accuracy([]) == 0


def test_accuracy_never_exceeds_one():
    truth = box(0, 0, 2, 2)
    matches = [match([truth, truth, truth], [truth])]
    assert accuracy(matches) == 1
