"""Check VHM's short questions about objects: counts, boxes, metres and class lists, against boxes read and measured again."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import shapely

from rsvlm.captioning.grammar import plural
from rsvlm.data.checkers.properties import about, check_property
from rsvlm.data.checkers.whole import Whole, whole
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_COUNT = re.compile(r"(?:How many (.+) are there in the image\?|Count the (.+) in the image\.)")
_GROUND = re.compile(
    r"(?:Where is the (?P<a>.+)\? Give its bounding box as \[x1,y1,x2,y2\]\.|Give the bounding box of the (?P<b>.+) as \[x1,y1,x2,y2\]\.)"
)
_PHRASE = re.compile(r"(?P<largest>largest )?(?P<noun>.+?)(?: (?:at|in) the (?P<place>[a-z ]+) of the image)?")
_MEASURE = re.compile(r"What are the length and the width of the (.+) at (\[.+\]) in metres\? The length is the longer side\.")
_MEASURED = re.compile(r"The length is (\d+(?:\.\d+)?) m and the width is (\d+(?:\.\d+)?) m\.")
_LABELS = re.compile(r"Which of the following classes does the image show: (.+)\?")
_BOX = re.compile(r"\[(\d{1,4}),(\d{1,4}),(\d{1,4}),(\d{1,4})\]")
_UNITS = 1000


def box_in(text: str, width: int, height: int) -> tuple[float, float, float, float] | None:
    """Return a box text in pixels."""
    match = _BOX.fullmatch(text)
    if match is None or max(map(int, match.groups())) > _UNITS:
        return None
    x1, y1, x2, y2 = (int(value) / _UNITS for value in match.groups())
    return x1 * width, y1 * height, x2 * width, y2 * height


def is_box_of(box: tuple[float, float, float, float], polygon: shapely.Polygon, width: int, height: int) -> bool:
    """Say whether a box read from text is that of an object, to half a unit."""
    slack = (0.51 * width / _UNITS + 0.01, 0.51 * height / _UNITS + 0.01) * 2
    return all(abs(value - true) <= room for value, true, room in zip(box, polygon.bounds, slack, strict=True))


class _Facts:
    def __init__(self, record: Mapping[str, Any], evidence: Evidence) -> None:
        self.record, self.rule = record, evidence.rules(record)[0]
        self.seen: Whole = whole(record, evidence)
        self.known = about(record, evidence)
        self.size = record["width"], record["height"]
        self.nouns = sorted({*self.rule["known"]["nouns"], *self.seen.anywhere})

    def singular(self, text: str) -> str | None:
        return next((noun for noun in self.nouns if plural(noun) == text), None)


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's questions."""
    facts = _Facts(record, evidence)
    for conversation in record["conversations"]:
        question, reply = (turn["text"] for turn in conversation["turns"])
        yield _one(question, reply, conversation, facts)


def _one(question: str, reply: str, conversation: Mapping[str, Any], facts: _Facts) -> Statement:
    wanted = "{VG} " if conversation["task"] == "refer" else "{IT} "
    prefix = wanted if facts.rule["measured"]["prefix"] else ""
    if not question.startswith(prefix):
        return unread(question)
    text = question.removeprefix(prefix)
    if match := _COUNT.fullmatch(text):
        return _count(text, match[1] or match[2], reply, facts)
    if match := _GROUND.fullmatch(text):
        return _ground(text, match["a"] or match["b"], reply, facts)
    if match := _MEASURE.fullmatch(text):
        return _measure(text, match[1], match[2], reply, facts)
    if match := _LABELS.fullmatch(text):
        return _labels(text, match[1].split(", "), reply, facts)
    return check_property(text, reply, conversation["answer"], facts.known, facts.rule["properties"]) or unread(question)


def _count(text: str, nouns: str, reply: str, facts: _Facts) -> Statement:
    noun = facts.singular(nouns)
    if noun is None:
        return unread(text)
    number, doubtful = len(facts.seen.clear.get(noun, [])), noun in facts.seen.doubtful
    return stated("count", f"{text} {reply}", reply == str(number) and not doubtful, f"{number}, in doubt: {doubtful}")


def _ground(text: str, phrase: str, reply: str, facts: _Facts) -> Statement:
    match = _PHRASE.fullmatch(phrase)
    box = box_in(reply, *facts.size)
    if match is None or box is None:
        return unread(f"{text} {reply}")
    objects = facts.seen.clear.get(match["noun"], [])
    meant = objects if match["noun"] not in facts.seen.doubtful else []
    if match["largest"]:
        largest = max((polygon.area for polygon in meant), default=0.0)
        meant = [polygon for polygon in meant if polygon.area >= 0.95 * largest]
    if match["place"]:
        meant = [polygon for polygon in meant if _place(polygon, *facts.size) == match["place"]]
    holds = len(meant) == 1 and is_box_of(box, meant[0], *facts.size)
    return stated("geometry", f"{text} {reply}", holds, f"{len(meant)} objects are meant: {[polygon.bounds for polygon in meant][:3]}")


def _place(polygon: shapely.Polygon, width: int, height: int) -> str:
    x1, y1, x2, y2 = polygon.bounds
    row = ("top", "", "bottom")[min(int((y1 + y2) / 2 / height * 3), 2)]
    column = ("left", "", "right")[min(int((x1 + x2) / 2 / width * 3), 2)]
    return f"{row} {column}".strip() or "centre"


def _measure(text: str, noun: str, written: str, reply: str, facts: _Facts) -> Statement:
    box, match = box_in(written, *facts.size), _MEASURED.fullmatch(reply)
    if box is None or match is None or not facts.known["gsd"]:
        return unread(f"{text} {reply}")
    sides = []
    for polygon in facts.seen.clear.get(noun, []):
        if is_box_of(box, polygon, *facts.size):
            corners = shapely.get_coordinates(polygon.minimum_rotated_rectangle)
            two = [shapely.Point(corners[place]).distance(shapely.Point(corners[place + 1])) for place in (0, 1)]
            sides.append(tuple(sorted((side * facts.known["gsd"] for side in two), reverse=True)))
    told = float(match[1]), float(match[2])
    slack = 0.5 * 10 ** -facts.rule["measured"]["decimals"] + 0.01
    holds = any(all(abs(value - true) <= slack for value, true in zip(told, true_sides, strict=True)) for true_sides in sides)
    return stated("measure", f"{text} {reply}", holds, f"metres: {sides}")


def _labels(text: str, names: list[str], reply: str, facts: _Facts) -> Statement:
    absent = {noun for noun in names if noun in facts.rule["known"]["nouns"] and not facts.seen.anywhere[noun]}
    shown = {noun for noun in names if facts.seen.clear.get(noun)}
    holds = shown | absent == set(names) and reply == ", ".join(name for name in names if name in shown)
    return stated("presence", f"{text} {reply}", holds, f"shown: {sorted(shown)}, absent: {sorted(absent)}")
