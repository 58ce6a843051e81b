"""Annotated pictures of a source: found, split by scene, read, checked, and cut into chips where they are large."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from rsvlm.captioning import m2b
from rsvlm.captioning.grammar import class_words
from rsvlm.captioning.settings import AnnotatedPictures, BoxPictures, FootprintPictures, MaskPictures
from rsvlm.imagery.rasters import RasterInfo
from rsvlm.records.chips import Window, encode_jpeg, objects_in, windows
from rsvlm.records.models import EXTENSION_OF, LabelledObject, safe_id
from rsvlm.records.pictures import georeference, load, load_mask, pixel_mapper, window_bounds
from rsvlm.records.raw import RawSource
from rsvlm.records.readers import auair, boxes_csv, coco, dota, drone_tracks, footprints, hrsc, plain_boxes, voc
from rsvlm.records.readers.annotation import Annotation, fit_objects
from rsvlm.records.rejected import Rejected
from rsvlm.records.splits import scene_named, split_of
from rsvlm.records.unfit import Unfit

DEFAULT_QUALITY = 92
DEFAULT_VISIBLE = 0.5
_READERS: dict[str, Callable[[Path], Iterable[Annotation | Unfit]]] = {
    "auair": auair.read,
    "csv": boxes_csv.read,
    "dota": dota.read,
    "hrsc": hrsc.read,
    "tracks": drone_tracks.read,
    "voc": voc.read,
}


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
        window: which pixels of its file it shows.
        objects: with nouns as labels, in pixels of this chip.
        gsd: metres a pixel, where known.
        bounds: west, south, east, north in degrees, where known.
        cut: classes of objects that show here, but too little to be among `objects`.
        annotation: the annotation file's path in its source.
    """

    id: str
    scene: str
    file: str
    image: bytes
    extension: str
    picture: Image.Image
    window: Window
    objects: list[LabelledObject]
    gsd: float | None
    bounds: list[float] | None = None
    cut: frozenset[str] = frozenset()
    annotation: str = ""


@dataclass(frozen=True)
class Place:
    """An annotation file of a source and, where it has several pictures, the part about one of them.

    Attributes:
        annotation: the file's path in its source.
        picture: the picture's path in its source.
        scene: that it shows.
        content: its boxes; None where the annotation is a mask or footprints.
        fault: why that part of the file cannot be used.
    """

    annotation: str
    picture: str
    scene: str
    content: Annotation | None
    fault: Unfit | None = None


def _picture_of(builder: AnnotatedPictures, annotation: str, named: str) -> str:
    stem = PurePosixPath(annotation).stem.removesuffix(builder.suffix)
    return builder.pictures.format(stem=stem, name=named or stem)


def places(builder: AnnotatedPictures, raw: RawSource) -> Iterator[Place]:
    """Yield what a builder's patterns find, in a fixed order."""
    for annotation in raw.find(builder.annotations):
        contents: Iterable[Annotation | Unfit | None] = [None]
        if isinstance(builder, BoxPictures):
            contents = read_boxes(raw.path(annotation), builder.format, builder.columns, builder.ignored)
        for content in contents:
            picture = annotation
            try:
                if isinstance(content, Unfit):
                    raise content
                picture = _picture_of(builder, annotation, content.picture if content else "")
                yield Place(annotation, picture, scene_named(builder.scene, picture, builder.prefix, builder.source), content)
            except Unfit as unfit:
                yield Place(annotation, picture, safe_id(builder.prefix, "unreadable"), None, unfit)


def read_boxes(path: Path, form: str, columns: Sequence[str] = (), ignored: Collection[str] = ()) -> Iterator[Annotation | Unfit]:
    """Yield the annotations of a file of boxes, one a picture, or the fault of a part that belongs to none.

    Args:
        path: of the file.
        form: as `BoxPictures.format`.
        columns: of plain files.
        ignored: class names that are passed over.

    Raises:
        ValueError: the columns do not make a box.
        DataError: the file as a whole cannot be read.
    """
    contents: Iterable[Annotation | Unfit]
    if form == "coco":
        contents = (found if isinstance(found, Unfit) else found.annotation for found in coco.read(path))
    elif form == "plain":
        contents = plain_boxes.read(path, columns)
    else:
        contents = _READERS[form](path)
    for content in contents:
        if isinstance(content, Unfit):
            yield content
            continue
        yield replace(content, objects=[labelled for labelled in content.objects if labelled.label not in ignored or labelled.fault])


def scene_split(builder: AnnotatedPictures, scene: str, seed: int) -> str:
    """Return the split of a scene: as the recipe places it, otherwise by its hash."""
    return builder.shares.scenes.get(scene) or split_of(seed, scene, builder.shares.as_mapping())


def nouns(builder: AnnotatedPictures, labels: set[str]) -> Mapping[str, str]:
    """Return class name -> noun: as the recipe says, otherwise the name's words."""
    return {label: builder.names.get(label, class_words(label)) for label in labels}


def _read_objects(
    builder: AnnotatedPictures, raw: RawSource, place: Place, picture: Image.Image, rejected: Rejected
) -> tuple[list[LabelledObject], np.ndarray | None, float | None]:
    """Return the objects of a whole picture, or its mask, and the GSD that the annotation tells."""
    if isinstance(builder, MaskPictures):
        mask = load_mask(raw.path(place.annotation), builder.colours)
        if mask.shape != (picture.height, picture.width):
            raise Unfit("mask has another size than its picture", f"{mask.shape[1]} x {mask.shape[0]}")
        return [], mask, None
    if isinstance(builder, FootprintPictures):
        mapper = pixel_mapper(raw.path(place.picture))
        content = footprints.read(raw.path(place.annotation), builder.label, mapper)
    else:
        assert place.content is not None
        content = place.content
    words = dict(nouns(builder, {o.label for o in content.objects}))
    found = fit_objects(content, words, picture.width, picture.height, id=place.picture, source=builder.source, rejected=rejected)
    return found, None, content.gsd


def chips(builder: AnnotatedPictures, raw: RawSource, split: str, seed: int, rejected: Rejected) -> Iterator[Chip]:
    """Yield the annotated chips of one split; chips without an object are left out and counted.

    Args:
        builder: what to read and how to cut it.
        raw: the source.
        split: only scenes that fall into it are read.
        seed: of the workspace.
        rejected: takes what is set aside.
    """
    for place in places(builder, raw):
        if scene_split(builder, place.scene, seed) != split:
            continue
        try:
            if place.fault:
                raise place.fault
            path = raw.path(place.picture)
            picture = load(path, builder.stretch)
            objects, mask, gsd = _read_objects(builder, raw, place, picture, rejected)
        except Unfit as unfit:
            rejected.add(place.picture, builder.source, unfit.reason, unfit.detail)
            continue
        content = _Content(path, picture, objects, mask, gsd or raw.gsd(place.picture), georeference(path))
        try:
            for chip in _cut(builder, place, content):
                if chip.objects:
                    yield chip
                else:
                    rejected.leave_out(builder.source, "chip without an object")
        except Unfit as unfit:
            rejected.add(place.picture, builder.source, unfit.reason, unfit.detail)


def whole(builder: AnnotatedPictures, raw: RawSource, place: Place, rejected: Rejected) -> tuple[Image.Image, list[LabelledObject]]:
    """Return a picture before it is cut, with all its usable objects.

    Raises:
        Unfit: the picture cannot be used.
    """
    if place.fault:
        raise place.fault
    picture = load(raw.path(place.picture), builder.stretch)
    objects, _, _ = _read_objects(builder, raw, place, picture, rejected)
    return picture, objects


@dataclass(frozen=True)
class _Content:
    """A whole picture as it is about to be cut: pixels, objects or mask, GSD, place on the ground."""

    path: Path
    picture: Image.Image
    objects: list[LabelledObject]
    mask: np.ndarray | None
    gsd: float | None
    raster: RasterInfo | None


def _cut(builder: AnnotatedPictures, place: Place, content: _Content) -> Iterator[Chip]:
    picture, settings = content.picture, builder.chips
    side = max(picture.size) if settings is None else settings.size
    stride = side if settings is None else settings.stride
    for window in windows(picture.width, picture.height, side, stride):
        inside, cut = _inside(builder, content, window)
        stem = PurePosixPath(place.picture).stem
        uncut = (window.width, window.height) == picture.size
        part = picture if uncut else picture.crop((window.x, window.y, window.x + window.width, window.y + window.height))
        extension = EXTENSION_OF.get(content.path.suffix.lower()) if uncut else None
        quality = DEFAULT_QUALITY if settings is None else settings.quality
        image = b"" if not inside else content.path.read_bytes() if extension else encode_jpeg(part, quality)
        name = safe_id(builder.prefix, stem) if uncut else safe_id(builder.prefix, stem, f"{window.x}_{window.y}")
        bounds = window_bounds(content.raster, window) if content.raster else None
        yield Chip(
            name, place.scene, place.picture, image, extension or "jpg", part, window, inside, content.gsd, bounds, cut, place.annotation
        )


def _inside(builder: AnnotatedPictures, content: _Content, window: Window) -> tuple[list[LabelledObject], frozenset[str]]:
    """Return the objects in a window, and the classes of which too little shows."""
    if content.mask is not None and isinstance(builder, MaskPictures):
        classes = {int(value): noun for value, noun in builder.classes.items()}
        part = content.mask[window.y : window.y + window.height, window.x : window.x + window.width]
        return m2b.as_objects(part, classes, builder.m2b), frozenset()
    return objects_in(content.objects, window, builder.chips.visible_share if builder.chips else DEFAULT_VISIBLE)
