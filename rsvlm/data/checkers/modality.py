"""Check questions for the sensor: the answer is that of the rule, and the file itself is such as that sensor gives."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from PIL import Image

from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.imagery.rasters import info
from rsvlm.records.pictures import RASTERS

_QUESTION = re.compile(
    r"(?:Which sensor took this image|What is the modality of this remote sensing image): optical, SAR or infrared\? "
    r"Answer the question using a single word or phrase\."
)


def _can_be(path: Path) -> set[str]:
    """Return the sensors that a file's type and name allow: complex numbers are radar's, colours are optical."""
    if path.suffix.lower() in RASTERS:
        found = info(path)
        if found.dtype.startswith("complex") or re.search(r"(?:^|[_/-])sar", path.name.lower()):
            return {"SAR"}
        return {"optical"} if len(found.bands) >= 3 else {"optical", "infrared"}
    with Image.open(path) as picture:
        bands = picture.convert("RGB").split()
        coloured = bands[0].tobytes() != bands[1].tobytes() or bands[1].tobytes() != bands[2].tobytes()
    return {"optical"} if coloured else {"SAR", "infrared", "optical"}


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's conversations."""
    picture = record["origin"]["picture"]
    rules = [rule for rule in evidence.rules(record) if fnmatchcase(picture, rule["pictures"])]
    allowed = _can_be(evidence.source(str(record["source"])).path(picture))
    for conversation in record["conversations"]:
        question, reply = (turn["text"] for turn in conversation["turns"])
        if not _QUESTION.fullmatch(question):
            yield unread(question)
            continue
        told = f"{question} {reply}"
        yield stated("attribute", told, any(rule["sensor"] == reply for rule in rules), f"{[rule['sensor'] for rule in rules]}")
        yield stated("attribute", told, reply in allowed, f"such a file is of {sorted(allowed)}")
        yield stated("attribute", str(record["sensor"]), record["sensor"] in allowed, f"such a file is of {sorted(allowed)}")
