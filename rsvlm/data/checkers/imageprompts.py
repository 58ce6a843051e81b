"""Check visual prompts for whole pictures: the mark covers everything, class and caption are the picture's own."""

from collections.abc import Iterator, Mapping
from typing import Any

from rsvlm.captioning.grammar import class_words
from rsvlm.data.checkers.given import plain
from rsvlm.data.checkers.picture_tasks import told_of
from rsvlm.data.checkers.turns import rule_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's marks and answers."""
    of_set, captions, _ = told_of(rule_of(record, evidence)["listing"], record, evidence)
    label = class_words(of_set) if of_set else None
    prompts = record["facts"]["prompts"]
    for position, conversation in enumerate(record["conversations"]):
        question, reply = (turn["text"] for turn in conversation["turns"])
        marks = prompts[position] if position < len(prompts) else []
        whole = [{"type": "box", "xyxy": [0, 0, record["width"], record["height"]]}]
        text = reply.removeprefix("<Region 1>: ").removesuffix("\n")
        if reply != f"<Region 1>: {text}\n" or "\n" in text or marks != whole:
            yield stated("format", reply, False, f"marks {marks}")
        elif question == "Please identify the scene category of the marked image.":
            yield stated("attribute", f"{question} {text}", text == label, f"the scene is {label!r}")
        elif question == "Please provide a description of the marked image.":
            yield stated("attribute", text, plain(text) in captions, "it is no caption of this picture")
        else:
            yield unread(question)
