"""Check captions put together from map tags: every tag of every phrase, and where each element lies from the focus."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from rsvlm.data.checkers.map_evidence import Mapped, mapped, rule_of, values_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.data.wording import wording

_CLAUSE = re.compile(r", (?=(?:inside|containing|next to|surrounded by|with) )")
_BEFORE = re.compile(r"(inside|containing|next to|surrounded by) (.+)")
_SIDES = "on the left|on the right|at the top|at the bottom|nearby"
_AFTER = re.compile(rf"(.+?) ({_SIDES})(?:, | and |$)")
_WITH = re.compile(rf"with (?:.+? (?:{_SIDES})(?:, | and |$))+")
_ROUNDING = 0.5  # pixels
_COVERED = 0.94
_KINDS = {"a": "area", "w": "line", "n": "point"}


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions."""
    elements, near = mapped(record, evidence), float(rule_of(record, evidence)["near"])
    name = str(record["id"]).rsplit("-", 1)[-1]
    focus = next((each for each in elements if each.kind == _KINDS.get(name[:1]) and each.id.rpartition("/")[2] == name[1:]), None)
    for caption in record["captions"]:
        title, *clauses = _CLAUSE.split(caption)
        yield from _title(title, focus, caption)
        for clause in clauses:
            yield from _clause(clause, focus, [each for each in elements if each is not focus], near)


def _title(title: str, focus: Mapped | None, caption: str) -> Iterator[Statement]:
    tags = tags_of(title)
    if tags is None:
        yield unread(caption)
        return
    for key, value in tags:
        holds = focus is not None and _has(focus.tags, key, value)
        yield stated("attribute", f"{key}={value}", holds, f"the element's {key}: {focus.tags.get(key) if focus else 'not in the picture'}")


def _clause(clause: str, focus: Mapped | None, others: list[Mapped], near: float) -> Iterator[Statement]:
    if match := _BEFORE.fullmatch(clause):
        yield from _relations(match[1], match[2].split("; "), focus, others, near)
    elif _WITH.fullmatch(clause):
        for match in _AFTER.finditer(clause.removeprefix("with ")):
            yield from _relations(match[2], match[1].split("; "), focus, others, near)
    else:
        yield unread(clause)


def _relations(where: str, phrases: list[str], focus: Mapped | None, others: list[Mapped], near: float) -> Iterator[Statement]:
    named = {phrase: [each for each in others if _fits(each, tags_of(phrase))] for phrase in phrases}
    everything = [each for found in named.values() for each in found]
    for phrase, found in named.items():
        if tags_of(phrase) is None:
            yield unread(phrase)
        elif not found or focus is None:
            yield stated("presence", phrase, False, "nothing like it is in the picture")
        elif where == "surrounded by":
            hull = shapely.union_all([each.pixels for each in everything]).convex_hull.buffer(_ROUNDING)
            yield stated("relation", f"{where} {phrase}", bool(hull.contains(focus.pixels.centroid)), "the focus is not among them")
        else:
            holds = any(_lies(where, focus.pixels, each.pixels, near) for each in found)
            yield stated("relation", f"{where} {phrase}", holds, f"none of {len(found)} lies so")


def _fits(element: Mapped, tags: list[tuple[str, str]] | None) -> bool:
    return bool(tags) and all(_has(element.tags, key, value) for key, value in tags or [])


def _has(tags: Mapping[str, str], key: str, value: str) -> bool:
    """Say whether tags have a value, in words; a key without words of its own is told by its own name."""
    return any(value in values_of(tags, name) for name in tags if key in (name, name.replace("_", " ").replace(":", " ")))


def _lies(where: str, focus: BaseGeometry, other: BaseGeometry, near: float) -> bool:
    x, y = focus.centroid.x, focus.centroid.y
    left, top, right, bottom = other.bounds
    match where:
        case "inside":
            return _covers(other, focus)
        case "containing":
            return _covers(focus, other)
        case "next to":
            return float(focus.distance(other)) <= near + _ROUNDING
        case "on the left":
            return right <= x + _ROUNDING
        case "on the right":
            return left >= x - _ROUNDING
        case "at the top":
            return bottom <= y + _ROUNDING
        case "at the bottom":
            return top >= y - _ROUNDING
        case _:
            return True


def _covers(outer: BaseGeometry, inner: BaseGeometry) -> bool:
    """Say whether an area holds nearly all of something."""
    if outer.area == 0:
        return False
    part = outer.intersection(inner)
    if inner.area > 0:
        return bool(part.area >= _COVERED * inner.area)
    return bool(part.length >= _COVERED * inner.length) if inner.length > 0 else not part.is_empty


def tags_of(phrase: str) -> list[tuple[str, str]] | None:
    """Return the tags that a phrase says, None where it is no phrase of tags."""
    said, _, more = phrase.partition(" with ")
    pieces = [*said.split(", "), *(piece for part in filter(None, more.split(", ")) for piece in part.split(" and "))]
    found = [_tag_of(piece) for piece in pieces]
    return None if None in found else [tag for tag in found if tag]


def _tag_of(text: str) -> tuple[str, str] | None:
    things = wording("osm")["things"]
    for key, words in {**things, **wording("osm")["properties"]}.items():
        start = " ".join(filter(None, [words["word"], words["joint"]]))
        if key in things and text == words["word"]:
            return key, "yes"
        if text.startswith(f"{start} "):
            return key, text[len(start) + 1 :]
    key, joint, value = text.partition(" of ")
    return (key, value) if joint and re.fullmatch(r"[a-z]+(?: [a-z]+)*", key) else None
