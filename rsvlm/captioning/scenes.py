"""Annotated pictures of a source: found, split by scene, read, checked, and cut into chips where they are large."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from rsvlm.captioning import m2b
from rsvlm.captioning.grammar import class_words
from rsvlm.captioning.settings import BoxBuilder, ChipSettings, FootprintBuilder, MaskBuilder
from rsvlm.errors import DataError
from rsvlm.records.chips import encode_jpeg, objects_in, windows
from rsvlm.records.models import LabelledObject, safe_id
from rsvlm.records.pictures import load, load_mask, pixel_mapper
from rsvlm.records.raw import RawSource
from rsvlm.records.readers import boxes_csv, dota, footprints, voc
from rsvlm.records.readers.annotation import Annotation, fit_objects
from rsvlm.records.rejected import Rejected
from rsvlm.records.splits import split_of
from rsvlm.records.unfit import Unfit

Annotated = BoxBuilder | MaskBuilder | FootprintBuilder
_READERS = {"dota": dota.read, "voc": voc.read, "csv": boxes_csv.read}


@dataclass(frozen=True)
class Chip:
    """A picture, or a window of one, with the objects visible in it.

    Attributes:
        id: safe as a file name.
        scene: the scene it was cut from.
        file: the picture's path in its source.
        image: encoded bytes; the source's own where the picture was not cut.
        extension: jpg or png.
        picture: the decoded picture.
        objects: with nouns as labels, in pixels of this chip.
        gsd: metres a pixel, where known.
    """

    id: str
    scene: str
    file: str
    image: bytes
    extension: str
    picture: Image.Image
    objects: list[LabelledObject]
    gsd: float | None


@dataclass(frozen=True)
class Place:
    """An annotation file of a source and, where it has several pictures, the part about one of them."""

    annotation: str
    picture: str
    scene: str
    content: Annotation | None


def _picture_of(builder: Annotated, annotation: str, named: str) -> str:
    stem = PurePosixPath(annotation).stem
    return builder.pictures.format(stem=stem, name=named or stem)


def _scene_of(builder: Annotated, picture: str) -> str:
    found = re.search(builder.scene, PurePosixPath(picture).stem)
    if found is None:
        raise DataError(f"source '{builder.source}': the recipe's scene pattern {builder.scene!r} does not match '{picture}'")
    return safe_id(builder.prefix, found[1])


def places(builder: Annotated, raw: RawSource) -> Iterator[Place]:
    """Yield what a builder's patterns find, in a fixed order."""
    for annotation in raw.find(builder.annotations):
        contents: list[Annotation | None] = [None]
        if isinstance(builder, BoxBuilder):
            contents = [*_READERS[builder.format](raw.path(annotation))]
        for content in contents:
            picture = _picture_of(builder, annotation, content.picture if content else "")
            yield Place(annotation, picture, _scene_of(builder, picture), content)


def nouns(builder: Annotated, labels: set[str]) -> Mapping[str, str]:
    """Return class name -> noun: as the recipe says, otherwise the name's words."""
    return {label: builder.names.get(label, class_words(label)) for label in labels}


def _read_objects(
    builder: Annotated, raw: RawSource, place: Place, picture: Image.Image, rejected: Rejected
) -> tuple[list[LabelledObject], np.ndarray | None, float | None]:
    """Return the objects of a whole picture, or its mask, and the GSD that the annotation tells."""
    if isinstance(builder, MaskBuilder):
        mask = load_mask(raw.path(place.annotation))
        if mask.shape != (picture.height, picture.width):
            raise Unfit("mask has another size than its picture", f"{mask.shape[1]} x {mask.shape[0]}")
        return [], mask, None
    if isinstance(builder, FootprintBuilder):
        mapper = pixel_mapper(raw.path(place.picture))
        content = footprints.read(raw.path(place.annotation), builder.label, mapper)
    else:
        assert place.content is not None
        content = place.content
    words = dict(nouns(builder, {o.label for o in content.objects}))
    found = fit_objects(content, words, picture.width, picture.height, id=place.picture, source=builder.source, rejected=rejected)
    return found, None, content.gsd


def chips(builder: Annotated, raw: RawSource, split: str, seed: int, rejected: Rejected) -> Iterator[Chip]:
    """Yield the annotated chips of one split; chips without an object are left out and counted.

    Args:
        builder: what to read and how to cut it.
        raw: the source.
        split: only scenes that fall into it are read.
        seed: of the workspace.
        rejected: takes what is set aside.
    """
    for place in places(builder, raw):
        if split_of(seed, place.scene, builder.shares.as_mapping()) != split:
            continue
        try:
            path = raw.path(place.picture)
            picture = load(path, builder.stretch)
            objects, mask, gsd = _read_objects(builder, raw, place, picture, rejected)
        except Unfit as unfit:
            rejected.add(place.picture, builder.source, unfit.reason, unfit.detail)
            continue
        gsd = gsd or raw.gsd(place.picture)
        for chip in _cut(builder, place, path.read_bytes(), picture, objects, mask, gsd):
            if chip.objects:
                yield chip
            else:
                rejected.leave_out(builder.source, "chip without an object")


def _cut(
    builder: Annotated,
    place: Place,
    data: bytes,
    picture: Image.Image,
    objects: list[LabelledObject],
    mask: np.ndarray | None,
    gsd: float | None,
) -> Iterator[Chip]:
    stem = PurePosixPath(place.picture).stem
    extension = {".jpg": "jpg", ".jpeg": "jpg", ".png": "png"}.get(PurePosixPath(place.picture).suffix.lower())
    settings = builder.chips or ChipSettings(size=4096, stride=4096)
    for window in windows(picture.width, picture.height, settings.size, settings.stride):
        area = (window.x, window.y, window.x + window.width, window.y + window.height)
        whole = (window.width, window.height) == picture.size
        part = picture if whole else picture.crop(area)
        if mask is not None and isinstance(builder, MaskBuilder):
            classes = {int(value): noun for value, noun in builder.classes.items()}
            inside = m2b.as_objects(mask[area[1] : area[3], area[0] : area[2]], classes, builder.m2b)
        else:
            inside = objects_in(objects, window, settings.visible_share)
        if not inside:
            yield Chip("", place.scene, place.picture, b"", "", part, [], gsd)
            continue
        name = safe_id(builder.prefix, stem) if whole else safe_id(builder.prefix, stem, f"{window.x}_{window.y}")
        keep = whole and extension is not None
        image = data if keep else encode_jpeg(part, settings.quality)
        yield Chip(name, place.scene, place.picture, image, extension if keep and extension else "jpg", part, inside, gsd)
