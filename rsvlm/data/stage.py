"""The whole making of a corpus: from raw sources to a published folder of pairs or conversations."""

from pathlib import Path
from typing import Any

from rsvlm.data.build import samples
from rsvlm.data.settings import CorpusSettings
from rsvlm.files import publish, verify
from rsvlm.records.near import NearIndex
from rsvlm.records.rejected import Rejected
from rsvlm.records.shards import facts_of, write_shards


def make_corpus(
    settings: CorpusSettings,
    raw: Path,
    output: Path,
    *,
    prefix: str,
    scratch: Path,
    answers: Path,
    seed: int,
    threads: int,
    rejected_share: float,
) -> None:
    """Build and publish a corpus.

    Args:
        settings: the recipe's section.
        raw: `data/raw/<item>`, a published folder.
        output: `data/pairs/<item>` or `data/conversations/<item>`.
        prefix: start of the shards' names: `pairs` or `conversations`.
        scratch: keeps finished shards over a kill.
        answers: folder with the kept answers of chat models.
        seed: of the workspace.
        threads: pictures or requests worked on at once.
        rejected_share: share of records, and of objects, that may be set aside.

    Raises:
        IntegrityError: the raw folder does not verify.
        DataError: a source is unreadable, or too much was set aside.
    """
    verify(raw)
    rejected = Rejected()
    facts: dict[str, Any] = {}
    with publish(output, facts) as folder:
        write_shards(
            samples(settings, raw, answers, seed=seed, rejected=rejected, threads=threads),
            folder,
            rejected,
            prefix=prefix,
            samples_per_shard=settings.samples_per_shard,
            longest=settings.longest,
            copies=NearIndex(below=settings.copies.below, segments=settings.copies.segments),
            scratch=scratch,
            threads=threads,
            same_scene=True,
        )
        rejected.check(rejected_share)
        facts.update(facts_of(folder), **rejected.facts())
