"""Windows of annotated pictures that can be asked about: an object alone of its class, two of two classes, or a group.

The objects show whole and away from the border, and none of their classes is cut or hidden.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from rsvlm.captioning import m2b
from rsvlm.captioning.scenes import DEFAULT_QUALITY, DEFAULT_VISIBLE, Chip, Place, places, whole
from rsvlm.captioning.settings import AnnotatedPictures, MaskPictures
from rsvlm.data.kinds.spots import SpotSettings
from rsvlm.data.work import Work
from rsvlm.records.chips import Window, encode_jpeg, objects_in
from rsvlm.records.models import LabelledObject, safe_id
from rsvlm.records.pictures import georeference, load_mask, window_bounds
from rsvlm.records.unfit import Unfit


def alone(
    objects: Sequence[LabelledObject],
    positions: Sequence[int],
    side: int,
    size: tuple[int, int],
    rule: SpotSettings,
    generator: np.random.Generator,
) -> list[Window]:
    """Return windows that show some objects whole and nothing else of their classes.

    Args:
        objects: all of the picture, pixels.
        positions: of those objects among them.
        side: of the windows.
        size: width and height of the picture.
        rule: how many, how far from the border.
        generator: draws the places that are tried.
    """
    boxes = [objects[position].box for position in positions]
    x1, y1, x2, y2 = (pick(values) for pick, values in zip((min, min, max, max), zip(*boxes, strict=True), strict=True))
    limits = []
    for low, high, extent in ((x1, x2, size[0]), (y1, y2, size[1])):
        first, last = max(0, int(np.ceil(high + rule.border - side))), min(extent - side, int(np.floor(low - rule.border)))
        limits.append((first, last))
    if any(first > last for first, last in limits):
        return []
    labels = {objects[position].label for position in positions}
    others = [one.box for place, one in enumerate(objects) if place not in positions and one.label in labels]
    u1, v1, u2, v2 = np.asarray(others, dtype=np.float64).reshape(-1, 4).T
    xs, ys = (generator.integers(first, last + 1, size=(rule.draws, 1)) for first, last in limits)
    crowded = ((u1 < xs + side) & (u2 > xs) & (v1 < ys + side) & (v2 > ys)).any(axis=1)
    places = zip(xs[~crowded, 0].tolist(), ys[~crowded, 0].tolist(), strict=True)
    found = list(dict.fromkeys(places))[: rule.windows]
    return [Window(x, y, side, side) for x, y in found]


def groups(
    objects: Sequence[LabelledObject], side: int, size: tuple[int, int], rule: SpotSettings, generator: np.random.Generator
) -> list[Window]:
    """Return windows that show two or more objects of some class whole and none of that class cut."""
    x1, y1, x2, y2 = np.asarray([labelled.box for labelled in objects], dtype=np.float64).reshape(-1, 4).T
    labels = np.asarray([labelled.label for labelled in objects], dtype=object)
    found: dict[tuple[int, int], None] = {}
    for _ in range(rule.group_draws if side <= min(size) else 0):
        x, y = (int(generator.integers(0, extent - side + 1)) for extent in size)
        shown = (x1 < x + side) & (x2 > x) & (y1 < y + side) & (y2 > y)
        inside = np.minimum.reduce([x1 - x, y1 - y, x + side - x2, y + side - y2]) >= rule.border
        cut, counts = set(labels[shown & ~inside]), Counter(labels[shown & inside])
        if any(count > 1 and label not in cut for label, count in counts.items()):
            found[x, y] = None
        if len(found) == rule.groups:
            break
    return [Window(x, y, side, side) for x, y in found]


def spots(settings: AnnotatedPictures, rule: SpotSettings, work: Work) -> Iterator[Chip]:
    """Yield the windows around single objects of the pictures of the pass's split."""
    for place in places(settings, work.source(settings.source)):
        if not work.in_split(place.scene, settings.shares.as_mapping(), dict(settings.shares.scenes)):
            continue
        try:
            picture, objects = placed_objects(settings, work, place)
        except Unfit as unfit:
            work.drop(place.picture, settings.source, unfit)
            continue
        windows: dict[Window, None] = {}
        for positions in _groups(objects, rule):
            for side in rule.sides:
                generator = work.generator("spots", settings.prefix, place.picture, *positions, side)
                windows |= dict.fromkeys(alone(objects, positions, side, picture.size, rule, generator))
        for side in rule.sides if rule.groups else ():
            generator = work.generator("groups", settings.prefix, place.picture, side)
            windows |= dict.fromkeys(groups(objects, side, picture.size, rule, generator))
        # In an order that has nothing to do with places, so that neighbours among the records show different things.
        for window in sorted(windows, key=lambda window: work.share("spots", f"{place.picture} {window}")):
            name = safe_id(settings.prefix, PurePosixPath(place.picture).stem, f"{window.x}_{window.y}_{window.width}")
            if work.wanted(name, settings.source):
                yield cut_chip(settings, work, place, picture, objects, window, name)


def _groups(objects: Sequence[LabelledObject], rule: SpotSettings) -> Iterator[tuple[int, ...]]:
    """Yield the positions of single objects and, where the rule wants them, of two of different classes that fit a window."""
    for first, labelled in enumerate(objects):
        yield (first,)
        x1, y1, x2, y2 = labelled.box
        for second in range(first + 1, len(objects) if rule.pairs else 0):
            u1, v1, u2, v2 = objects[second].box
            spread = max(max(x2, u2) - min(x1, u1), max(y2, v2) - min(y1, v1))
            if objects[second].label != labelled.label and spread <= max(rule.sides):
                yield first, second


def placed_objects(settings: AnnotatedPictures, work: Work, place: Place) -> tuple[Image.Image, list[LabelledObject]]:
    """Return a whole picture with its objects; those of a mask are the boxes around its regions.

    Raises:
        Unfit: the picture or its mask cannot be used.
    """
    raw = work.source(settings.source)
    picture, objects = whole(settings, raw, place, work.rejected)
    if isinstance(settings, MaskPictures):
        mask = load_mask(raw.path(place.annotation), settings.colours)
        if mask.shape != (picture.height, picture.width):
            raise Unfit("mask has another size than its picture", f"{mask.shape[1]} x {mask.shape[0]}")
        return picture, m2b.as_objects(mask, {int(value): noun for value, noun in settings.classes.items()}, settings.m2b)
    return picture, objects


def cut_chip(
    settings: AnnotatedPictures,
    work: Work,
    place: Place,
    picture: Image.Image,
    objects: Sequence[LabelledObject],
    window: Window,
    name: str,
) -> Chip:
    """Return a window of a picture as a chip, with the objects that show in it."""
    raw = work.source(settings.source)
    visible, quality = (settings.chips.visible_share, settings.chips.quality) if settings.chips else (DEFAULT_VISIBLE, DEFAULT_QUALITY)
    inside, cut = objects_in(objects, window, visible)
    part = picture.crop((window.x, window.y, window.x + window.width, window.y + window.height))
    raster = georeference(raw.path(place.picture))
    bounds = window_bounds(raster, window) if raster else None
    gsd = (place.content.gsd if place.content else None) or raw.gsd(place.picture)
    image = encode_jpeg(part, quality)
    return Chip(name, place.scene, place.picture, image, "jpg", part, window, inside, gsd, bounds, cut, place.annotation)
