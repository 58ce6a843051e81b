"""What changed between two versions of a corpus: records added, removed, told anew, seen anew, moved to another split."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rsvlm.progress import Progress
from rsvlm.records.shards import Shards

KINDS = ("added", "removed", "recaptioned", "re-imaged", "moved", "otherwise changed")
"""What can have happened to a record; `recaptioned`: its texts differ, `otherwise changed`: only other fields do."""
_AT_ONCE = 4096


@dataclass
class Diff:
    """Counts by kind of change, the first examples of each by id, and how many records are the same in both."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    same: int = 0

    def add(self, kind: str, example: Mapping[str, Any], most: int) -> None:
        """Count a change; keep it as an example while there are fewer than `most` of its kind."""
        self.counts[kind] += 1
        kept = self.examples.setdefault(kind, [])
        if len(kept) < most:
            kept.append(dict(example))

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form; every kind has its count, also none."""
        return {"counts": {kind: self.counts[kind] for kind in KINDS}, "same": self.same, "examples": self.examples}


@dataclass(frozen=True)
class _Entry:
    id: str
    row: int
    split: str
    image: str


def compare(before: Path, after: Path, *, examples: int = 5) -> Diff:
    """Compare two published folders of shards, record by record in the order of their ids.

    Memory: the two index tables and their sorted row numbers; records are read one at a time.

    Args:
        before: the older corpus.
        after: the newer one.
        examples: examples kept of each kind.

    Raises:
        IntegrityError: one of them is not whole.
    """
    old, new = Shards(before), Shards(after)
    diff = Diff()
    progress = Progress("compare", max(len(old), len(new)), "records")
    for first, second in _joined(_entries(old), _entries(new)):
        progress.advance()
        if first is None and second is not None:
            diff.add("added", {"id": second.id, "split": second.split}, examples)
        elif second is None and first is not None:
            diff.add("removed", {"id": first.id, "split": first.split}, examples)
        elif first is not None and second is not None:
            _compare_record(diff, first, second, old.fields(first.row), new.fields(second.row), examples)
    progress.finish()
    return diff


def _compare_record(diff: Diff, first: _Entry, second: _Entry, old: Mapping[str, Any], new: Mapping[str, Any], examples: int) -> None:
    changed = False
    if first.image != second.image:
        diff.add("re-imaged", {"id": first.id, "before": first.image[:12], "after": second.image[:12]}, examples)
        changed = True
    if first.split != second.split:
        diff.add("moved", {"id": first.id, "before": first.split, "after": second.split}, examples)
        changed = True
    told, untold = _texts(old), _texts(new)
    if told != untold:
        pair = next((a, b) for a, b in itertools.zip_longest(told, untold, fillvalue="") if a != b)
        diff.add("recaptioned", {"id": first.id, "before": pair[0], "after": pair[1]}, examples)
        changed = True
    if not changed:
        fields = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        if fields:
            diff.add("otherwise changed", {"id": first.id, "fields": fields}, examples)
        else:
            diff.same += 1


def _texts(fields: Mapping[str, Any]) -> list[str]:
    """Return all texts of a record: captions, then turns."""
    turns = (turn["text"] for talk in fields.get("conversations") or () for turn in talk["turns"])
    return [*(fields.get("captions") or ()), *turns]


def _entries(shards: Shards) -> Iterator[_Entry]:
    """Yield a corpus's records in the order of their ids, a bounded number of rows at a time."""
    table = shards.index.select(["id", "split", "image_sha256"])
    order: pa.Array = pc.sort_indices(table, sort_keys=[("id", "ascending")])
    for start in range(0, len(order), _AT_ONCE):
        rows = order.slice(start, _AT_ONCE)
        part = table.take(rows).to_pydict()
        for row, name, split, image in zip(rows.to_pylist(), part["id"], part["split"], part["image_sha256"], strict=True):
            yield _Entry(name, row, split, image)


def _joined(old: Iterator[_Entry], new: Iterator[_Entry]) -> Iterator[tuple[_Entry | None, _Entry | None]]:
    """Yield the entries of two ordered streams side by side, None where one has no such id."""
    first, second = next(old, None), next(new, None)
    while first is not None or second is not None:
        if second is None or (first is not None and first.id < second.id):
            yield first, None
            first = next(old, None)
        elif first is None or second.id < first.id:
            yield None, second
            second = next(new, None)
        else:
            yield first, second
            first, second = next(old, None), next(new, None)
