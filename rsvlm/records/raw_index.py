"""What the index of a source says of its files, asked file by file; memory does not grow with their number.

The rows of `index.parquet` are put into a temporary file of the system, sorted by file.
"""

import fnmatch
import itertools
import math
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any

import pyarrow.parquet as pq

from rsvlm.errors import RsvlmError

_COLUMNS = ("file", "gsd", "licence", "west", "south", "east", "north")
_FURTHER = ("longitude", "latitude", "sensor", "date", "width", "height")
_ROWS = 5_000
_NAN = b"nan"  # SQLite would store the number as nothing, and what is wrong would pass for unknown
_BEHIND_ALL = "\U0010ffff"
_MAGIC = re.compile(r"[*?[]")


class RawIndex:
    """The rows of one index, by file."""

    def __init__(self, path: Path) -> None:
        """Read the index.

        Raises:
            OSError, ValueError, LookupError: it is missing, no Parquet file, has not the columns file, gsd, licence and
                bounds, or holds in them what is neither text nor number.
            RsvlmError: the system's folder for temporary files is full.
        """
        with pq.ParquetFile(path) as file:
            there = set(file.schema_arrow.names)
            if missing := [name for name in _COLUMNS if name not in there]:
                raise LookupError(f"no column {', '.join(missing)}")
            self._names = (*_COLUMNS, *(name for name in _FURTHER if name in there))
            self._lock = Lock()
            self._table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._table.execute("PRAGMA journal_mode = OFF")
            self._table.execute(f"CREATE TABLE entries ({', '.join(self._names)}, PRIMARY KEY (file)) WITHOUT ROWID")
            self._table.execute("BEGIN")  # never committed: nobody else reads it
            places = ", ".join("?" * len(self._names))
            try:
                for batch in file.iter_batches(_ROWS, columns=list(self._names)):
                    columns = [[_NAN if value != value else value for value in batch.column(name).to_pylist()] for name in self._names]
                    self._table.executemany(f"INSERT OR REPLACE INTO entries VALUES ({places})", zip(*columns, strict=True))
            except sqlite3.OperationalError as error:
                raise RsvlmError(f"temporary file of an index: {error}; free some space for temporary files (TMPDIR)") from None
            except (sqlite3.Error, OverflowError) as error:
                raise ValueError(f"it holds what is no value of an index: {error}") from None

    def row(self, file: str) -> dict[str, Any]:
        """Return what the index says of a file, empty where it does not have it.

        Returns:
            gsd (metres), west, south, east, north, longitude, latitude (degrees), licence, sensor, date, width, height (pixels).
        """
        with self._lock:
            found = self._table.execute("SELECT * FROM entries WHERE file = ?", (file,)).fetchone()
        if found is None:
            return {}
        return {name: math.nan if value == _NAN else value for name, value in zip(self._names, found, strict=True)}

    def files(self, below: str = "") -> Iterator[str]:
        """Yield the files, sorted.

        Args:
            below: the beginning of their names: a folder with its slash; empty: all.
        """
        last, end = below, below[:-1] + chr(ord("/") + 1) if below else _BEHIND_ALL
        while True:
            with self._lock:
                rows = self._table.execute("SELECT file FROM entries WHERE file > ? AND file < ? ORDER BY file LIMIT ?", (last, end, _ROWS))
                names = [name for (name,) in rows]
            yield from names
            if len(names) < _ROWS:
                return
            last = names[-1]

    def matching(self, pattern: str) -> Iterator[str]:
        """Yield the files that match a glob pattern, as `pathlib` reads it, sorted."""
        parts = PurePosixPath(pattern).parts
        below = "".join(f"{part}/" for part in itertools.takewhile(lambda part: not _MAGIC.search(part), parts[:-1]))
        wanted = [None if part == "**" else re.compile(fnmatch.translate(part)).match for part in parts]
        return (file for file in self.files(below) if _fits(wanted, file.split("/")))


def _fits(wanted: Sequence[Callable[[str], object] | None], parts: Sequence[str]) -> bool:
    """Say whether the parts of a path match those of a pattern; None stands for any number of folders."""
    if not wanted or not parts:
        return not wanted and not parts
    first = wanted[0]
    if first is None:  # what comes behind it matches a file, so that a part is left for it
        return any(_fits(wanted[1:], parts[start:]) for start in range(len(parts)))
    return first(parts[0]) is not None and _fits(wanted[1:], parts[1:])
