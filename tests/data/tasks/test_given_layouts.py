"""Questions of FloodNet and CRSVQA about pictures in folders without classes; and a checker that finds planted lies."""

from pathlib import Path
from typing import Any

import pytest

from tests.data.tasks.made import Made, changed, picture, source

FLOOD = {
    "0": {"Image_ID": "10.JPG", "Question": "What is the condition of road?", "Ground_Truth": "flooded,non flooded",
          "Question_Type": "Condition_Recognition"},
    "1": {"Image_ID": "10.JPG", "Question": "How many buildings are non flooded?", "Ground_Truth": 4, "Question_Type": "Complex_Counting"},
    "2": {"Image_ID": "11.JPG", "Question": "Is the entire road flooded?", "Ground_Truth": "No", "Question_Type": "Yes_No"},
    "3": {"Image_ID": "12.JPG", "Question": "Is the entire road flooded?", "Question_Type": "Yes_No"},
    "4": {"Image_ID": "99.JPG", "Question": "Is the entire road flooded?", "Ground_Truth": "Yes", "Question_Type": "Yes_No"},
}  # fmt: skip


def builder(pattern: str, **questions: Any) -> dict[str, Any]:
    return {
        "kind": "picture-tasks", "source": "set", "prefix": "p", "style": "geochat", "tasks": ["question"],
        "listing": {"layout": "folders", "file": pattern, "label": None, "shares": {"test": 0.0, "validation": 0.0}},
        "questions": questions,
    }  # fmt: skip


@pytest.fixture
def flood(tmp_path: Path) -> Made:
    pictures = {f"Images/Train_Image/{number}.JPG": picture(number, form="JPEG") for number in (10, 11, 12, 13)}
    source(tmp_path, "set", {"Questions/Training Question.json": FLOOD, **pictures})
    return Made(tmp_path, builder("Images/Train_Image/*.JPG", layout="floodnet", files=["Questions/Training Question.json"]))


@pytest.mark.system("geochat-instruct", 2)
def test_floodnet_is_asked_about_its_pictures_and_folders_give_no_class(flood: Made) -> None:
    assert {name: record.get("label") for name, record in flood.records.items()} == {"p-10": None, "p-11": None}
    replies = {question.split("?")[0].split("] ")[-1]: reply for question, reply in flood.turns("question")}
    assert replies == {
        "What is the condition of road": "flooded, non flooded",
        "How many buildings are non flooded": "4",
        "Is the entire road flooded": "No",
    }
    assert flood.reasons() == ["field is missing"]
    assert flood.false() == []


@pytest.mark.parametrize(("name", "old", "new"), [("p-10", "4", "5"), ("p-10", "flooded, non", "non"), ("p-11", "No", "Yes")])
def test_a_changed_answer_is_found(flood: Made, name: str, old: str, new: str) -> None:
    assert flood.false(changed(flood.records[name], old, new))


def test_a_question_that_the_set_does_not_have_is_found(flood: Made) -> None:
    record = changed(flood.records["p-11"], "entire road", "whole river", reply=False)
    assert [statement.why for statement in flood.false(record)] == ["the set has no such question for this picture"]


def test_crsvqa_is_joined_by_the_name_of_the_text_file(tmp_path: Path) -> None:
    texts = {
        "texts/port_1.txt": "Is there a ship?\nYes\nWhat is the theme of this picture\uff1f\nport\n",
        "texts/port_2.txt": "How many cars?\n2\n",
    }
    pictures = {f"images/port_{number}.png": picture(number) for number in (1, 2, 3)}
    source(tmp_path, "set", {**texts, **pictures})
    made = Made(tmp_path, builder("images/*.png", layout="crsvqa", files=["texts/*.txt"]))
    assert sorted(made.records) == ["p-port_1", "p-port_2"]
    assert sorted(reply for _, reply in made.turns("question")) == ["2", "Yes", "port"]
    assert made.false() == []
    assert made.false(changed(made.records["p-port_2"], "2", "3"))
    assert made.false(changed(made.records["p-port_1"], "port", "desert"))
