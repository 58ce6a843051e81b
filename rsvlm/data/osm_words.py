"""Words for the tags of OpenStreetMap: which tags are said, and how (`templates/osm.yaml`).

A tag is said when its value is a word of the map's own vocabulary: lower-case letters, digits and a few marks. Names, addresses
and free text stay in a record's facts and out of its sentences.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from rsvlm.captioning.grammar import listed
from rsvlm.data.wording import wording
from rsvlm.quality.balance import Tag, distinct_tags

_VALUE = re.compile(r"[a-z][a-z0-9]*(?:[_ :.-][a-z0-9]+)*")
_KEY = re.compile(r"[a-z]+(?:[_:][a-z]+)*")
_NUMBER = re.compile(r"\d{1,7}(?:\.\d{1,3})?")
LONGEST_VALUE = 40


def things() -> dict[str, dict[str, Any]]:
    """Return the keys that say what an element is, the most telling first, with their words."""
    found: dict[str, dict[str, Any]] = wording("osm")["things"]
    return found


def properties() -> dict[str, dict[str, Any]]:
    """Return the keys that say how an element is, with their words."""
    found: dict[str, dict[str, Any]] = wording("osm")["properties"]
    return found


def is_dropped(key: str) -> bool:
    """Say whether a key says nothing about the ground: a name, an address, who mapped it."""
    return any(fnmatchcase(key, pattern) for pattern in wording("osm")["dropped"])


def is_word(value: str) -> bool:
    """Say whether a value is a word of the map's vocabulary, and no free text."""
    return len(value) <= LONGEST_VALUE and _VALUE.fullmatch(value) is not None


def is_number(value: str) -> bool:
    """Say whether a value is a plain number."""
    return _NUMBER.fullmatch(value) is not None


def spoken_tags(tags: Mapping[str, str], *, further: bool = False) -> list[Tag]:
    """Return the (key, value) pairs that can be said, things before properties; `a;b` counts as two values.

    Left out: values that are free text, `no` and `unknown`, and numbers of what is not counted.

    Args:
        tags: of one element.
        further: take other keys as well, after the known ones, but for names, addresses and the like.
    """
    found: list[Tag] = []
    known = {**things(), **properties()}
    others = sorted(key for key in tags if key not in known and _KEY.fullmatch(key) and not is_dropped(key)) if further else []
    for key in (*known, *others):
        numeric = bool(known.get(key, {}).get("numeric"))
        fits = is_number if numeric else is_word
        values = [part.strip() for part in tags.get(key, "").split(";")]
        found += [(key, value) for value in values if value not in ("", "no", "unknown") and "_and_" not in value and fits(value)]
    return distinct_tags(found)


def words_of_value(value: str) -> str:
    """Return a value as words: `parking_aisle` -> `parking aisle`."""
    return " ".join(value.replace("_", " ").replace(":", " ").split())


def phrase_of_tag(key: str, value: str) -> str:
    """Return a tag as SkyScript says it: `landuse of quarry`, `power pole`, `access is private`; `building=yes` is `building`."""
    words = {**things(), **properties()}.get(key, {"word": words_of_value(key), "joint": "of"})
    if value == "yes" and key in things():
        return str(words["word"])
    return " ".join(filter(None, [words["word"], words["joint"], words_of_value(value)]))


def phrase_of_tags(tags: list[Tag]) -> str:
    """Return the tags of one element as a phrase: things and properties by commas, counts after `with`.

    `landuse of quarry, resource of bauxite`; `power line with cables of 3 and voltage of 16000`.

    Args:
        tags: as `spoken_tags` orders them; at least one thing.
    """
    counts = {key for key, words in properties().items() if words.get("numeric")}
    said = [phrase_of_tag(key, value) for key, value in tags if key not in counts]
    more = [phrase_of_tag(key, value) for key, value in tags if key in counts]
    return ", ".join(said) + (f" with {listed(more)}" if more else "")


def main_tag(tags: Mapping[str, str]) -> Tag | None:
    """Return the tag that says what an element is, None where none does; plain `yes` counts after any better word."""
    said = [(key, value) for key, value in spoken_tags(tags) if key in things()]
    return next((tag for tag in said if tag[1] != "yes"), said[0] if said else None)


def noun_of_tag(key: str, value: str) -> str:
    """Return a tag of a thing as a noun in the singular: `path`, `bakery shop`, `water tower`."""
    known = wording("osm")["tags"].get(f"{key}={value}")
    if known:
        return str(known["noun"])
    if value == "yes":
        return words_of_value(key)
    return str(things()[key]["noun"]).replace("{value}", words_of_value(value))


def meaning_of_tag(key: str, value: str) -> str:
    """Return what a tag means, empty where the table does not tell."""
    known: dict[str, Any] = wording("osm")["tags"].get(f"{key}={value}", {})
    return str(known.get("meaning", ""))


@cache
def labelled_tags() -> dict[Tag, float]:
    """Return the tags with a label by hand: the largest ground sample distance (metres) at which each can be seen, or 0."""
    table = wording("osm")
    rows = {**{name: entry["gsd"] for name, entry in table["tags"].items()}, **table["seen"]}
    found = {}
    for name, distance in rows.items():
        key, _, value = name.partition("=")
        found[key, value] = float(distance)
    return found


@cache
def hidden_tags() -> frozenset[Tag]:
    """Return the tags that, by hand, cannot be seen from above."""
    return frozenset(tag for tag, distance in labelled_tags().items() if distance == 0)
