"""Pairs with given captions and the request that each answers, taken as they are."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from rsvlm.data.kinds.caption_talks import InstructedCaptions
from rsvlm.data.samples import file_sample, origin_of
from rsvlm.data.work import Work
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.readers import instructed
from rsvlm.records.unfit import Unfit

UNKNOWN_REQUEST = "request is not one of the allowed ones"


def build(settings: InstructedCaptions, work: Work) -> Iterator[Sample]:
    """Yield the pairs of one split.

    Raises:
        DataError: the file has another layout, is missing or unreadable.
    """
    read = instructed.read_rsicap if settings.layout == "rsicap" else instructed.read_llava
    for found in read(work.source(settings.source).path(settings.file)):
        try:
            if isinstance(found, Unfit):
                raise found
            if settings.instructions and found.instruction not in settings.instructions:
                raise Unfit(UNKNOWN_REQUEST, f"{found.where}: {found.instruction[:100]!r}")
            picture = settings.pictures.replace("{name}", found.picture)
            folders = PurePosixPath(found.picture).parent.parts
            name = safe_id(settings.prefix, *folders, PurePosixPath(found.picture).stem)
            if not work.in_split(name, settings.shares.as_mapping(), dict(settings.shares.scenes)) or not work.wanted(
                name, settings.source
            ):
                continue
            facts = {"instruction": found.instruction, "given_id": found.id, "row": found.where}
            yield file_sample(
                work, settings.source, picture, name,
                scene=name, method="native", builder=settings.kind, captions=[found.text], facts=facts,
                origin=origin_of(picture, settings.file),
            )  # fmt: skip
        except Unfit as unfit:
            work.drop(f"{settings.file} {getattr(found, 'where', '')}".strip(), settings.source, unfit)
