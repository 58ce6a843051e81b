"""Conversations from CHOICE records: its questions as open ones, its quadrilaterals as boxes to find and to name."""

import re

from rsvlm.captioning.grammar import article, class_words, plural, sentence
from rsvlm.conversations import boxes, geochat
from rsvlm.conversations.talk import Talk
from rsvlm.records.geometry import checked_object
from rsvlm.records.models import LabelledObject
from rsvlm.records.readers.choice import ChoiceGrounding, ChoiceQuestion
from rsvlm.records.unfit import Unfit

_LOCATE = re.compile(r"coordinates of the (.+?) in the image")
_PRESENT = re.compile(r"\ba/an (.+?)( present)? in this image|\bfeature a/an (.+?)\?|\bcontain a/an (.+?)\?")
_COUNT = re.compile(r"(?:How many|number of) (.+?) (?:are|can|in this|present)")


def _found(pattern: re.Pattern[str], record: ChoiceQuestion | ChoiceGrounding) -> str:
    match = pattern.search(record.question)
    name = match and next((group for group in match.groups() if group and group.strip() != "present"), None)
    if not name:
        raise Unfit("question has an unknown form", f"{record.where}: {record.question[:80]}")
    return class_words(name)


def grounding_talks(record: ChoiceGrounding, width: int, height: int) -> tuple[list[Talk], LabelledObject]:
    """Return a referring and a naming talk about the one object of a grounding record, and the object.

    Args:
        record: corners are shares of width and height.
        width: of the picture, pixels.
        height: of the picture, pixels.

    Raises:
        Unfit: the quadrilateral breaks a rule or has no box text.
    """
    noun = _found(_LOCATE, record)
    corners = [(x * width, y * height) for x, y in record.corners]
    labelled = checked_object(noun, corners, width, height)
    text = boxes.encode(labelled.polygon, width, height)
    name = sentence(f"{article(noun)} {noun}")
    return [
        Talk("refer", geochat.refer_question(noun), text, text, (labelled.polygon,)),
        Talk("identify", geochat.identify_question(text), name, name),
    ], labelled


def presence_talk(record: ChoiceQuestion) -> Talk:
    """Return a presence question with yes or no.

    Raises:
        Unfit: the question or its answer has another form.
    """
    noun, answer = _found(_PRESENT, record), record.answer.lower()
    if answer not in ("yes", "no"):
        raise Unfit("answer is none of the options", f"{record.where}: {record.answer[:40]!r} is neither yes nor no")
    return Talk("presence", geochat.vqa_question(f"Is there {article(noun)} {noun} in the image?"), answer, answer)


def counting_talk(record: ChoiceQuestion) -> Talk:
    """Return a counting question with its number.

    Raises:
        Unfit: the question or its answer has another form.
    """
    noun = _found(_COUNT, record)
    if not re.fullmatch(r"\d{1,6}", record.answer):
        raise Unfit("answer is none of the options", f"{record.where}: {record.answer[:40]!r} is not a number")
    return Talk("counting", geochat.vqa_question(f"How many {plural(noun)} are there in the image?"), record.answer, record.answer)
