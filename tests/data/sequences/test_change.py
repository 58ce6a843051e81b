"""Conversations about change, from folders of two pictures and a mask (S2Looking's layout, with built and demolished)."""

from pathlib import Path

import numpy as np
import pytest

from rsvlm.conversations.formats.sequences import expanded, picked
from tests.data.tinyraw import Made, make, noise, png, told, write_source

BUILDER = {
    "kind": "change-sequences",
    "source": "s2looking",
    "prefix": "s2",
    "dataset": "S2Looking",
    "sensor": "GaoFen",
    "resolution": "high",
    "shares": {"validation": 0.0},
    "regions": 2,
}


def mask(*boxes: tuple[int, int, int, int]) -> bytes:
    """A mask of 200 x 100 pixels (width x height), 255 in boxes x1, y1, x2, y2."""
    values = np.zeros((100, 200))
    for x1, y1, x2, y2 in boxes:
        values[y1:y2, x1:x2] = 255
    return png(values)


def made(tmp_path: Path, label: bytes, built: bytes | None = None, demolished: bytes | None = None, **more) -> Made:
    files = {"train/Image1/7.png": noise(1, 100, 200), "train/Image2/7.png": noise(2, 100, 200), "train/label/7.png": label}
    files |= {"train/label1/7.png": built} if built else {}
    files |= {"train/label2/7.png": demolished} if demolished else {}
    write_source(tmp_path, "s2looking", files, sensor="GaoFen, SuperView and BeiJing-2")
    return make(tmp_path, {**BUILDER, **more})


TWO = ((20, 10, 40, 30), (160, 70, 180, 90))


@pytest.fixture
def changed(tmp_path: Path) -> Made:
    return made(tmp_path, mask(*TWO), mask(TWO[0]), mask(TWO[1]))


def test_frames_are_records_and_the_last_one_names_them(changed: Made) -> None:
    first, main = changed.records
    assert (first["part_of"], main["frames"]) == (main["id"], [first["id"], main["id"]])
    assert "conversations" not in first
    assert main["facts"]["pictures"] == ["train/Image1/7.png", "train/Image2/7.png"]
    assert {record["split"] for record in changed.records} == {"train"}


@pytest.mark.system("teochatlas", 2)
def test_boxes_are_whole_hundredths_of_width_and_height(changed: Made) -> None:
    # 20..40 of 200 are 10..20, 10..30 of 100 stay.
    assert set(changed.replies("using bounding boxes") + changed.replies("Answer with bounding boxes")) == {
        "[10, 10, 20, 30], [80, 70, 90, 90]", "[10, 10, 20, 30]", "[80, 70, 90, 90]",
    }  # fmt: skip


@pytest.mark.system("teochatlas", 2)
def test_outlines_stay_in_pixels_of_the_stored_image(changed: Made) -> None:
    """Boxes in a text are hundredths; what they are scored against is not."""
    (talk,) = [each for each in changed.talks if each["task"] == "change"]
    assert talk["polygons"][0] == [[20, 10], [40, 10], [40, 30], [20, 30]]


@pytest.mark.system("teochatlas", 2)
def test_the_opening_says_number_resolution_and_sensor(changed: Made) -> None:
    opening = (
        "These are two high-resolution, optical satellite images from GaoFen capturing the same location at different times: <video>\n"
    )
    assert all(talk["turns"][0]["text"].startswith(opening) for talk in changed.talks)
    shown = expanded(changed.talks[0]["turns"][0]["text"], 2)
    assert "times in chronological order: Image 1: <image>Image 2: <image>" in shown


@pytest.mark.system("teochatlas", 2)
def test_tasks_have_the_scorers_names(changed: Made) -> None:
    assert set(changed.records[1]["facts"]["tasks"].values()) == {
        "change_detection_detection",
        "spatial_referring_expression",
        "temporal_referring_expression",
        "question_answering",
        "region_based_question_answering",
    }


def test_no_change_is_said_and_has_no_bracket(tmp_path: Path) -> None:
    """A response without a bracket is an empty mask to the scorer."""
    found = made(tmp_path, mask())
    assert found.replies("bounding boxes") == ["There are no changed buildings."]
    assert found.replies("Have any buildings changed") + found.replies("in this area?") == ["No"]
    assert found.false() == []


def test_what_was_built_is_in_the_second_image_and_what_was_demolished_in_the_first(changed: Made) -> None:
    assert changed.replies("be seen at location [10, 10, 20, 30]") == ["The second image"]
    assert changed.replies("be seen at location [80, 70, 90, 90]") == ["The first image"]


def test_every_statement_holds(changed: Made) -> None:
    assert changed.false() == []
    assert len(changed.statements(changed.records[1])) >= 9


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[10, 10, 20, 30], ", ""),
        ("[10, 10, 20, 30]", "[12, 10, 20, 30]"),
        ("[80, 70, 90, 90]", "[80, 70, 190, 90]"),
        ("The second image", "The first image"),
        ("Yes", "No"),
        ("No", "Yes"),
    ],
)
def test_the_checker_finds_a_planted_lie(changed: Made, old: str, new: str) -> None:
    assert any(not each.holds for each in changed.statements(told(changed.records[1], old, new)))


def test_the_checker_finds_a_wrong_opening(changed: Made) -> None:
    record = changed.records[1]
    for old, new in (("two", "a sequence of"), ("GaoFen", "Sentinel-2"), ("high", "low")):
        talks = [
            {**talk, "turns": [{**turn, "text": turn["text"].replace(old, new, 1)} for turn in talk["turns"]]}
            for talk in record["conversations"]
        ]
        assert any(not each.holds for each in changed.statements({**record, "conversations": talks})), new


def test_specks_and_crowds_are_not_listed(tmp_path: Path) -> None:
    """Nothing is listed as all that changed where some of it has no box."""
    speck = made(tmp_path / "speck", mask(*TWO, (100, 50, 102, 52)))
    assert not speck.replies("bounding boxes of the form [x_min, y_min, x_max, y_max].")[1:]
    crowd = made(tmp_path, mask(*((x, 10, x + 10, 20) for x in range(0, 200, 20))), most_boxes=9)
    assert not [reply for reply in crowd.replies("all changed") if reply.startswith("[")]
    assert speck.false() == crowd.false() == []


def test_masks_of_another_size_are_set_aside(tmp_path: Path) -> None:
    assert [entry.reason for entry in made(tmp_path, png(np.zeros((50, 50)))).rejected.entries()] == [
        "mask has another size than its picture"
    ]


@pytest.mark.system("teochatlas", 2)
def test_frames_beyond_the_limit_are_drawn_in_order() -> None:
    kept = picked(20, 8, np.random.default_rng(3))
    assert len(kept) == 8
    assert kept == sorted(set(kept))
    assert picked(8, 8, np.random.default_rng(3)) == list(range(8))
