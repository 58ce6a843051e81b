"""What looks at pictures gave, kept between runs: adding pictures to a corpus decodes and hashes the new ones only.

One SQLite file for a workspace, keyed by the picture's bytes and by what was asked of it; several processes may use it,
and whoever deletes it loses time only.
"""

import contextlib
import json
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

logger = logging.getLogger("rsvlm.records")
_PAUSE_SECONDS = 30.0


class KeptLooks:
    """A table from (sha256 of a picture, key of the question) to a JSON value."""

    def __init__(self, path: Path | None, question: str) -> None:
        """Open the table, or a new one where the file is none.

        Args:
            path: the file; none: nothing is kept.
            question: what is asked of a picture, as a hash over everything that the answer depends on but the picture.
        """
        self.question, self.found, self.asked = question, 0, 0
        self._lock = Lock()
        self._table = _open(path) if path else None

    def get(self, picture: str) -> Any:
        """Return what is kept for a picture (its hex sha256), or None."""
        if self._table is None:
            return None
        with self._lock:
            row = self._table.execute("SELECT value FROM looks WHERE picture = ? AND question = ?", (picture, self.question)).fetchone()
        self.asked += 1
        self.found += row is not None
        return json.loads(row[0]) if row else None

    def put(self, picture: str, value: Any) -> None:
        """Keep a value for a picture."""
        if self._table is None:
            return
        with self._lock, contextlib.suppress(sqlite3.OperationalError):  # a full disk or a busy file costs a look, no more
            self._table.execute("INSERT OR REPLACE INTO looks VALUES (?, ?, ?)", (picture, self.question, json.dumps(value)))

    def close(self) -> None:
        """Close the file."""
        if self._table is not None:
            self._table.close()


def _open(path: Path) -> sqlite3.Connection | None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(2):
        try:
            table = sqlite3.connect(path, timeout=_PAUSE_SECONDS, isolation_level=None, check_same_thread=False)
            table.execute("PRAGMA journal_mode = WAL")
            table.execute("PRAGMA synchronous = NORMAL")
            table.execute("CREATE TABLE IF NOT EXISTS looks (picture TEXT, question TEXT, value TEXT, PRIMARY KEY (picture, question))")
            return table
        except sqlite3.DatabaseError as error:
            logger.warning("%s: not a usable file of kept looks (%s); a new one is begun", path, error)
            path.unlink(missing_ok=True)
    return None


@contextlib.contextmanager
def kept_looks(path: Path | None, question: str) -> Iterator[KeptLooks]:
    """Open the kept looks for the time of a stage."""
    looks = KeptLooks(path, question)
    try:
        yield looks
    finally:
        looks.close()
        if looks.asked:
            logger.info("%d of %d pictures were looked at before", looks.found, looks.asked)
