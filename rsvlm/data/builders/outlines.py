"""Vectorising: outlines of annotated shapes as polygons in VHM's text, one asked for by its box or all of a picture.

The public scorer multiplies both coordinates of a vertex by the width, so only square pictures are asked about. What is
written is held against the annotated shape before it is used: simplifying and rounding may not change it much.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import shapely
import shapely.affinity
from PIL import Image

from rsvlm.captioning.grammar import plural
from rsvlm.conversations.formats.form import decode, encode
from rsvlm.conversations.formats.shapes import Geometry, bounds, box_geometry, in_reading_order
from rsvlm.conversations.formats.table import FORMATS
from rsvlm.conversations.talk import Talk
from rsvlm.conversations.vhm import OTHER, asked
from rsvlm.data.kinds.outlines import ObjectOutlines, OutlineRules
from rsvlm.data.properties import property_talks, sensors
from rsvlm.data.samples import file_sample, origin_of
from rsvlm.data.shapes import footprint_shapes, mask_shapes, raster_mapper, tile_mapper
from rsvlm.data.wording import drawn, wording
from rsvlm.data.work import Work
from rsvlm.records.chips import Window, encode_jpeg, windows
from rsvlm.records.models import EXTENSION_OF, Sample, safe_id
from rsvlm.records.pictures import load, load_mask
from rsvlm.records.splits import scene_named
from rsvlm.records.unfit import Unfit

_FORM, _BOX = FORMATS["vhm-polygon"], FORMATS["vhm"]


@dataclass(frozen=True)
class Outlined:
    """What a window shows: outlines that can be written, and whether some shape of it cannot."""

    outlines: list[Geometry]
    doubtful: bool


def outline_of(shape: shapely.Polygon, width: int, height: int, rules: OutlineRules, *, simplify: bool) -> Geometry | None:
    """Return the outline of a shape that lies in its picture, None where a rule leaves it out.

    Args:
        shape: with holes, pixels.
        width: of the picture.
        height: of the picture.
        rules: of the recipe.
        simplify: the shape follows pixel edges, so its outline is straightened.
    """
    solid = shapely.Polygon(shape.exterior)
    if shape.area < (1 - rules.most_hole) * solid.area or solid.area < rules.least_solidity * solid.convex_hull.area:
        return None
    ring = solid.simplify(rules.tolerance) if simplify else solid
    points = shapely.get_coordinates(ring.exterior)[:-1]
    if not 3 <= len(points) <= rules.most_points or not ring.is_valid:
        return None
    try:
        geometry = Geometry(tuple((float(x), float(y)) for x, y in points), width, height)
        written = shapely.Polygon(decode(_FORM, encode(_FORM, [geometry]), width, height)[0].points)
        encode(_BOX, [box_geometry(*bounds(geometry), width, height)])
    except (Unfit, IndexError):
        return None
    overlap = written.intersection(solid).area / written.union(solid).area if written.is_valid else 0.0
    return geometry if overlap >= rules.least_overlap else None


def outlined(shapes: list[shapely.Polygon], window: Window, rules: OutlineRules, *, simplify: bool) -> Outlined:
    """Return the outlines of the shapes in a window, in its pixels."""
    frame, found, doubtful = shapely.box(0, 0, window.width, window.height), [], False
    for shape in shapes:
        x1, y1, x2, y2 = shape.bounds
        if x2 <= window.x or y2 <= window.y or x1 >= window.x + window.width or y1 >= window.y + window.height:
            continue
        part = shapely.affinity.translate(shape, -window.x, -window.y).intersection(frame)
        pieces = list(part.geoms) if isinstance(part, shapely.MultiPolygon | shapely.GeometryCollection) else [part]
        for piece in pieces:
            if not isinstance(piece, shapely.Polygon) or piece.area < rules.least_area:
                doubtful = doubtful or piece.area > 0
            elif (outline := outline_of(piece, window.width, window.height, rules, simplify=simplify)) and len(pieces) == 1:
                found.append(outline)
            else:
                doubtful = True
    return Outlined(in_reading_order(found), doubtful)


def questions(seen: Outlined, settings: ObjectOutlines, generator: np.random.Generator) -> list[Talk]:
    """Return the questions about the outlines of one window."""
    rules, words, noun = settings.outlines, wording("vhm"), settings.label
    prefix, talks = OTHER if rules.prefix else "", []
    if settings.complete and not seen.doubtful and 0 < len(seen.outlines) <= rules.most_outlines:
        question = drawn(words["outline_all"], generator).format(noun=noun, nouns=plural(noun))
        text = encode(_FORM, seen.outlines)
        talks.append(Talk("vectorizing", asked(prefix, question), text, text))
    for position in generator.permutation(len(seen.outlines))[: rules.singles].tolist():
        outline = seen.outlines[position]
        box = encode(_BOX, [box_geometry(*bounds(outline), outline.width, outline.height)])
        question = drawn(words["outline_one"], generator).format(noun=noun, box=box)
        text = encode(_FORM, [outline])
        talks.append(Talk("vectorizing", asked(prefix, question), text, text))
    return talks


def _shapes(settings: ObjectOutlines, work: Work, file: str, picture: Image.Image) -> list[shapely.Polygon]:
    raw = work.source(settings.source)
    path = raw.path(settings.annotation.replace("{stem}", PurePosixPath(file).stem))
    if settings.reading == "mask":
        mask = load_mask(path)
        if mask.shape != (picture.height, picture.width):
            raise Unfit("mask has another size than its picture", f"{mask.shape[1]} x {mask.shape[0]}")
        return mask_shapes(mask == settings.value)
    mapper = tile_mapper(file) if settings.reading == "tiles" else raster_mapper(raw.path(file))
    found = []
    for where, shape in footprint_shapes(path, mapper):
        if isinstance(shape, Unfit):
            work.drop(f"{path.name} {where}", settings.source, shape, kind="object")
        else:
            found.append(shape)
    work.rejected.keep(len(found), kind="object")
    return found


def build(settings: ObjectOutlines, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split.

    Raises:
        DataError: the scene pattern does not match a picture, or an annotation file cannot be read.
    """
    for file in work.source(settings.source).find(settings.pictures):
        try:
            scene = scene_named(settings.scene, file, settings.prefix, settings.source)
            if work.in_split(scene, settings.shares.as_mapping(), dict(settings.shares.scenes)):
                yield from _of_picture(settings, work, file, scene)
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)


def _of_picture(settings: ObjectOutlines, work: Work, file: str, scene: str) -> Iterator[Sample]:
    path = work.source(settings.source).path(file)
    picture = load(path, settings.stretch)
    shapes = _shapes(settings, work, file, picture)
    side, stride = (settings.chips.size, settings.chips.stride) if settings.chips else (max(picture.size),) * 2
    about = sensors(work, settings.source).get(file, {})
    stem = PurePosixPath(file).stem
    for window in windows(picture.width, picture.height, side, stride):
        uncut = (window.width, window.height) == picture.size
        name = safe_id(settings.prefix, stem) if uncut else safe_id(settings.prefix, stem, f"{window.x}_{window.y}")
        if window.width != window.height:
            work.screen_out(name, settings.source, "picture is not square", f"{window.width} x {window.height}")
            continue
        if not work.wanted(name, settings.source):
            continue
        generator = work.generator("outlines", name)
        talks = questions(outlined(shapes, window, settings.outlines, simplify=settings.reading == "mask"), settings, generator)
        if not talks:
            work.rejected.leave_out(settings.source, "no outline that can be told")
            continue
        gsd = work.source(settings.source).gsd(file)
        talks += property_talks(gsd, about.get("sensor"), about.get("bands"), settings.properties, generator)
        annotation = settings.annotation.replace("{stem}", stem)
        frame = None if uncut else (window.x, window.y, window.width, window.height)
        made = file_sample(
            work,
            settings.source,
            file,
            name,
            scene=scene,
            method="template",
            builder=settings.kind,
            talks=talks,
            origin=origin_of(file, annotation, frame),
            sensor=about.get("sensor"),
        )
        if uncut and path.suffix.lower() in EXTENSION_OF:
            yield made
        else:
            part = picture.crop((window.x, window.y, window.x + window.width, window.y + window.height))
            yield Sample(name, encode_jpeg(part, settings.chips.quality if settings.chips else 92), "jpg", made.fields)
