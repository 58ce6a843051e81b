"""Check captions of pictures centred on a map feature: what shows, whether one or several, and what lies in the middle."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import shapely

from rsvlm.captioning.grammar import indefinite, plural
from rsvlm.data.checkers.map_evidence import Mapped, counted_of, mapped, nouns_of, rule_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.data.wording import wording

_SHOWS = re.compile(r"(?:The image shows|This aerial image shows|An aerial view of) (.+)\.")
_MIDDLE = re.compile(r"In the middle is (.+)\.")
_NEAR = 0.02  # of the side: windows begin at whole pixels


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions."""
    elements, least = mapped(record, evidence), float(rule_of(record, evidence)["least_side"])
    scale = record["width"] / record["origin"]["window"][2]
    for caption in record["captions"]:
        if record["method"] == "model":
            yield from _of_model(caption, elements)
            continue
        for sentence in re.split(r"(?<=[.])\s+", caption):
            if match := _SHOWS.fullmatch(sentence):
                yield from _shown(match[1], elements, least * scale)
            elif match := _MIDDLE.fullmatch(sentence):
                yield _in_middle(match[1], elements, record)
            else:
                yield unread(sentence)


def _shown(phrases: str, elements: list[Mapped], least: float) -> Iterator[Statement]:
    nouns = {noun for each in elements for noun in nouns_of(each.tags)}
    for phrase in re.split(r", | and ", phrases):
        one = [noun for noun in nouns if phrase == indefinite(noun)]
        several = [noun for noun in nouns if phrase == plural(noun)]
        if not one and not several:
            yield stated("presence", phrase, False, ", ".join(sorted(nouns)))
            continue
        if (one or several) and one == several:  # a noun without a number: farmland
            yield stated("presence", phrase, True)
            continue
        fewest, most = counted_of((one or several)[0], elements, least)
        holds = fewest <= 1 <= most if one else most >= 2
        yield stated("count", phrase, holds, f"{fewest} to {most} of them")


def _in_middle(phrase: str, elements: list[Mapped], record: Mapping[str, Any]) -> Statement:
    middle = shapely.Point(record["width"] / 2, record["height"] / 2)
    near = [each for each in elements if any(phrase == indefinite(noun) for noun in nouns_of(each.tags))]
    distance = min((each.pixels.distance(middle) for each in near), default=float("inf"))
    return stated("position", phrase, distance <= _NEAR * record["width"] + 1, f"{distance:.1f} pixels from the middle")


def _of_model(caption: str, elements: list[Mapped]) -> Iterator[Statement]:
    """Yield what can be checked of a model's words: that the things that they name are there."""
    present = {form for each in elements for noun in nouns_of(each.tags) for form in (noun, plural(noun))}
    known = {form for entry in wording("osm")["tags"].values() for form in (entry["noun"], plural(entry["noun"]))}
    lowered = caption.lower()
    for noun in sorted(known, key=len, reverse=True):
        if re.search(rf"\b{re.escape(noun)}\b", lowered):
            yield stated("presence", noun, noun in present, ", ".join(sorted(present)))
            lowered = re.sub(rf"\b{re.escape(noun)}\b", " ", lowered)
