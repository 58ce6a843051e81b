"""Check visual prompts for whole pictures: the mark covers everything, class and caption are the picture's own."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rsvlm.captioning.grammar import class_words
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.records.readers import pairs
from rsvlm.records.unfit import Unfit


@cache
def _lines(path: Path) -> dict[str, tuple[str | None, tuple[str, ...]]]:
    """Return image -> (class in words, captions without spaces and in lower case)."""
    found = {}
    for _, line in pairs.read(path):
        if not isinstance(line, Unfit):
            told = tuple(_plain(caption) for caption in line.captions if isinstance(caption, str))
            found[line.image] = (class_words(line.label) if line.label else None, told)
    return found


def _plain(text: str) -> str:
    return "".join(text.split()).rstrip(".").lower()


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's marks and answers."""
    origin = record["origin"]
    label, captions = _lines(evidence.source(str(record["source"])).path(origin["annotation"]))[origin["picture"]]
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
            yield stated("attribute", text, _plain(text) in captions, "it is no caption of this picture")
        else:
            yield unread(question)
