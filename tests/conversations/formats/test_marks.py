import numpy as np
import pytest

from rsvlm.conversations.formats.marks import answer, draw, drawn_boxes, geometry_of, labels_in, prompt, resized, whole_image
from rsvlm.conversations.formats.shapes import Geometry, box_geometry
from rsvlm.records.unfit import Unfit


def test_marks_are_drawn_with_their_numbers_the_small_ones_on_top():
    small, large, point = box_geometry(4, 4, 8, 7, 40, 30), box_geometry(2, 2, 20, 20, 40, 30), Geometry(((30.2, 10.7),), 40, 30)
    mask = draw([small, large, point], 40, 30)
    assert mask.shape == (30, 40)
    assert mask.dtype == np.uint8
    assert int((mask == 1).sum()) == 4 * 3
    assert int((mask == 2).sum()) == 18 * 18 - 12
    # A radius of 0.45 pixels: only the pixel that holds the point.
    assert np.argwhere(mask == 3).tolist() == [[10, 30]]
    assert drawn_boxes(mask) == {1: (4, 4, 8, 7), 2: (2, 2, 20, 20), 3: (30, 10, 31, 11)}


def test_permuted_marks_permute_their_numbers():
    marks = [box_geometry(x, 5, x + 6, 15, 60, 40) for x in (2, 20, 40)]
    first, second = draw(marks, 60, 40), draw(marks[::-1], 60, 40)
    assert np.array_equal(np.array([0, 3, 2, 1])[first], second)


def test_a_point_is_a_disc():
    mask = draw([Geometry(((100.0, 100.0),), 200, 400)], 200, 400)
    rows, columns = np.nonzero(mask)
    assert ((columns + 0.5 - 100) ** 2 + (rows + 0.5 - 100) ** 2).max() <= 9  # 1.5 % of 200 pixels
    assert len(rows) == sum((x + 0.5) ** 2 + (y + 0.5) ** 2 <= 9 for x in range(-4, 4) for y in range(-4, 4))


def test_the_whole_image_is_covered_and_masks_keep_their_numbers_when_resized():
    mask = draw([whole_image(30, 20), box_geometry(3, 3, 15, 11, 30, 20)], 30, 20)
    assert (mask > 0).all()
    for size in ((45, 31), (7, 5)):
        again = resized(mask, *size)
        assert again.shape == size[::-1]
        assert set(np.unique(again)) == {1, 2}


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        ([], "number of marks out of range"),
        ([box_geometry(1, 1, 5, 5, 9, 9)] * 256, "number of marks out of range"),
        ([box_geometry(1, 1, 5, 5, 9, 9)] * 2, "mark is not visible"),
        ([box_geometry(20, 20, 25, 25, 9, 9)], "mark is not visible"),
        ([Geometry(((-3.0, 4.0),), 9, 9)], "mark is not visible"),
    ],
)
def test_marks_that_cannot_be_seen_are_refused(marks, reason):
    with pytest.raises(Unfit) as caught:
        draw(marks, 9, 9)
    assert caught.value.reason == reason


def test_answers_have_a_line_a_mark():
    assert answer("Region", ["ship", "tennis court"]) == "<Region 1>: ship\n<Region 2>: tennis court\n"
    assert answer("Mark", ["车"]) == "<Mark 1>: 车\n"
    assert labels_in("Region", "<Region 1>: ship\n<Region 2>: tennis court\n") == {1: "ship", 2: "tennis court"}
    assert labels_in("Mark", "Sure:\n<Mark 2>: car \n<Mark 2>: bus\n<Region 1>: ship\n<Mark x>: a\n<Mark 3>:\n<Mark 4>:tree") == {
        2: "car",
        4: "tree",
    }
    for label in ("", "a\nb", " ship", "ship\u2028"):
        with pytest.raises(Unfit, match="does not fit on a line"):
            answer("Region", [label])


def test_prompts_of_records_are_checked():
    for geometry in (box_geometry(1, 2, 5, 9, 20, 20), Geometry(((3.5, 4.0),), 20, 20)):
        assert geometry_of(prompt(geometry), 20, 20) == geometry
    assert prompt(Geometry(((3.5, 4.0),), 20, 20)) == {"type": "point", "xy": [3.5, 4.0]}
    malformed = [
        {}, {"type": "box", "xy": [1, 2]}, {"type": "point", "xy": [1, "2"]}, {"type": [], "xyxy": 5},
        {"type": "box", "xyxy": [1, 2, 3]}, {"type": "point", "xy": [True, 1]}, {"type": "point", "xy": [10**400, 1]},
        {"type": "point", "xy": [float("nan"), 1.0]},
    ]  # fmt: skip
    for fields in malformed:
        with pytest.raises(Unfit, match="neither a point nor a box"):
            geometry_of(fields, 20, 20)
    with pytest.raises(Unfit, match="inside out"):
        geometry_of({"type": "box", "xyxy": [5, 5, 1, 1]}, 20, 20)
    with pytest.raises(Unfit, match="not finite"):
        geometry_of({"type": "point", "xy": [1e9, 1.0]}, 20, 20)
