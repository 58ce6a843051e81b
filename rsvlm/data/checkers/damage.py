"""Check conversations about damage: every box and answer against xBD's two files, parsed again."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import shapely

from rsvlm.data.checkers.sequence_words import around, boxes_of, is_boxes, questions, same, same_set
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread

_FORM = re.escape("of the form [x_min, y_min, x_max, y_max].")


@dataclass(frozen=True)
class _Buildings:
    """Boxes in hundredths and damage of every building; the kind of disaster; the names of damage."""

    boxes: list[tuple[tuple[float, float, float, float], str]]
    disaster: str
    levels: Mapping[str, str]

    def at(self, box: tuple[int, int, int, int]) -> set[str]:
        """Return the damage of the buildings that a box in a text can be."""
        return {damage for other, damage in self.boxes if same(box, other)}


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    if record.get("part_of"):
        return
    source, after_file = evidence.source(str(record["source"])), record["origin"]["annotation"]
    folder, _, name = after_file.rpartition("/")
    before_file = f"{folder}/{name.replace('post', 'pre')}" if folder else name.replace("post", "pre")
    after, before = (json.loads(source.path(file).read_bytes()) for file in (after_file, before_file))
    width, height = after["metadata"]["width"], after["metadata"]["height"]
    image = shapely.box(0, 0, width, height)
    found = []
    for feature in after["features"]["xy"]:
        shape = shapely.from_wkt(feature["wkt"])
        box = shapely.box(*shape.bounds)
        kept = box.intersection(image)
        if kept.area >= 0.5 * box.area:
            found.append((around(kept, width, height), feature["properties"].get("subtype", "")))
    rule = evidence.rules(record)[0]
    buildings = _Buildings(found, str(after["metadata"].get("disaster_type") or ""), rule["labels"])
    names = [rule["pictures"].format(name=each["metadata"]["img_name"]) for each in (before, after)]
    yield stated("format", str(names), record["facts"]["pictures"] == names, "not the picture before, then the one after")
    dates = [str(each["metadata"].get("capture_date") or "")[:10] for each in (before, after)]
    stamps = record["facts"].get("timestamps")
    yield stated("attribute", str(stamps), stamps is None or stamps == dates == sorted(dates), f"{dates}")

    def answered(question: str, reply: str) -> Iterator[Statement]:
        yield from _answered(question, reply, buildings)

    yield from questions(record, evidence, answered)


def _answered(question: str, reply: str, buildings: _Buildings) -> Iterator[Statement]:
    names = buildings.levels
    if question.startswith("Classify the level of damage experienced by the building at location "):
        (box,) = boxes_of(question)
        yield stated(
            "attribute", f"{question} {reply}", {names.get(label) for label in buildings.at(box)} == {reply}, f"{buildings.at(box)}"
        )
        asked = question.partition("Choose from: ")[2].removesuffix(".").split(", ")
        if reply not in asked:
            yield stated("format", question, False, "the answer is none of the choices, letter by letter")
    elif question.startswith("Has the building at location "):
        (box,) = boxes_of(question)
        truth = {"No" if label == "no-damage" else "Yes" for label in buildings.at(box) if label in names}
        yield stated("attribute", f"{question} {reply}", truth == {reply}, f"{buildings.at(box)}")
    elif re.fullmatch(rf"Identify all buildings in the first image using bounding boxes {_FORM}", question):
        yield _listed(reply, [box for box, _ in buildings.boxes])
    elif match := re.fullmatch(
        rf"Identify all buildings with the damage level (.+) in the second image using bounding boxes {_FORM}", question
    ):
        yield _listed(reply, [box for box, label in buildings.boxes if names.get(label) == match[1]])
    elif question == "Have any buildings in the area been destroyed? Answer with one word.":
        labels = {label for _, label in buildings.boxes}
        answer = "Yes" if "destroyed" in labels else "No" if labels <= set(names) else "unknown"
        yield stated("presence", f"{question} {reply}", reply == answer, f"{sorted(labels)}")
    elif question == "What disaster has occurred in the area? Answer with one word.":
        yield stated("attribute", f"{question} {reply}", reply.lower() == buildings.disaster.strip().lower(), buildings.disaster)
    else:
        yield unread(question)


def _listed(reply: str, truth: list[tuple[float, float, float, float]]) -> Statement:
    return stated("geometry", reply, is_boxes(reply) and same_set(boxes_of(reply), truth), f"{len(truth)} buildings")
