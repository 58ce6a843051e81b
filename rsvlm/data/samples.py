"""Samples as builders hand them on: the picture's bytes and the fields that every record of a corpus has."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from rsvlm.captioning.scenes import Chip, chips
from rsvlm.captioning.settings import AnnotatedPictures
from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.work import Work
from rsvlm.imagery.pictures import ImageError, decode
from rsvlm.records.models import EXTENSION_OF, Sample
from rsvlm.records.text import clean_text, text_id
from rsvlm.records.unfit import Unfit


def origin_of(picture: str, annotation: str | None = None, window: tuple[int, int, int, int] | None = None) -> dict[str, Any]:
    """Return the `origin` field: the files that a record was made from, and the window (x, y, width, height in pixels)."""
    return {"picture": picture, "annotation": annotation, "window": list(window) if window else None}


def told(captions: Sequence[str], longest: int) -> dict[str, Any]:
    """Return the fields of a record's captions.

    Raises:
        Unfit: a caption is empty, too long or holds what no caption may hold.
    """
    texts = [clean_text(caption, longest=longest) for caption in captions]
    return {"captions": texts, "caption_ids": [text_id(text) for text in texts]}


def common_fields(work: Work, source: str, file: str, *, scene: str, method: str, builder: str) -> dict[str, Any]:
    """Return the fields that every record has, with what the source's index knows of the picture."""
    raw = work.source(source)
    known = raw.metadata(file)
    return {
        "captions": [],
        "caption_ids": [],
        "label": None,
        "split": work.split,
        "scene": scene,
        "source": source,
        "licence": raw.licence(file),
        "method": method,
        "builder": builder,
        "gsd": raw.gsd(file),
        "bounds": raw.bounds(file),
        "origin": origin_of(file),
        "sensor": known.get("sensor"),
        "date": known.get("date"),
    }


def file_sample(
    work: Work,
    source: str,
    file: str,
    name: str,
    *,
    scene: str,
    method: str,
    builder: str,
    captions: Sequence[str] = (),
    talks: Sequence[Talk] = (),
    **more: Any,
) -> Sample:
    """Return a sample whose picture is a JPEG or PNG file of a source, taken as it is.

    Args:
        work: the pass.
        source: the source's name.
        file: the picture's path in the source.
        name: the record's id.
        scene: the scene that it shows.
        method: how its texts came about.
        builder: the kind of builder.
        captions: of a pair.
        talks: of a dialogue.
        more: further fields of the record, in place of the common ones.

    Raises:
        Unfit: the file is missing, or a caption is not allowed.
    """
    path = work.source(source).path(file)
    fields = common_fields(work, source, file, scene=scene, method=method, builder=builder)
    fields |= told(captions, work.longest)
    if talks:
        fields["conversations"] = as_conversations(name, talks)
    suffix = PurePosixPath(file).suffix.lower()
    return Sample(name, path.read_bytes(), EXTENSION_OF.get(suffix, suffix), {**fields, **more})


def chip_sample(
    work: Work,
    source: str,
    chip: Chip,
    *,
    method: str,
    builder: str,
    captions: Sequence[str] = (),
    talks: Sequence[Talk] = (),
    conversations: Sequence[Mapping[str, Any]] = (),
    **more: Any,
) -> Sample:
    """Return a sample whose picture is an annotated chip, with its objects and the window that it was cut from.

    Raises:
        Unfit: a caption is not allowed.
    """
    fields = common_fields(work, source, chip.file, scene=chip.scene, method=method, builder=builder)
    window = (chip.window.x, chip.window.y, chip.window.width, chip.window.height)
    fields |= told(captions, work.longest)
    fields |= {
        "objects": [labelled.as_json() for labelled in chip.objects],
        "gsd": chip.gsd or fields["gsd"],
        "bounds": chip.bounds or fields["bounds"],
        "origin": origin_of(chip.file, chip.annotation, window),
    }
    if talks or conversations:
        fields["conversations"] = [*as_conversations(chip.id, talks), *conversations]
    return Sample(chip.id, chip.image, chip.extension, {**fields, **more})


def annotated_chips(settings: AnnotatedPictures, work: Work) -> Iterator[Chip]:
    """Yield the annotated chips of the pass's split that are in the drawn subset."""
    for chip in chips(settings, work.source(settings.source), work.split, work.seed, work.rejected):
        if work.wanted(chip.id, settings.source):
            yield chip


def picture_of(data: bytes, name: str) -> Image.Image:
    """Decode a picture.

    Raises:
        Unfit: it cannot be decoded.
    """
    try:
        return decode(data, name)
    except ImageError as error:
        raise Unfit(f"picture: {error.reason}", str(error)) from None
