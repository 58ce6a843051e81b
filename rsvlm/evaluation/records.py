"""The records that a task asks about, chosen by source, split and a seeded draw."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rsvlm.errors import DataError
from rsvlm.evaluation.settings import TaskSettings
from rsvlm.files import read_manifest
from rsvlm.records.leaks import refuse_leaks
from rsvlm.records.shards import Shards
from rsvlm.records.splits import share_of


@dataclass(frozen=True)
class Data:
    """A published folder of pairs or conversations.

    Attributes:
        folder: where it is.
        sha256: its manifest's hash.
        shards: the open folder.
    """

    folder: Path
    sha256: str
    shards: Shards

    def column(self, name: str) -> list[Any]:
        """Return a column of the index."""
        values: list[Any] = self.shards.index.column(name).to_pylist()
        return values


@dataclass(frozen=True)
class Question:
    """One conversation to be asked.

    Attributes:
        id: of the conversation.
        row: of its image in the index.
        prompt: the user's turn.
        record: the image's whole record.
        polygons: true corners in pixels, where boxes are asked for.
    """

    id: str
    row: int
    prompt: str
    record: dict[str, Any]
    polygons: list[list[list[float]]]


def open_data(folder: Path) -> Data:
    """Open and verify a data folder.

    Raises:
        IntegrityError: it is not what was published.
    """
    return Data(folder, read_manifest(folder).sha256, Shards(folder))


def refuse_training_data(data: Data) -> None:
    """Stop if evaluation images, or near copies of them, were trained on.

    Raises:
        LeakError: with the first finding.
    """
    splits = pa.array(data.column("split"))
    index = data.shards.index
    training = index.filter(pc.is_in(splits, pa.array(["train", "validation"])))
    refuse_leaks(training, index.filter(pc.equal(splits, "test")))


def rows_of(data: Data, task: TaskSettings, split: str | None = None) -> list[int]:
    """Return the rows of a task's sources in a split (the task's own unless given), ascending, without any limit.

    Raises:
        DataError: there are none.
    """
    wanted = split or task.split
    sources = data.column("source")
    found = [row for row in data.shards.rows(wanted) if not task.sources or sources[row] in task.sources]
    if not found:
        names = ", ".join(task.sources) or "any source"
        raise DataError(f"{data.folder}: no {wanted} records of {names} for {task.name}; sources here: {', '.join(sorted(set(sources)))}")
    return found


def drawn(rows: list[int], names: list[str], limit: int | None, seed: int, purpose: str) -> list[int]:
    """Return at most `limit` of the rows: those whose names have the smallest seeded hash, in ascending order."""
    if limit is None or limit >= len(rows):
        return rows
    return sorted(sorted(rows, key=lambda row: (share_of(seed, purpose, names[row]), names[row]))[:limit])


def task_rows(data: Data, task: TaskSettings, seed: int) -> list[int]:
    """Return the rows that a task asks about."""
    return drawn(rows_of(data, task), data.column("id"), task.limit, seed, f"evaluate {task.name}")


def questions(data: Data, task: TaskSettings, kind: str, seed: int) -> list[Question]:
    """Return the conversations of one kind that a task asks, one turn each, at most `limit` of them.

    Raises:
        DataError: there are none.
    """
    found: list[Question] = []
    for row in rows_of(data, task):
        record = data.shards.fields(row)
        found.extend(_questions_of(record, row, kind))
    if not found:
        raise DataError(f"{data.folder}: no {task.split} conversations of task '{kind}' for {task.name}")
    ids = [question.id for question in found]
    return [found[index] for index in drawn(list(range(len(found))), ids, task.limit, seed, f"evaluate {kind} {task.name}")]


def _questions_of(record: dict[str, Any], row: int, kind: str) -> list[Question]:
    asked = [talk for talk in record["conversations"] if talk["task"] == kind and len(talk["turns"]) == 2]
    return [Question(talk["id"], row, talk["turns"][0]["text"], record, talk.get("polygons") or []) for talk in asked]
