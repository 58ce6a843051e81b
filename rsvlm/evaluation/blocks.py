"""Work in blocks: a block of questions, its key, and the file that keeps its finished answers.

A block's file is named by the hash of everything that its answers depend on and is written whole, so a run that was
killed finds what it had finished, and a run with other settings never meets it.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from rsvlm.files import sha256_of, write_atomic

Row = Mapping[str, Any]
Answer = Callable[[list[Row]], list[dict[str, Any]]]


class Predictor(Protocol):
    """What a worker does: sent to it by value, so it holds paths and settings, never a model."""

    def key(self) -> Mapping[str, Any]:
        """Return the JSON that fixes the answers: hashes of model and data, settings."""
        ...

    def schema(self) -> pa.Schema:
        """Return the columns of an answer; the first is `id`."""
        ...

    def open(self, device: str) -> Answer:
        """Load the model, and return what answers a block of rows, one answer a row in their order."""
        ...


@dataclass(frozen=True)
class Request:
    """Questions for one predictor.

    Attributes:
        predictor: what answers them.
        rows: the questions; each has an `id`.
        what: for people.
    """

    predictor: Predictor
    rows: tuple[Row, ...]
    what: str


@dataclass(frozen=True)
class Block:
    """Some rows of a request, and the file of their answers.

    Attributes:
        request: where they come from.
        rows: the questions.
        path: where the finished answers are kept.
    """

    request: Request
    rows: tuple[Row, ...]
    path: Path

    @property
    def key(self) -> str:
        """The hash that names the block."""
        return self.path.stem

    @property
    def ids(self) -> list[str]:
        """The ids of its rows."""
        return [str(row["id"]) for row in self.rows]


def split_blocks(request: Request, size: int, folder: Path) -> list[Block]:
    """Cut a request into blocks of `size` rows, each with its file under `folder`."""
    fixed = dict(request.predictor.key())
    parts = [request.rows[start : start + size] for start in range(0, len(request.rows), size)]
    names = [sha256_of({"predictor": fixed, "rows": [dict(row) for row in part]})[:32] for part in parts]
    return [Block(request, part, folder / f"{name}.parquet") for part, name in zip(parts, names, strict=True)]


def write_answers(path: Path, answers: list[dict[str, Any]], schema: pa.Schema) -> None:
    """Write answers as Parquet, the same bytes for the same answers."""
    write_table(path, pa.Table.from_pylist(answers, schema=schema))


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet with fixed settings, whole or not at all."""
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd", version="2.6", store_schema=False)
    write_atomic(path, stream.getvalue())


def read_answers(blocks: Sequence[Block], schema: pa.Schema) -> pa.Table:
    """Return the answers of finished blocks in their order."""
    return pa.concat_tables([schema.empty_table(), *(pq.read_table(block.path, schema=schema) for block in blocks)])
