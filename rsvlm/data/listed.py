"""Pictures as sets list them: name, class, split and captions, whatever the layout of the list."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from rsvlm.captioning.build import native_split
from rsvlm.captioning.settings import Percent
from rsvlm.data.kinds.picture_tasks import Listing
from rsvlm.data.kinds.tasks import GivenQuestions
from rsvlm.data.samples import file_sample
from rsvlm.data.work import Work
from rsvlm.errors import DataError
from rsvlm.records.chips import encode_jpeg
from rsvlm.records.models import EXTENSION_OF, Sample, safe_id
from rsvlm.records.pictures import load
from rsvlm.records.raw import RawSource
from rsvlm.records.readers import captions, choice, fields, instructed, pairs
from rsvlm.records.readers.json_files import elements
from rsvlm.records.readers.scenes import scenes_in
from rsvlm.records.splits import split_of
from rsvlm.records.text import LONGEST_LABEL, clean_text
from rsvlm.records.unfit import Unfit

_QUALITY = 92
WITH_A_LIST = ("lines", "karpathy", "nwpu")
"""Layouts of which a file lists the pictures, with classes or captions."""


@dataclass(frozen=True)
class Listed:
    """A picture of a list.

    Attributes:
        where: its place in the list.
        name: as listed.
        file: its path in the source.
        label: class name, where there is one.
        split: as listed; empty where the list has none.
        captions: as they are.
    """

    where: str
    name: str
    file: str
    label: str | None = None
    split: str = ""
    captions: tuple[object, ...] = ()


def listed(listing: Listing, raw: RawSource, questions: GivenQuestions | None = None) -> Iterator[Listed | Unfit]:
    """Yield the pictures of a list, or the fault of an entry.

    Args:
        listing: which layout, where.
        raw: the source.
        questions: of a list in a layout of questions, which names its pictures there.

    Raises:
        DataError: the list is missing or has another layout.
    """
    if listing.layout == "folders":
        yield from _in_folders(listing, raw)
    elif listing.layout == "choice":
        yield from _asked_about(raw, questions.files if questions else ())
    elif listing.layout == "rsvqa":
        yield from _in_splits(listing, raw, questions)
    elif listing.layout == "llava":
        for found in instructed.read_llava(raw.path(listing.file)):
            yield found if isinstance(found, Unfit) else _placed(listing, found.where, found.picture, None, "", (found.text,))
    elif listing.layout == "lines":
        for number, line in pairs.read(raw.path(listing.file)):
            where = f"line {number}"
            yield line if isinstance(line, Unfit) else _placed(listing, where, line.image, line.label, line.split, line.captions)
    else:
        read = captions.read_nwpu if listing.layout == "nwpu" else captions.read
        for entry in read(raw.path(listing.file)):
            if isinstance(entry, Unfit):
                yield entry
            else:
                yield _placed(listing, entry.where, entry.picture, entry.label, entry.split, entry.captions)


def _placed(listing: Listing, where: str, name: str, label: str | None, split: str, texts: tuple[object, ...]) -> Listed:
    return Listed(where, name, listing.path.replace("{label}", label or "").replace("{name}", name), label, split, texts)


def _in_folders(listing: Listing, raw: RawSource) -> Iterator[Listed | Unfit]:
    """Yield the pictures below folders, which are named after classes where the recipe says so; it need not be the nearest."""
    for found in scenes_in(raw, listing.file):
        if isinstance(found, Unfit):
            yield found
            continue
        if listing.label is None:
            yield Listed(found.picture, found.picture, found.picture)
            continue
        match = re.search(listing.label, found.picture)
        if match is None:
            raise DataError(f"source '{raw.name}': the recipe's class pattern {listing.label!r} does not match '{found.picture}'")
        try:
            yield Listed(found.picture, found.picture, found.picture, clean_text(match[1], longest=LONGEST_LABEL))
        except Unfit as unfit:
            yield Unfit(unfit.reason.replace("caption", "label", 1), f"{found.picture[:100]}: {unfit.detail}")


def _asked_about(raw: RawSource, files: tuple[str, ...]) -> Iterator[Listed]:
    images: dict[str, None] = {}
    for file in files:
        images |= dict.fromkeys(record.image for record in choice.read(raw.path(file)) if not isinstance(record, Unfit))
    for image in sorted(images):
        yield Listed(image, image, image)


def _in_splits(listing: Listing, raw: RawSource, questions: GivenQuestions | None) -> Iterator[Listed | Unfit]:
    """Yield the active pictures of RSVQA's file of every split; they have the split's name."""
    if questions is None:
        return
    for split, files in sorted(questions.splits.items()):
        for element in elements(raw.path(files.images), "images"):
            try:
                if fields.flag(element.value, "active", element.where, absent=True):
                    name = questions.picture.replace("{id}", str(fields.whole(element.value, "id", element.where)))
                    yield _placed(listing, element.where, name, None, split, ())
            except Unfit as unfit:
                yield unfit


def named(listing: Listing, prefix: str, name: str) -> tuple[str, str]:
    """Return (id, scene) of a picture by its name as listed.

    Raises:
        Unfit: a pattern of the recipe does not match the name, or it gives no safe id.
    """
    found = []
    for pattern in (listing.name, listing.scene):
        match = re.search(pattern, name)
        if match is None:
            raise Unfit("picture name does not match the recipe's pattern", f"{pattern!r}, {name[:100]!r}")
        found.append(safe_id(prefix, *(part for part in match.groups() if part)))
    return found[0], found[1]


def split_as_listed(listing: Listing, picture: Listed, scene: str, seed: int) -> str:
    """Return the split of a picture: as listed, some of the training scenes for validation; otherwise by its scene's hash."""
    if picture.split:
        return native_split(picture.split, scene, listing.validation_share, seed)
    return listing.shares.scenes.get(scene) or split_of(seed, scene, listing.shares.as_mapping())


def whole_picture(work: Work, source: str, file: str, name: str, stretch: tuple[Percent, Percent], **about: Any) -> Sample:
    """Return the sample of a whole picture: its own bytes where they are JPEG or PNG, otherwise encoded as JPEG.

    Args:
        work: the pass.
        source: the source's name.
        file: the picture's path in the source.
        name: the record's id.
        stretch: percentiles that rasters of more than 8 bits are stretched between.
        about: as for `file_sample`.

    Raises:
        Unfit: the picture is missing or cannot be decoded.
    """
    sample = file_sample(work, source, file, name, **about)
    if PurePosixPath(file).suffix.lower() in EXTENSION_OF:
        return sample
    return Sample(sample.id, encode_jpeg(load(work.source(source).path(file), stretch), _QUALITY), "jpg", sample.fields)
