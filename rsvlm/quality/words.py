"""The word lists that travel with the package, as patterns that are quick to try on many captions."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

_GAP = r"[\s_-]+"
Finder = Callable[[str], str | None]


@cache
def _table(name: str) -> dict[str, Any]:
    text = resources.files("rsvlm.quality").joinpath(name).read_text("utf-8")
    table: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return table


def word_list(name: str) -> tuple[str, ...]:
    """Return the phrases of a list of `words.yaml`: refusal, vague or map-data."""
    return tuple(_table("words.yaml")[name])


@cache
def function_words() -> tuple[frozenset[str], frozenset[str]]:
    """Return frequent function words of English, and of other languages in Latin letters."""
    table = _table("function_words.yaml")
    return frozenset(table["english"]), frozenset(table["other"])


def _spaced(phrase: str) -> str:
    return _GAP.join(re.escape(word) for word in re.split(_GAP, phrase.lower()))


def _bounded(phrase: str) -> str:
    """Return a pattern that finds a phrase as whole words; scripts without spaces have no boundaries to keep."""
    words = re.escape(phrase.lower())
    before = r"(?<![a-z0-9])" if phrase[0].isascii() and phrase[0].isalnum() else ""
    after = r"(?![a-z0-9])" if phrase[-1].isascii() and phrase[-1].isalnum() else ""
    return before + words + after


def _finder(anchors: Iterable[str], pattern: str) -> Finder:
    """Return a function from a lower-case text to what the pattern finds first; texts without any anchor are passed by."""
    wanted, search = tuple(sorted(set(anchors))), re.compile(pattern).search

    def find(lowered: str) -> str | None:
        for anchor in wanted:
            if anchor in lowered:
                found = search(lowered)
                return found[0] if found else None
        return None

    return find


def phrase_finder(phrases: Iterable[str]) -> Finder:
    """Return a function that finds the first of some phrases in a lower-case text, as whole words."""
    ordered = sorted({phrase.lower() for phrase in phrases}, key=lambda phrase: (-len(phrase), phrase))
    return _finder(ordered, "|".join(map(_bounded, ordered)))


def pub11_pattern() -> str:
    """Return the regular expression of `keywords.yaml`, for lower-case text.

    Roots and combinations may go on behind their last letter ("aerial imag" finds "aerial imagery"). A name that ends in
    a letter may be followed by a number ("Landsat8"), one that ends in a digit by a letter ("Sentinel-2A").
    """
    table = _table("keywords.yaml")
    parts = [_spaced(root) for root in table["roots"]]
    for rule in table["combinations"]:
        first, second = ("|".join(_spaced(word) for word in rule[key]) for key in ("first", "second"))
        parts.append(f"(?:{first}){_GAP}(?:{second})")
    parts += [_spaced(name) + ("(?![0-9])" if name[-1].isdigit() else "(?![a-z])") for name in table["names"]]
    return f"(?<![a-z0-9])(?:{'|'.join(parts)})"


def pub11_finder() -> Finder:
    """Return a function that finds the first PUB11 keyword in a lower-case text."""
    table = _table("keywords.yaml")
    phrases = [*table["roots"], *table["names"], *(word for rule in table["combinations"] for word in rule["first"])]
    return _finder((re.split(_GAP, phrase.lower())[0] for phrase in phrases), pub11_pattern())
