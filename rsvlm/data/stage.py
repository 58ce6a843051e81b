"""The whole making of a corpus: from raw sources to a published folder of pairs or conversations."""

from collections.abc import Hashable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from rsvlm.chat.answers import Answers
from rsvlm.data.build import samples
from rsvlm.data.builders.regions import SIZE_LIMITS
from rsvlm.data.choosing import choose, chooses, chosen_samples
from rsvlm.data.screening import bounded_dialogues, picture_screen, screened_texts
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.towers import Embed, embedder
from rsvlm.data.unmatched import check_names
from rsvlm.files import publish, readable_json, sha256_of, verify, write_atomic
from rsvlm.records.looks import kept_looks
from rsvlm.records.models import Sample
from rsvlm.records.near import NearIndex
from rsvlm.records.rejected import Rejected
from rsvlm.records.shards import Shards, facts_of
from rsvlm.records.writing import write_shards


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
    looks: Path | None = None,
    code: str = "",
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
        looks: file with kept looks at pictures, so that added pictures alone are decoded; none: nothing is kept.
        code: fingerprint of the code, which kept looks depend on.

    Raises:
        IntegrityError: the raw folder does not verify.
        DataError: a source is unreadable, lacks a scene that the recipe places, or too much was set aside.
    """
    verify(raw)
    check_names(settings.builders, raw)
    rejected = Rejected()
    screens = settings.quality.screens
    question = sha256_of([code, [screen.model_dump(mode="json") for screen in screens]])
    asked = Answers(answers)
    facts: dict[str, Any] = {}
    memory: dict[Hashable, Any] = {}
    with kept_looks(looks, question) as kept:
        write = partial(
            write_shards,
            samples_per_shard=settings.samples_per_shard,
            longest=settings.longest,
            threads=threads,
            same_scene=True,
            screen=picture_screen(screens),
            kept=kept,
        )
        made = samples(settings, raw, asked, seed=seed, rejected=rejected, threads=threads, memory=memory)
        stream = screened_texts(bounded_dialogues(made, settings.longest_dialogue, rejected), screens, rejected)
        copies: NearIndex | None = NearIndex(below=settings.copies.below, segments=settings.copies.segments)
        if chooses(settings.quality):
            candidates = scratch / "candidates"
            with publish(candidates, {}) as folder:
                write(stream, folder, rejected, prefix=prefix, scratch=scratch / "candidate-shards", copies=copies)
            rejected.check(rejected_share)
            embed = embedder(settings.embedder, raw, scratch, seed) if settings.embedder is not None else None
            stream, copies = _chosen(Shards(candidates, check=False), settings, embed, rejected), None
        with publish(output, facts) as folder:
            write(stream, folder, rejected, prefix=prefix, scratch=scratch / "shards", copies=copies)
            rejected.check(rejected_share)
            if (limits := memory.get(SIZE_LIMITS)) is not None:  # what `small` and `large` mean; not to be had from the records
                write_atomic(folder / "size_limits.json", readable_json({label: asdict(limit) for label, limit in limits.items()}))
            facts.update(facts_of(folder), **rejected.facts())
            if (total := asked.counts.total()).answers:
                facts["answers"] = asdict(total)


def _chosen(shards: Shards, settings: CorpusSettings, embed: Embed | None, rejected: Rejected) -> Iterator[Sample]:
    """Return the candidates that stay, and list the others with their reasons."""
    drops = choose(shards, settings.quality, embed)
    for row, (reason, detail) in drops.items():
        fields = shards.fields(row)
        rejected.add(fields["id"], fields["source"], reason, detail, kind="duplicate" if reason.startswith("copy") else "screened")
    return chosen_samples(shards, drops)
