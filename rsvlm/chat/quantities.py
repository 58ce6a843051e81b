"""Numbers in a text: digits, English number words, and words that say roughly how many."""

from collections.abc import Sequence
from dataclasses import dataclass

from rsvlm.chat.lexicon import NAMED, ROUGHLY, SCALES, TENS, UNITS
from rsvlm.chat.wording import Token


@dataclass(frozen=True)
class Quantity:
    """A number that a text gives.

    Attributes:
        start: place of its first token.
        stop: place after its last.
        value: the number; for a rough one the fewest that it may stand for.
        rough: whether it says only about how many.
        bare: whether it is the word `one`, `no` or the like, which says nothing unless a noun follows.
    """

    start: int
    stop: int
    value: float
    rough: bool = False
    bare: bool = False


def quantities_of(tokens: Sequence[Token]) -> list[Quantity]:
    """Return the numbers of a text in their order."""
    found: list[Quantity] = []
    start = 0
    while start < len(tokens):
        quantity = _at(tokens, start)
        if quantity is not None:
            found.append(quantity)
        start = quantity.stop if quantity is not None else start + 1
    return found


def _at(tokens: Sequence[Token], start: int) -> Quantity | None:
    token = tokens[start]
    if token.is_number:
        value = float(token.text.replace(",", "").replace("\u2212", "-"))
        following = tokens[start + 1].plain if start + 1 < len(tokens) else ""
        scale = {**SCALES, "dozen": 12}.get(following, 1)
        return Quantity(start, start + (2 if scale > 1 else 1), value * scale)
    if token.plain in ROUGHLY:
        return Quantity(start, start + 1, ROUGHLY[token.plain], rough=True)
    if token.plain in NAMED:
        return Quantity(start, start + 1, NAMED[token.plain], bare=token.plain != "dozen")
    return _spelled(tokens, start)


def _spelled(tokens: Sequence[Token], start: int) -> Quantity | None:
    """Read `two hundred and five`: units after tens, scales after either; what does not go on begins another number."""
    total, part, last, place = 0, 0, "", start
    while place < len(tokens):
        word = tokens[place].plain
        joined = (
            word == "and" and last in ("hundred", "thousand") and place + 1 < len(tokens) and tokens[place + 1].plain in {**UNITS, **TENS}
        )
        if joined:
            place += 1
            continue
        if word in UNITS and (last in ("", *SCALES) or (last in TENS and 0 < UNITS[word] < 10)):
            part += UNITS[word]
        elif word in TENS and last in ("", *SCALES):
            part += TENS[word]
        elif word in SCALES and last not in ("million",):
            part = max(part, 1) * SCALES[word]
            total, part = (total + part, 0) if word != "hundred" else (total, part)
        elif word == "dozen" and last in (*UNITS, *TENS):
            part *= 12
        else:
            break
        last, place = word, place + 1
    if place == start:
        return None
    return Quantity(start, place, total + part, bare=place == start + 1 and last == "one")


def _goes_on(tokens: Sequence[Token], place: int) -> bool:
    return place < len(tokens) and (tokens[place].plain in UNITS or tokens[place].plain in TENS)
