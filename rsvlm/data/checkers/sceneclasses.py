"""Check scene classification: the answer must be the class in the path of the record's picture, in words, and one of the classes named."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rsvlm.captioning.grammar import class_words
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_QUESTION = re.compile(r"(?:\{CLS\} )?What is the scene in this image\? Choose one of these classes: (.+)")


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's questions."""
    rule = evidence.rules(record)[0]
    match = re.search(rule["label"], record["origin"]["picture"])
    folder = match[1] if match else ""
    truth = rule["names"].get(folder, class_words(folder))
    for conversation in record["conversations"]:
        question, reply = (turn["text"] for turn in conversation["turns"])
        match = _QUESTION.fullmatch(question)
        if match is None:
            yield unread(question)
            continue
        yield stated("attribute", f"{question} {reply}", reply == truth and reply in match[1].split(", "), f"the scene is {truth!r}")
