"""Check conversations about regions: boxes are matched with annotated objects, phrases and numbers held against all of them.

GeoChat's box text is read here once more: centre and sides in hundredths, turned with Shapely. A phrase must name exactly
the objects whose boxes are given. Colours are counted pixel by pixel, so between clear and clearly not lies a range where
an object may be named or not.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import shapely.affinity

from rsvlm.captioning.grammar import article, plural
from rsvlm.data.checkers.nouns import check_item, items_of
from rsvlm.data.checkers.seen import Thing, View, split_relation
from rsvlm.data.checkers.sizes import size_limits
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_SUFFIX = "\nAnswer the question using a single word or phrase."
_BOX = r"\{<(\d+)><(\d+)><(\d+)><(\d+)>\|<(\d+)>\}"
_GROUP = re.compile(rf"<p>([^<]+)</p> ((?:{_BOX}(?:<delim>)?)+)")
_REFER = re.compile(r"\[refer\] Give me the location of <p> (.+) </p>")
_IDENTIFY = re.compile(rf"\[identify\] What is the object present at ({_BOX})")
_PRESENCE = re.compile(r"Is there (an?) (.+) in the image\?")
_COUNT = re.compile(r"How many (.+) are there in the image\?")
_COLOUR = re.compile(r"What is the colour of the (.+) of the image\?")
_PLACE = re.compile(r" (?:at|in) the (top left|top right|top|left|centre|right|bottom left|bottom right|bottom)$")
_COLOURS = {"red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown", "black", "white", "gray"}
_MAY, _MUST = 0.25, 0.75
_ROUNDING = 1e-3


@dataclass(frozen=True)
class Named:
    """A phrase, taken apart."""

    noun: str
    many: bool
    size: str | None
    colour: str | None
    place: str | None
    relation: tuple[str, str] | None


def read_phrase(text: str, nouns: Sequence[str]) -> Named | None:
    """Return what a phrase says, such as `large white ships at the top left anchored at the harbor`; None if it cannot be read."""
    rest, relation = split_relation(text)
    match = _PLACE.search(rest)
    rest = rest[: match.start()] if match else rest
    for noun in nouns:
        for form in (noun, plural(noun)):
            if rest != form and not rest.endswith(f" {form}"):
                continue
            words = rest.removesuffix(form).split()
            size = words.pop(0) if words and words[0] in ("small", "large") else None
            colour = words.pop(0) if words and words[0] in _COLOURS else None
            if not words:
                return Named(noun, form != noun, size, colour, match[1] if match else None, relation)
    return None


def boxes_in(text: str, width: int, height: int) -> list[shapely.Polygon]:
    """Return the rectangles of all box texts, in pixels."""
    found = []
    for values in re.findall(_BOX, text):
        x1, y1, x2, y2, angle = map(int, values)
        upright = shapely.box(x1 * width / 100, y1 * height / 100, x2 * width / 100, y2 * height / 100)
        found.append(shapely.affinity.rotate(upright, angle, origin="center"))
    return found


def _sides(polygon: shapely.Polygon) -> np.ndarray:
    corners = np.asarray(polygon.minimum_rotated_rectangle.exterior.coords)
    return np.sort([np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[2] - corners[1]))])


def _same(box: shapely.Polygon, thing: Thing, unit: float) -> bool:
    """Say whether a box is that of an object but for rounding to hundredths of the image."""
    centre = thing.polygon.minimum_rotated_rectangle.centroid
    overlap = box.intersection(thing.polygon).area / min(box.area, thing.polygon.area)
    return (
        box.centroid.distance(centre) <= 1.5 * unit
        and bool(np.abs(_sides(box) - _sides(thing.polygon)).max() <= 1.5 * unit)
        and overlap > 0.3
    )


def match(boxes: Sequence[shapely.Polygon], things: Sequence[Thing], unit: float) -> list[int] | None:
    """Return for each box the position of the object that it surrounds, each object once; None where a box has none."""
    pairs = sorted(
        (box.centroid.distance(thing.polygon.centroid), first, second)
        for first, box in enumerate(boxes)
        for second, thing in enumerate(things)
        if _same(box, thing, unit)
    )
    chosen: dict[int, int] = {}
    for _, first, second in pairs:
        if first not in chosen and second not in chosen.values():
            chosen[first] = second
    return [chosen[place] for place in range(len(boxes))] if len(chosen) == len(boxes) else None


class _Reader:
    """Holds the turns of one record against what its files say."""

    def __init__(self, record: Mapping[str, Any], evidence: Evidence) -> None:
        self.view = View(record, evidence)
        self.limits = size_limits(evidence, record["facts"]["seed"])
        self.unit = max(self.view.width, self.view.height) / 100

    def turn(self, question: str, reply: str) -> Iterator[Statement]:
        """Yield the statements of a question and its reply."""
        plain = question.removesuffix(_SUFFIX)
        told = f"{plain} {reply}"
        if question == "[grounding] Describe the image in detail.":
            yield from self.grounding(reply)
        elif question == "Describe the image in detail.":
            yield from self.description(reply)
        elif found := _REFER.fullmatch(question):
            yield self.refer(told, found[1], reply)
        elif found := _IDENTIFY.fullmatch(question):
            yield from self.identify(told, found[1], reply)
        elif plain == question:
            yield unread(question)
        elif found := _PRESENCE.fullmatch(plain):
            yield from self.presence(told, found[1], found[2], reply)
        elif found := _COUNT.fullmatch(plain):
            yield self.count(told, found[1], reply)
        elif found := _COLOUR.fullmatch(plain):
            yield self.colour(told, found[1], reply)
        else:
            yield unread(question)

    # -- one kind of question each --------------------------------------------------------------------------------

    def grounding(self, reply: str) -> Iterator[Statement]:
        groups = list(_GROUP.finditer(reply))
        rest = _GROUP.sub("#", reply)
        if not re.fullmatch(r"There (?:is|are) #(?:, #)*(?: and #)?\.", rest):
            yield unread(reply)
            return
        for found in groups:
            text, relation = split_relation(found[1])
            counts = Counter(thing.noun for thing in self.view.things)
            (item,) = items_of(text)
            yield check_item(item, counts, len(self.view.things))
            noun = next((noun for noun in self.view.nouns if item.noun in (noun, plural(noun))), "")
            things = self.view.of(noun)
            told_all = item.bare or item.count == 1 or noun not in self.view.slivers
            yield stated("count", found[1], told_all, "more of it is cut by the border")
            matched = match(boxes_in(found[2], self.view.width, self.view.height), things, self.unit)
            yield stated("geometry", found[0], matched is not None and len(matched) == len(things), f"{len(things)} of {noun}")
            if relation:
                yield stated("relation", found[1], all(self.view.related(thing, *relation) for thing in things), str(relation))

    def description(self, reply: str) -> Iterator[Statement]:
        first, *sentences = reply.split(". ") if ". " in reply else [reply]
        found = re.fullmatch(r"There (?:is|are) (.+) in the image\.?", first)
        if found is None:
            yield unread(first)
            return
        counts = Counter(thing.noun for thing in self.view.things)
        for item in items_of(found[1]):
            yield check_item(item, counts, len(self.view.things))
            noun = next((noun for noun in self.view.nouns if item.noun in (noun, plural(noun))), "")
            yield stated("count", item.text, noun not in self.view.slivers, "more of it is cut by the border")
        for sentence in sentences:
            yield self.place_sentence(sentence.removesuffix("."))

    def place_sentence(self, sentence: str) -> Statement:
        forms = (
            r"The (?P<noun>.+) are in (?P<share>different parts) of the image",
            r"(?P<share>All|Most of the|The) (?P<noun>.+) (?:is|are) (?:at|in) the (?P<place>.+)",
        )
        found = next((found for form in forms if (found := re.fullmatch(form, sentence))), None)
        noun = found and next((noun for noun in self.view.nouns if found["noun"] in (noun, plural(noun))), None)
        if found is None or noun is None:
            return unread(sentence)
        cells = Counter(thing.cell for thing in self.view.of(noun))
        if found["share"] == "different parts":
            return stated("position", sentence, len(cells) > 1, f"{dict(cells)}")
        held, total = cells[found["place"]], sum(cells.values())
        right = {"All": held == total > 1, "Most of the": 2 * held > total, "The": held == total == 1}
        return stated("position", sentence, right[found["share"]], f"{dict(cells)}")

    def refer(self, told: str, phrase: str, reply: str) -> Statement:
        named = read_phrase(phrase, self.view.nouns)
        matched = match(boxes_in(reply, self.view.width, self.view.height), self.view.things, self.unit)
        if named is None:
            return unread(told)
        if matched is None:
            return stated("geometry", told, False, "a box surrounds no object")
        may = {place for place, thing in enumerate(self.view.things) if self.fits(thing, named, _MAY)}
        must = {place for place in may if self.fits(self.view.things[place], named, _MUST)}
        right = must <= set(matched) <= may and named.many == (len(matched) > 1)
        return stated("geometry", told, right, f"named: {len(must)} to {len(may)} objects, given: {len(matched)}")

    def identify(self, told: str, box: str, reply: str) -> Iterator[Statement]:
        word, _, phrase = reply.partition(" ")
        named = read_phrase(phrase, self.view.nouns)
        if named is None or word.lower() != article(phrase):
            yield unread(told)
            return
        (polygon,) = boxes_in(box, self.view.width, self.view.height)
        things = [thing for thing in self.view.things if _same(polygon, thing, self.unit)]
        yield stated("geometry", told, bool(things), "the box surrounds no object")
        yield stated("attribute", told, any(self.fits(thing, named, _MAY) for thing in things), f"{[thing.noun for thing in things]}")

    def presence(self, told: str, word: str, noun: str, reply: str) -> Iterator[Statement]:
        yield stated("text", told, word == article(noun), f"the article should be {article(noun)}")
        holds = bool(self.view.of(noun)) if reply == "yes" else reply == "no" and not self.view.of(noun) and noun not in self.view.slivers
        known = noun in self.view.nouns or noun in self.view.rule["absent"]
        yield stated("presence", told, holds and known, f"{len(self.view.of(noun))}, cut: {noun in self.view.slivers}")

    def count(self, told: str, text: str, reply: str) -> Statement:
        noun = next((noun for noun in self.view.nouns if text == plural(noun)), None)
        if noun is None:
            return unread(told)
        holds = reply == str(len(self.view.of(noun))) and noun not in self.view.slivers
        return stated("count", told, holds, f"{len(self.view.of(noun))}, cut: {noun in self.view.slivers}")

    def colour(self, told: str, phrase: str, reply: str) -> Statement:
        named = read_phrase(phrase, self.view.nouns)
        things = [thing for thing in self.view.things if named and self.fits(thing, named, _MUST)]
        if named is None or len(things) != 1:
            return stated("attribute", told, False, f"{len(things)} objects are meant")
        share = self.view.colour_share(things[0], reply)
        return stated("attribute", told, share >= _MAY, f"{share:.2f} of its pixels")

    def fits(self, thing: Thing, named: Named, least: float) -> bool:
        """Say whether an object is one that a phrase names; of a colour `least` of its pixels must be."""
        if thing.noun != named.noun or (named.place and thing.cell != named.place):
            return False
        if named.size:
            small, large = self.limits.get(thing.noun, (0.0, float("inf")))
            slack = _ROUNDING if least == _MAY else -_ROUNDING  # an area that is the limit itself is neither or either
            area = thing.polygon.area
            if thing.bordering or not (area < small + slack if named.size == "small" else area > large - slack):
                return False
        if named.relation and not self.view.related(thing, *named.relation):
            return False
        return not named.colour or self.view.colour_share(thing, named.colour) >= least


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations, turn by turn."""
    reader = _Reader(record, evidence)
    for conversation in record["conversations"]:
        turns = [turn["text"] for turn in conversation["turns"]]
        for question, reply in zip(turns[0::2], turns[1::2], strict=True):
            yield from reader.turn(question, reply)
