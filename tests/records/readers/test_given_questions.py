"""Questions of FloodNet (one JSON object) and CRSVQA (a text file a picture), in files of their layouts."""

import json
from pathlib import Path

import pytest

from rsvlm.errors import DataError
from rsvlm.records.readers import crsvqa, floodnet
from rsvlm.records.readers.rsvqa import Question
from rsvlm.records.unfit import Unfit

FLOODED = {
    "Image_ID": "6290.JPG",
    "Question": "What is the overall condition of the given image?",
    "Ground_Truth": "flooded",
    "Question_Type": "Condition_Recognition",
}


def flood(folder: Path, *records: object) -> list[Question | Unfit]:
    path = folder / "Training Question.json"
    path.write_text(json.dumps({str(number): record for number, record in enumerate(records)}))
    return list(floodnet.read(path))


def test_floodnet_types_become_kinds_and_numbers_become_text(tmp_path: Path) -> None:
    simple = {
        "Image_ID": "7.JPG",
        "Question": "How many buildings are in the image?",
        "Ground_Truth": 3,
        "Question_Type": "Simple_Counting",
    }
    hard = simple | {"Question": "How many buildings are flooded?", "Ground_Truth": 0, "Question_Type": "Complex_Counting"}
    whole = simple | {"Question": "Is the entire road flooded?", "Ground_Truth": "No", "Question_Type": "Yes_No"}
    both = simple | {
        "Question": "What is the condition of road?",
        "Ground_Truth": "flooded,non flooded",
        "Question_Type": "Condition_Recognition",
    }
    assert flood(tmp_path, FLOODED, simple, hard, whole, both) == [
        Question("6290.JPG", "What is the overall condition of the given image?", "flooded", "condition", "question 0"),
        Question("7.JPG", "How many buildings are in the image?", "3", "count", "question 1"),
        Question("7.JPG", "How many buildings are flooded?", "0", "count", "question 2"),
        Question("7.JPG", "Is the entire road flooded?", "No", "presence", "question 3"),
        Question("7.JPG", "What is the condition of road?", "flooded, non flooded", "condition", "question 4"),
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Ground_Truth": None}, "field has another type: question 0.Ground_Truth is NoneType, not a whole number"),
        ({"Ground_Truth": True}, "field has another type: question 0.Ground_Truth is bool, not a whole number"),
        ({"Ground_Truth": 2.5}, "field has another type: question 0.Ground_Truth is float, not a whole number"),
        ({"Ground_Truth": " "}, "text is empty or not allowed: question 0.Ground_Truth of 1 characters"),
        ({"Image_ID": 6290}, "field has another type: question 0.Image_ID is int, not text"),
        ({"Question": ""}, "text is empty or not allowed: question 0.Question of 0 characters"),
        ({"Question_Type": "Density"}, "question has an unknown form: question 0.Question_Type is 'Density'; one of"),
    ],
)
def test_a_floodnet_question_with_a_fault_is_told(tmp_path: Path, change: dict, message: str) -> None:
    found, second = flood(tmp_path, FLOODED | change, FLOODED)
    assert str(found).startswith(message)
    assert isinstance(second, Question)


def test_questions_without_answers_are_no_questions(tmp_path: Path) -> None:
    """The published files of the validation and test pictures have no answers."""
    found = flood(tmp_path, {key: value for key, value in FLOODED.items() if key != "Ground_Truth"}, 5)
    assert [str(one) for one in found] == [
        "field is missing: question 0.Ground_Truth",
        "field has another type: question 1 is int, not an object",
    ]


@pytest.mark.parametrize("text", ["[]", '{"1": ', '{"1": {}, "1": {}}', "\x00"])
def test_a_floodnet_file_of_another_layout_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "Training Question.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"Training Question\.json"):
        list(floodnet.read(path))


def test_crsvqa_has_a_question_and_an_answer_on_lines_in_turn(tmp_path: Path) -> None:
    (tmp_path / "bridge_12.txt").write_bytes(
        "What is the theme of this picture？\r\nbridge\r\nIs there a river?\nYes\n\nHow many cars?\n2\n".encode()
    )
    (tmp_path / "port_3.txt").write_text("What is to the left of the ship?\na pier\n")
    assert list(crsvqa.read([tmp_path / "bridge_12.txt", tmp_path / "port_3.txt"])) == [
        Question("bridge_12", "What is the theme of this picture?", "bridge", "theme", "bridge_12.txt line 1"),
        Question("bridge_12", "Is there a river?", "Yes", "presence", "bridge_12.txt line 3"),
        Question("bridge_12", "How many cars?", "2", "count", "bridge_12.txt line 6"),
        Question("port_3", "What is to the left of the ship?", "a pier", "other", "port_3.txt line 1"),
    ]


@pytest.mark.parametrize(
    "text", ["Is there a road?\nyes\nIs there a river?\n", "Is there a road?\nyes\n? \nno\n", "Is there a road?\nyes\nno mark\nno\n"]
)
def test_crsvqa_lines_out_of_step_end_their_file(tmp_path: Path, text: str) -> None:
    """From there on questions and answers could have changed places."""
    (tmp_path / "a.txt").write_text(text)
    first, second = crsvqa.read([tmp_path / "a.txt"])
    assert first == Question("a", "Is there a road?", "yes", "presence", "a.txt line 1")
    assert isinstance(second, Unfit)
    assert "line is not a question: a.txt line 3" in str(second)
