import pytest

from rsvlm.conversations import choice
from rsvlm.conversations.geochat import scene_answer_matches, scene_question
from rsvlm.records.readers.choice import ChoiceGrounding, ChoiceQuestion
from rsvlm.records.unfit import Unfit


def question(text, answer):
    return ChoiceQuestion("record 1", "a.jpg", text, {}, answer)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Is a/an airplane present in this image?", "Is there an airplane in the image?"),
        ("Can you see a/an ship in this image?", "Is there a ship in the image?"),
        ("Does this image feature a/an soccer ball field?", "Is there a soccer ball field in the image?"),
        ("Does this image contain a/an dam?", "Is there a dam in the image?"),
        ("Is there a/an storage tank in this image?", "Is there a storage tank in the image?"),
    ],
)
def test_presence_questions_are_asked_in_english(text, expected):
    talk = choice.presence_talk(question(text, "Yes"))
    assert talk.question == f"{expected}\nAnswer the question using a single word or phrase."
    assert (talk.reply, talk.answer) == ("yes", "yes")


@pytest.mark.parametrize(
    ("text", "noun"),
    [
        ("How many tennis court are visible in the image?", "tennis courts"),
        ("What is the total number of harbor in this image?", "harbors"),
        ("How many storage tank can be seen in this image?", "storage tanks"),
        ("Count the number of bridge present in this image.", "bridges"),
    ],
)
def test_counting_questions_have_a_plural_and_their_number(text, noun):
    talk = choice.counting_talk(question(text, "27"))
    assert talk.question.startswith(f"How many {noun} are there in the image?")
    assert talk.answer == "27"


@pytest.mark.parametrize(
    ("make", "text", "answer", "reason"),
    [
        (choice.presence_talk, "Is a/an airplane present in this image?", "can't judge", "answer is none of the options"),
        (choice.presence_talk, "What colour is it?", "Yes", "question has an unknown form"),
        (choice.counting_talk, "How many ship are there?", "several", "answer is none of the options"),
    ],
)
def test_other_forms_are_set_aside(make, text, answer, reason):
    with pytest.raises(Unfit) as caught:
        make(question(text, answer))
    assert caught.value.reason == reason


def test_a_quadrilateral_becomes_a_box_to_find_and_to_name():
    record = ChoiceGrounding(
        "record 1",
        "a.jpg",
        "Please output the coordinates of the storage-tank in the image in the format (x1, y1, x2, y2).",
        ((0.2, 0.2), (0.4, 0.2), (0.4, 0.5), (0.2, 0.5)),
    )
    (refer, identify), labelled = choice.grounding_talks(record, 200, 100)
    assert labelled.polygon == ((40, 20), (80, 20), (80, 50), (40, 50))
    assert refer.question == "[refer] Give me the location of <p> storage tank </p>"
    assert refer.answer == "{<20><20><40><50>|<0>}"
    assert identify.question == "[identify] What is the object present at {<20><20><40><50>|<0>}"
    assert identify.answer == "A storage tank"


@pytest.mark.system("geochat", 2)
def test_scene_questions_and_hits_follow_the_official_scripts():
    suffix = "\nClassify the image from the following classes. Answer in one word or a short phrase."
    assert scene_question(["airport", "bare land"]).endswith(f"Classes: airport, bare land.{suffix}")
    assert scene_question([]).endswith("Answer in one word or a short phrase.")
    assert scene_answer_matches("Dense residential.", "DenseResidential")
    assert not scene_answer_matches("dense", "DenseResidential")
