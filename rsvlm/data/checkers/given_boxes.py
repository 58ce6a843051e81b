"""Check given expressions with boxes against the set's own file, read once more without the builders' readers."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rsvlm.data.checkers.box_texts import boxes_in, frame_faults, near
from rsvlm.data.checkers.given import plain
from rsvlm.data.checkers.turns import read_turns, rule_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_DECLARED = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
Box = tuple[float, float, float, float]


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    rule = rule_of(record, evidence)
    path = evidence.source(str(record["source"])).path(record["origin"]["annotation"])
    width, height, form = int(record["width"]), int(record["height"]), rule["boxes"]
    if rule["layout"] == "choice":
        shares = _choice(path).get(record["origin"]["picture"], ())
        truths = [(text, (box[0] * width, box[1] * height, box[2] * width, box[3] * height)) for text, box in shares]
    else:
        truths = list(_xml(path))
    yield from frame_faults(record, form)
    for turn in read_turns(record, rule["style"], ("refer", "identify")):
        if isinstance(turn, Statement):
            yield turn
            continue
        if turn.task == "given":
            yield unread(turn.text)
            continue
        text, place = (turn.words["phrase"], turn.reply) if turn.task == "refer" else (turn.reply, turn.words["box"])
        boxes = boxes_in(place, form, width, height)
        fitting = [truth for words, truth in truths if plain(words) == plain(text)]
        right = len(boxes) == 1 and any(near(boxes[0], truth, form, width, height) for truth in fitting)
        yield stated("geometry", f"{turn.text} {turn.reply}", right, f"the set has {fitting}")


@cache
def _choice(path: Path) -> Mapping[str, tuple[tuple[str, Box], ...]]:
    found: dict[str, tuple[tuple[str, Box], ...]] = {}
    for record in json.loads(path.read_bytes()):
        try:
            match = re.search(r"coordinates of the (.+?) in the image", record["question"])
            if match and isinstance(record["answer"], list):
                xs, ys = zip(*record["answer"], strict=True)
                entry = (match[1], (min(xs), min(ys), max(xs), max(ys)))
                found[record["image_path"]] = (*found.get(record["image_path"], ()), entry)
        except (KeyError, TypeError, ValueError):  # set aside when the records were made
            continue
    return found


@cache
def _xml(path: Path) -> tuple[tuple[str, Box], ...]:
    data = path.read_bytes()
    if _DECLARED.search(data):
        return ()
    found = []
    for element in ElementTree.fromstring(data).findall("object"):
        box = element.find("bndbox")
        texts = [child.text or "" for child in element.findall("description")]
        if box is not None:
            try:
                x1, y1, x2, y2 = (float(box.findtext(key) or "nan") for key in ("xmin", "ymin", "xmax", "ymax"))
            except ValueError:  # set aside when the records were made
                continue
            found += [(text, (x1, y1, x2, y2)) for text in texts]
    return tuple(found)
