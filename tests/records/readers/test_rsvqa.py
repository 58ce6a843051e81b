import json
from collections import Counter

import pytest

from rsvlm.errors import DataError
from rsvlm.records.readers import rsvqa
from rsvlm.records.unfit import Unfit

IMAGES = [{"id": 0, "active": True, "original_name": "x"}, {"id": 1, "active": False}, {"id": 2, "active": True}]
QUESTIONS = [
    {"id": 0, "img_id": 2, "type": "presence", "question": "Is a road present?", "answers_ids": [11], "active": True},
    {"id": 1, "active": False},
    {"id": 2, "img_id": 0, "type": "count", "question": "How many roads?", "answers_ids": [10], "active": True},
]
ANSWERS = [
    {"id": 11, "answer": "yes", "question_id": 0, "active": True},
    {"id": 12, "active": False},
    {"id": 10, "answer": "3", "active": True},
]


def files(folder, images=IMAGES, questions=QUESTIONS, answers=ANSWERS):
    found = []
    for name, records in (("images", images), ("questions", questions), ("answers", answers)):
        found.append(folder / f"{name}.json")
        found[-1].write_text(json.dumps({name: records}))
    return found


def test_the_three_files_are_joined_by_id_and_inactive_entries_passed_over(tmp_path):
    first, second = rsvqa.read(*files(tmp_path))
    assert first == rsvqa.Question("2.tif", "Is a road present?", "yes", "presence", "questions[0]")
    assert second == rsvqa.Question("0.tif", "How many roads?", "3", "count", "questions[2]")
    assert next(iter(rsvqa.read(*files(tmp_path), picture="hr/{id}.png"))).picture == "hr/2.png"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"img_id": 1}, "question has no picture: questions[0]: no active picture has the id 1"),
        ({"img_id": None}, "field has another type: questions[0].img_id is NoneType, not a whole number"),
        ({"answers_ids": []}, "question has no answer: questions[0].answers_ids is empty"),
        ({"answers_ids": [12]}, "question has no answer: questions[0]: no active answer has the id 12"),
        ({"answers_ids": ["11"]}, "field has another type: questions[0].answers_ids[0] is str, not a whole number"),
        ({"answers_ids": [10**30]}, "number is not finite: questions[0].answers_ids[0] has more than 64 bits"),
        ({"active": "yes"}, "field has another type: questions[0].active is str, not true or false"),
        ({"question": ""}, "text is empty or not allowed: questions[0].question of 0 characters"),
    ],
)
def test_a_question_that_cannot_be_joined_is_told(tmp_path, change, message):
    found, _ = rsvqa.read(*files(tmp_path, questions=[QUESTIONS[0] | change, QUESTIONS[2]]))
    assert isinstance(found, Unfit)
    assert str(found) == message


def test_files_that_cannot_be_joined_at_all_are_named(tmp_path):
    with pytest.raises(DataError, match=r"images.json: field is missing: images\[0\].id"):
        list(rsvqa.read(*files(tmp_path, images=[{}])))
    with pytest.raises(DataError, match=r"answers.json: two answers have the id 10"):
        list(rsvqa.read(*files(tmp_path, answers=[ANSWERS[2], ANSWERS[2]])))
    images, _, answers = files(tmp_path)
    with pytest.raises(DataError, match="holds no list 'questions'"):
        list(rsvqa.read(images, answers, answers))
    (unfit, _, _) = rsvqa.read(*files(tmp_path, answers=[*ANSWERS, {"id": 13}]))
    assert str(unfit) == "field is missing: answers[3].answer"
    assert [str(found)[:21] for found in rsvqa.read(*files(tmp_path, answers=[]))] == ["question has no answe"] * 2


def test_lines_with_either_separator_and_lines_that_are_none(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("00001: how many planes are there?15\n1.tif:What is the theme of this picture ? farm land\nP1:is it?\nno line\n:a?b\n")
    one, two, *faults = rsvqa.read_text(path)
    assert one == rsvqa.Question("00001", "how many planes are there?", "15", "count", "line 1")
    assert two == rsvqa.Question("1.tif", "What is the theme of this picture?", "farm land", "theme", "line 2")
    assert [str(fault)[:30] for fault in faults] == [f"line is not a question: line {n}" for n in (3, 4, 5)]


@pytest.mark.parametrize(
    ("name", "count"), [("aid_subset", 3127), ("dota_val", 4041), ("sydney_theme", 613), ("ucm_human", 2795), ("ucm_theme", 2100)]
)
def test_the_published_files_are_read_whole(mirror, name, count):
    # Counts of lines as `wc -l` gives them; every line of these files is a question.
    found = list(rsvqa.read_text(mirror / "captions-text" / f"rsivqa_{name}.txt"))
    assert (len(found), sum(isinstance(each, Unfit) for each in found)) == (count, 0)
    if name.endswith("theme") or name == "aid_subset":
        assert {each.kind for each in found} == {"theme"}


def test_the_published_answers_are_those_counted_by_hand(mirror):
    found = list(rsvqa.read_text(mirror / "captions-text" / "rsivqa_ucm_human.txt"))
    answers = Counter(each.answer for each in found)
    assert [answers[word] for word in ("intersection", "zero", "i cannot see it")] == [100, 121, 82]
    assert {each.kind for each in found if each.answer in ("yes", "no")} == {"presence"}
