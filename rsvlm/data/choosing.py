"""Choose among the records of a corpus: copies, percentiles of scores, caps; what one record alone cannot decide.

All records that passed their screens lie as candidate shards in the stage's scratch folder. Their index and scores decide
which of them stay; memory holds a few numbers a record. Then the chosen ones are written, bytes as they are.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rsvlm.data.towers import Embed
from rsvlm.quality.balance import keep_at_most, keep_within
from rsvlm.quality.copies import Looks, digests, find_copies, plain_url
from rsvlm.quality.groups import alike_groups
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
    balance = quality.balance
    capped = balance.most_of_class is not None or balance.most_of_cluster is not None or bool(balance.most_texts)
    return quality.copies is not None or bool(quality.percentiles) or capped


def needs_embeddings(quality: QualitySettings) -> bool:
    """Say whether a step compares pictures by their embeddings."""
    steps = quality.copies.steps if quality.copies is not None else ()
    return quality.balance.most_of_cluster is not None or any(step.kind == "embedding" for step in steps)


def choose(shards: Shards, quality: QualitySettings, embed: Embed | None = None) -> dict[int, tuple[str, str]]:
    """Return which candidate rows are dropped, each with its reason and the particulars.

    Copies come first; percentiles are cut over what is no copy, all of them over the same records; caps come last. Records
    that belong to another one (frames of a sequence) are not judged: they stay or go with it.

    Args:
        shards: the candidates.
        quality: the steps.
        embed: gives the pictures' embeddings, where a step compares them.
    """
    table = shards.index
    ids, sources, labels = (table.column(name).to_pylist() for name in ("id", "source", "label"))
    judged = np.asarray([row for row in range(len(ids)) if not shards.fields(row).get("part_of")], dtype=np.int64)
    compared = _of(shards, judged, quality.copies.builder if quality.copies is not None else None)
    embedded = judged if quality.balance.most_of_cluster is not None else compared
    embeddings = embed(shards, embedded) if embed is not None and needs_embeddings(quality) else None
    drops = _Drops()
    if quality.copies is not None:
        names, origins = [ids[row] for row in compared], [sources[row] for row in compared]
        seen = None if embeddings is None else embeddings[np.searchsorted(embedded, compared)]
        for copy in find_copies(names, origins, _looks(shards, compared, seen, quality), quality.copies):
            drops.add(int(compared[copy.position]), copy.reason, copy.detail)
    rows = np.asarray([row for row in judged.tolist() if row not in drops.reasons], dtype=np.int64)
    for percentile in quality.percentiles:
        _cut(shards, rows, percentile, ids, {"source": sources, "label": labels}, drops)
    if quality.balance.most_of_class is not None:
        left = _left(rows, drops)
        groups = _numbers([labels[row] for row in left])
        most = quality.balance.most_of_class
        kept = keep_at_most(groups, lambda place: ids[int(left[place])], most, seed=quality.seed, purpose="class cap")
        for row in left[~kept].tolist():
            drops.add(row, "class is full", f"{labels[row]}: at most {most}")
    full = quality.balance.most_of_cluster
    if full is not None and embeddings is not None:
        left = _left(rows, drops)
        groups = alike_groups(embeddings[np.searchsorted(embedded, left)], quality.balance.clusters)
        kept = keep_at_most(groups, lambda place: ids[int(left[place])], full, seed=quality.seed, purpose="cluster cap")
        for row, group in zip(left[~kept].tolist(), groups[~kept].tolist(), strict=True):
            drops.add(row, "cluster is full", f"cluster {group}: at most {full}")
    splits = table.column("split").to_pylist()
    for source, limit in quality.balance.most_texts.items():
        left = np.asarray([row for row in _left(rows, drops) if (sources[row], splits[row]) == (source, "train")], dtype=np.int64)
        sizes = np.asarray([_texts(shards.fields(row)) for row in left.tolist()], dtype=np.int64)
        kept = keep_within(sizes, lambda place, left=left: ids[int(left[place])], limit, seed=quality.seed, purpose="source cap")  # type: ignore[misc]
        for row in left[~kept].tolist():
            drops.add(row, "source is full", f"{source}: at most {limit} captions and conversations to train with")
    return drops.reasons


def _texts(fields: Mapping[str, Any]) -> int:
    return len(fields.get("captions") or ()) + len(fields.get("conversations") or ())


def _of(shards: Shards, rows: np.ndarray, builder: str | None) -> np.ndarray:
    """Return the rows of one kind of builder; all where none is named."""
    if builder is None:
        return rows
    return np.asarray([row for row in rows.tolist() if shards.fields(row).get("builder") == builder], dtype=np.int64)


def _left(rows: np.ndarray, drops: _Drops) -> np.ndarray:
    return np.asarray([row for row in rows.tolist() if row not in drops.reasons], dtype=np.int64)


def _looks(shards: Shards, rows: np.ndarray, embeddings: np.ndarray | None, quality: QualitySettings) -> Looks:
    """Return what copies are found by, for some rows."""
    assert quality.copies is not None
    steps = [step.kind for step in quality.copies.steps]
    wanted = [getattr(step, "value", "") for step in quality.copies.steps]
    values = {}
    if "sha256" in wanted:
        digest = shards.index.column("image_sha256").to_pylist()
        values["sha256"] = digests(digest[row] for row in rows)
    if "caption" in wanted:
        values["caption"] = digests(next(iter(shards.fields(row)["caption_ids"]), None) for row in rows.tolist())
    if "url" in wanted:
        values["url"] = digests(_address(shards, row) for row in rows.tolist())
    hashes = None
    if "perceptual" in steps:
        phash = shards.index.column("phash").to_pylist()
        hashes = np.asarray([int(phash[row], 16) for row in rows], dtype=np.uint64)
    return Looks(values, hashes, embeddings)


def _address(shards: Shards, row: int) -> str | None:
    url = (shards.fields(row).get("facts") or {}).get("url")
    return plain_url(url) if isinstance(url, str) else None


def _numbers(names: list[str | None]) -> np.ndarray:
    """Return a number for each name, equal for equal names; -1 for none."""
    known = {name: number for number, name in enumerate(sorted({name for name in names if name is not None}))}
    return np.asarray([-1 if name is None else known[name] for name in names], dtype=np.int64)


def _cut(shards: Shards, rows: np.ndarray, percentile: Percentile, ids: list[str], groups: dict[str, list[Any]], drops: _Drops) -> None:
    rows = _of(shards, rows, percentile.builder)
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
    """Yield the candidates that stay, as samples, in their order; whoever writes them lists what is left of broken sequences."""
    for row in range(len(shards)):
        if row in drops:
            continue
        fields = shards.fields(row)
        image = shards.image(row)
        name = fields.pop("id")
        for made in ("width", "height"):
            fields.pop(made)
        yield Sample(name, image, "jpg" if image.startswith(b"\xff\xd8\xff") else "png", json.loads(json.dumps(fields)))
