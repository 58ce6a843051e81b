"""Pairs with the captions that a retrieval set brings, taken as they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rsvlm.captioning.build import native_captions, native_split
from rsvlm.data.kinds.native import NativePairs
from rsvlm.data.samples import file_sample, origin_of
from rsvlm.data.work import Work
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.readers import captions, pairs
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class Captioned:
    """A picture of a retrieval set.

    Attributes:
        where: its place in the file.
        image: path in the source.
        label: class name, where there is one.
        split: train, validation or test.
        captions: as the file has them.
    """

    where: str
    image: str
    label: str | None
    split: str
    captions: tuple[object, ...]


def pictures_of(settings: NativePairs, path: Path) -> Iterator[tuple[str, Captioned | Unfit]]:
    """Yield (place in the file, picture or its fault).

    Args:
        settings: which layout the file has.
        path: of the file.

    Raises:
        DataError: the file has another layout, is missing or unreadable.
    """
    if settings.layout == "lines":
        for number, line in pairs.read(path):
            where = f"line {number}"
            yield where, line if isinstance(line, Unfit) else _captioned(settings, where, line.image, line.label, line.split, line.captions)
        return
    reader = captions.read_nwpu if settings.layout == "nwpu" else captions.read
    for entry in reader(path):
        if isinstance(entry, Unfit):
            yield entry.detail, entry
        else:
            yield entry.where, _captioned(settings, entry.where, entry.picture, entry.label, entry.split, entry.captions)


def _captioned(settings: NativePairs, where: str, name: str, label: str | None, split: str, texts: tuple[object, ...]) -> Captioned:
    return Captioned(where, settings.pictures.replace("{label}", label or "").replace("{name}", name), label, split, texts)


def build(settings: NativePairs, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    for where, found in pictures_of(settings, work.source(settings.source).path(settings.file)):
        try:
            if isinstance(found, Unfit):
                raise found
            name = safe_id(settings.prefix, PurePosixPath(found.image).stem)
            if native_split(found.split, name, settings.validation_share, work.seed) != work.split:
                continue
            if work.share("share of native pairs", name) >= settings.share:
                work.rejected.leave_out(settings.source, "outside the share of this builder")
                continue
            texts = native_captions(found.captions, settings, work.longest)
            if work.wanted(name, settings.source):
                yield file_sample(
                    work,
                    settings.source,
                    found.image,
                    name,
                    scene=name,
                    method="native",
                    builder=settings.kind,
                    captions=texts,
                    label=found.label,
                    origin=origin_of(found.image, settings.file),
                )
        except Unfit as unfit:
            work.drop(f"{settings.file} {where}", settings.source, unfit)
