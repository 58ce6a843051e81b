"""Read lists of counted nouns in English sentences (`3 ships, a harbor and many cars`) and hold them against counts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rsvlm.captioning.grammar import article, plural
from rsvlm.data.statement import Statement, stated

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: value for value, word in enumerate(_WORDS, 1)}
_VAGUE = ("many", "a lot of", "lots of", "a quantity of", "a crowd of", "numerous", "several dozen")
_ITEM = re.compile(rf"(?i)^(?:(?P<vague>{'|'.join(_VAGUE)})|(?P<number>\d+|{'|'.join(_NUMBERS)})|(?P<one>an?))\s+(?P<noun>.+)$")


@dataclass(frozen=True)
class Item:
    """One member of a list of nouns.

    Attributes:
        noun: as written, in the singular where the number is one.
        count: its number; None where it is vague or has none.
        vague: a vague quantity ("many").
        bare: a plural without any number.
        text: as written.
    """

    noun: str
    count: int | None
    vague: bool
    bare: bool
    text: str


def items_of(text: str) -> list[Item]:
    """Return the members of a list such as `3 ships, a harbor and many cars`."""
    parts = [part for chunk in re.split(r"\s*,\s*(?:and\s+)?", text.strip()) for part in re.split(r"\s+and\s+", chunk) if part]
    return [_item(part.strip()) for part in parts]


def _item(text: str) -> Item:
    match = _ITEM.match(text)
    if match is None:
        return Item(text, None, vague=False, bare=True, text=text)
    if match["vague"]:
        return Item(match["noun"], None, vague=True, bare=False, text=text)
    if match["one"]:
        return Item(match["noun"], 1, vague=False, bare=False, text=text)
    number = match["number"].lower()
    return Item(match["noun"], _NUMBERS.get(number) or int(number), vague=False, bare=False, text=text)


def check_item(item: Item, counts: Mapping[str, int], vague_above: int) -> Statement:
    """Hold one member of a list against the counts of nouns (in the singular).

    A number must be the count; a vague quantity needs more than `vague_above`; a bare plural needs at least two.
    """
    singular = next((noun for noun in counts if item.noun.lower() in (noun.lower(), plural(noun).lower())), None)
    if singular is None:
        return stated("presence", item.text, False, f"there is none; there are: {dict(sorted(counts.items()))}")
    count = counts[singular]
    written = singular if item.count == 1 else plural(singular)
    if item.noun.lower() != written.lower():
        return stated("text", item.text, False, f"should be written {written!r}")
    if item.count == 1 and item.text.split()[0].lower() in ("a", "an") and item.text.split()[0].lower() != article(item.noun):
        return stated("text", item.text, False, f"the article should be {article(item.noun)!r}")
    if item.bare:
        return stated("presence", item.text, count > 1, f"there is {count}")
    if item.vague:
        return stated("count", item.text, count > vague_above, f"there are {count}, not above {vague_above}")
    return stated("count", item.text, count == item.count and (count <= vague_above or item.count is None), f"there are {count}")
