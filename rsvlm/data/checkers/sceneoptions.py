"""Check the class of a scene among options: against the label that the source's list has for the picture."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rsvlm.data.checkers.sequence_words import questions
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread


@cache
def _labels(path: Path) -> dict[str, str]:
    found = {}
    for line in path.read_text("utf-8", errors="replace").split("\n"):
        try:
            entry = json.loads(line)
            found[str(entry["image"])] = str(entry["label"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return found


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    rule = evidence.rules(record)[0]
    label = _labels(evidence.source(str(record["source"])).path(rule["file"]))[record["origin"]["picture"]]

    def answered(question: str, reply: str) -> Iterator[Statement]:
        match = re.fullmatch(r"Classify this image as one of: (.+)\.", question)
        if match is None:
            yield unread(question)
            return
        options = match[1].split(", ")
        yield stated("attribute", reply, _bare(reply) == _bare(label), label)
        if reply not in options or not len(set(options)) == len(options) == rule["options"]:
            yield stated("format", question, False, f"{rule['options']} different options, the answer among them")

    yield from questions(record, evidence, answered)
