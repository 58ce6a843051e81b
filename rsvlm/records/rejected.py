"""Records set aside: each with its reason, all counted, and a stage that fails when there are too many."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from rsvlm.errors import DataError, RsvlmError
from rsvlm.files import canonical_json, write_atomic

Kind = Literal["record", "object", "duplicate", "screened"]
_LONGEST = 500  # characters


@dataclass(frozen=True, order=True)
class Rejection:
    """One thing set aside: which, of which source, why (a fixed phrase), and the particulars."""

    source: str
    id: str
    kind: Kind
    reason: str
    detail: str

    def as_json(self) -> dict[str, str]:
        """Return the line of `rejected.jsonl`; half characters are escaped, and what is endless is cut."""
        parts = {"id": self.id, "source": self.source, "kind": self.kind, "reason": self.reason, "detail": self.detail}
        return {key: part[:_LONGEST].encode("utf-8", "backslashreplace").decode() for key, part in parts.items()}


class Rejected:
    """Collects what a stage sets aside and counts what it keeps.

    Four kinds: whole records; single objects of an annotation; duplicates (near copies of evaluation images) and what
    the recipe's own screens drop, which are fit but not wanted and so do not count against the allowed share.

    What is set aside lies in a temporary file of the system, sorted and each entry once; memory holds the counts by reason.
    """

    def __init__(self) -> None:
        self._counts: Counter[tuple[Kind, str]] = Counter()
        self._kept: Counter[str] = Counter()
        self._left_out: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    @cached_property
    def _table(self) -> sqlite3.Connection:
        """The file of entries; made for the first one, as many collectors stay empty. It goes with its last user."""
        table = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        table.execute("PRAGMA journal_mode = OFF")
        table.execute(
            "CREATE TABLE entries (source BLOB, id BLOB, kind BLOB, reason BLOB, detail BLOB, "
            "PRIMARY KEY (source, id, kind, reason, detail)) WITHOUT ROWID"
        )
        table.execute("BEGIN")  # never committed: nobody else reads it, and each commit would cost as much as its entry
        return table

    def add(self, id: str, source: str, reason: str, detail: str = "", *, kind: Kind = "record") -> None:
        """Set one thing aside. Saying the same twice (a resumed stage) counts once.

        Raises:
            RsvlmError: the system's folder for temporary files is full.
        """
        entry = [_stored(part) for part in (source, id, kind, reason, detail)]
        try:
            with self._lock:
                self._counts[kind, reason] += self._table.execute("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?)", entry).rowcount
        except sqlite3.OperationalError as error:
            raise RsvlmError(f"temporary file of what is set aside: {error}; free some space for temporary files (TMPDIR)") from None

    def keep(self, count: int = 1, *, kind: Kind = "record") -> None:
        """Count things kept, the other side of the share."""
        self._kept[kind] += count

    def leave_out(self, source: str, reason: str, count: int = 1) -> None:
        """Count what was never wanted (an empty chip, a record outside the drawn subset); no line, no share."""
        self._left_out[source, reason] += count

    def __len__(self) -> int:
        """How many things were set aside, of all kinds."""
        return self._counts.total()

    def __bool__(self) -> bool:
        """Always: a collector that holds nothing yet is one all the same."""
        return True

    def __iter__(self) -> Iterator[Rejection]:
        """Yield everything set aside, in the order of sources, ids, kinds, reasons and details."""
        return self._ordered("")

    def _ordered(self, condition: str, *values: bytes) -> Iterator[Rejection]:
        if len(self):
            for row in self._table.execute(f"SELECT * FROM entries {condition} ORDER BY source, id, kind, reason, detail", values):
                yield Rejection(*(part.decode("utf-8", "surrogatepass") for part in row))

    def entries(self) -> list[Rejection]:
        """Return everything set aside, in a fixed order."""
        return list(self)

    def facts(self) -> dict[str, Any]:
        """Return counts for a manifest: by kind and reason, and what was left out by source and reason."""
        by_reason = {f"{kind}: {reason}": count for (kind, reason), count in self._counts.items() if count}
        left_out: dict[str, dict[str, int]] = {}
        for (source, reason), count in sorted(self._left_out.items()):
            left_out.setdefault(source, {})[reason] = count
        return {"rejected": dict(sorted(by_reason.items())), "left_out": left_out}

    def write(self, path: Path) -> None:
        """Write `rejected.jsonl`, sorted, one canonical JSON object a line."""
        write_atomic(path, (canonical_json(entry.as_json()) for entry in self))

    def check(self, share: float) -> None:
        """Fail when more than `share` of the records, or of the objects, were set aside.

        Raises:
            DataError: one line with the counts and the most frequent reasons.
        """
        kinds: tuple[Kind, ...] = ("record", "object")
        for kind in kinds:
            reasons = Counter({reason: count for (of, reason), count in self._counts.items() if of == kind})
            found = reasons.total()
            total = found + self._kept[kind]
            if found and found > share * total:
                most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:3]
                listed = ", ".join(f"{reason} ({count})" for reason, count in most)
                first = next(self._ordered("WHERE kind = ?", _stored(kind)))
                raise DataError(
                    f"{found} of {total} {kind}s set aside, more than gates.rejected_share = {share:g} allows: {listed}; "
                    f"first: {first.id} of {first.source} {json.dumps(first.detail)}"
                )


def _stored(text: str) -> bytes:
    """Return bytes that sort as the text does, which may hold half of a surrogate pair."""
    return text.encode("utf-8", "surrogatepass")
