"""Check longer captions of map scenes: themes, counts, sizes, places, surfaces and neighbours, from the raw map.

Corrections by hand are part of the truth: they are read from their own file and applied to the raw tags once more.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import shapely

from rsvlm.captioning.grammar import indefinite, plural
from rsvlm.captioning.numerals import cardinal
from rsvlm.data.checkers.map_evidence import Mapped, counted_of, mapped, nouns_of, rule_of, values_of
from rsvlm.data.corrected import corrections_named
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.data.wording import wording

_CELL = r"(upper left|upper centre|upper right|middle left|centre|middle right|lower left|lower centre|lower right)"
_NUMBER = r"(\d{1,3}(?:,\d{3})*|\d+)"
_RULES = [
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("themes", r"The scene belongs to the themes? of (.+)\."),
        ("there", r"There (is|are) (.+?)(?:, also called (.+),)? in the image\."),
        ("share", rf"(It covers|Together they cover) about {_NUMBER}% of the image\."),
        ("area", rf"Its visible area is about {_NUMBER} square metres\."),
        ("largest", rf"The largest of these (.+) shows about {_NUMBER} square metres\."),
        ("length", rf"(It measures|Together they measure) about {_NUMBER} metres? in length within the image\."),
        ("place", rf"(It|That largest one) lies around the {_CELL} of the image\."),
        ("surface", r"The (.+) (has|have) a surface of (.+)\."),
        ("pair", r"The (.+) lies (within|next to) the (.+)\."),
    )
]
_TOLERANCE = 0.004  # of sizes: the scales of two projections of the same ground
_COVERED = 0.94
_ROUNDING = 0.5
_NAMES = {cardinal(count): count for count in range(11)}


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions."""
    rule = rule_of(record, evidence)
    elements = list(_corrected(mapped(record, evidence), rule.get("corrections")))
    for caption in record["captions"]:
        if record["method"] == "model":
            yield from _of_model(caption, elements)
            continue
        subject: list[Mapped] = []
        for sentence in re.split(r"(?<=[.])\s+", caption):
            kind, match = next(((kind, found) for kind, pattern in _RULES if (found := pattern.fullmatch(sentence))), ("", None))
            if match is None:
                yield unread(sentence)
                continue
            if kind == "there":
                subject = _named(match[2], elements, float(rule["least_side"]))
            yield from _statements(kind, match, subject, elements, record, rule)


def _corrected(elements: list[Mapped], name: str | None) -> Iterator[Mapped]:
    for each in elements:
        tags = dict(each.tags)
        for entry in corrections_named(name) if name else ():
            if entry.element == each.id and each.tags.get(entry.key) == entry.was:
                tags = {key: value for key, value in tags.items() if key != entry.key}
                tags |= {entry.key: entry.now} if entry.now is not None else {}
        yield replace(each, tags=tags)


def _noun(phrase: str, elements: list[Mapped]) -> tuple[str, int | None]:
    """Return the noun of a counted phrase and its count, None where it has none; an empty noun where nothing is called so."""
    nouns = {noun for each in elements for noun in nouns_of(each.tags)}
    first, _, rest = phrase.partition(" ")
    count = _NAMES.get(first, int(first) if first.isdigit() else None)
    for noun in sorted(nouns):
        if phrase == indefinite(noun):
            return noun, 1 if indefinite(noun) != noun else None
        if count is not None and rest == plural(noun):
            return noun, count
    return "", None


def _named(phrase: str, elements: list[Mapped], least: float) -> list[Mapped]:
    noun, _ = _noun(phrase, elements)
    return [each for each in elements if noun in nouns_of(each.tags) and _is_large(each, least)]


def _is_large(each: Mapped, least: float) -> bool:
    if each.kind == "area":
        return bool(each.pixels.area >= least**2)
    return each.kind == "point" or bool(each.pixels.length >= least)


def _statements(
    kind: str, match: re.Match[str], subject: list[Mapped], elements: list[Mapped], record: Mapping[str, Any], rule: Mapping[str, Any]
) -> Iterator[Statement]:
    text, whole = match[0], float(record["width"] * record["height"])
    if kind == "themes":
        yield _themes(text, match[1], elements, float(rule["least_side"]))
        return
    if kind == "there":
        yield from _there(text, match, elements, float(rule["least_side"]))
        return
    if kind == "pair":
        yield _pair(text, match, elements, float(rule["near"]), float(rule["least_side"]))
        return
    if not subject:
        yield stated("presence", text, False, "nothing was named before, or it is not there")
        return
    number = next((int(group.replace(",", "")) for group in match.groups() if group and group.replace(",", "").isdigit()), 0)
    if kind == "share":
        share = 100 * shapely.union_all([each.pixels for each in subject]).area / whole
        yield stated("share", text, abs(number - share) <= 0.55, f"{share:.2f}%")
    elif kind in ("area", "largest"):
        yield _measure(text, number, max(each.ground.area for each in subject))
    elif kind == "length":
        lines = [each for each in subject if each.kind == "line"]
        yield _measure(text, number, shapely.union_all([each.ground for each in lines]).length, sum(each.edge for each in lines))
    elif kind == "place":
        largest = max(subject, key=lambda each: (each.pixels.area, each.pixels.length, each.id))
        yield stated("position", text, _in_cell(largest, match[2], record), largest.pixels.centroid.wkt)
    elif kind == "surface":
        wrong = [each.id for each in subject if match[3] not in values_of(each.tags, "surface")]
        yield stated("attribute", text, not wrong, f"not of {', '.join(wrong)}")


def _themes(text: str, said: str, elements: list[Mapped], least: float) -> Statement:
    first: dict[str, str] = {}
    for theme, below in wording("place-labels")["tree"].items():
        first |= {tag: theme for thirds in below.values() for tags in thirds.values() for tag in tags}
    certain = {first[tag] for each in elements if _is_large(each, 1.03 * least) and (tag := _main(each.tags)) in first}
    possible = {first[tag] for each in elements if _is_large(each, 0.97 * least) and (tag := _main(each.tags)) in first}
    named = set(re.split(r", | and ", said))
    return stated("attribute", text, certain <= named <= possible, ", ".join(sorted(possible)))


def _main(tags: Mapping[str, str]) -> str:
    """Return the first telling tag of an element, `yes` only where there is no better one; empty where it cannot be seen."""
    plain = ""
    for key in wording("osm")["things"]:
        for value in filter(None, (part.strip() for part in tags.get(key, "").split(";"))):
            if re.fullmatch(r"[a-z][a-z0-9_ :.-]{0,39}", value) and value not in ("no", "unknown", "yes"):
                return f"{key}={value}"
            plain = plain or (f"{key}=yes" if value == "yes" else "")
    return plain


def _there(text: str, match: re.Match[str], elements: list[Mapped], least: float) -> Iterator[Statement]:
    noun, count = _noun(match[2], elements)
    if not noun:
        yield stated("presence", text, False, "nothing is called so")
        return
    if count is None:
        yield stated("presence", text, True)
    else:
        fewest, most = counted_of(noun, elements, least)
        yield stated("count", text, fewest <= count <= most, f"{fewest} to {most}")
    if match[3]:
        other = wording("place-labels")["synonyms"].get(noun, "")
        yield stated("attribute", match[3], match[3] in (indefinite(other), plural(other)), other)


def _measure(text: str, said: int, truth: float, edge: float = 0.0) -> Statement:
    step = 10 ** max(0, len(str(said)) - 3)
    return stated("measure", text, abs(said - truth) <= 0.5 * step + _TOLERANCE * truth + edge + 1e-6, f"{truth:.1f}")


def _in_cell(each: Mapped, cell: str, record: Mapping[str, Any]) -> bool:
    row, _, column = ("middle centre" if cell == "centre" else cell).partition(" ")
    point = each.pixels.centroid
    x = point.x / record["width"] * 3 - ("left", "centre", "right").index(column)
    y = point.y / record["height"] * 3 - ("upper", "middle", "lower").index(row)
    return -0.02 <= x <= 1.02 and -0.02 <= y <= 1.02


def _pair(text: str, match: re.Match[str], elements: list[Mapped], near: float, least: float) -> Statement:
    inner = [each for each in elements if match[1] in nouns_of(each.tags) and _is_large(each, least)]
    outer = [each for each in elements if match[3] in nouns_of(each.tags) and _is_large(each, least)]
    pairs = [(a.pixels, b.pixels) for a in inner for b in outer if a is not b]
    if match[2] == "next to":
        holds = any(a.distance(b) <= near + _ROUNDING for a, b in pairs)
    else:
        holds = any(b.area > 0 and a.intersection(b).length >= _COVERED * a.length for a, b in pairs)
    return stated("relation", text, holds, f"{len(pairs)} such pairs, none of them so")


def _of_model(caption: str, elements: list[Mapped]) -> Iterator[Statement]:
    """Yield what can be checked of a model's words: that the things that they name are there."""
    present = {form for each in elements for noun in nouns_of(each.tags) for form in (noun, plural(noun))}
    known = {form for entry in wording("osm")["tags"].values() for form in (entry["noun"], plural(entry["noun"]))}
    lowered = caption.lower()
    for noun in sorted(known, key=len, reverse=True):
        if re.search(rf"\b{re.escape(noun)}\b", lowered):
            yield stated("presence", noun, noun in present, ", ".join(sorted(present)))
            lowered = re.sub(rf"\b{re.escape(noun)}\b", " ", lowered)
