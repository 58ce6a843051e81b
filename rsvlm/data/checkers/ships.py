"""Check chains about ships: every turn against the box measured again, the class named last and nowhere before."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import shapely
import shapely.affinity

from rsvlm.captioning.grammar import class_words
from rsvlm.data.checkers.pixels import pixels_of, share_of_colour
from rsvlm.data.checkers.properties import about
from rsvlm.data.checkers.whole import rule_of, whole, window_of
from rsvlm.data.evidence import Evidence, boxes_in_picture
from rsvlm.data.statement import Statement, stated, unread

_SIZE = re.compile(r"It is ([\d.]+) m long and ([\d.]+) m wide, ([\d.]+) times as long as it is wide\.")
_COLOUR = re.compile(r"It is (\w+)\.")
_REASON = re.compile(r"With ([\d.]+) m it is (?:longer than ([\d.]+) m)?(?: and )?(?:shorter than ([\d.]+) m)?\.")
_CLASS = re.compile(r"It is an? (.+)\.")
_CAPTION = re.compile(r"An? (.+) of ([\d.]+) m is in the centre of the image\.")
_LEAST_COLOUR = 0.4


class _Facts:
    def __init__(self, record: Mapping[str, Any], evidence: Evidence) -> None:
        self.record, self.evidence, self.rule = record, evidence, rule_of(record, evidence)
        seen, noun = whole(record, evidence), self.rule["noun"]
        self.absent = noun in self.rule["known"]["nouns"] and not seen.anywhere[noun]
        centre = shapely.Point(record["width"] / 2, record["height"] / 2)
        central = [polygon for polygon in seen.clear.get(noun, []) if polygon.covers(centre)]
        self.ship = central[0] if len(central) == 1 else None
        self.gsd = about(record, evidence)["gsd"]
        self.length = self.width = 0.0
        if self.ship is not None and self.gsd:
            corners = shapely.get_coordinates(self.ship.minimum_rotated_rectangle)
            two = [shapely.Point(corners[place]).distance(shapely.Point(corners[place + 1])) for place in (0, 1)]
            self.length, self.width = max(two) * self.gsd, min(two) * self.gsd
        self.slack = 0.5 * 10 ** -self.rule["ships"]["decimals"] + 0.01

    @property
    def size(self) -> str:
        """The class that the length falls into."""
        sizes = self.rule["ships"]["sizes"]
        return str(next(size["name"] for size in sizes if size["below"] is None or self.length < size["below"]))

    def is_length(self, text: str) -> bool:
        return abs(float(text) - self.length) <= self.slack


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's turns."""
    facts = _Facts(record, evidence)
    classes = [*(size["name"] for size in facts.rule["ships"]["sizes"]), "non ship"]
    for conversation in record["conversations"]:
        turns = [turn["text"] for turn in conversation["turns"]]
        pairs = list(zip(turns[::2], turns[1::2], strict=True))
        if conversation["task"] == "reasoning":
            yield _form(pairs, classes, facts)
        for question, reply in pairs:
            yield _turn(question, reply, classes, facts)


def _form(pairs: Sequence[tuple[str, str]], classes: list[str], facts: _Facts) -> Statement:
    early = " ".join(text for pair in pairs[:-1] for text in pair)
    counted = len(pairs) == 1 if facts.absent else 4 <= len(pairs) <= 6
    leaks = [name for name in classes if name in early]
    return stated("format", f"a chain of {len(pairs)} turns", counted and not leaks, f"early turns name {leaks}; absent: {facts.absent}")


def _turn(question: str, reply: str, classes: list[str], facts: _Facts) -> Statement:
    told = f"{question} {reply}"
    if question == "Is there a ship in the image?":
        no = reply == "No, there is no ship in the image."
        holds = facts.absent if no else reply == "Yes, there is a ship in the centre of the image." and facts.ship is not None
        return stated("presence", told, holds, f"absent: {facts.absent}")
    if facts.ship is None:
        return stated("presence", told, False, "there is no single ship in the centre")
    if question == "How long and how wide is it?" and (match := _SIZE.fullmatch(reply)):
        near = facts.is_length(match[1]) and abs(float(match[2]) - facts.width) <= facts.slack
        return stated(
            "measure", told, near and abs(float(match[3]) - facts.length / facts.width) <= 0.06, f"{facts.length} x {facts.width}"
        )
    if question == "Which colour does it have?" and (match := _COLOUR.fullmatch(reply)):
        core = facts.rule["ships"]["colours"]["core"]
        share, counts = share_of_colour(pixels_of(facts.record, facts.evidence), facts.ship, match[1], core)
        return stated("attribute", told, share >= _LEAST_COLOUR, f"pixels: {counts}")
    if question == "Does it lie at anything?" and reply == "It is anchored at the harbor.":
        return stated("relation", told, _is_moored(facts), "no single harbor is near")
    if question == "What does its length tell?" and (match := _REASON.fullmatch(reply)) and (match[2] or match[3]):
        limits = {f"{size['below']:g}" for size in facts.rule["ships"]["sizes"] if size["below"] is not None}
        known = {match[2], match[3]} - {None} <= limits
        between = float(match[2] or 0) < facts.length < float(match[3] or "inf")
        return stated("measure", told, facts.is_length(match[1]) and between and known, f"{facts.length} m")
    if question == "Which class of ship is it, then?" and (match := _CLASS.fullmatch(reply)):
        return stated("attribute", told, match[1] == facts.size and match[1] in classes, f"{facts.length} m make a {facts.size}")
    return _item(question, reply, classes, facts)


def _item(question: str, reply: str, classes: list[str], facts: _Facts) -> Statement:
    told = f"{question} {reply}"
    if question == f"Which class does the ship in the centre of the image belong to? Choose one of: {', '.join(classes)}":
        return stated("attribute", told, reply == facts.size, f"{facts.length} m")
    if question == "Describe the image in one sentence." and (match := _CAPTION.fullmatch(reply)):
        return stated("measure", told, match[1] == facts.size and facts.is_length(match[2]), f"{facts.length} m")
    if question == "How long is the ship in the centre of the image?" and (match := re.fullmatch(r"([\d.]+) m", reply)):
        return stated("measure", told, facts.is_length(match[1]), f"{facts.length} m")
    return unread(told)


def _is_moored(facts: _Facts) -> bool:
    """Say whether one harbor shows in the window and the ship is within half of its own width of it."""
    x, y, width, height = window_of(facts.record)
    names, near = facts.rule["names"], facts.rule["ships"]["near"]["near"]
    found = [
        shapely.Polygon(corners)
        for label, corners, _ in boxes_in_picture(facts.record, facts.evidence)
        if names.get(label, class_words(label)) in ("harbor", "harbour")
    ]
    shown = [harbour for harbour in found if harbour.intersection(shapely.box(x, y, x + width, y + height)).area > 0]
    if len(shown) != 1 or facts.ship is None:
        return False
    return bool(shapely.affinity.translate(facts.ship, x, y).distance(shown[0]) * facts.gsd <= near * facts.width)
