"""Check truthful and deceptive questions: what is asked for is read off the question, and its one right answer is found again.

A class is absent when the whole picture's annotation has nothing of it and the recipe says that the annotation would. The
place of an object is told by the ninth of the image that its box centre lies in; the side by the angle between box centres.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rsvlm.captioning.grammar import indefinite, plural
from rsvlm.data.checkers.directions import places_of, sides_of
from rsvlm.data.checkers.pixels import is_panchromatic, pixels_of, share_of_colour
from rsvlm.data.checkers.whole import Whole, whole
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_PRESENCE = re.compile(r"(?:Is there (.+) in the image|Does the image show (.+)|Can (.+) be seen in the image)\?")
_COLOUR = re.compile(r"(?:What is the colour of the (?P<a>.+)|Which colour (?:does|do) the (?P<b>.+?)) in the image(?: have)?\?")
_ABSOLUTE = re.compile(r"(?:Where in the image is|In which part of the image is) the (.+)\?")
_RELATIVE = re.compile(r"(?:Where is the (?P<a>.+) relative to the (?P<b>.+)|Seen from the (?P<d>.+), where is the (?P<c>.+))\?")
_OPTION = re.compile(r"([A-E])\. (.+)")
_NO_COLOUR = re.compile(r"There (?:is no|are no) (.+) in the image, so (?:its|their) colour cannot be told\.")
_GREY = re.compile(r"The image is panchromatic, so the colour of the (.+) cannot be told\.")
_PLACE = re.compile(r"(?:at|in) the (top left|top right|top|left|centre|right|bottom left|bottom right|bottom)")
_SIDE = {
    ("above",): "above it",
    ("below",): "below it",
    ("left",): "to the left of it",
    ("right",): "to the right of it",
    ("above", "left"): "above it, to the left",
    ("above", "right"): "above it, to the right",
    ("below", "left"): "below it, to the left",
    ("below", "right"): "below it, to the right",
}
_LEAST_COLOUR = 0.4
_PREFIX = "{IDK} "


class _Facts:
    """What the annotation and the pixels of one record say."""

    def __init__(self, record: Mapping[str, Any], evidence: Evidence) -> None:
        self.record, self.evidence, self.rule = record, evidence, evidence.rules(record)[0]
        self.seen: Whole = whole(record, evidence)
        self.pixels = pixels_of(record, evidence)

    def noun(self, text: str) -> tuple[str, bool] | None:
        """Return (class, whether it is named in the plural) of a noun in a question."""
        known = [*self.rule["known"]["nouns"], *self.seen.anywhere]
        return next(((noun, text != noun) for noun in known if text in (noun, plural(noun), indefinite(noun))), None)

    def is_absent(self, noun: str) -> bool:
        return noun in self.rule["known"]["nouns"] and not self.seen.anywhere[noun]


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's questions."""
    facts = _Facts(record, evidence)
    prefix = _PREFIX if facts.rule["honest"]["prefix"] else ""
    for conversation in record["conversations"]:
        question, reply = (turn["text"] for turn in conversation["turns"])
        if len(conversation["turns"]) != 2 or not question.startswith(prefix):
            yield unread(question)
            continue
        yield from _one(question.removeprefix(prefix), reply, conversation["answer"], facts)


def _one(question: str, reply: str, answer: str, facts: _Facts) -> Iterator[Statement]:
    first, _, rest = question.partition("\n")
    told = f"{first} {reply}"
    if match := _PRESENCE.fullmatch(first):
        yield _presence(told, next(filter(None, match.groups())), reply, facts)
    elif match := _COLOUR.fullmatch(first):
        yield _colour(told, match["a"] or match["b"], reply, facts)
    elif match := _ABSOLUTE.fullmatch(first):
        yield from _choice(told, rest, reply, answer, facts, match[1], None)
    elif match := _RELATIVE.fullmatch(first):
        yield from _choice(told, rest, reply, answer, facts, match["a"] or match["c"], match["b"] or match["d"])
    else:
        yield unread(question)


def _presence(told: str, text: str, reply: str, facts: _Facts) -> Statement:
    named = facts.noun(text)
    if named is None:
        return unread(told)
    noun = named[0]
    holds = bool(facts.seen.clear.get(noun)) if reply == "yes" else reply == "no" and facts.is_absent(noun)
    return stated(
        "presence", told, holds, f"the picture has {facts.seen.anywhere[noun]} of it, {len(facts.seen.clear.get(noun, []))} clear"
    )


def _colour(told: str, text: str, reply: str, facts: _Facts) -> Statement:
    named = facts.noun(text)
    if named is None:
        return unread(told)
    noun, many = named
    if match := _NO_COLOUR.fullmatch(reply):
        return stated("presence", told, facts.is_absent(noun) and match[1] == text, f"the picture has {facts.seen.anywhere[noun]} of it")
    if match := _GREY.fullmatch(reply):
        clear = facts.seen.clear.get(noun, [])
        return stated(
            "attribute", told, is_panchromatic(facts.pixels) and bool(clear) and match[1] == text, "it has colours, or no such object"
        )
    objects = facts.seen.clear.get(noun, [])
    if noun in facts.seen.doubtful or not objects or many != (len(objects) > 1) or is_panchromatic(facts.pixels):
        return stated("attribute", told, False, f"{len(objects)} clear ones, in doubt: {noun in facts.seen.doubtful}")
    found = [share_of_colour(facts.pixels, polygon, reply, facts.rule["honest"]["colours"]["core"]) for polygon in objects]
    return stated("attribute", told, all(share >= _LEAST_COLOUR for share, _ in found), f"pixels: {[counts for _, counts in found][:3]}")


def _choice(told: str, rest: str, reply: str, answer: str, facts: _Facts, text: str, other: str | None) -> Iterator[Statement]:
    *lines, last = rest.split("\n")
    matches = [_OPTION.fullmatch(line) for line in lines]
    named, beside = facts.noun(text), facts.noun(other) if other else None
    if None in matches or last != "Answer with the letter of the right option." or named is None or (other and beside is None):
        yield unread(told)
        return
    choices = {match[1]: match[2] for match in matches if match}
    letters = "ABCDE"[: len(choices)]
    well_formed = "".join(choices) == letters and len(set(choices.values())) == len(choices) and reply == f"{answer}. {choices.get(answer)}"
    if not well_formed:
        yield stated("format", told, False, f"options {choices}, answer {answer!r}")
        return
    refusal = f"There is no {named[0]} in the image."
    if refusal not in choices.values():
        yield stated("format", told, False, "no option refuses")
        return
    right = [letter for letter, choice in choices.items() if _is_right(choice, refusal, named[0], beside and beside[0], facts)]
    yield stated("relation" if other else "position", told, right == [answer], f"right: {right}")


def _is_right(choice: str, refusal: str, noun: str, other: str | None, facts: _Facts) -> bool:
    if choice == refusal:
        return facts.is_absent(noun) and (other is None or bool(facts.seen.only(other)))
    thing = facts.seen.only(noun)
    if thing is None:
        return False
    if other is None:
        match = _PLACE.fullmatch(choice)
        return match is not None and match[1] in places_of(thing, facts.record["width"], facts.record["height"])
    base = facts.seen.only(other)
    return base is not None and choice in {_SIDE[ways] for ways in sides_of(thing, base)}
