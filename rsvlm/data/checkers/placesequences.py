"""Check conversations about the class of a place: answer, options, order, sensor and resolution against fMoW's files."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from rsvlm.captioning.grammar import class_words
from rsvlm.data.checkers.sequence_words import questions
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_QUESTION = re.compile(
    r"Which of the following classes does this sequence of images belong to\? Please answer using only one of the following classes: (.+)\."
)


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    if record.get("part_of"):
        return
    source, rule = evidence.source(str(record["source"])), evidence.rules(record)[0]
    told = [
        json.loads(source.path(PurePosixPath(picture).with_suffix(".json").as_posix()).read_bytes())
        for picture in record["facts"]["pictures"]
    ]
    times = [each["timestamp"] for each in told]
    days = [time[:10] for time in times]
    yield stated("attribute", str(days), times == sorted(times) and record["facts"]["timestamps"] == days, f"{times}")
    yield stated("count", str(len(told)), len(told) <= rule["most_images"], f"at most {rule['most_images']}")
    boxes = [
        box for each in told for box in (each["bounding_boxes"] if isinstance(each["bounding_boxes"], list) else [each["bounding_boxes"]])
    ]
    classes = {class_words(box["category"]) for box in boxes}
    sensors = {rule["sensors"].get(str(each.get("sensor_platform_name") or "").upper(), "") for each in told}
    gsd = [float(each["gsd"]) for each in told if each.get("gsd")]

    def answered(question: str, reply: str) -> Iterator[Statement]:
        match = _QUESTION.fullmatch(question)
        if match is None:
            yield unread(question)
            return
        yield stated("attribute", reply, classes == {reply}, f"{sorted(classes)}")
        if reply not in match[1].split(", "):
            yield stated("format", question, False, "the answer is none of the classes")

    yield from questions(
        record, evidence, answered, sensor="".join(sensors) if len(sensors) == 1 else "", gsd=gsd if len(gsd) == len(told) else ()
    )
