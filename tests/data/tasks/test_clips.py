"""Clips: a view that moves over a picture that is known by heart, and videos with given captions."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.tasks.made import Made, changed, picture, source

PAN = {"frames": 4, "side": 64, "step": 32, "most": 50, "most_counted": 20, "questions": 4}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A picture of 160 x 64 pixels: only one clip fits, across. A ship at its left end, two planes at its right end."""
    boxes = [(6, 20, 26, 40, "ship"), (110, 10, 124, 24, "plane"), (134, 30, 150, 44, "plane")]
    text = "".join(f"{x1} {y1} {x2} {y1} {x2} {y2} {x1} {y2} {name} 0\n" for x1, y1, x2, y2, name in boxes)
    source(tmp_path, "set", {"images/P1.png": picture(1, 160, 64), "labels/P1.txt": text})
    return tmp_path


def builder(**more: Any) -> dict[str, Any]:
    base = {"kind": "pan-clips", "source": "set", "prefix": "c", "style": "skyeyegpt", "format": "dota", "annotations": "labels/*.txt"}
    base |= {"pictures": "images/{stem}.png", "shares": {"validation": 0.0, "test": 0.0}, "pan": PAN}
    return {**base, "known": {"nouns": ["ship", "plane", "harbor"]}, **more}


@pytest.mark.system("skyeye-968k", 2)
def test_a_clip_is_four_frames_in_order_of_time_and_its_caption_counts_over_all_of_them(raw: Path) -> None:
    made = Made(raw, builder())
    (main,) = [record for record in made.records.values() if record.get("conversations")]
    frames = [made.records[name] for name in main["frames"]]
    starts = [frame["origin"]["window"][0] for frame in frames]
    assert frames[0] is main
    assert sorted(starts) == [0, 32, 64, 96]
    assert starts in ([0, 32, 64, 96], [96, 64, 32, 0])
    way = "to the right" if starts[0] == 0 else "to the left"
    assert main["captions"] == [f"The view moves {way} over 2 planes and a ship."]
    assert [frame.get("part_of") for frame in frames] == [None, main["id"], main["id"], main["id"]]
    assert not any(frame.get("conversations") or frame["captions"] for frame in frames[1:])
    assert {frame["split"] for frame in frames} == {"train"}
    assert {frame["width"] for frame in frames} == {64}
    assert made.false() == []


def test_questions_for_single_frames_say_no_first_for_what_other_frames_show(raw: Path) -> None:
    made = Made(raw, builder())
    asked = made.turns("presence")
    assert [reply for _, reply in asked] == ["no", "yes", "no", "yes"]
    assert all("ship" in question or "plane" in question for question, _ in asked)
    assert all(question.startswith("[vqa] ") for question, _ in asked)


def test_planted_lies_are_found(raw: Path) -> None:
    made = Made(raw, builder())
    (main,) = [record for record in made.records.values() if record.get("conversations")]
    way = "to the right" if "to the right" in main["captions"][0] else "to the left"
    for old, new, reply in (
        ("2 planes", "3 planes", True),
        ("a ship", "a harbor", True),
        (way, "down", True),
        ("no", "yes", True),
        ("yes", "no", True),
        ("[caption] ", "[vqa] ", False),
        (" frame", " picture", False),
    ):
        assert made.false(changed(main, old, new, reply=reply)), (old, new)
    assert made.false({**main, "frames": main["frames"][:2]})
    assert made.false({**main, "captions": ["Birds sing."]})


def test_what_the_border_cuts_is_not_counted(tmp_path: Path) -> None:
    boxes = [(6, 20, 26, 40), (-8, 44, 12, 60), (90, 10, 110, 30)]
    text = "".join(f"{x1} {y1} {x2} {y1} {x2} {y2} {x1} {y2} ship 0\n" for x1, y1, x2, y2 in boxes)
    source(tmp_path, "set", {"images/P1.png": picture(1, 160, 64), "labels/P1.txt": text})
    made = Made(tmp_path, builder())
    (main,) = [record for record in made.records.values() if record.get("conversations")]
    assert main["captions"][0].endswith(" over ships.")
    assert made.false() == []


def test_pictures_too_small_for_a_clip_have_none(tmp_path: Path) -> None:
    source(tmp_path, "set", {"images/P1.png": picture(1, 100, 64), "labels/P1.txt": "6 20 26 20 26 40 6 40 ship 0\n"})
    assert Made(tmp_path, builder()).records == {}


def video(raw: Path, count: int = 9, **more: Any) -> Made:
    line = {"image": "Fire_001.mp4", "label": "Fire", "split": "train", "captions": ["A house burns .", "Smoke rises ."]}
    other = {"image": "gone.mp4", "label": "Fire", "split": "train", "captions": ["A house burns ."]}
    pictures = {f"frames/Fire_001/{number:04d}.jpg": picture(number, form="JPEG") for number in range(count)}
    source(raw, "set", {"captions.jsonl": json.dumps(line) + "\n" + json.dumps(other) + "\n", **pictures})
    settings = {"kind": "frame-clips", "source": "set", "prefix": "v", "style": "skyeyegpt", "file": "captions.jsonl"}
    return Made(raw, {**settings, "pictures": "frames/{name}/*.jpg", "frames": 4, "validation_share": 0.0, "captions": 5, **more})


@pytest.mark.system("skyeye-968k", 2)
def test_frames_of_a_video_are_the_middle_ones_of_equal_parts(tmp_path: Path) -> None:
    made = video(tmp_path)
    main = made.records["v-fire_001"]
    files = [made.records[name]["origin"]["picture"] for name in main["frames"]]
    assert files == [f"frames/Fire_001/000{number}.jpg" for number in (1, 3, 5, 7)]  # middles of [0, 2.25), [2.25, 4.5), ...
    assert sorted(reply for _, reply in made.turns("caption")) == ["A house burns.", "Smoke rises."]
    assert all(question.startswith("[caption] ") for question, _ in made.turns())
    assert made.reasons() == ["video has no pictures"]
    assert made.false() == []
    assert made.false(changed(main, "burns", "stands"))
