"""What a corpus holds, counted in one pass over its records."""

import bisect
import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rsvlm.data.texts import Lengths, Texts, language_of, units_of
from rsvlm.files import read_manifest
from rsvlm.progress import Progress
from rsvlm.records.near import near_pairs
from rsvlm.records.shards import Shards

UNKNOWN = "not stated"
GSD_EDGES = (0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0)
CELL = 1
_MOST_GENERATORS = 100
_BY = ("splits", "licences", "labels", "objects", "sensors", "gsd", "methods", "builders", "generators", "sequences", "tasks")
_UNKNOWN_LICENCES = ("", "unknown", UNKNOWN)


def gsd_names() -> list[str]:
    """Return the names of all bins of ground sample distances, finest first, that of unknown ones last."""
    between = [f"{low:g} to {high:g} m" for low, high in itertools.pairwise(GSD_EDGES)]
    return [f"below {GSD_EDGES[0]:g} m", *between, f"{GSD_EDGES[-1]:g} m and more", UNKNOWN]


def gsd_bin(gsd: float) -> str:
    """Return the name of the bin that a ground sample distance in metres falls into."""
    return gsd_names()[bisect.bisect_right(GSD_EDGES, gsd)]


@dataclass
class _Counted:
    """The counters of one pass; none grows with the number of records but by what is new in them."""

    by: dict[str, Counter[str]] = field(default_factory=dict)
    sources: dict[str, Counter[str]] = field(default_factory=dict)
    licences: dict[str, set[str]] = field(default_factory=dict)
    lengths: dict[tuple[str, str], Lengths] = field(default_factory=dict)
    texts: dict[str, Texts] = field(default_factory=dict)
    gsd: list[float] = field(default_factory=list)
    turns: int = 0

    def count(self, what: str, value: object) -> None:
        self.by.setdefault(what, Counter())[str(value) if value not in (None, "") else UNKNOWN] += 1

    def add(self, record: Mapping[str, Any]) -> None:
        source, licence = str(record["source"]), str(record.get("licence") or UNKNOWN)
        self.sources.setdefault(source, Counter())[str(record["split"])] += 1
        self.licences.setdefault(source, set()).add(licence)
        for what, value in (("licences", licence), ("methods", record["method"]), ("splits", record["split"])):
            self.count(what, value)
        for what, key in (("builders", "builder"), ("sensors", "sensor")):
            self.count(what, record.get(key))
        self._add_gsd(record.get("gsd"))
        if record.get("label"):
            self.count("labels", record["label"])
        for labelled in record.get("objects") or ():
            self.count("objects", labelled["label"])
        if record.get("frames"):
            self.count("sequences", f"{len(record['frames'])} pictures")
        self._add_generator(record.get("generator"))
        self._add_texts(record)

    def _add_gsd(self, gsd: float | None) -> None:
        self.count("gsd", gsd_bin(gsd) if gsd else None)
        if gsd:
            self.gsd = [min([gsd, *self.gsd]), max([gsd, *self.gsd])]

    def _add_generator(self, generator: Mapping[str, str] | None) -> None:
        if generator:
            words = ", ".join(f"{key} {value}" for key, value in sorted(generator.items()))
            known = self.by.setdefault("generators", Counter())
            known[words if words in known or len(known) < _MOST_GENERATORS else "others"] += 1

    def _add_texts(self, record: Mapping[str, Any]) -> None:
        captions, tags = record.get("captions") or [], record.get("languages") or []
        for position, caption in enumerate(captions):
            self._add_text("captions", f"{record['id']} {position}", caption, tags[position] if tags else None)
        for talk in record.get("conversations") or ():
            self.count("tasks", talk["task"])
            self.turns += len(talk["turns"])
            for position, turn in enumerate(talk["turns"]):
                if turn["role"] == "assistant":
                    self._add_text("answers", f"{talk['id']} {position}", turn["text"], None)

    def _add_text(self, kind: str, name: str, text: str, language: str | None) -> None:
        spoken = language or language_of(text)
        units = units_of(text, spoken)
        self.lengths.setdefault((kind, spoken), Lengths()).counts[len(units)] += 1
        self.texts.setdefault(spoken, Texts()).add(f"{kind} {name}", text, units)


def counts_of(shards: Shards) -> dict[str, Any]:
    """Count what a corpus holds, as JSON.

    Memory: the counters, the vocabulary, and eight bytes a record for its perceptual hash.

    Args:
        shards: the corpus, a published folder.

    Returns:
        `records`, `captions`, `conversations`, `turns`; counts by value of `splits`, `sources` (by split), `licences`,
        `labels`, `objects`, `sensors`, `gsd`, `methods`, `builders`, `generators`, `sequences`, `tasks`, `languages`;
        `lengths` of captions and answers by language, in words (Chinese: in characters); `vocabulary` by language;
        `places`; `near_copies`; `rejected` by kind, source and reason; `left_out`; `image_bytes`.
    """
    counted = _Counted()
    progress = Progress("count records", len(shards), "records")
    for row in range(len(shards)):
        counted.add(shards.fields(row))
        progress.advance()
    progress.finish()
    by = {what: _sorted(counted.by.get(what, Counter())) for what in _BY}
    unknown = sum(count for licence, count in by["licences"].items() if licence.casefold() in _UNKNOWN_LICENCES)
    return {
        "records": len(shards),
        "captions": sum(shards.index.column("caption_count").to_pylist()),
        "conversations": len(shards.conversations),
        "turns": counted.turns,
        **by,
        "sources": {source: dict(sorted(splits.items())) for source, splits in sorted(counted.sources.items())},
        "source_licences": {source: sorted(found) for source, found in sorted(counted.licences.items())},
        "licence_unknown_share": unknown / len(shards),
        "gsd_range": counted.gsd,
        "languages": {language: texts.texts for language, texts in sorted(counted.texts.items())},
        "lengths": _lengths(counted.lengths),
        "vocabulary": {language: texts.summary(language) for language, texts in sorted(counted.texts.items())},
        "places": _places(shards),
        "near_copies": _near_copies(shards),
        "rejected": rejected_counts(shards.folder),
        "answers": read_manifest(shards.folder).facts.get("answers", {}),
        "left_out": read_manifest(shards.folder).facts.get("left_out", {}),
        "image_bytes": sum(shards.index.column("image_size").to_pylist()),
    }


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _lengths(lengths: Mapping[tuple[str, str], Lengths]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (kind, language), counted in sorted(lengths.items()):
        found.setdefault(kind, {})[language] = counted.summary()
    return found


def _places(shards: Shards) -> dict[str, Any]:
    """Return how many records have a place, the box around all, and [west, south, records] of cells of one degree."""
    columns = [shards.index.column(name).to_numpy(zero_copy_only=False).astype(float) for name in ("west", "south", "east", "north")]
    west, south, east, north = (column[np.isfinite(sum(columns))] for column in columns)
    if not len(west):
        return {"known": 0, "bounds": None, "degrees": CELL, "cells": []}
    longitude = (west + np.where(west > east, east + 360, east)) / 2
    longitude = np.where(longitude >= 180, longitude - 360, longitude)
    cells = np.stack([np.floor(longitude / CELL), np.floor((south + north) / 2 / CELL)], axis=1).astype(int) * CELL
    found, counts = np.unique(cells, axis=0, return_counts=True)
    bounds = [round(float(value), 4) for value in (west.min(), south.min(), east.max(), north.max())]
    listed = [[*cell, count] for cell, count in zip(found.tolist(), counts.tolist(), strict=True)]
    return {"known": len(west), "bounds": bounds, "degrees": CELL, "cells": listed}


def _near_copies(shards: Shards) -> dict[str, int]:
    """Return how many records share their picture's bytes, or nearly its perceptual hash, with another record.

    Equal hashes are put together first, so that a thousand blank tiles are not half a million pairs.
    """
    hashes = np.fromiter((int(text.as_py(), 16) for text in shards.index.column("phash")), dtype=np.uint64, count=len(shards))
    different, counts = np.unique(hashes, return_counts=True)
    near = counts > 1
    for left, right, _ in near_pairs(different, different):
        apart = left != right
        near[left[apart]] = True
    digests = Counter(shards.index.column("image_sha256").to_pylist())
    return {
        "same_bytes": sum(count for count in digests.values() if count > 1),
        "same_hash": int(counts[counts > 1].sum()),
        "near": int(counts[near].sum()),
    }


def rejected_lines(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the lines of a corpus's `rejected.jsonl`."""
    path = folder / "rejected.jsonl"
    if path.is_file():
        with path.open("rb") as stream:
            for line in stream:
                yield json.loads(line)


def rejected_counts(folder: Path) -> list[dict[str, Any]]:
    """Return what was set aside by kind, source and reason, most frequent first."""
    counts = Counter((line["kind"], line["source"], line["reason"]) for line in rejected_lines(folder))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"kind": kind, "source": source, "reason": reason, "count": count} for (kind, source, reason), count in ordered]
