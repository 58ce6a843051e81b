"""Check questions about single annotated images: names, boxes, counts and absence against the annotation read again."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rsvlm.captioning.grammar import indefinite, plural
from rsvlm.data.checkers.sequence_words import around, boxes_of, is_boxes, place_of, questions, same, same_set
from rsvlm.data.checkers.whole import Whole, whole
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_FORM = re.escape("of the form [x_min, y_min, x_max, y_max].")
Boxes = dict[str, list[tuple[float, float, float, float]]]


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    seen = whole(record, evidence)
    boxes: Boxes = {noun: [around(shape, record["width"], record["height"]) for shape in shapes] for noun, shapes in seen.clear.items()}

    def answered(question: str, reply: str) -> Iterator[Statement]:
        yield from _answered(question, reply, seen, boxes)

    yield from questions(record, evidence, answered)


def _noun(words: str, boxes: Boxes) -> str | None:
    return next((noun for noun in boxes if words in (noun, plural(noun), indefinite(noun))), None)


def _answered(question: str, reply: str, seen: Whole, boxes: Boxes) -> Iterator[Statement]:
    if question.startswith("What is this? "):
        (box,) = boxes_of(question)
        names = {indefinite(noun).capitalize() for noun, others in boxes.items() if any(same(box, other) for other in others)}
        yield stated("presence", f"{question} {reply}", reply in names, f"{sorted(names)}")
        return
    if match := re.fullmatch(r"Is there (.+) in the image\? Answer with one word\.", question):
        there = any(indefinite(noun) == match[1] for noun in seen.anywhere)
        truth = "Yes" if _noun(match[1], boxes) else "No" if not there else "unknown"
        yield stated("presence", f"{question} {reply}", reply == truth, truth)
        return
    one = re.fullmatch(rf"Identify the location of the (.+?) ((?:on|in) the [a-z ]+) of the image using a bounding box {_FORM}", question)
    several = re.fullmatch(rf"Identify all (.+) in the image using bounding boxes {_FORM}", question)
    number = re.fullmatch(r"How many (.+) are there in the image\? Answer with one number\.", question)
    match = one or several or number
    if match is None:
        yield unread(question)
        return
    noun = _noun(match[1], boxes)
    certain = noun is not None and noun not in seen.doubtful
    truth_boxes = boxes.get(noun or "", [])
    if number:
        yield stated("count", f"{question} {reply}", certain and reply == str(len(truth_boxes)), f"{len(truth_boxes)}")
        return
    if one:
        truth_boxes = [box for box in truth_boxes if place_of(box) == one[2]]
        yield stated("position", question, certain and len(truth_boxes) == 1, f"{len(truth_boxes)} there")
    yield stated(
        "geometry", f"{question} {reply}", certain and is_boxes(reply) and same_set(boxes_of(reply), truth_boxes), f"{len(truth_boxes)}"
    )
