"""The whole caption stage: from raw sources to a published folder of pairs."""

from pathlib import Path
from typing import Any

from rsvlm.captioning.build import samples
from rsvlm.captioning.settings import CaptionSettings, TruncationSettings
from rsvlm.files import publish, verify
from rsvlm.records.near import NearIndex
from rsvlm.records.rejected import Rejected
from rsvlm.records.shards import Shards, facts_of
from rsvlm.records.writing import write_shards


def make_pairs(
    settings: CaptionSettings, raw: Path, output: Path, *, scratch: Path, seed: int, threads: int, rejected_share: float
) -> None:
    """Build and publish the pairs of a caption section.

    Args:
        settings: the recipe's section.
        raw: `data/raw/<item>`, a published folder.
        output: `data/pairs/<item>`.
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
    with publish(output, facts) as folder:
        write_shards(
            samples(settings, raw, seed, rejected),
            folder,
            rejected,
            samples_per_shard=settings.samples_per_shard,
            longest=settings.longest,
            copies=NearIndex(below=settings.copies.below, segments=settings.copies.segments),
            scratch=scratch,
            threads=threads,
        )
        rejected.check(rejected_share)
        facts.update(facts_of(folder), **rejected.facts())
        if settings.truncation:
            facts["truncation"] = truncated_share(settings.truncation, raw, folder)


def truncated_share(settings: TruncationSettings, raw: Path, folder: Path) -> dict[str, Any]:
    """Return the share of captions that a text tower with this token limit would cut.

    Args:
        settings: which tokenizer, and the limit.
        raw: where the tokenizer's source lies.
        folder: finished shards.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(raw / settings.source / "files" / settings.tokenizer))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    shards = Shards(folder, check=False)
    captions = cut = longest = 0
    for row in range(len(shards)):
        for encoding in tokenizer.encode_batch(shards.fields(row)["captions"]):
            captions, cut, longest = captions + 1, cut + (len(encoding.ids) > settings.limit), max(longest, len(encoding.ids))
    return {"limit": settings.limit, "captions": captions, "truncated": cut, "share": round(cut / captions, 6), "longest": longest}
