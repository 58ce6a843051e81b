"""Check visual prompts: every mark against the annotated object below it, every line of an answer against that object.

A region must be the upright box around one annotated object; a point must lie in one and in no other. Then line k of an
answer is held against the object of mark k, and a relation against the objects that it cites by number.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from rsvlm.captioning.grammar import class_words
from rsvlm.data.checkers.directions import places_of, sides_of
from rsvlm.data.checkers.masks import regions
from rsvlm.data.checkers.nouns import check_item, items_of
from rsvlm.data.checkers.pixels import pixels_of, share_of_colour
from rsvlm.data.checkers.properties import about
from rsvlm.data.checkers.whole import rule_of, whole, window_of
from rsvlm.data.evidence import Evidence, boxes_in_window
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.records.pictures import load_mask

_LINE = re.compile(r"<(Region|Mark) (\d+)>: (.+)")
_DESCRIPTION = re.compile(
    r"(?:an? )?(?P<words>.+?)(?: (?:at|in) the (?P<place>[a-z ]+?) of the image)?"
    r"(?:, (?P<length>[\d.]+) m long and (?P<width>[\d.]+) m wide)?"
)
_COLOURS = ("black", "white", "gray", "red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown")
_SENTENCE = re.compile(r"<Region (\d+)> is ([a-z ]+?) <Region (\d+)>\.")
_SIDES = {
    "above": ("above",),
    "below": ("below",),
    "to the left of": ("left",),
    "to the right of": ("right",),
    "above and to the left of": ("above", "left"),
    "above and to the right of": ("above", "right"),
    "below and to the left of": ("below", "left"),
    "below and to the right of": ("below", "right"),
}
_QUESTIONS = {
    "Please identify the category of each marked region in the image.": "region",
    "Please identify the category of each marked point in the image.": "point",
    "Please provide a detailed description of each marked region in the image.": "description",
    "Please analyze the relationship between all marked regions in the image.": "relation",
    "Please provide a description of the marked image.": "image",
}
_LEAST_COLOUR = 0.4


@dataclass(frozen=True)
class _Thing:
    noun: str
    shape: shapely.Polygon


class _Facts:
    def __init__(self, record: Mapping[str, Any], evidence: Evidence) -> None:
        self.record, self.evidence, self.rule = record, evidence, rule_of(record, evidence)
        self.things = list(_things(record, evidence, self.rule))
        self.pixels = pixels_of(record, evidence)
        self.gsd = about(record, evidence)["gsd"]


def _things(record: Mapping[str, Any], evidence: Evidence, rule: Mapping[str, Any]) -> Iterator[_Thing]:
    if "classes" in rule:
        mask = load_mask(evidence.source(str(record["source"])).path(record["origin"]["annotation"]), rule["colours"])
        x, y, width, height = window_of(record)
        for value, noun in rule["classes"].items():
            for region in regions(mask[y : y + height, x : x + width] == int(value), diagonal=False):
                yield _Thing(noun, shapely.union_all([shapely.box(start, row, end, row + 1) for row, start, end in region]))
    else:
        for label, polygon, _ in boxes_in_window(record, evidence):
            yield _Thing(rule["names"].get(label, class_words(label)), polygon)


def _below(prompt: Mapping[str, Any], facts: _Facts) -> list[_Thing]:
    """Return the objects that a mark can mean: those that its point lies in, or whose box it is."""
    if prompt["type"] == "point":
        return [thing for thing in facts.things if thing.shape.covers(shapely.Point(prompt["xy"]))]
    return [thing for thing in facts.things if np.allclose(thing.shape.bounds, prompt["xyxy"], rtol=0, atol=0.02)]


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's marks and answers."""
    facts = _Facts(record, evidence)
    prompts = record["facts"]["prompts"]
    for position, conversation in enumerate(record["conversations"]):
        marks = prompts[position] if position < len(prompts) else []
        turns = [turn["text"] for turn in conversation["turns"]]
        for question, reply in zip(turns[::2], turns[1::2], strict=True):
            yield from _turn(_QUESTIONS.get(question, ""), question, reply, marks, facts)


def _turn(kind: str, question: str, reply: str, marks: Sequence[Mapping[str, Any]], facts: _Facts) -> Iterator[Statement]:
    if kind == "relation":
        yield from _relations(reply, marks, facts)
        return
    if not kind:
        yield unread(question)
        return
    matches = [_LINE.fullmatch(line) for line in reply.split("\n")[:-1]]
    word = "Mark" if kind == "point" else "Region"
    numbered = [(match[1], int(match[2])) for match in matches if match]
    if not reply.endswith("\n") or numbered != [(word, number) for number in range(1, len(marks) + 1)] or len(matches) != len(marks):
        yield stated("format", reply, False, f"{len(marks)} marks")
        return
    for match, mark in zip(matches, marks, strict=True):
        text = match[3] if match else ""
        if kind == "image":
            yield from _image(text, mark, facts)
        else:
            yield _line(kind, text, mark, facts)


def _line(kind: str, text: str, mark: Mapping[str, Any], facts: _Facts) -> Statement:
    below = _below(mark, facts)
    told = f"{mark}: {text}"
    if kind in ("region", "point"):
        named = {thing.noun for thing in below} == {text} and (kind == "region" or len(below) == 1)
        return stated("attribute", told, named and mark["type"] == ("point" if kind == "point" else "box"), f"it is {below}")
    match = _DESCRIPTION.fullmatch(text)
    if match is None:
        return unread(told)
    return stated("attribute", told, any(_fits(match, thing, facts) for thing in below), f"it is {below}")


def _fits(match: re.Match[str], thing: _Thing, facts: _Facts) -> bool:
    colour, _, rest = match["words"].partition(" ")
    named = match["words"] == thing.noun
    if not named and colour in _COLOURS and rest == thing.noun:
        share, _ = share_of_colour(facts.pixels, thing.shape, colour, facts.rule["prompts"]["colours"]["core"])
        named = share >= _LEAST_COLOUR
    if match["place"] and match["place"] not in places_of(thing.shape, facts.record["width"], facts.record["height"]):
        return False
    return named and (not match["length"] or _measures(match, thing, facts))


def _measures(match: re.Match[str], thing: _Thing, facts: _Facts) -> bool:
    if not facts.gsd or not facts.rule.get("measured"):
        return False
    corners = shapely.get_coordinates(thing.shape.minimum_rotated_rectangle)
    two = sorted((shapely.Point(corners[place]).distance(shapely.Point(corners[place + 1])) * facts.gsd for place in (0, 1)), reverse=True)
    slack = 0.5 * 10 ** -facts.rule["prompts"]["decimals"] + 0.01
    return all(abs(float(told) - true) <= slack for told, true in zip((match["length"], match["width"]), two, strict=True))


def _relations(reply: str, marks: Sequence[Mapping[str, Any]], facts: _Facts) -> Iterator[Statement]:
    sentences = _SENTENCE.findall(reply)
    if " ".join(f"<Region {one}> is {words} <Region {two}>." for one, words, two in sentences) != reply:
        yield unread(reply)
        return
    for one, words, two in sentences:
        told = f"<Region {one}> is {words} <Region {two}>"
        if not (1 <= int(one) <= len(marks) and 1 <= int(two) <= len(marks) and one != two):
            yield stated("format", told, False, f"{len(marks)} marks")
            continue
        first, second = _below(marks[int(one) - 1], facts), _below(marks[int(two) - 1], facts)
        holds = len(first) == len(second) == 1 and _holds(words, first[0], second[0], facts)
        yield stated("relation", told, holds, f"{first} and {second}")


def _holds(words: str, first: _Thing, second: _Thing, facts: _Facts) -> bool:
    if words in _SIDES:
        return _SIDES[words] in sides_of(first.shape, second.shape)
    limits = facts.rule["prompts"]["near"]
    inside = first.shape.intersection(second.shape).area / first.shape.area
    corners = shapely.get_coordinates(first.shape.minimum_rotated_rectangle)
    shorter = min(shapely.Point(corners[place]).distance(shapely.Point(corners[place + 1])) for place in (0, 1))
    if words == "anchored at":
        return (
            first.noun == "ship" and second.noun in ("harbor", "harbour") and first.shape.distance(second.shape) <= limits["near"] * shorter
        )
    if words == "parked at":
        return second.noun in ("building", "airport") and first.shape.distance(second.shape) <= limits["near"] * shorter
    return words in ("passing through", "surrounded by") and inside >= limits["inside"]


def _image(text: str, mark: Mapping[str, Any], facts: _Facts) -> Iterator[Statement]:
    record = facts.record
    covers = mark["type"] == "box" and mark["xyxy"] == [0, 0, record["width"], record["height"]]
    yield stated("geometry", f"the mark of the whole image: {mark}", covers, "it does not cover the image")
    if not text.startswith("the image shows "):
        yield unread(text)
        return
    seen = whole(record, facts.evidence)
    counts = {noun: len(shapes) for noun, shapes in seen.clear.items() if noun not in seen.doubtful}
    for item in items_of(text.removeprefix("the image shows ")):
        yield check_item(item, counts, 1 << 30)
