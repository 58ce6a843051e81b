"""Examine a corpus: check its statements, count what it holds, and write the evidence that its card and report show."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.data.card import card, counts_of
from rsvlm.data.checking import Tally, check_corpus
from rsvlm.data.evidence import Evidence
from rsvlm.data.settings import CorpusEvaluateSettings
from rsvlm.errors import DataError
from rsvlm.files import canonical_json, readable_json, verify, write_atomic
from rsvlm.intervals import wilson
from rsvlm.records.shards import Shards
from rsvlm.settings import Section


@dataclass(frozen=True)
class Examined:
    """Flat metrics, and facts for the evidence's manifest."""

    metrics: Mapping[str, float]
    facts: Mapping[str, Any]


def evidence_of(corpus: Section, raw: Path) -> Evidence:
    """Return the evidence of a corpus: its raw sources and its builders' settings by kind and source."""
    rules: dict[tuple[str, str], tuple[Mapping[str, Any], ...]] = {}
    for builder in corpus.model_dump(mode="json")["builders"]:
        key = (builder["kind"], str(builder.get("source", "")))
        rules[key] = (*rules.get(key, ()), builder)
    return Evidence(raw, rules)


def examine(settings: CorpusEvaluateSettings, corpus: Section, root: Path, output: Path) -> Examined:
    """Examine a corpus and write `counts.json`, `false.jsonl` and `card.md` into the evidence folder.

    Args:
        settings: the recipe's evaluate section.
        corpus: its caption or instruct section.
        root: the workspace.
        output: the evidence folder, not yet published.

    Raises:
        IntegrityError: the corpus or its raw sources are not whole.
        DataError: fewer statements hold than the recipe demands; the first false one is named.
    """
    raw = root / settings.judge
    verify(raw)
    shards = Shards(root / settings.data)
    tally, shuffled = check_corpus(shards, evidence_of(corpus, raw))
    metrics = _metrics(shards, tally, shuffled)
    counts = counts_of(shards)
    facts = {"statements": dict(sorted(tally.all.items())), "held": dict(sorted(tally.held.items()))}
    write_atomic(output / "counts.json", readable_json({**counts, **facts, "metrics": metrics}))
    write_atomic(output / "false.jsonl", b"".join(canonical_json(line) for line in tally.false))
    write_atomic(output / "card.md", card(corpus, counts, metrics).encode())
    precision = metrics.get("facts/precision", 1.0)
    if precision < settings.least_precision:
        first = tally.false[0]
        raise DataError(
            f"{settings.data}: {sum(tally.all.values()) - sum(tally.held.values())} of {sum(tally.all.values())} statements do not hold, "
            f"precision {precision:.4f}, {settings.least_precision:g} demanded; first: {first['id']}: {first['text']!r}: {first['why']}"
        )
    return Examined(metrics, facts)


def _metrics(shards: Shards, tally: Tally, shuffled: Tally) -> dict[str, float]:
    found: dict[str, float] = {
        "records": float(len(shards)),
        "captions": float(sum(shards.index.column("caption_count").to_pylist())),
        "conversations": float(len(shards.conversations)),
        "checked_records": float(tally.records),
        "statements": float(sum(tally.all.values())),
    }
    if tally.all:
        share = wilson(sum(tally.held.values()), sum(tally.all.values()))
        # Rounding can put a bound of 0 or 1 a digit inside the share, and an interval holds what it is of.
        low, high = min(share.low, share.value), max(share.high, share.value)
        found |= {"facts/precision": share.value, "facts/precision/low": low, "facts/precision/high": high}
        for kind, count in sorted(tally.all.items()):
            found[f"facts/{kind}/precision"] = tally.held[kind] / count
    if shuffled.all:
        found["facts/precision/baseline"] = sum(shuffled.held.values()) / sum(shuffled.all.values())
    return found
