"""Check captions of a picture's main object: which it is, its size, place, direction and properties, from the raw map.

Which object is the main one is worked out anew: the largest area, or where none is large enough the longest line. Of a
revision that a model wrote, every number, axis and noun is checked.
"""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from rsvlm.captioning.grammar import indefinite
from rsvlm.data.checkers.map_evidence import Mapped, mapped, nouns_of, rule_of, values_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.data.wording import wording

_CELL = r"(upper left|upper centre|upper right|middle left|centre|middle right|lower left|lower centre|lower right)"
_AXIS = r"(north-south|northeast-southwest|east-west|northwest-southeast)"
_NUMBER = r"(\d{1,3}(?:,\d{3})*|\d+)"
_RULES = (
    ("share", rf"(.+) covers {_NUMBER}% of the image, around its {_CELL}\."),
    ("all", r"(.+) covers all of the image\."),
    ("area", rf"(It|Its visible part) measures about {_NUMBER} square metres\."),
    ("narrow", r"(It|That part) is long and narrow\."),
    ("pieces", r"(.+) passes through the image in several pieces\."),
    ("one cell", rf"(.+) starts and ends in the {_CELL} of the image\."),
    ("cells", rf"(.+) runs from the {_CELL} to the {_CELL} of the image\."),
    ("length", rf"It is about {_NUMBER} metres? long within the image(?: and runs {_AXIS})?\."),
    ("curve", r"(It is nearly straight|It bends slightly|It winds)\."),
    ("surface", r"Its surface is (.+)\."),
    ("lanes", r"It has (\d+(?:\.\d+)?) lanes?\."),
    ("building:levels", r"It has (\d+(?:\.\d+)?) levels?\."),
    ("name", r'It is named "(.+)"\.'),
    (
        "formal area",
        rf"The image shows (.+) with a visible extent of about {_NUMBER} square metres, which is (?:(all)|{_NUMBER}%) of the image\.",
    ),
    ("casual area", rf"Have a look at (.+) that takes up (?:(all)|{_NUMBER}%) of the image\."),
    ("formal line", rf"The image shows (.+) with a visible length of about {_NUMBER} metres?(?:, running {_AXIS})?\."),
    ("casual line", rf"Have a look at (.+) here(?:, running {_AXIS})?, about {_NUMBER} metres? of it\."),
    ("brief area", rf"(.+) of about {_NUMBER} square metres\."),
    ("brief line", rf"(.+), about {_NUMBER} metres? long\."),
)  # fmt: skip
_PATTERNS = [(kind, re.compile(pattern)) for kind, pattern in _RULES]
_OF_LINES = ("pieces", "one cell", "cells", "length", "curve", "formal line", "casual line", "brief line")
_WITH_NOUN = ("share", "all", "formal area", "casual area", "brief area", *_OF_LINES[:3], *_OF_LINES[5:])
_OF_BOTH = ("surface", "lanes", "building:levels", "name")
_TOLERANCE = 0.004  # of sizes: the scales of two projections of the same ground


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions."""
    elements, rule = mapped(record, evidence), rule_of(record, evidence)
    main = _main(elements, rule, record)
    by_model = set((record.get("facts") or {}).get("by_model") or ())
    for place, caption in enumerate(record["captions"]):
        if main is None:
            yield stated("presence", caption, False, "the map has no main object here")
        elif place in by_model:
            yield from _of_model(caption, main, record)
        else:
            for sentence in _sentences(caption):
                yield from _sentence(sentence, main, record)


def _sentences(caption: str) -> list[str]:
    """Return the sentences of a caption; the last may say a name, which may hold full stops itself."""
    before, mark, name = caption.partition('It is named "')
    found = [part for part in re.split(r"(?<=[.])\s+", before.strip()) if part]
    return [*found, f"{mark}{name}"] if mark else found


def _main(elements: list[Mapped], rule: Mapping[str, Any], record: Mapping[str, Any]) -> Mapped | None:
    table, side = wording("osm")["tags"], float(rule["least_side"])
    hidden = {name for name, entry in table.items() if not entry["gsd"]}
    fit = [each for each in elements if _is_thing(each.tags, hidden)]
    areas = [each for each in fit if each.kind == "area" and each.pixels.area >= side**2]
    if areas:
        largest = max(areas, key=lambda each: each.pixels.area)
        if largest.pixels.area / (record["width"] * record["height"]) >= rule["least_share"]:
            return largest
    lines = [each for each in fit if each.kind == "line"]
    if not lines:
        return None
    longest = max(lines, key=lambda each: each.pixels.length)
    return longest if longest.pixels.length >= rule["least_length"] * min(record["width"], record["height"]) else None


def _is_thing(tags: Mapping[str, str], hidden: set[str]) -> bool:
    """Say whether the first telling tag of an element names a thing that can be seen."""
    plain = None
    for key in wording("osm")["things"]:
        for value in filter(None, (part.strip() for part in tags.get(key, "").split(";"))):
            if value in ("no", "unknown") or not re.fullmatch(r"[a-z][a-z0-9_ :.-]{0,39}", value):
                continue
            if value != "yes":
                return f"{key}={value}" not in hidden
            plain = plain or f"{key}={value}"
    return plain is not None and plain not in hidden


def _sentence(sentence: str, main: Mapped, record: Mapping[str, Any]) -> Iterator[Statement]:
    for kind, pattern in _PATTERNS:
        if match := pattern.fullmatch(sentence):
            yield from _statements(kind, match, main, record)
            return
    yield unread(sentence)


def _statements(kind: str, match: re.Match[str], main: Mapped, record: Mapping[str, Any]) -> Iterator[Statement]:
    text, groups = match[0], [group or "" for group in match.groups()]
    if main.kind != ("line" if kind in _OF_LINES else "area") and kind not in _OF_BOTH:
        yield stated("geometry", text, False, f"the main object is of kind {main.kind}")
        return
    share = 100 * main.pixels.area / (record["width"] * record["height"])
    if kind in (
        "share",
        "all",
        "pieces",
        "one cell",
        "cells",
        "formal area",
        "casual area",
        "formal line",
        "casual line",
        "brief area",
        "brief line",
    ):
        yield _noun(groups[0], main)
    match kind:
        case "share":
            yield stated("share", text, abs(int(groups[1].replace(",", "")) - share) <= 0.55, f"{share:.2f}%")
            yield stated("position", groups[2], _in_cell(main.pixels.centroid, groups[2], record), f"centre {main.pixels.centroid.wkt}")
        case "all":
            yield stated("share", text, share >= 99.4, f"{share:.2f}%")
        case "area" | "brief area":
            yield _measure(text, groups[1], main.ground.area)
            if kind == "area":
                yield _extent(groups[0], main)
        case "narrow":
            yield _extent(groups[0], main)
            yield stated("size", text, _stretch(main.ground) >= 2.97, f"{_stretch(main.ground):.2f}")
        case "pieces":
            yield stated("geometry", text, _line_of(main.pixels) is None, "it is in one piece")
        case "one cell":
            yield _cells(text, (groups[1], groups[1]), main, record)
        case "cells":
            yield _cells(text, (groups[1], groups[2]), main, record)
        case "length":
            yield _measure(text, groups[0], main.ground.length, main.edge)
            yield from _axis(groups[1], main)
        case "curve":
            yield _curve(groups[0], main)
        case "surface" | "lanes" | "building:levels":
            yield stated("attribute", text, groups[0] in values_of(main.tags, kind), str(main.tags.get(kind)))
        case "name":
            yield stated("attribute", text, groups[0] == " ".join(main.tags.get("name", "").split()), str(main.tags.get("name")))
        case "formal area":
            yield _measure(text, groups[1], main.ground.area)
            yield _percent(groups[2], groups[3], share)
        case "casual area":
            yield _percent(groups[1], groups[2], share)
        case "formal line":
            yield _measure(text, groups[1], main.ground.length, main.edge)
            yield from _axis(groups[2], main)
        case "casual line":
            yield from _axis(groups[1], main)
            yield _measure(text, groups[2], main.ground.length, main.edge)
        case _:
            yield _measure(text, groups[1], main.ground.length, main.edge)


def _noun(subject: str, main: Mapped) -> Statement:
    nouns = {indefinite(noun).lower(): noun for noun in nouns_of(main.tags)}
    meanings = {entry.get("meaning", "") for entry in wording("osm")["tags"].values() if entry["noun"] in nouns.values()}
    said, _, meaning = subject.rstrip(",").partition(", ")
    return stated("presence", subject, said.lower() in nouns and (not meaning or meaning in meanings), ", ".join(nouns))


def _measure(text: str, said: str, truth: float, edge: float = 0.0) -> Statement:
    number = int(said.replace(",", ""))
    step = 10 ** max(0, len(str(number)) - 3)
    return stated("measure", text, abs(number - truth) <= 0.5 * step + _TOLERANCE * truth + edge + 1e-6, f"{truth:.1f}")


def _extent(said: str, main: Mapped) -> Statement:
    """Check whether the whole is spoken of, or the part that shows."""
    return stated("size", said, main.whole in (None, said == "It"), "all of it shows" if main.whole else "a part of it shows")


def _percent(whole: str, number: str, share: float) -> Statement:
    holds = share >= 99.4 if whole else abs(int(number or "-1") - share) <= 0.55
    return stated("share", whole or f"{number}%", holds, f"{share:.2f}%")


def _in_cell(point: BaseGeometry, cell: str, record: Mapping[str, Any]) -> bool:
    row, _, column = ("middle centre" if cell == "centre" else cell).partition(" ")
    x, y = point.x / record["width"] * 3 - ("left", "centre", "right").index(column), point.y / record["height"] * 3
    y -= ("upper", "middle", "lower").index(row)
    return -0.02 <= x <= 1.02 and -0.02 <= y <= 1.02


def _line_of(shape: BaseGeometry) -> BaseGeometry | None:
    merged = shapely.line_merge(shape) if shape.geom_type == "MultiLineString" else shape
    return merged if merged.geom_type == "LineString" else None


def _cells(text: str, cells: tuple[str, str], main: Mapped, record: Mapping[str, Any]) -> Statement:
    line = _line_of(main.pixels)
    if line is None:
        return stated("position", text, False, "it is in several pieces")
    ends = [shapely.Point(line.coords[0]), shapely.Point(line.coords[-1])]
    holds = any(_in_cell(a, cells[0], record) and _in_cell(b, cells[1], record) for a, b in (ends, ends[::-1]))
    return stated("position", text, holds, " and ".join(end.wkt for end in ends))


def _stretch(ground: BaseGeometry) -> float:
    corners = list(ground.minimum_rotated_rectangle.exterior.coords)
    first, second = math.dist(corners[0], corners[1]), math.dist(corners[1], corners[2])
    return max(first, second) / max(min(first, second), 1e-9)


def _axis(said: str, main: Mapped) -> Iterator[Statement]:
    if said and main.kind != "line":
        yield stated("relation", said, False, f"the main object is of kind {main.kind}")
    elif said:
        angle = _angle(main.ground)
        wanted = {"north-south": 0, "northeast-southwest": 45, "east-west": 90, "northwest-southeast": 135}[said]
        apart = abs((angle - wanted + 90) % 180 - 90)
        yield stated("relation", said, apart <= 22.5 + 1.0, f"{angle:.1f} degrees from north")


def _angle(ground: BaseGeometry) -> float:
    """Return the axis of a line in degrees from north (0 to 180): the mean of its steps with doubled angles."""
    total = 0j
    for part in getattr(ground, "geoms", [ground]):
        for (x1, y1), (x2, y2) in pairwise(part.coords):
            step = complex(y2 - y1, x2 - x1)
            if step:
                total += step * step / abs(step)
    return math.degrees(math.atan2(total.imag, total.real)) / 2 % 180


def _curve(said: str, main: Mapped) -> Statement:
    line = _line_of(main.ground)
    stretch = line.length / max(math.dist(line.coords[0], line.coords[-1]), 1e-9) if line is not None else 0.0
    holds = {"It is nearly straight": 0 < stretch <= 1.06, "It bends slightly": 1.04 <= stretch <= 1.31, "It winds": stretch >= 1.29}[said]
    return stated("geometry", said, holds, f"length over distance of the ends {stretch:.3f}")


def _of_model(caption: str, main: Mapped, record: Mapping[str, Any]) -> Iterator[Statement]:
    """Yield what can be checked of a model's words: that they name the object, and every number and axis."""
    nouns = nouns_of(main.tags)
    yield stated("presence", caption, any(noun in caption.lower() for noun in nouns), ", ".join(sorted(nouns)))
    quoted = main.tags.get("name", "")
    text = caption.replace(quoted, " ") if quoted else caption
    share = 100 * main.pixels.area / (record["width"] * record["height"])
    for said in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text):
        number = float(said.replace(",", ""))
        step = 10 ** max(0, len(str(int(number))) - 3)
        truths = [main.ground.area if main.kind == "area" else main.ground.length, share]
        truths += [float(main.tags[key]) for key in ("lanes", "building:levels") if re.fullmatch(r"\d+(\.\d+)?", main.tags.get(key, ""))]
        holds = any(abs(number - truth) <= 0.5 * step + 0.05 + _TOLERANCE * truth for truth in truths)
        yield stated("measure", said, holds, ", ".join(f"{truth:.1f}" for truth in truths))
    for said in re.findall(_AXIS, text):
        yield from _axis(said, main)
