import numpy as np
import pytest
from PIL import Image

from rsvlm.captioning.scenes import Chip
from rsvlm.conversations import boxes, regions
from rsvlm.conversations.settings import RegionBuilder
from rsvlm.conversations.talk import Talk, as_conversations, mixed
from rsvlm.records.chips import Window
from rsvlm.records.models import LabelledObject
from rsvlm.seeds import numpy_generator

BUILDER = RegionBuilder(
    kind="regions",
    format="dota",
    source="made",
    prefix="made",
    pictures="{stem}.png",
    annotations="*.txt",
    absent=("plane", "ship"),
    most_boxes=3,
)


def at(label, x, y, side=6):
    return LabelledObject(label, ((x - side, y - side), (x + side, y - side), (x + side, y + side), (x - side, y + side)))


def chip(objects, cut=()):
    picture = Image.fromarray(np.full((100, 100, 3), 128, dtype=np.uint8))
    return Chip("c", "s", "f", b"", "jpg", picture, Window(0, 0, *picture.size), list(objects), None, cut=frozenset(cut))


def talks(objects, cut=(), seed=0):
    found = regions.talks_of(chip(objects, cut), {}, BUILDER, numpy_generator(seed))
    return {task: [talk for talk in found if talk.task == task] for task in {talk.task for talk in found}}


HARBOUR = [at("ship", 20, 20), at("ship", 80, 20), at("harbor", 50, 80)]


def test_a_grounded_description_has_every_class_that_can_be_grounded_with_all_its_boxes():
    (talk,) = talks(HARBOUR)["grounding"]
    assert talk.question == "[grounding] Describe the image in detail."
    assert talk.reply == (
        "There is <p>a harbor</p> {<44><74><56><86>|<0>} and <p>2 ships</p> {<14><14><26><26>|<0>}<delim>{<74><14><86><26>|<0>}."
    )
    assert [polygon[0] for polygon in talk.polygons] == [(44, 74), (14, 14), (74, 14)]


def test_classes_with_too_many_or_too_small_objects_are_left_out_of_descriptions():
    many = [at("ship", x, 20) for x in (10, 30, 50, 70)]
    (talk,) = talks([*many, at("harbor", 50, 80)])["grounding"]
    assert "ship" not in talk.reply
    assert "grounding" not in talks([at("ship", 50, 50, side=0.5), at("ship", 20, 20)])


def test_a_class_with_more_at_the_border_has_no_number():
    (talk,) = talks(HARBOUR, cut=["ship"])["grounding"]
    assert "<p>ships</p>" in talk.reply
    assert "<p>a harbor</p>" in talk.reply
    assert "counting" not in talks([at("ship", 20, 20)], cut=["ship"])


def test_referring_phrases_name_exactly_what_they_fit():
    for seed in range(8):
        for talk in talks(HARBOUR, seed=seed)["refer"]:
            phrase = talk.question.split("<p>")[1].split("</p>")[0].strip()
            expected = {
                "gray ships": 2, "ships": 2, "ship at the top left": 1, "ship at the top right": 1, "harbor": 1, "gray harbor": 1,
            }[phrase]  # fmt: skip
            assert len(talk.polygons) == len(boxes.decode(talk.reply, 100, 100)) == expected


def test_no_is_said_only_of_what_is_known_to_be_absent():
    for seed in range(10):
        answers = {talk.question.split("\n")[0]: talk.answer for talk in talks(HARBOUR, seed=seed)["presence"]}
        assert answers["Is there a plane in the image?"] == "no"
        assert set(answers) <= {"Is there a plane in the image?", "Is there a ship in the image?", "Is there a harbor in the image?"}
    assert len(talks([at("harbor", 50, 50)], cut=["plane", "ship"])["presence"]) == 1


@pytest.mark.parametrize("seed", range(5))
def test_counts_are_those_of_the_annotation(seed):
    (talk,) = talks(HARBOUR, seed=seed)["counting"]
    noun = talk.question.split("How many ")[1].split(" are")[0]
    assert talk.answer == {"ships": "2", "harbors": "1"}[noun]


def test_named_regions_carry_their_attributes():
    replies = {talk.reply for seed in range(10) for talk in talks(HARBOUR, seed=seed)["identify"]}
    assert replies == {"A gray ship at the top left", "A gray ship at the top right", "A gray harbor at the bottom"}


def test_mixed_conversations_hold_two_to_four_tasks_and_are_not_scored():
    one = [Talk(task, f"{task}?", f"{task}!") for task in ("refer", "refer", "identify", "presence", "counting", "grounding")]
    for seed in range(20):
        found = mixed("c", one, numpy_generator(seed))
        questions = [turn["text"] for turn in found["turns"][::2]]
        assert 2 <= len(questions) == len(set(questions)) <= 4
        assert (found["task"], found["answer"], found["polygons"]) == ("mixed", None, None)
    assert mixed("c", one[:2], numpy_generator(0)) is None
    assert [talk["id"] for talk in as_conversations("c", one)][:3] == ["c-refer-0", "c-refer-1", "c-identify-0"]
