"""Check web pairs: the row of the table is read again, and its caption searched for keywords by own rules.

What a web caption says of its picture has no other witness, so it is held against its row alone: another row's caption never
holds. Whether a picture of the web shows what its caption says remains the word of the scores that the recipe cuts by.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from ruamel.yaml import YAML

from rsvlm.data.checkers.rows import rows_of
from rsvlm.data.checkers.turns import rule_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated

_LONGEST_CELL = 1 << 20
_LETTERS, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"


@dataclass(frozen=True)
class _Table:
    """A table as it lies in the source: calling it reads (place, row) from the beginning."""

    path: Path
    layout: str

    def __call__(self) -> Iterator[tuple[str, Any]]:
        if self.layout == "parquet":
            with pq.ParquetFile(self.path) as table:
                yield from (
                    (f"row {place}", row) for place, row in enumerate(row for batch in table.iter_batches(256) for row in batch.to_pylist())
                )
        elif self.layout == "csv":
            with self.path.open(encoding="utf-8-sig", newline="") as stream:
                csv.field_size_limit(_LONGEST_CELL)
                reader = csv.DictReader(stream)
                yield from ((f"line {reader.line_num}", row) for row in reader)
        else:
            with self.path.open("rb") as stream:
                yield from ((f"line {number}", line) for number, line in enumerate(stream, 1))


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's caption; what is no matter of the text (its row, its address) only where it is wrong."""
    rule, facts, picture = rule_of(record, evidence), record["facts"], record["origin"]["picture"]
    columns = rule["columns"]
    row = rows_of(_Table(evidence.source(str(record["source"])).path(rule["file"]), rule["layout"])).at(facts["row"])
    row = json.loads(row.decode("utf-8-sig")) if isinstance(row, bytes) else row or {}
    named = rule["pictures"].replace("{picture}", str(row.get(columns["picture"])))
    if named != picture:
        yield stated("format", f"{facts['row']} of {rule['file']}", False, f"that row has {named!r}")
    given = row.get(columns["caption"])
    given = given[0] if isinstance(given, list) and given else given
    url = (row.get(columns["url"]) or "") if columns["url"] else ""
    if facts.get("url", "") != url:
        yield stated("attribute", f"address {facts.get('url', '')}", False, f"the row has {url!r}")
    before = _tagged(row, rule)
    for caption in record["captions"]:
        own = caption.removeprefix(before)
        if before:
            yield stated("attribute", caption, caption.startswith(before), f"the row's tags give {before!r}")
        same = _squeezed(own, rule["close_up"]) == _squeezed(str(given), rule["close_up"])
        yield stated("text", caption, same, f"the row has {given!r}")
        if rule["keywords"] and not names_remote_sensing(own):
            yield stated("text", caption, False, "no keyword stands in it as a word")


def _squeezed(text: str, tokenised: bool) -> str:
    """Return a text without its spaces and, where a tokeniser wrote it, without final full stops."""
    plain = "".join(unicodedata.normalize("NFC", text).split())
    return plain.rstrip(".") if tokenised else plain


def _tagged(row: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """Return how a caption begins that tells the row's tags: the first ones that are sure enough, or else the surest."""
    columns = rule["columns"]
    if not columns["tags"] or not columns["confidences"]:
        return ""
    cells = [row.get(columns[name]) for name in ("tags", "confidences")]
    tags, sure = (list(json.loads(cell) if isinstance(cell, str) else cell or ()) for cell in cells)
    if not tags:
        return ""
    enough = [tag for place, tag in enumerate(tags) if sure[place] >= rule["tag_confidence"]][: rule["most_tags"]]
    told = [str(tag) for tag in enough or [tags[sure.index(max(sure))]]]
    last = f"{' and ' if len(told) > 1 else ''}{told[-1]}"
    return f"A picture tagged with {', '.join(told[:-1])}{last}. "


def names_remote_sensing(text: str) -> bool:
    """Say whether a text holds one of PUB11's keywords as a word; spaces, hyphens and underscores between words are the same."""
    plain = re.sub(r"[\s_-]+", " ", text.lower())
    table = _keywords()
    for root in table["roots"]:
        if _stands(plain, root):
            return True
    for rule in table["combinations"]:
        if any(_stands(plain, f"{_apart(first)} {second}") for first in rule["first"] for second in rule["second"]):
            return True
    return any(_stands(plain, _apart(name), _DIGITS if name[-1].isdigit() else _LETTERS) for name in table["names"])


def _apart(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.lower())


def _stands(text: str, phrase: str, not_before: str = "") -> bool:
    """Say whether a phrase begins a word of a text, and goes on with none of some characters."""
    place = text.find(phrase)
    while place >= 0:
        after = text[place + len(phrase) : place + len(phrase) + 1]
        if (place == 0 or text[place - 1] not in _LETTERS + _DIGITS) and not (after and after in not_before):
            return True
        place = text.find(phrase, place + 1)
    return False


@cache
def _keywords() -> Mapping[str, Any]:
    """Return PUB11's list; the words are shared with the screen, how they are looked for is not."""
    table: Mapping[str, Any] = YAML(typ="safe", pure=True).load(
        resources.files("rsvlm.quality").joinpath("keywords.yaml").read_text("utf-8")
    )
    return table
