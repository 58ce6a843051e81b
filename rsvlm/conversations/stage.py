"""The whole instruct stage: from raw sources to a published folder of conversations."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rsvlm.conversations.build import samples, training_limits
from rsvlm.conversations.settings import InstructSettings
from rsvlm.files import publish, readable_json, verify, write_atomic
from rsvlm.records.near import NearIndex
from rsvlm.records.rejected import Rejected
from rsvlm.records.shards import facts_of
from rsvlm.records.writing import write_shards


def make_conversations(
    settings: InstructSettings, raw: Path, output: Path, *, scratch: Path, seed: int, threads: int, rejected_share: float
) -> None:
    """Build and publish the conversations of an instruct section.

    Args:
        settings: the recipe's section.
        raw: `data/raw/<item>`, a published folder.
        output: `data/conversations/<item>`.
        scratch: keeps finished shards over a kill.
        seed: of the workspace.
        threads: pictures decoded at once.
        rejected_share: share of records, and of objects, that may be set aside.

    Raises:
        IntegrityError: the raw folder does not verify.
        DataError: a source is unreadable, or too much was set aside.
    """
    verify(raw)
    rejected = Rejected()
    facts: dict[str, Any] = {}
    limits = training_limits(settings.builders, raw, seed)
    with publish(output, facts) as folder:
        write_shards(
            samples(settings, raw, seed, rejected, limits),
            folder,
            rejected,
            prefix="conversations",
            samples_per_shard=settings.samples_per_shard,
            longest=settings.longest,
            copies=NearIndex(below=settings.copies.below, segments=settings.copies.segments),
            scratch=scratch,
            threads=threads,
        )
        rejected.check(rejected_share)
        write_atomic(folder / "size_limits.json", readable_json({label: asdict(limit) for label, limit in limits.items()}))
        facts.update(facts_of(folder), **rejected.facts())
