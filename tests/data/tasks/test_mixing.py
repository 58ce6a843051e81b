"""Dialogues of several turns: drawn, without repeats, identifiers in every turn, evaluation pictures untouched."""

from pathlib import Path

import pytest

from rsvlm.captioning.settings import Subset
from rsvlm.chat.answers import Answers
from rsvlm.conversations.talk import Talk
from rsvlm.data.kinds.tasks import MixRules
from rsvlm.data.mixing import dialogues, mixed
from rsvlm.data.work import Work
from rsvlm.records.rejected import Rejected

TALKS = [
    Talk("caption", "[caption] Briefly describe this image", "Ships lie in a harbor.", "x"),
    Talk("caption", "[caption] What does this image show?", "A harbor.", "x"),
    Talk("presence", "[vqa] Is there a ship in the image?", "yes", "yes"),
    Talk("counting", "[vqa] How many ships are there in the image?", "3", "3"),
    Talk("question", "[vqa] Is there a ship in the image?", "yes", "yes"),
    Talk("refer", "[refer] Where is the harbor?", "{<1><2><30><40>}", "x", (((0, 0), (1, 0), (1, 1), (0, 1)),)),
    Talk("identify", "[identify] What is at {<1><2><30><40>}?", "A harbor.", "harbor"),
]


def work(split: str = "train", seed: int = 7) -> Work:
    return Work(Path("raw"), split, seed, 2000, Subset(), Rejected(), Answers(Path("answers")))  # type: ignore[arg-type]


def names() -> list[str]:
    return [f"record-{number}" for number in range(200)]


@pytest.mark.system("skyeye-968k", 2)
def test_a_mix_never_repeats_a_question_and_keeps_its_identifiers() -> None:
    orders = set()
    for name in names():
        found = mixed(name, TALKS, 6, work())
        questions = [talk.question for talk in found]
        assert 2 <= len(found) <= 6
        assert len(set(questions)) == len(questions)
        assert len({talk.task for talk in found}) >= 2
        assert all(question.startswith(("[caption] ", "[vqa] ", "[refer] ", "[identify] ")) for question in questions)
        assert sum(talk.task == "caption" for talk in found) <= 1
        orders.add(tuple(talk.task for talk in found))
    assert len(orders) > 50, "the order of tasks is drawn"


def test_no_turn_tells_the_answer_of_another() -> None:
    for name in names():
        told = " ".join(talk.question for talk in mixed(name, TALKS, 6, work()) if talk.task == "identify")
        assert not (told and any(talk.task == "refer" for talk in mixed(name, TALKS, 6, work())))


def test_one_task_alone_is_no_mix() -> None:
    assert mixed("a", TALKS[:2], 6, work()) == []
    assert mixed("a", [], 6, work()) == []


def test_questions_stand_together_in_training_only() -> None:
    """RS-Instructions has several questions of an image in one record; evaluation scores each alone."""
    rule = MixRules(together=2)
    found = dialogues("a", TALKS, rule, work())
    together = [talk for talk in found if "together" in talk["id"]]
    assert [len(talk["turns"]) for talk in together] == [4]  # the question that stands there twice is told once
    assert {talk["task"] for talk in found if "together" not in talk["id"]} == {"caption", "refer", "identify"}
    assert [len(talk["turns"]) for talk in dialogues("a", TALKS, rule, work("test"))] == [2] * len(TALKS)


def test_the_share_of_mixed_pictures() -> None:
    count = sum(any(talk["task"] == "mixed" for talk in dialogues(name, TALKS, MixRules(share=0.3), work())) for name in names())
    assert 40 <= count <= 80
    assert not any(talk["task"] == "mixed" for name in names() for talk in dialogues(name, TALKS, MixRules(share=1.0), work("test")))


def test_the_same_every_time() -> None:
    rule = MixRules(together=3, share=1.0)
    assert dialogues("a", TALKS, rule, work()) == dialogues("a", TALKS, rule, work())
