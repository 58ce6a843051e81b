"""Choose among the records of a corpus: copies, percentiles of scores, caps; what one record alone cannot decide.

All records that passed their screens lie as candidate shards in the stage's scratch folder. Their index and scores decide
which of them stay; memory holds a few numbers a record. Then the chosen ones are written, bytes as they are.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rsvlm.quality.balance import keep_at_most
from rsvlm.quality.copies import Looks, digests, find_copies
from rsvlm.quality.percentiles import keep_top, keep_top_of_groups
from rsvlm.quality.settings import Percentile, QualitySettings
from rsvlm.records.models import Sample
from rsvlm.records.shards import Shards


@dataclass
class _Drops:
    """Why rows are dropped; the first reason counts."""

    reasons: dict[int, tuple[str, str]] = field(default_factory=dict)

    def add(self, row: int, reason: str, detail: str) -> None:
        self.reasons.setdefault(row, (reason, detail))


def chooses(quality: QualitySettings) -> bool:
    """Say whether a recipe has steps that need all records at once."""
    caps = (quality.balance.most_of_class, quality.balance.most_of_cluster)
    return quality.copies is not None or bool(quality.percentiles) or any(cap is not None for cap in caps)


def choose(shards: Shards, quality: QualitySettings) -> dict[int, tuple[str, str]]:
    """Return which candidate rows are dropped, each with its reason and the particulars.

    Copies come first; percentiles are cut over what is no copy, all of them over the same records; caps come last.

    Args:
        shards: the candidates.
        quality: the steps.
    """
    table = shards.index
    ids, sources, labels = (table.column(name).to_pylist() for name in ("id", "source", "label"))
    drops = _Drops()
    if quality.copies is not None:
        for copy in find_copies(ids, sources, _looks(shards, quality), quality.copies):
            drops.add(copy.position, copy.reason, copy.detail)
    rows = np.asarray([row for row in range(len(ids)) if row not in drops.reasons], dtype=np.int64)
    for percentile in quality.percentiles:
        _cut(shards, rows, percentile, ids, {"source": sources, "label": labels}, drops)
    if quality.balance.most_of_class is not None:
        left = np.asarray([row for row in rows.tolist() if row not in drops.reasons], dtype=np.int64)
        groups = _numbers([labels[row] for row in left])
        kept = keep_at_most(groups, lambda place: ids[int(left[place])], quality.balance.most_of_class, seed=quality.seed, purpose="class cap")
        for row in left[~kept].tolist():
            drops.add(row, "class is full", f"{labels[row]}: at most {quality.balance.most_of_class}")
    return drops.reasons


def _looks(shards: Shards, quality: QualitySettings) -> Looks:
    assert quality.copies is not None
    steps = [step.kind for step in quality.copies.steps]
    wanted = [getattr(step, "value", "") for step in quality.copies.steps]
    values = {}
    if "sha256" in wanted:
        values["sha256"] = digests(shards.index.column("image_sha256").to_pylist())
    if "caption" in wanted:
        values["caption"] = digests(next(iter(shards.fields(row)["caption_ids"]), None) for row in range(len(shards)))
    if "url" in wanted:
        values["url"] = digests((shards.fields(row).get("facts") or {}).get("url") for row in range(len(shards)))
    hashes = None
    if "perceptual" in steps:
        hashes = np.asarray([int(value, 16) for value in shards.index.column("phash").to_pylist()], dtype=np.uint64)
    return Looks(values, hashes)


def _numbers(names: list[str | None]) -> np.ndarray:
    """Return a number for each name, equal for equal names; -1 for none."""
    known = {name: number for number, name in enumerate(sorted({name for name in names if name is not None}))}
    return np.asarray([-1 if name is None else known[name] for name in names], dtype=np.int64)


def _cut(shards: Shards, rows: np.ndarray, percentile: Percentile, ids: list[str], groups: dict[str, list[Any]], drops: _Drops) -> None:
    scores = np.asarray([(shards.fields(row).get("scores") or {}).get(percentile.score, np.nan) for row in rows.tolist()], dtype=np.float64)

    def id_of(place: int) -> str:
        return ids[int(rows[place])]

    if percentile.groups is None:
        kept = keep_top(scores, id_of, percentile.keep)
    else:
        kept = keep_top_of_groups(scores, _numbers([groups[percentile.groups][row] for row in rows.tolist()]), id_of, percentile.keep)
    for place in np.flatnonzero(~kept).tolist():
        known = not np.isnan(scores[place])
        reason = f"score not in the kept share: {percentile.score}" if known else f"no score: {percentile.score}"
        drops.add(int(rows[place]), reason, f"{scores[place]:.5f}; the best {percentile.keep:g} are kept" if known else "")


def chosen_samples(shards: Shards, drops: dict[int, tuple[str, str]]) -> Iterator[Sample]:
    """Yield the candidates that stay, as samples, in their order.

    A sequence stays or goes as one: a frame whose main record was dropped, or is missing a frame, goes with it.
    """
    gone = {shards.fields(row)["id"] for row in drops}
    for row in range(len(shards)):
        if row in drops:
            continue
        fields = shards.fields(row)
        sequence = [*(fields.get("frames") or ()), *([fields["part_of"]] if fields.get("part_of") else [])]
        if gone.intersection(sequence):
            continue
        image = shards.image(row)
        name = fields.pop("id")
        for made in ("width", "height"):
            fields.pop(made)
        yield Sample(name, image, "jpg" if image.startswith(b"\xff\xd8\xff") else "png", json.loads(json.dumps(fields)))
