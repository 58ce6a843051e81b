"""Check conversations about development: every answer against the region of QFabric's file that its box shows."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import shapely.geometry

from rsvlm.data.checkers.sequence_words import around, boxes_of, questions, same
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_DONE = {"construction done", "operational"}


def _day(text: str) -> str:
    for form in ("%d-%m-%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text.strip()[:10], form).date().isoformat()
        except ValueError:
            continue
    return ""


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("-", " ").split())


def _told(feature: Mapping[str, Any], width: int, height: int) -> dict[str, Any]:
    about = feature["properties"]
    dated = [(_day(str(about.get(f"date{n}") or "")), _plain(str(about.get(f"change_status_date{n}") or ""))) for n in range(6)]
    box = around(shapely.geometry.shape(feature["geometry"]), width, height)
    return {"box": box, "change": _plain(str(about.get("change_type") or "")), "moments": sorted(each for each in dated if all(each))}


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    if record.get("part_of"):
        return
    source = evidence.source(str(record["source"]))
    document = json.loads(source.path(record["origin"]["annotation"]).read_bytes())
    found = [_told(feature, record["width"], record["height"]) for feature in document["features"]]
    stamps = record["facts"]["timestamps"]
    yield stated("attribute", str(stamps), stamps == sorted(stamps), "not in order of time")
    named = all(stamp in picture for stamp, picture in zip(stamps, record["facts"]["pictures"], strict=True))
    yield stated("format", str(record["facts"]["pictures"]), named, f"the pictures of {stamps}")

    def answered(question: str, reply: str) -> Iterator[Statement]:
        boxes = boxes_of(question)
        fitting = [each for each in found if boxes and same(boxes[0], each["box"])]
        truth = {_truth(question, each, stamps) for each in fitting}
        if None in truth:
            yield unread(question)
        else:
            yield stated("attribute", f"{question} {reply}", truth == {reply}, f"{sorted(map(str, truth))}")

    yield from questions(record, evidence, answered)


def _truth(question: str, region: Mapping[str, Any], stamps: list[str]) -> str | None:
    told = dict(region["moments"])
    statuses = [told.get(stamp, "") for stamp in stamps]
    if question.startswith("Identify the type of urban development that has occurred in this area "):
        return str(region["change"]).capitalize()
    if match := re.match(r"What is the development status in this region \[[^\]]+\] in image (\d)\?", question):
        return statuses[int(match[1]) - 1].capitalize()
    if question.startswith("In which image was construction first finished in this region "):
        return next((f"Image {number}" for number, status in enumerate(statuses, 1) if status in _DONE), "none")
    if match := re.match(r"Is construction finished in this region \[[^\]]+\] in image (\d)\?", question):
        return "Yes" if statuses[int(match[1]) - 1] in _DONE else "No"
    return None
