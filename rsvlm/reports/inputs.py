"""What went into a model: counts by source, split and licence, what was set aside and why, and samples to look at."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.records.shards import Shards
from rsvlm.reports.pictures import Album
from rsvlm.reports.text import visible

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SourceRow:
    """One source: its licences, and how many samples of it each split holds (in the order of `SPLITS`)."""

    source: str
    licences: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """Samples in all splits."""
        return sum(self.counts)


@dataclass(frozen=True)
class SampleView:
    """One sample as shown: image address (None where the page is full), its lines of text, source, split and label."""

    image: str | None
    lines: tuple[str, ...]
    source: str
    split: str
    label: str


@dataclass(frozen=True)
class Inputs:
    """What went in: `records` samples in `folder`; `rejected` is (source, reason, count), most frequent first."""

    folder: str
    records: int
    texts: int
    sources: tuple[SourceRow, ...]
    rejected: tuple[tuple[str, str, int], ...]
    samples: tuple[SampleView, ...]


def read_inputs(root: Path, data: str, album: Album, *, samples: int = 12) -> Inputs:
    """Read a published data folder (pairs or conversations) for a report.

    Raises:
        IntegrityError: the folder is not whole.
    """
    shards = Shards(root / data)
    columns = shards.index.select(["id", "source", "split", "licence", "caption_count"]).to_pylist()
    shown = [(row, columns[row]) for row in _spread(columns, samples)]
    return Inputs(
        folder=data,
        records=len(shards),
        texts=sum(int(column["caption_count"] or 0) for column in columns),
        sources=_sources(columns),
        rejected=_rejected(root / data / "rejected.jsonl"),
        samples=tuple(_view(shards, row, column, album) for row, column in shown),
    )


def _sources(columns: list[dict[str, Any]]) -> tuple[SourceRow, ...]:
    counts = Counter((str(column["source"]), str(column["split"])) for column in columns)
    licences: dict[str, set[str]] = {}
    for column in columns:
        licences.setdefault(str(column["source"]), set()).add(str(column["licence"] or "not stated"))
    return tuple(
        SourceRow(source, visible(", ".join(sorted(found))), tuple(counts[source, split] for split in SPLITS))
        for source, found in sorted(licences.items())
    )


def _rejected(path: Path) -> tuple[tuple[str, str, int], ...]:
    counts: Counter[tuple[str, str]] = Counter()
    if path.is_file():
        with path.open("rb") as stream:
            for line in stream:
                record = json.loads(line)
                counts[str(record["source"]), str(record["reason"])] += 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple((visible(source), visible(reason), count) for (source, reason), count in ordered)


def _spread(columns: list[dict[str, Any]], wanted: int) -> list[int]:
    """Return rows to show: sources in turn, evenly spaced within each."""
    rows: dict[str, list[int]] = {}
    for row, column in enumerate(columns):
        rows.setdefault(str(column["source"]), []).append(row)
    share = max(1, -(-wanted // max(1, len(rows))))
    picks = [_evenly(found, min(share, len(found))) for _, found in sorted(rows.items())]
    turns = [pick[turn] for turn in range(share) for pick in picks if turn < len(pick)]
    return turns[:wanted]


def _evenly(rows: list[int], count: int) -> list[int]:
    return [rows[index * len(rows) // count] for index in range(count)]


def _view(shards: Shards, row: int, column: Mapping[str, Any], album: Album) -> SampleView:
    fields = shards.fields(row)
    return SampleView(
        image=album.add(shards.image(row), str(column["id"])),
        lines=tuple(visible(line, 160) for line in _lines(fields)),
        source=str(column["source"]),
        split=str(column["split"]),
        label=visible(str(fields.get("label") or "")),
    )


def _lines(fields: Mapping[str, Any]) -> list[str]:
    """Return a sample's first turns, one line each, or its first captions."""
    conversations = fields.get("conversations") or []
    if conversations:
        return [f"{turn['role']}: {turn['text']}" for turn in conversations[0]["turns"][:2]]
    return list(dict.fromkeys(str(caption) for caption in fields.get("captions") or []))[:2]
