"""Check conversations about change: every box and answer against the mask, read again and cut into regions run by run."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from rsvlm.captioning.grammar import plural
from rsvlm.data.checkers.masks import regions
from rsvlm.data.checkers.sequence_words import boxes_of, is_boxes, place_of, questions, same_set
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.records.pictures import load_mask

_FORM = re.escape("of the form [x_min, y_min, x_max, y_max].")
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Mask:
    """A mask (height, width) of true and false, and the boxes around its regions in hundredths."""

    pixels: np.ndarray
    boxes: list[Box]


def _mask(path: Any) -> _Mask:
    pixels = load_mask(path) == 255
    height, width = pixels.shape
    found = []
    for runs in regions(pixels):
        x1, x2 = min(start for _, start, _ in runs), max(end for _, _, end in runs)
        y1, y2 = min(row for row, _, _ in runs), max(row for row, _, _ in runs) + 1
        found.append((100 * x1 / width, 100 * y1 / height, 100 * x2 / width, 100 * y2 / height))
    return _Mask(pixels, found)


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations; frames without texts have none."""
    if record.get("part_of"):
        return
    source, pictures = evidence.source(str(record["source"])), record["facts"]["pictures"]
    label = PurePosixPath(record["origin"]["annotation"])
    before, after = (PurePosixPath(each) for each in pictures)
    if (before.parent.name, after.parent.name) not in (("A", "B"), ("Image1", "Image2")) or not before.stem == after.stem == label.stem:
        yield stated("format", str(pictures), False, "not the earlier, then the later picture of the mask's place")
    mask = _mask(source.path(label.as_posix()))
    parts = {}
    for name, folder in (("newly built", "label1"), ("demolished", "label2")):
        path = label.parent.parent / folder / label.name
        if (source.folder / "files" / path).is_file():
            parts[name] = _mask(source.path(path.as_posix()))
    nouns = {rule["noun"] for rule in evidence.rules(record)}

    def answered(question: str, reply: str) -> Iterator[Statement]:
        yield from _answered(question, reply, mask, parts, nouns)

    yield from questions(record, evidence, answered)


_QUESTIONS = {
    "all": rf"(?:Identify all changed|Find every changed) NOUN(?: using|\. Answer with) bounding boxes {_FORM}",
    "part": rf"Identify all (newly built|demolished) NOUN using bounding boxes {_FORM}",
    "any": r"(?:Have any NOUN changed between the two images|Are there any changed NOUN in this area)\? Answer with one word\.",
    "only": rf"Identify the location of the only place with changed NOUN ((?:on|in) the [a-z ]+) of the image using a bounding box {_FORM}",
    "half": r"Of the changed NOUN, does most of the area lie in the (top|left) or in the (bottom|right) half of the image\? "
    r"Answer with one word\.",
    "region": r"(?:Have any NOUN in this region BOX changed between the two images|Are there any changed NOUN in this region BOX)\? "
    r"Answer with one word\.",
    "which": r"In which image can NOUN be seen at location BOX\?",
}


def _read(question: str, nouns: set[str]) -> tuple[str, re.Match[str]] | None:
    """Return which question this is, and its match."""
    forms = "|".join(sorted(re.escape(form) for noun in nouns for form in (noun, plural(noun))))
    for kind, pattern in _QUESTIONS.items():
        whole = pattern.replace("NOUN", f"(?:{forms})").replace("BOX", r"\[[^\]]+\]")
        if match := re.fullmatch(whole, question):
            return kind, match
    return None


def _answered(question: str, reply: str, mask: _Mask, parts: Mapping[str, _Mask], nouns: set[str]) -> Iterator[Statement]:
    found = _read(question, nouns)
    if found is None:
        yield unread(question)
        return
    (kind, match), said = found, f"{question} {reply}"
    if kind == "all" and not mask.boxes:
        forms = {f"There are no changed {plural(noun)}." for noun in nouns}
        yield stated("presence", reply, reply in forms, "nothing changed")
    elif kind in ("all", "part"):
        truth = mask.boxes if kind == "all" else parts[match[1]].boxes if match[1] in parts else []
        yield stated("geometry", reply, is_boxes(reply) and same_set(boxes_of(reply), truth), f"{len(truth)} regions")
    elif kind == "any":
        yield stated("presence", said, reply == ("Yes" if mask.boxes else "No"), f"{len(mask.boxes)} regions")
    elif kind == "only":
        there = [box for box in mask.boxes if place_of(box) == match[1]]
        yield stated("position", question, len(there) == 1, f"{len(there)} regions {match[1]}")
        yield stated("geometry", reply, is_boxes(reply) and same_set(boxes_of(reply), there), f"{there}")
    elif kind == "half":
        yield _half(question, reply, mask, match[1])
    else:
        (box,) = boxes_of(question)
        if kind == "region":
            yield stated("presence", said, reply == ("Yes" if _changed(mask, box) else "No"), "the mask says otherwise")
        else:
            held = {"The second image": "newly built", "The first image": "demolished"}.get(reply, "")
            others = [name for name, part in parts.items() if name != held and _changed(part, box)]
            yield stated("attribute", said, held in parts and _changed(parts[held], box) and not others, f"{others}")


def _changed(mask: _Mask, box: tuple[int, int, int, int]) -> bool:
    height, width = mask.pixels.shape
    x1, y1, x2, y2 = box
    rows, columns = np.nonzero(mask.pixels)
    inside = (
        (columns + 0.5 >= x1 * width / 100)
        & (columns + 0.5 <= x2 * width / 100)
        & (rows + 0.5 >= y1 * height / 100)
        & (rows + 0.5 <= y2 * height / 100)
    )
    return bool(inside.any())


def _half(question: str, reply: str, mask: _Mask, first: str) -> Statement:
    pixels = mask.pixels if first == "top" else mask.pixels.T
    middle, odd = divmod(len(pixels), 2)
    before, after = int(pixels[:middle].sum()), int(pixels[middle + odd :].sum())
    names = {"top": ("Top", "Bottom"), "left": ("Left", "Right")}[first]
    more = names[0] if before > after else names[1]
    return stated("share", f"{question} {reply}", reply == more and max(before, after) > 0.6 * pixels.sum(), f"{before} and {after} pixels")
