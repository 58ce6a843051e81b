"""Tables of web pictures: JSON Lines, CSV or Parquet, row by row, each row checked."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsvlm.data.kinds.web_pairs import Columns
from rsvlm.data.metadata import select_tags
from rsvlm.errors import DataError
from rsvlm.records.readers import fields
from rsvlm.records.readers.jsonlines import read_lines
from rsvlm.records.unfit import Unfit

_AT_ONCE = 1024
_LONGEST_CELL = 1 << 20
_SPLITS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class WebRow:
    """One row of a table.

    Attributes:
        where: its place (`line 7`, `row 7`).
        picture: as the table has it.
        caption: as the table has it.
        url: empty where it is not told.
        split: train, validation, test, or empty where it is not told.
        tags: those that are told.
    """

    where: str
    picture: str
    caption: str
    url: str
    split: str
    tags: tuple[str, ...]


def read_table(path: Path, layout: str, columns: Columns, *, tag_confidence: float, most_tags: int) -> Iterator[tuple[str, WebRow | Unfit]]:
    """Yield (place, row or its fault).

    Args:
        path: of the table.
        layout: `lines`, `csv` or `parquet`.
        columns: names of its columns.
        tag_confidence: tags with it are told.
        most_tags: most of them.

    Raises:
        DataError: the file is missing, has another layout or lacks a column.
    """
    for where, values in _values(path, layout, columns):
        try:
            yield where, _row(where, values, columns, tag_confidence, most_tags)
        except Unfit as unfit:
            yield where, unfit


def _values(path: Path, layout: str, columns: Columns) -> Iterator[tuple[str, Any]]:
    if layout == "lines":
        yield from ((f"line {number}", value) for number, value in read_lines(path))
        return
    wanted = [name for name in columns.model_dump().values() if name]
    if layout == "parquet":
        yield from _parquet(path, wanted)
        return
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            _check_columns(path, wanted, reader.fieldnames or [])
            for values in reader:
                yield f"line {reader.line_num}", values
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: no table that can be read ({str(error)[:200]})") from None


def _parquet(path: Path, wanted: list[str]) -> Iterator[tuple[str, Any]]:
    try:
        with pq.ParquetFile(path) as table:
            _check_columns(path, wanted, table.schema_arrow.names)
            number = 0
            for batch in table.iter_batches(_AT_ONCE, columns=wanted):
                for values in batch.to_pylist():
                    yield f"row {number}", values
                    number += 1
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: no table that can be read ({str(error)[:200]})") from None


def _check_columns(path: Path, wanted: list[str], there: Any) -> None:
    if missing := [name for name in wanted if name not in there]:
        raise DataError(f"{path}: has no column '{missing[0]}'; it has {', '.join(map(str, there))[:300]}")


def _row(where: str, values: Mapping[str, Any] | Unfit, columns: Columns, tag_confidence: float, most_tags: int) -> WebRow:
    picture = fields.text(values, columns.picture, where)
    caption = fields.member(values, columns.caption, where)
    if isinstance(caption, list) and caption:
        caption = caption[0]
    if not isinstance(caption, str):
        raise Unfit("field has another type", f"{where}.{columns.caption} is {type(caption).__name__}, not text")
    url = fields.optional_text(values, columns.url, where) if columns.url else ""
    split = fields.text(values, columns.split, where) if columns.split else ""
    if split and split not in _SPLITS:
        raise Unfit("row has no split", f"{where}: {split[:20]!r}; allowed: {', '.join(_SPLITS)}")
    tags: list[str] = []
    if columns.tags and columns.confidences:
        names, confidences = (_listed(values, name, where) for name in (columns.tags, columns.confidences))
        numbers = [fields.checked_number(value, f"{where}.{columns.confidences}") for value in confidences]
        tags = select_tags([str(name) for name in names], numbers, least=tag_confidence, most=most_tags)
    return WebRow(where, picture, caption, url, _SPLITS.get(split, ""), tuple(tags))


def _listed(values: Mapping[str, Any] | Unfit, name: str, where: str) -> list[Any]:
    """Return a list, also one that a CSV holds as JSON."""
    value = fields.member(values, name, where)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise Unfit("field has another type", f"{where}.{name} is no list") from None
    if not isinstance(value, list):
        raise Unfit("field has another type", f"{where}.{name} is {type(value).__name__}, not a list")
    return value
