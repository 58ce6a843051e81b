"""Given questions: which belong to a picture, how they are told, and what is refused."""

from pathlib import Path

import pytest

from rsvlm.captioning.settings import Subset
from rsvlm.chat.answers import Answers
from rsvlm.data.given import count_range, key_of, questions_of, some, written
from rsvlm.data.kinds.tasks import GivenQuestions
from rsvlm.data.work import Work
from rsvlm.errors import ConfigurationError
from rsvlm.records.rejected import Rejected
from rsvlm.records.unfit import Unfit
from tests.data.tasks.made import source

TEXT = GivenQuestions(layout="rsivqa", files=("a.txt",))


def work(raw: Path, split: str = "train") -> Work:
    return Work(raw, split, 7, 2000, Subset(), Rejected(), Answers(raw / "answers"))  # type: ignore[arg-type]


@pytest.mark.system("rs-instructions", 2)
@pytest.mark.parametrize(
    ("count", "told"),
    [
        ("0", "0"),
        ("1", "between 1 and 10"),
        ("10", "between 1 and 10"),
        ("11", "between 11 and 100"),
        ("100", "between 11 and 100"),
        ("101", "between 101 and 1000"),
        ("1000", "between 101 and 1000"),
        ("1001", "more than 1000"),
        ("17139", "more than 1000"),
    ],
)
def test_large_counts_become_the_ranges_that_they_are_scored_in(count: str, told: str) -> None:
    """Trap: counts of RSVQA-LR are large whole numbers or ranges."""
    assert count_range(count) == told
    assert written("How many roads are there?", count, "count", GivenQuestions(layout="rsvqa", counts="ranges")).answer == told
    assert written("How many roads are there?", count, "count", GivenQuestions(layout="rsvqa")).answer == count


@pytest.mark.parametrize("count", ["", "many", "-3", "1.5", "1e9", "9" * 40])
def test_a_count_without_a_range(count: str) -> None:
    with pytest.raises(Unfit, match="count is no whole number"):
        count_range(count)


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("what is the theme of this picture?", "What is the theme of this picture?"),
        ("does this picture contain storage tank?", "Does this picture contain a storage tank?"),
        ("Does this picture contain an airplane?", "Does this picture contain an airplane?"),
        ("Does this picture contain trees?", "Does this picture contain trees?"),
    ],
)
def test_questions_get_an_article_and_a_capital(question: str, told: str) -> None:
    assert written(question, "yes", "presence", TEXT).question == told


@pytest.mark.parametrize(
    "question", ["How many  in the picture?", "What is the location of the  in this picture?", "does this picture contain ?"]
)
def test_questions_that_name_nothing_are_refused(question: str) -> None:
    """163 lines of RSIVQA's file for UC Merced ask `How many  in the picture?`."""
    with pytest.raises(Unfit, match="question names nothing"):
        written(question, "two", "count", TEXT)


def test_questions_are_joined_by_the_stem_of_the_picture(tmp_path: Path) -> None:
    lines = "00001: is there a lake?yes\n1.tif:how many cars?two\nnot a line\n"
    lines += "00001.tif:How many  in the picture?one\n00001.tif:is there a road?no\n"
    source(tmp_path, "set", {"a.txt": lines})
    one = work(tmp_path)
    table = questions_of(TEXT, one, "set")
    assert [(given.question, given.answer, given.kind) for given in table.of(key_of("images/00001.TIF"))] == [
        ("Is there a lake?", "yes", "presence"),
        ("Is there a road?", "no", "presence"),
    ]
    assert [given.answer for given in table.of(key_of("1.jpg"))] == ["two"]
    assert table.of(key_of("2.jpg")) == []
    assert sorted(entry.reason for entry in one.rejected.entries()) == ["line is not a question", "question names nothing"]


def test_questions_of_one_picture_are_drawn_once_each(tmp_path: Path) -> None:
    lines = "".join(f"a.jpg:is there a thing {number % 5}?yes\n" for number in range(10))
    source(tmp_path, "set", {"a.txt": lines})
    rule = TEXT.model_copy(update={"most": 3})
    found = some(questions_of(rule, work(tmp_path), "set").of("a"), rule, work(tmp_path), "name")
    assert len({given.question for given in found}) == len(found) == 3
    assert found == some(questions_of(rule, work(tmp_path), "set").of("a"), rule, work(tmp_path), "name")


def test_rsvqa_keeps_the_questions_of_each_split_apart(tmp_path: Path) -> None:
    files: dict = {}
    for split, number in (("train", 1), ("test", 2)):
        files[f"{split}_images.json"] = {"images": [{"id": number, "active": True}]}
        files[f"{split}_questions.json"] = {
            "questions": [
                {"id": 5, "img_id": number, "type": "presence", "question": f"Is {split} there?", "answers_ids": [8], "active": True}
            ]
        }
        files[f"{split}_answers.json"] = {"answers": [{"id": 8, "answer": "yes", "active": True}]}
    source(tmp_path, "set", files)
    splits = {split: {key: f"{split}_{key}.json" for key in ("images", "questions", "answers")} for split in ("train", "test")}
    rule = GivenQuestions.model_validate({"layout": "rsvqa", "splits": splits})
    assert [given.question for given in questions_of(rule, work(tmp_path, "test"), "set").of("2")] == ["Is test there?"]
    assert questions_of(rule, work(tmp_path, "test"), "set").of("1") == []
    assert questions_of(rule, work(tmp_path, "validation"), "set").of("1") == []


def test_questions_without_files(tmp_path: Path) -> None:
    source(tmp_path, "set", {"a.txt": "x"})
    with pytest.raises(ConfigurationError, match="need `files`"):
        questions_of(GivenQuestions(layout="rsivqa"), work(tmp_path), "set")
