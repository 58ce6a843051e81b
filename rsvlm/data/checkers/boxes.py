"""Check captions from boxes: every phrase of a B2C caption against boxes read again from the annotation file.

The first caption speaks of objects whose box centre lies in the central area, or, where there is none, of all objects
with the words for the edge; the second of the others; captions three to five of all objects, whatever they choose.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import shapely

from rsvlm.captioning.grammar import class_words
from rsvlm.data.checkers.nouns import check_item, items_of
from rsvlm.data.evidence import Evidence, boxes_in_window
from rsvlm.data.statement import Statement, stated, unread

_PICTURE = r"the (?:picture|image)"
_MIDDLE = (
    rf"(?P<list>.+) can be seen in the centre of {_PICTURE}\.",
    rf"in the centre of {_PICTURE} there (?:is|are) (?P<list>.+)\.",
    rf"(?:there (?:is|are) )?(?P<list>.+) in the middle of {_PICTURE}\.",
)
_EDGE = (
    rf"(?P<list>.+) can be seen around the edge of {_PICTURE}\.",
    rf"away from the centre of {_PICTURE} there (?:is|are) (?P<list>.+)\.",
    rf"(?:there (?:is|are) )?(?P<list>.+) at the edge of {_PICTURE}\.",
)
_ANYWHERE = (
    rf"there are both (?P<list>.+) in {_PICTURE}\.",
    rf"{_PICTURE} shows both (?P<list>.+)\.",
    rf"there (?:is|are) (?P<list>.+) (?:in {_PICTURE}|on the ground)\.",
    r"(?P<list>.+) in this aerial picture\.",
    rf"{_PICTURE} shows (?P<list>.+)\.",
    r"this is a picture of (?P<list>.+) from above\.",
)


def _read(caption: str) -> tuple[str, str] | None:
    """Return (where, list of nouns) of a caption: `middle`, `edge` or `anywhere`."""
    for where, patterns in (("middle", _MIDDLE), ("edge", _EDGE), ("anywhere", _ANYWHERE)):
        for pattern in patterns:
            if match := re.fullmatch(pattern, caption, re.IGNORECASE):
                return where, match["list"]
    return None


def _counts(record: Mapping[str, Any], objects: list[tuple[str, shapely.Polygon, bool]], share: float) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {"middle": Counter(), "edge": Counter(), "anywhere": Counter()}
    for noun, polygon, _ in objects:
        x1, y1, x2, y2 = polygon.bounds
        across, down = (x1 + x2) / 2 / record["width"], (y1 + y2) / 2 / record["height"]
        central = abs(across - 0.5) <= share / 2 + 1e-9 and abs(down - 0.5) <= share / 2 + 1e-9
        counts["middle" if central else "edge"][noun] += 1
        counts["anywhere"][noun] += 1
    return counts


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions."""
    rule = evidence.rules(record)[0]
    named = [(rule["names"].get(label, class_words(label)), polygon, hard) for label, polygon, hard in boxes_in_window(record, evidence)]
    yield from check_captions(record, rule, named)


def check_captions(
    record: Mapping[str, Any], rule: Mapping[str, Any], objects: list[tuple[str, shapely.Polygon, bool]]
) -> Iterator[Statement]:
    """Yield the statements of B2C captions.

    Args:
        record: with its captions.
        rule: the builder's settings.
        objects: noun, polygon in pixels of the record's picture, difficult, as the annotation has them.
    """
    told = Counter(entry["label"] for entry in record["objects"])
    counts = _counts(record, objects, rule["b2c"]["central_share"])
    yield stated("count", "objects of the record", told == counts["anywhere"], f"the file has {dict(sorted(counts['anywhere'].items()))}")
    for position, caption in enumerate(record["captions"]):
        found = _read(caption)
        if found is None:
            yield unread(caption)
            continue
        where, text = found
        area = counts[where] or counts["anywhere"]
        if position < 2:
            # The words for the other area stand in where the asked one is empty; then all objects are meant.
            asked, other = ("middle", "edge") if position == 0 else ("edge", "middle")
            expected = asked if counts[asked] else other
            area = counts[asked] or counts["anywhere"]
            yield stated("position", caption, where == expected, f"{asked}: {dict(counts[asked])}")
        for item in items_of(text):
            yield check_item(item, area, rule["b2c"]["vague_above"])
