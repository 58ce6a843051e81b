"""Captions on their way to annotators and back: a CSV or JSON Lines file with one line a record and one column a language.

What comes back replaces a record's captions; such a record says that it was reviewed.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rsvlm.errors import DataError
from rsvlm.files import canonical_json, write_atomic
from rsvlm.records.readers.jsonlines import read_lines
from rsvlm.records.readers.lines import text_lines
from rsvlm.records.unfit import Unfit


def export(records: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Write the captions of records for annotators and return the number of lines.

    Args:
        records: with `languages`.
        path: `.csv`, for a spreadsheet, or `.jsonl`.

    Raises:
        DataError: another ending.
    """
    rows = [{"id": record["id"], **dict(zip(record["languages"], record["captions"], strict=True))} for record in records]
    if path.suffix == ".jsonl":
        write_atomic(path, b"".join(canonical_json(row) for row in rows))
    elif path.suffix == ".csv":
        stream = io.StringIO()
        names = ["id", *sorted({name for row in rows for name in row} - {"id"})]
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        # A spreadsheet would run a cell that begins so; annotators see an apostrophe, which `edits` takes away again.
        writer.writerows({name: f"'{text}" if text[:1] in ("=", "+", "-", "@") else text for name, text in row.items()} for row in rows)
        write_atomic(path, stream.getvalue().encode())
    else:
        raise DataError(f"{path}: captions for review are written as .csv or .jsonl")
    return len(rows)


def edits(path: Path) -> dict[str, dict[str, str]]:
    """Return id -> language -> caption of a reviewed file.

    Raises:
        DataError: a line is not one, or an id appears twice; file and line are named.
    """
    found: dict[str, dict[str, str]] = {}
    for number, row in _csv_rows(path) if path.suffix == ".csv" else read_lines(path):
        if isinstance(row, Unfit):
            raise DataError(f"{path}, line {number}: {row}")
        if not all(isinstance(value, str) for value in row.values()) or not row.get("id") or len(row) < 2:
            raise DataError(f"{path}, line {number}: id and a caption for each language are needed, all of them text")
        name = row.pop("id")
        if name in found:
            raise DataError(f"{path}, line {number}: id {name[:60]!r} for the second time")
        found[name] = {language: text.removeprefix("'") if path.suffix == ".csv" else text for language, text in row.items()}
    return found


def _csv_rows(path: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    header: list[str] = []
    for number, line in text_lines(path):
        cells = next(csv.reader([line]))
        if not header:
            header = cells
        elif len(cells) != len(header):
            raise DataError(f"{path}, line {number}: {len(cells)} columns instead of {len(header)}")
        else:
            yield number, dict(zip(header, cells, strict=True))
