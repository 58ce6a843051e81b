"""Check questions about pictures themselves against the source's index and, for rasters, against the file's own header."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rsvlm.data.checkers.whole import rule_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.imagery.rasters import open_raster
from rsvlm.records.pictures import RASTERS

_RESOLUTION = re.compile(
    r"(?:What is the ground sample distance of the image in metres|How many metres does one pixel of the image span on the ground)\?"
)
_METRES = re.compile(r"(\d+(?:\.\d+)?) m")
_OPTION = re.compile(r"([A-E])\. (.+)")
_LAST = "Answer with the letter of the right option."
# What must and must not be in the name of a sensor for each kind of image.
_KINDS = {
    "panchromatic image": re.compile(r"\bpanchromatic\b", re.I),
    "radar (SAR) image": re.compile(r"\b(?:sar|radar)\b", re.I),
    "infrared image": re.compile(r"\b(?:infrared|thermal)\b", re.I),
}


@cache
def _index(folder: Path) -> dict[str, dict[str, Any]]:
    table = pq.read_table(folder / "index.parquet", columns=["file", "sensor", "bands", "gsd", "crs"])
    return {row["file"]: row for row in table.to_pylist()}


def about(record: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Return what is known of a record's picture: `sensor`, `bands`, `gsd` (that of its annotation before the index's)."""
    source, origin = evidence.source(str(record["source"])), record["origin"]
    found = dict(_index(source.folder)[origin["picture"]])
    annotation = origin.get("annotation") or ""
    if annotation.endswith(".txt"):
        match = re.search(r"^gsd:\s*([\d.]+)\s*$", source.path(annotation).read_text("utf-8", "replace"), re.MULTILINE)
        found["gsd"] = float(match[1]) if match else found["gsd"]
    elif origin["picture"].lower().endswith(RASTERS) and found["crs"] and str(found["crs"]).startswith("EPSG:326"):
        with open_raster(source.path(origin["picture"])) as raster:  # metres already
            found["gsd"] = (abs(raster.transform.a) * abs(raster.transform.e)) ** 0.5
    return found


def check_property(question: str, reply: str, answer: str | None, known: Mapping[str, Any], rule: Mapping[str, Any]) -> Statement | None:
    """Return the statement of a question about the picture itself, None where the question is another.

    Args:
        question: without prefix.
        reply: to it.
        answer: the key.
        known: from `about`.
        rule: the recipe's property settings.
    """
    first, _, rest = question.partition("\n")
    if _RESOLUTION.fullmatch(first):
        match = _METRES.fullmatch(reply)
        if match is None or not known["gsd"]:
            return stated("measure", f"{first} {reply}", False, f"the ground sample distance is {known['gsd']}")
        slack = 0.5 * 10 ** -(rule["digits"] - 1) + 1e-9  # half a unit of the last digit, at its coarsest
        return stated("measure", f"{first} {reply}", abs(float(match[1]) / known["gsd"] - 1) <= slack, f"it is {known['gsd']} m")
    if first not in ("Which sensor took the image?", "What kind of image is this?"):
        return None
    *lines, last = rest.split("\n")
    choices = {match[1]: match[2] for line in lines if (match := _OPTION.fullmatch(line))}
    if last != _LAST or len(choices) != len(lines) or reply != f"{answer}. {choices.get(answer or '')}":
        return unread(question)
    sensor = str(known["sensor"] or "")
    if first.startswith("Which sensor"):
        right = [letter for letter, choice in choices.items() if choice == sensor]
    else:
        right = [letter for letter, choice in choices.items() if _is_kind(choice, sensor, known["bands"])]
    return stated("attribute", f"{first} {reply}", right == [answer], f"right: {right}; the sensor is {sensor!r}")


def _is_kind(choice: str, sensor: str, bands: int | None) -> bool:
    if choice == "optical colour image":
        return bool(sensor) and (bands or 0) >= 3 and not any(pattern.search(sensor) for pattern in _KINDS.values())
    return choice in _KINDS and bool(_KINDS[choice].search(sensor))


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record with questions about its picture alone."""
    rule, known = rule_of(record, evidence)["properties"], about(record, evidence)
    prefix = "{IT} " if rule["prefix"] else ""
    for conversation in record["conversations"]:
        question, reply = (turn["text"] for turn in conversation["turns"])
        found = check_property(question.removeprefix(prefix), reply, conversation["answer"], known, rule)
        yield unread(question) if found is None or not question.startswith(prefix) else found
