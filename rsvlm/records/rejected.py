"""Records set aside: each with its reason, all counted, and a stage that fails when there are too many."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rsvlm.errors import DataError
from rsvlm.files import canonical_json, write_atomic

Kind = Literal["record", "object", "duplicate", "screened"]


@dataclass(frozen=True, order=True)
class Rejection:
    """One thing set aside: which, of which source, why (a fixed phrase), and the particulars."""

    source: str
    id: str
    kind: Kind
    reason: str
    detail: str

    def as_json(self) -> dict[str, str]:
        """Return the line of `rejected.jsonl`."""
        return {"id": self.id, "source": self.source, "kind": self.kind, "reason": self.reason, "detail": self.detail}


class Rejected:
    """Collects what a stage sets aside and counts what it keeps.

    Four kinds: whole records; single objects of an annotation; duplicates (near copies of evaluation images) and what
    the recipe's own screens drop, which are fit but not wanted and so do not count against the allowed share.
    """

    def __init__(self) -> None:
        self._found: set[Rejection] = set()
        self._kept: Counter[str] = Counter()
        self._left_out: Counter[tuple[str, str]] = Counter()

    def add(self, id: str, source: str, reason: str, detail: str = "", *, kind: Kind = "record") -> None:
        """Set one thing aside. Saying the same twice (a resumed stage) counts once."""
        self._found.add(Rejection(source, id, kind, reason, detail))

    def keep(self, count: int = 1, *, kind: Kind = "record") -> None:
        """Count things kept, the other side of the share."""
        self._kept[kind] += count

    def leave_out(self, source: str, reason: str, count: int = 1) -> None:
        """Count what was never wanted (an empty chip, a record outside the drawn subset); no line, no share."""
        self._left_out[source, reason] += count

    def __len__(self) -> int:
        """How many things were set aside, of all kinds."""
        return len(self._found)

    def entries(self) -> list[Rejection]:
        """Everything set aside, in a fixed order."""
        return sorted(self._found)

    def facts(self) -> dict[str, Any]:
        """Return counts for a manifest: by kind and reason, and what was left out by source and reason."""
        by_reason = Counter(f"{entry.kind}: {entry.reason}" for entry in self._found)
        left_out: dict[str, dict[str, int]] = {}
        for (source, reason), count in sorted(self._left_out.items()):
            left_out.setdefault(source, {})[reason] = count
        return {"rejected": dict(sorted(by_reason.items())), "left_out": left_out}

    def write(self, path: Path) -> None:
        """Write `rejected.jsonl`, sorted, one canonical JSON object a line."""
        write_atomic(path, b"".join(canonical_json(entry.as_json()) for entry in self.entries()))

    def check(self, share: float) -> None:
        """Fail when more than `share` of the records, or of the objects, were set aside.

        Raises:
            DataError: one line with the counts and the most frequent reasons.
        """
        for kind in ("record", "object"):
            entries = [entry for entry in self._found if entry.kind == kind]
            total = len(entries) + self._kept[kind]
            if entries and len(entries) > share * total:
                reasons = Counter(entry.reason for entry in entries).most_common(3)
                listed = ", ".join(f"{reason} ({count})" for reason, count in reasons)
                first = min(entries)
                raise DataError(
                    f"{len(entries)} of {total} {kind}s set aside, more than gates.rejected_share = {share:g} allows: {listed}; "
                    f"first: {first.id} of {first.source} {json.dumps(first.detail)}"
                )
