"""Check descriptions sentence by sentence, and dialogues made of them, against the boxes and pixels of the record's window.

Sentences made by rule must all be read. Of a model's text the sentences that have one of the known forms are checked in full, and
in the others every class that is named, with its number.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from rsvlm.captioning.grammar import indefinite, plural
from rsvlm.data.checkers.directions import centre_of, places_of, sides_of
from rsvlm.data.checkers.nouns import check_item, items_of
from rsvlm.data.checkers.pixels import is_panchromatic, pixels_of, share_of_colour
from rsvlm.data.checkers.whole import Whole, whole
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.data.wording import wording

_SPLIT = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")
_PLACE = r"(?:at|in) the (?P<place>top left|top right|top|left|centre|right|bottom left|bottom right|bottom)"
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
_SIDE = "|".join(sorted(_SIDES, key=len, reverse=True))
_FORMS = {
    "image": r"(?:This|The picture) is (?P<kind>a grey-scale|a colour) overhead image of (?P<width>\d+) by (?P<height>\d+) pixels",
    "resolution": r"(?:One pixel covers about|Its ground sample distance is about) (?P<metres>[\d.]+) metres(?: of the ground)?",
    "scene": r"The scene (?:shows|holds) (?P<things>.+)",
    "least": r"(?:At least (?P<seen>.+) can be seen|There are at least (?P<there>.+) in the image)",
    "count": r"(?:There (?P<be>is|are) (?P<item>.+) in the image|(?P<first>.+) can be counted)",
    "largest": rf"The largest of the (?P<noun>.+) lies {_PLACE}",
    "layout": r"(?:Most of the (?P<noun>.+) lie in the (?P<half>left|right|upper|lower) half of the image"
    r"|The (?P<spread>.+) are spread over all four quarters of the image)",
    "relation": rf"(?P<all>All of the|The) (?P<noun>.+?) (?:lies|lie) (?P<side>{_SIDE}) the (?P<other>.+)",
    "position": rf"(?P<share>All of the|Most of the|Some of the|One of the|The) (?P<noun>.+) (?:lies|is found|lie) {_PLACE}",
    "colour": r"(?P<all>All of the|The) (?P<noun>.+) (?:is|are) "
    r"(?P<colour>red|orange|yellow|green|cyan|blue|purple|pink|brown|black|white|gray)",
    "shape": r"Seen from above, the (?P<noun>.+) is (?P<shape>long and narrow|about as long as it is wide)",
    "size": r"The (?P<noun>.+) is about (?P<length>[\d.]+) metres long and (?P<breadth>[\d.]+) metres wide",
}
_LEAST_COLOUR = 0.5
_ROUNDING = 0.02


class _Facts:
    """What the annotation and the pixels of one record say."""

    def __init__(self, record: Mapping[str, Any], evidence: Evidence) -> None:
        self.record, self.evidence, self.rule = record, evidence, evidence.rules(record)[0]
        self.seen: Whole = whole(record, evidence)
        self.width, self.height = int(record["width"]), int(record["height"])

    @cached_property
    def grey(self) -> bool:
        return is_panchromatic(pixels_of(self.record, self.evidence))

    @cached_property
    def gsd(self) -> float | None:
        """Metres a pixel: as the annotation file (DOTA) or else the source's index has it."""
        source, origin = self.evidence.source(str(self.record["source"])), self.record["origin"]
        if self.rule["format"] == "dota":
            with source.path(origin["annotation"]).open(encoding="utf-8", errors="replace") as stream:
                head = [next(stream, "") for _ in range(2)]
            if match := re.search(r"gsd:\s*([\d.]+)", "".join(head)):
                return float(match[1])
        return source.gsd(origin["picture"])

    def noun(self, text: str) -> str | None:
        """Return the class that a noun stands for, in the singular or plural."""
        known = [*self.rule["known"]["nouns"], *self.seen.anywhere]
        return next((noun for noun in known if text in (noun, plural(noun))), None)

    def of(self, text: str) -> list[shapely.Polygon]:
        """Return the objects of a class of which none is in doubt; empty where one is, or there are none."""
        noun = self.noun(text)
        return [] if noun is None or noun in self.seen.doubtful else self.seen.clear.get(noun, [])

    def cells(self, objects: list[shapely.Polygon], place: str) -> list[bool]:
        return [place in places_of(one, self.width, self.height) for one in objects]


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions and conversations."""
    facts = _Facts(record, evidence)
    by_model = record["method"] == "model"
    for text in record["captions"]:
        yield from _text(text, facts, by_model)
    instruction = (record.get("facts") or {}).get("instruction")
    if instruction is not None:
        yield stated("format", instruction, instruction in facts.rule["instructions"], "the recipe has no such instruction")
    for conversation in record.get("conversations") or ():
        turns = [turn["text"] for turn in conversation["turns"]]
        questions, replies = turns[::2], turns[1::2]
        yield stated("format", conversation["id"], len(set(questions)) == len(questions), "a question is there twice")
        for question, reply in zip(questions, replies, strict=True):
            if conversation["task"] == "description":
                known = question in wording("sayings")["questions"]["description"]
                yield stated("format", question, known, "no request for a description")
                yield from _text(reply, facts, by_model)
            else:
                yield from read_sentence(reply, facts)
                yield _answers(question, reply, facts)


def _text(text: str, facts: _Facts, by_model: bool) -> Iterator[Statement]:
    for sentence in _SPLIT.split(text):
        if by_model and _form(sentence) is None:
            yield from _loosely(sentence, facts)
        else:
            yield from read_sentence(sentence, facts)


def _form(sentence: str) -> tuple[str, re.Match[str]] | None:
    plain = sentence.removesuffix(".")
    return next(((kind, match) for kind, form in _FORMS.items() if (match := re.fullmatch(form, plain))), None)


def _loosely(sentence: str, facts: _Facts) -> Iterator[Statement]:
    """Yield what a free sentence says of classes: that they are there, how many, and, where it names one class, at which place."""
    rest, told = sentence.lower(), []
    for noun in sorted({*facts.rule["known"]["nouns"], *facts.seen.anywhere}, key=lambda noun: (-len(noun), noun)):
        names = "|".join(re.escape(form) for form in (plural(noun), noun))
        pattern = re.compile(rf"(?P<least>at least )?(?:\b(?P<number>\d+|{'|'.join(_WORDS)}) )?\b(?:{names})\b")
        for match in pattern.finditer(rest):
            count = len(facts.seen.clear.get(noun, []))
            if match["number"]:
                number = _WORDS.index(match["number"]) + 1 if match["number"] in _WORDS else int(match["number"])
                exact = number == count and noun not in facts.seen.doubtful
                yield stated("count", match[0], number <= count if match["least"] else exact, f"there are {count}")
                told.append((noun, number))
            else:
                told.append((noun, 1))
            yield stated("presence", match[0], count > 0, "there is none")
        rest = pattern.sub("#", rest)
    place = re.search(rf"{_PLACE}\b", sentence.lower())
    if place and len(told) == 1:
        held = sum(facts.cells(facts.seen.clear.get(told[0][0], []), place["place"]))
        yield stated("position", sentence, held >= told[0][1], f"{held} there")


_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def read_sentence(sentence: str, facts: _Facts) -> Iterator[Statement]:
    """Yield the statements of one sentence."""
    if sentence in wording("sayings")["functions"].values():
        noun = next(noun for noun, text in wording("sayings")["functions"].items() if text == sentence)
        yield stated("presence", sentence, bool(facts.of(noun)), f"there is no {noun}")
        return
    found = _form(sentence)
    if found is None:
        yield unread(sentence)
        return
    kind, match = found
    reader = _READERS.get(kind)
    yield from reader(sentence, match, facts) if reader else _geometry(kind, sentence, match, facts)


def _image(sentence: str, match: re.Match[str], facts: _Facts) -> Iterator[Statement]:
    yield stated("attribute", sentence, (match["kind"] == "a grey-scale") == facts.grey, f"grey: {facts.grey}")
    size = (int(match["width"]), int(match["height"]))
    yield stated("measure", sentence, size == (facts.width, facts.height), f"{facts.width} x {facts.height}")


def _resolution(sentence: str, match: re.Match[str], facts: _Facts) -> Iterator[Statement]:
    right = facts.gsd is not None and abs(float(match["metres"]) - facts.gsd) <= 0.005 + 1e-9
    yield stated("measure", sentence, right, f"{facts.gsd} metres")


def _scene(sentence: str, match: re.Match[str], facts: _Facts) -> Iterator[Statement]:
    for text in re.split(r", | and ", match["things"]):
        noun = next((noun for noun in facts.seen.clear if text in (indefinite(noun), plural(noun))), None)
        clear = facts.seen.clear.get(noun or "", [])
        right = len(clear) > 1 if noun and text == plural(noun) else len(clear) == 1 and noun not in facts.seen.doubtful
        yield stated("presence", text, right, f"{len(clear)} clear ones")


def _count(sentence: str, match: re.Match[str], facts: _Facts) -> Iterator[Statement]:
    text = match["item"] or f"{match['first'][:1].lower()}{match['first'][1:]}"
    (item,) = items_of(text) if "," not in text and " and " not in text else (None,)
    noun = facts.noun(item.noun) if item else None
    if item is None or noun is None:
        yield unread(sentence)
        return
    objects = facts.of(noun)
    yield check_item(item, {noun: len(objects)}, facts.rule["rules"]["most_counted"])
    if match["be"]:
        yield stated("text", sentence, (match["be"] == "is") == (item.count == 1), "the verb does not agree")


def _least(sentence: str, match: re.Match[str], facts: _Facts) -> Iterator[Statement]:
    item = items_of(match["seen"] or match["there"])[0]
    noun = facts.noun(item.noun)
    clear = len(facts.seen.clear.get(noun or "", []))
    yield stated("count", sentence, item.count is not None and 1 < item.count <= clear, f"{clear} clear ones")
    yield stated("text", sentence, noun is not None and item.noun == plural(noun), "no plural of a class")


_READERS = {"image": _image, "resolution": _resolution, "scene": _scene, "least": _least, "count": _count}


def _geometry(kind: str, sentence: str, match: re.Match[str], facts: _Facts) -> Iterator[Statement]:
    parts = match.groupdict()
    text = parts["noun"] or parts["spread"]
    if parts.get("share") in ("Some of the", "One of the"):
        held = facts.cells(facts.seen.clear.get(facts.noun(text) or "", []), parts["place"])
        yield stated("position", sentence, len(held) > 1 and sum(held) > (parts["share"] == "Some of the"), f"{sum(held)} clear ones there")
        return
    objects = facts.of(text)
    plural_form = (noun := facts.noun(text)) is not None and text == plural(noun)
    if not objects or (len(objects) > 1) != plural_form:
        yield stated("presence", sentence, False, f"{len(objects)} of {text!r} that are not in doubt")
    elif kind == "position":
        held = facts.cells(objects, parts["place"])
        shares = {"All of the": all(held) and len(held) > 1, "Most of the": 2 * sum(held) > len(held), "The": all(held) and len(held) == 1}
        yield stated("position", sentence, shares[parts["share"]], f"{sum(held)} of {len(held)}")
    elif kind == "largest":
        ordered = sorted(objects, key=lambda one: one.area)
        apart = len(ordered) > 1 and ordered[-1].area > 1.05 * ordered[-2].area
        yield stated("size", sentence, apart and facts.cells(ordered[-1:], parts["place"])[0], "another one, or another place")
    elif kind == "layout":
        yield stated("position", sentence, _laid_out(objects, parts["half"], facts), "they lie otherwise")
    elif kind == "relation":
        others = facts.of(parts["other"])
        way = _SIDES[parts["side"]]
        right = len(others) == 1 and all(way in sides_of(one, others[0]) for one in objects)
        yield stated("relation", sentence, right and (parts["all"] == "All of the") == (len(objects) > 1), f"{len(others)} others")
    elif kind == "colour":
        pixels = pixels_of(facts.record, facts.evidence)
        core = facts.rule["rules"]["colours"]["core"]
        least = min(share_of_colour(pixels, one, parts["colour"], core)[0] for one in objects)
        yield stated("attribute", sentence, least >= _LEAST_COLOUR and not facts.grey, f"{least:.2f} of the pixels")
    else:
        yield _sized(kind, sentence, parts, objects[0], facts)


def _sized(kind: str, sentence: str, parts: Mapping[str, str], thing: shapely.Polygon, facts: _Facts) -> Statement:
    corners = np.asarray(thing.minimum_rotated_rectangle.exterior.coords)
    short, long = sorted(float(np.hypot(*(corners[place + 1] - corners[place]))) for place in (0, 1))
    if kind == "shape":
        right = long >= 2.5 * short if parts["shape"] == "long and narrow" else long <= 1.25 * short
        return stated("attribute", sentence, right, f"{long:.1f} by {short:.1f} pixels")
    gsd = facts.gsd or 0.0
    right = all(
        abs(float(said) - side * gsd) <= (0.5 if "." not in said and side * gsd >= 9.9 else 0.05) + _ROUNDING * side * gsd
        for said, side in ((parts["length"], long), (parts["breadth"], short))
    )
    return stated("measure", sentence, right and gsd > 0, f"{long * gsd:.2f} by {short * gsd:.2f} metres")


def _laid_out(objects: list[shapely.Polygon], half: str | None, facts: _Facts) -> bool:
    centres = [centre_of(one) for one in objects]
    if half is None:
        return len({(2 * x < facts.width, 2 * y < facts.height) for x, y in centres}) == 4
    inside = {
        "left": lambda x, y: 2 * x < facts.width,
        "right": lambda x, y: 2 * x >= facts.width,
        "upper": lambda x, y: 2 * y < facts.height,
        "lower": lambda x, y: 2 * y >= facts.height,
    }[half]
    return 2 * sum(inside(x, y) for x, y in centres) > len(centres)


def _answers(question: str, reply: str, facts: _Facts) -> Statement:
    """Say whether a sentence answers its question: of the same kind, about the same classes."""
    told = f"{question} {reply}"
    functions = wording("sayings")["functions"]
    found = _form(reply)
    kind = "function" if reply in functions.values() else found[0] if found else ""
    parts = found[1].groupdict() if found else {}
    noun = next((noun for noun, text in functions.items() if text == reply), "") or parts.get("noun") or parts.get("spread") or ""
    if kind == "least":
        kind, noun = "count", items_of(parts["seen"] or parts["there"])[0].noun
    elif kind == "count":
        noun = items_of(parts["item"] or f"{parts['first'][:1].lower()}{parts['first'][1:]}")[0].noun
    singular = facts.noun(noun) or noun
    forms = wording("sayings")["questions"].get(kind, ())
    words = {"nouns": plural(singular) if noun else "", "other": parts.get("other") or ""}
    expected = {form.format(named=named, be=be, **words) for form in forms for named, be in ((singular, "is"), (words["nouns"], "are"))}
    return stated("format", told, question in expected, "the answer is none to this question")
