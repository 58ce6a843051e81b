"""Descriptions and dialogues from boxes: what is said, in which order, and that lies are found."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.tinyraw import Made, make, png, told, write_source

# A picture of 300 x 300: a white ship at the top left, a red harbor at the bottom left, three tanks at the right.
LABELS = (
    "gsd:0.5\n20 20 80 20 80 40 20 40 ship 0\n30 230 70 230 70 270 30 270 harbor 0\n"
    "240 30 250 30 250 40 240 40 tank 0\n240 140 260 140 260 160 240 160 tank 0\n240 150 250 150 250 160 240 160 tank 0\n"
)
NOUNS = ["ship", "harbor", "tank", "plane"]


def scene(*, grey: bool = False) -> bytes:
    pixels = np.full((300, 300, 3), (40, 90, 60))
    pixels[20:40, 20:80] = 250
    pixels[230:270, 30:70] = (200, 10, 10)
    return png(np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2) if grey else pixels)


def rule(**more: object) -> dict[str, Any]:
    return {
        "kind": "described",
        "format": "dota",
        "source": "made",
        "prefix": "tiny",
        "annotations": "labels/*.txt",
        "pictures": "pictures/{stem}.png",
        "shares": {"validation": 0.0, "test": 0.0},
        "known": {"nouns": NOUNS},
        **more,
    }


def made(raw: Path, labels: str = LABELS, *, grey: bool = False, **more: object) -> Made:
    write_source(raw, "made", {"pictures/p.png": scene(grey=grey), "labels/p.txt": labels.encode()})
    return make(raw, rule(**more), splits=["train"])


def caption(found: Made) -> str:
    return found.records[0]["captions"][0]


@pytest.mark.system("rsicap", 2)
def test_principles_image_before_scene_before_objects(tmp_path: Path) -> None:
    """RSICap's third principle is an order; its second lists category, number, colour, shape, size, place and relative place."""
    found = made(tmp_path)
    text = caption(found)
    parts = ["colour overhead image of 300 by 300 pixels", "0.5 metres", "The scene", "three tanks", "ship is white", "harbor is red"]
    places = [text.lower().index(part.lower()) for part in parts[:4]]
    assert places == sorted(places)
    assert all(part in text.lower() for part in ("ship is white", "harbor is red", "long and narrow", "30 metres long and 10 metres wide"))
    assert any(
        f"the {one} lies {side} the {other}" in text for one, side, other in (("ship", "above", "harbor"), ("harbor", "below", "ship"))
    ) or ("The ship lies above the harbor" in text or "The harbor lies below the ship" in text)
    assert found.false() == []


@pytest.mark.system("rsicap", 2)
def test_every_caption_says_where_something_is(tmp_path: Path) -> None:
    """A picture of which no place can be told is screened out: its only object is at the line between two ninths."""
    found = made(tmp_path, "60 60 140 60 140 140 60 140 ship 0\n")
    assert found.records == []
    assert [entry.reason for entry in found.rejected.entries()] == ["no place of an object can be told"]


@pytest.mark.system("versad", 2)
def test_three_blocks_properties_objects_context(tmp_path: Path) -> None:
    text = caption(made(tmp_path, order="blocks"))
    marks = ["overhead image", "ship is white", "The scene", "Ships carry people and goods over water."]
    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)


@pytest.mark.system("versad", 2)
def test_nothing_is_said_of_objects_in_doubt(tmp_path: Path) -> None:
    """VersaD's prompt: do not describe objects you are unsure of. One is difficult, so no number and nothing of `the` harbor."""
    text = caption(made(tmp_path, LABELS.replace("harbor 0", "harbor 1"), order="blocks"))
    assert "harbor" not in text.lower()


def test_of_several_in_doubt_a_least_number_is_said(tmp_path: Path) -> None:
    found = made(tmp_path, LABELS + "100 100 110 100 110 110 100 110 tank 1\n")
    text = caption(found).lower()
    assert "at least three tanks" in text
    assert "of the tanks lie" in text
    assert found.false() == []


@pytest.mark.system("rs-gpt4v", 2)
def test_hierarchy_parts_before_the_whole(tmp_path: Path) -> None:
    text = caption(made(tmp_path, order="hierarchy"))
    marks = ["ship is white", "overhead image", "The scene", "Ships carry people and goods over water."]
    assert [text.index(mark) for mark in marks] == sorted(text.index(mark) for mark in marks)


def test_a_grey_picture_has_no_colours(tmp_path: Path) -> None:
    text = caption(made(tmp_path, grey=True))
    assert "grey-scale" in text
    assert "white" not in text


@pytest.mark.system("rsicap", 2)
def test_instructions_are_drawn_from_those_of_the_recipe(tmp_path: Path) -> None:
    found = made(tmp_path, instructions=["Describe this image in detail."])
    assert found.records[0]["facts"] == {"instruction": "Describe this image in detail."}
    wrong = {**found.records[0], "facts": {"instruction": "Say something."}}
    assert [each.kind for each in found.statements(wrong) if not each.holds] == ["format"]


@pytest.mark.system("lhrs-instruct", 2)
def test_dialogues_have_two_to_ten_turns_and_no_coordinates(tmp_path: Path) -> None:
    found = made(tmp_path, kind="object-talks", single=4, turns=[2, 10])
    talks = {talk["task"]: talk for talk in found.talks}
    assert 4 <= len(talks["conversation"]["turns"]) <= 20
    assert talks["description"]["turns"][1]["text"]
    assert not any(mark in turn["text"] for talk in found.talks for turn in talk["turns"] for mark in "[]{}<>")
    assert found.false() == []


@pytest.mark.system("lhrs-instruct", 2)
def test_numbers_beyond_the_limit_are_never_said(tmp_path: Path) -> None:
    """Counts beyond ten or twenty are unreliable in dialogues, so larger ones become a lower bound in whole tens."""
    many = "".join(f"{x} {y} {x + 5} {y} {x + 5} {y + 5} {x} {y + 5} tank 0\n" for x in range(5, 290, 40) for y in range(5, 120, 30))
    found = made(tmp_path, many, kind="object-talks", single=12)
    texts = " ".join(turn["text"] for talk in found.talks for turn in talk["turns"]).lower()
    assert many.count("tank") == 32
    assert "at least 30 tanks" in texts
    assert "32" not in texts
    assert found.false() == []


LIES = [
    ("300 by 300", "301 by 300"),
    ("a colour", "a grey-scale"),
    ("0.5 metres", "0.6 metres"),
    ("hree tanks", "our tanks"),
    ("ship is white", "ship is red"),
    ("30 metres long", "33 metres long"),
    ("long and narrow", "about as long as it is wide"),
    ("the top left", "the top right"),
    ("above the harbor", "below the harbor"),
    ("Ships carry people and goods over water.", "Planes carry people and goods by air."),
]


@pytest.mark.parametrize(("old", "new"), LIES)
def test_planted_lies_are_found(tmp_path: Path, old: str, new: str) -> None:
    found = made(tmp_path, order="blocks")
    record, text = found.records[0], caption(found)
    if old == "above the harbor" and old not in text:
        old, new = "below the ship", "above the ship"
    assert old in text
    lied = {**record, "captions": [text.replace(old, new, 1)]}
    assert any(not statement.holds for statement in found.statements(lied))


def test_an_answer_to_another_question_is_found(tmp_path: Path) -> None:
    found = made(tmp_path, kind="object-talks", single=12)
    assert any(
        not each.holds for each in found.statements(told(found.records[0], "is white", "is about 30 metres long and 10 metres wide"))
    )


def test_of_a_models_text_free_sentences_are_checked_for_classes_and_numbers(tmp_path: Path) -> None:
    found = made(tmp_path)
    record = {**found.records[0], "method": "model"}
    true = {**record, "captions": ["One can make out three tanks beside a ship."]}
    assert all(each.holds for each in found.statements(true))
    for lie in (
        "Four tanks are beside a ship.",
        "A plane is beside a ship.",
        "Three tanks crowd at the top right.",
        "At least four tanks.",
    ):
        assert any(not each.holds for each in found.statements({**record, "captions": [lie]}))
    assert any(each.kind == "text" and not each.holds for each in found.statements({**true, "method": "template"}))
