"""Shards on disk, read: `Shards`; `rsvlm.records.writing` writes them.

A folder of shards holds WebDataset tars (`<id>.jpg` or `.png`, then `<id>.json`), `index.parquet` with the offset of
every member, `rejected.jsonl` and a manifest. Any row is one positioned read; nothing is ever unpickled or executed.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rsvlm.errors import IntegrityError
from rsvlm.files import verify
from rsvlm.records.index import CONVERSATIONS, INDEX
from rsvlm.records.splits import check_scenes
from rsvlm.records.tars import walk

_OFFSETS = ("image_offset", "image_size", "json_offset", "json_size")
_MOST_OPEN = 64


@dataclass(frozen=True)
class _Opened:
    """An open file, closed when its last user lets go of it: also one that another thread still reads when it is put away."""

    descriptor: int

    def __del__(self) -> None:
        os.close(self.descriptor)


class Shards:
    """A published folder of shards, read by row number. Cheap to pickle: only the folder travels.

    Few of its files are open at a time, and none once `close` was called or nobody holds the object; reading opens them anew.
    """

    def __init__(self, folder: Path, *, check: bool = True) -> None:
        """Open a folder and prove it.

        Args:
            folder: a published folder of shards.
            check: compare every file with the manifest and every index row with the members of its shard; leave it
                out only where the same process opened the folder before.

        Raises:
            IntegrityError: a file is missing or changed, a shard is cut off or holds a member that is not allowed, or
                the index points elsewhere; file and byte are named.
        """
        self.folder = Path(folder)
        if check:
            verify(self.folder)
        self.index: pa.Table = _table(self.folder / "index.parquet", INDEX)
        self._shard = self.index.column("shard").to_pylist()
        self._offsets = {name: self.index.column(name).to_numpy() for name in _OFFSETS}
        self._splits = np.asarray(self.index.column("split").to_pylist())
        self._files: dict[str, _Opened] = {}
        self._lock = Lock()
        if check:
            self._check_members()

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (self.folder,)

    def __len__(self) -> int:
        return len(self._shard)

    @property
    def conversations(self) -> pa.Table:
        """The table of conversations (id, row, position, task, split, turns); empty for pairs."""
        path = self.folder / "conversations.parquet"
        return _table(path, CONVERSATIONS) if path.is_file() else CONVERSATIONS.empty_table()

    def rows(self, split: str) -> list[int]:
        """Return the row numbers of a split (train, validation or test), ascending."""
        found: list[int] = np.flatnonzero(self._splits == split).tolist()
        return found

    def image(self, row: int) -> bytes:
        """Return the encoded picture of a row."""
        return self._read(row, "image")

    def fields(self, row: int) -> dict[str, Any]:
        """Return the JSON record of a row."""
        found: dict[str, Any] = json.loads(self._read(row, "json"))
        return found

    def _read(self, row: int, part: str) -> bytes:
        name = self._shard[row]
        opened = self._opened(name)
        offset, size = int(self._offsets[f"{part}_offset"][row]), int(self._offsets[f"{part}_size"][row])
        data = os.pread(opened.descriptor, size, offset)
        if len(data) != size:
            raise IntegrityError(f"{self.folder / name}: byte {offset + len(data):,}: the shard is cut off; make {self.folder} again")
        return data

    def close(self) -> None:
        """Close the open files."""
        with self._lock:
            self._files.clear()

    def _opened(self, name: str) -> _Opened:
        """Return an open shard; the one opened first makes room where too many are."""
        with self._lock:
            opened = self._files.get(name)
            if opened is None:
                while len(self._files) >= _MOST_OPEN:
                    del self._files[next(iter(self._files))]
                opened = self._files[name] = _Opened(os.open(self.folder / name, os.O_RDONLY | os.O_CLOEXEC))
            return opened

    def _check_members(self) -> None:
        """Compare the index with what the shards really hold."""
        ids = self.index.column("id").to_pylist()
        listed: dict[str, list[tuple[str, int, int, int, int]]] = {}
        columns = [self._offsets[name].tolist() for name in _OFFSETS]
        for row, (name, key) in enumerate(zip(self._shard, ids, strict=True)):
            image, size, text, length = (column[row] for column in columns)
            listed.setdefault(name, []).append((key, image, size, text, length))
        for name, rows in listed.items():
            path = self.folder / name
            if Path(name).name != name or not path.is_file():
                raise IntegrityError(f"{self.folder}: the index names shard {name!r}, which is not there; make the folder again")
            members = list(walk(path))
            pictures, texts = members[0::2], members[1::2]
            found = [(p.key, p.offset, p.size, t.offset, t.size) for p, t in zip(pictures, texts, strict=False) if p.key == t.key]
            wrong = next((row for row, member in zip(rows, found, strict=False) if row != member), None)
            if wrong or len(found) != len(rows) or len(members) != 2 * len(rows):
                where = f"first: {wrong[0]!r} at byte {wrong[1]:,}" if wrong else f"{len(rows)} rows, {len(members)} members"
                raise IntegrityError(f"{path}: its members are not those of the index ({where}); make {self.folder} again")


def _reopen(folder: Path) -> Shards:
    return Shards(folder, check=False)


def _table(path: Path, schema: pa.Schema) -> pa.Table:
    try:
        return pq.read_table(path).cast(schema)
    except FileNotFoundError:
        raise IntegrityError(f"{path}: missing; make the folder again") from None
    except (pa.ArrowInvalid, pa.ArrowKeyError, ValueError, OSError) as error:
        raise IntegrityError(f"{path}: not an index of this format ({str(error).splitlines()[0]}); make the folder again") from None


def facts_of(folder: Path) -> dict[str, Any]:
    """Return counts for the manifest of a folder of shards: samples and captions, by split, by source, licences.

    Raises:
        DataError: a scene has records in two splits.
    """
    table = pq.read_table(folder / "index.parquet", columns=["split", "source", "licence", "caption_count", "scene"])
    splits, sources = table.column("split").to_pylist(), table.column("source").to_pylist()
    scenes = set(zip(splits, table.column("scene").to_pylist(), strict=True))
    check_scenes((scene, split) for split, scene in sorted(scenes))
    licences: dict[str, set[str]] = {}
    for source, licence in zip(sources, table.column("licence").to_pylist(), strict=True):
        licences.setdefault(source, set()).add(licence)
    by_source: dict[str, dict[str, int]] = {}
    for (source, split), count in sorted(Counter(zip(sources, splits, strict=True)).items()):
        by_source.setdefault(source, {})[split] = count
    facts: dict[str, Any] = {
        "samples": len(splits),
        "captions": sum(table.column("caption_count").to_pylist()),
        "splits": dict(sorted(Counter(splits).items())),
        "scenes": dict(sorted(Counter(split for split, _ in scenes).items())),
        "sources": by_source,
        "licences": {source: sorted(found) for source, found in sorted(licences.items())},
    }
    path = folder / "conversations.parquet"
    if path.is_file():
        talks = pq.read_table(path, columns=["task", "split"]).to_pydict()
        by_task: dict[str, dict[str, int]] = {}
        for (task, split), count in sorted(Counter(zip(talks["task"], talks["split"], strict=True)).items()):
            by_task.setdefault(task, {})[split] = count
        facts["conversations"] = by_task
    return facts
