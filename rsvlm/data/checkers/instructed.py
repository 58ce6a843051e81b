"""Check given captions with their requests: the entry of the file is read again, and both must be what it has for this picture.

Neither RSICap's nor VersaD's file comes with an annotation of its pictures, so whether the counts and places of a text are
true is the word of those who wrote it. That a text belongs to its picture, and is answer to an allowed request, can be held.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.data.checkers.rows import rows_of
from rsvlm.data.checkers.turns import rule_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated
from rsvlm.records.readers.json_files import elements, items


@dataclass(frozen=True)
class _File:
    """A file of captions: calling it reads (place, entry) from the beginning."""

    path: Path
    layout: str

    def __call__(self) -> Iterator[tuple[str, Any]]:
        for element in elements(self.path, "annotations") if self.layout == "rsicap" else items(self.path):
            yield element.where, element.value


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's caption; of its request and its place in the file only where they are wrong."""
    rule, facts = rule_of(record, evidence), record["facts"]
    entry = rows_of(_File(evidence.source(str(record["source"])).path(rule["file"]), rule["layout"])).at(facts["row"]) or {}
    if rule["layout"] == "rsicap":
        number, picture, asked, said = (entry.get(key) for key in ("image_id", "filename", "text_input", "text_output"))
    else:
        asked, said = (turn["value"] for turn in (entry.get("conversations") or [{"value": None}] * 2)[:2])
        number, picture = entry.get("id"), entry.get("image")
    file, request = rule["pictures"].replace("{name}", str(picture)), facts["instruction"]
    if file != record["origin"]["picture"] or str(number or "") != facts["given_id"]:
        yield stated("format", f"{facts['row']} of {rule['file']}", False, f"that entry is {number!r} of {file!r}")
    if _plain(request) != _plain(str(asked).replace("<image>", "")):
        yield stated("format", request, False, f"the file has {asked!r}")
    if rule["instructions"] and request not in rule["instructions"]:
        yield stated("format", request, False, "the recipe allows no such request")
    for caption in record["captions"]:
        yield stated("text", caption, _plain(caption) == _plain(str(said)), "the file has another text for this picture")


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
