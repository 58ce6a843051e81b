"""Check tasks about boxes: every phrase, number, yes and no against all objects of the window, every box against those it names."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import shapely

from rsvlm.captioning.grammar import counted, indefinite, plural
from rsvlm.data.checkers.box_texts import bare, boxes_in, frame_faults, matched, near
from rsvlm.data.checkers.given import answers_of, plain
from rsvlm.data.checkers.turns import Asked, read_turns, rule_of
from rsvlm.data.checkers.whole import Whole, whole
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_TASKS = ("presence", "counting", "comparison", "refer", "identify", "grounding")
_PLACE = re.compile(r"(.+) (?:at|in) the (top left|top right|top|left|centre|right|bottom left|bottom right|bottom)")
_GROUP = re.compile(r"<p>([^<]+)</p> (#(?:<delim>#|, #)*)")
_COUNT = re.compile(r"(?i)how many (.+) are there in (?:this|the) (?:picture|image)\?")
_CONTAIN = re.compile(r"(?i)does (?:this|the) (?:picture|image) contain (.+)\?")


class _Facts:
    """What the annotation says of one record's window."""

    def __init__(self, record: Mapping[str, Any], evidence: Evidence) -> None:
        self.record, self.evidence, self.rule = record, evidence, rule_of(record, evidence)
        self.seen: Whole = whole(record, evidence)
        self.form: str = self.rule["rules"]["boxes"]
        self.width, self.height = int(record["width"]), int(record["height"])

    def noun(self, text: str) -> str | None:
        """Return the class that a noun stands for, in the singular or plural, with or without its article."""
        known = [*self.rule["known"]["nouns"], *self.seen.anywhere]
        return next((noun for noun in known if text in (noun, plural(noun), indefinite(noun))), None)

    def number(self, noun: str | None) -> int | None:
        """Return the number of a class's objects; None where it is not certain."""
        if noun is None or noun in self.seen.doubtful:
            return None
        if noun in self.seen.clear:
            return len(self.seen.clear[noun])
        return 0 if self.absent(noun) else None

    def absent(self, noun: str) -> bool:
        """Say whether nothing of a class meets the window, and the annotation would have it."""
        return noun in self.rule["known"]["nouns"] and noun not in self.seen.clear and noun not in self.seen.doubtful

    def presence(self, noun: str | None) -> str | None:
        """Return yes or no; None where neither is certain."""
        if noun is None:
            return None
        return "yes" if self.seen.clear.get(noun) else "no" if self.absent(noun) else None

    def boxes(self, text: str) -> list[tuple[float, float, float, float]]:
        return boxes_in(text, self.form, self.width, self.height)


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    facts = _Facts(record, evidence)
    yield from frame_faults(record, facts.form)
    for turn in read_turns(record, facts.rule["style"], _TASKS):
        if isinstance(turn, Statement):
            yield turn
        else:
            yield from _one(turn, facts)


def _one(turn: Asked, facts: _Facts) -> Iterator[Statement]:
    told = f"{turn.text} {turn.reply}"
    noun = facts.noun(turn.words.get("noun", ""))
    if turn.task == "presence":
        yield stated("presence", told, turn.reply == facts.presence(noun), f"certain: {facts.presence(noun)}")
    elif turn.task == "counting":
        number = facts.number(noun)
        yield stated("count", told, number is not None and turn.reply == str(number), f"certain number: {number}")
    elif turn.task == "comparison":
        first, second = facts.number(noun), facts.number(facts.noun(turn.words["other"]))
        known = first is not None and second is not None
        yield stated("count", told, known and turn.reply == ("yes" if (first or 0) > (second or 0) else "no"), f"{first} and {second}")
    elif turn.task == "refer":
        yield _refer(told, turn, facts)
    elif turn.task == "identify":
        yield _identify(told, turn, facts)
    elif turn.task == "grounding":
        yield from _grounding(turn, facts)
    else:
        yield from _given(told, turn, facts)


def _refer(told: str, turn: Asked, facts: _Facts) -> Statement:
    phrase = turn.words["phrase"]
    match = _PLACE.fullmatch(phrase)
    noun = facts.noun(match[1] if match else phrase)
    if noun is None or not re.fullmatch(r"#(?:(?:<delim>|, )#)*", bare(turn.reply, facts.form)):
        return unread(told)
    objects = [] if noun in facts.seen.doubtful else facts.seen.clear.get(noun, [])
    if match:
        objects = [one for one in objects if _meant(one, match[2], facts)]
    boxes = facts.boxes(turn.reply)
    many = not match and phrase == plural(noun) != noun
    number_fits = many == (len(boxes) > 1) and turn.words.get("be", "are" if many else "is") == ("are" if many else "is")
    right = matched(boxes, [one.bounds for one in objects], facts.form, facts.width, facts.height)
    return stated("geometry", told, number_fits and right is not None and len(boxes) == len(objects) > 0, f"{len(objects)} objects")


def _meant(polygon: shapely.Polygon, place: str, facts: _Facts) -> bool:
    """Say whether words for a place mean an object: `top left` what is in that ninth, `top` all that is in the upper third."""
    x1, y1, x2, y2 = polygon.bounds
    across, down = 3 * (x1 + x2) / 2 / facts.width, 3 * (y1 + y2) / 2 / facts.height
    sides = {"left": across < 1, "right": across >= 2, "top": down < 1, "bottom": down >= 2, "centre": 1 <= across < 2 and 1 <= down < 2}
    return all(sides[word] for word in place.split())


def _identify(told: str, turn: Asked, facts: _Facts) -> Statement:
    boxes = facts.boxes(turn.words["box"])
    if len(boxes) != 1:
        return unread(told)
    nouns = {
        noun
        for noun, objects in facts.seen.clear.items()
        for one in objects
        if near(boxes[0], one.bounds, facts.form, facts.width, facts.height)
    }
    expected = {f"{phrase[:1].upper()}{phrase[1:]}." for phrase in map(indefinite, nouns)}
    return stated("geometry", told, expected == {turn.reply}, f"there: {sorted(nouns)}")


def _grounding(turn: Asked, facts: _Facts) -> Iterator[Statement]:
    plain_reply = bare(turn.reply, facts.form)
    rest = _GROUP.sub("@", plain_reply)
    if not re.fullmatch(r"The image shows @(?:, @)*(?: and @)?\.", rest):
        yield unread(turn.reply)
        return
    boxes = facts.boxes(turn.reply)
    for match in _GROUP.finditer(plain_reply):
        count = match[2].count("#")
        mine, boxes = boxes[:count], boxes[count:]
        certain = [noun for noun in facts.seen.clear if noun not in facts.seen.doubtful]
        noun = next((noun for noun in certain if match[1] == counted(noun, len(facts.seen.clear[noun]))), None)
        yield stated("count", match[1], noun is not None, str({noun: len(facts.seen.clear[noun]) for noun in certain}))
        truths = [one.bounds for one in facts.seen.clear[noun]] if noun else []
        right = matched(mine, truths, facts.form, facts.width, facts.height)
        yield stated("geometry", match[0], right is not None and len(mine) == len(truths), f"{len(truths)} objects")


def _given(told: str, turn: Asked, facts: _Facts) -> Iterator[Statement]:
    given = next((rule["given"] for rule in facts.evidence.rules(facts.record) if rule["given"]), None)
    if given is None:
        yield unread(turn.text)
        return
    answers = answers_of(given, facts.rule["source"], facts.record["origin"]["picture"], facts.evidence).get(plain(turn.text))
    yield stated("text", told, answers is not None and turn.reply in answers, f"the set has {answers}")
    if match := _COUNT.fullmatch(turn.text):
        number = facts.number(facts.noun(match[1]))
        yield stated("count", told, number is not None and turn.reply == str(number), f"certain number: {number}")
    elif match := _CONTAIN.fullmatch(turn.text):
        noun = facts.noun(match[1])
        truth = "no" if noun and facts.absent(noun) else "yes" if noun and facts.seen.anywhere[noun] else None
        yield stated("presence", told, turn.reply == truth, f"certain: {truth}")
    else:
        yield unread(turn.text)
