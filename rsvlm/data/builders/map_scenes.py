"""Longer captions with hierarchical labels, from corrected map tags at places chosen by spatial statistics (LuoJiaHOG)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import rasterio.warp
import shapely
from numpy.typing import NDArray

from rsvlm.chat.facts import Facts
from rsvlm.data.corrected import Correction, corrected_tags, corrections_named, unfit
from rsvlm.data.kinds.map_scenes import LightRaster, MapScenes, PlaceSampling
from rsvlm.data.map_groups import Group, groups
from rsvlm.data.map_pictures import MapPicture, Place, is_drawn, map_of, map_pictures
from rsvlm.data.map_words import vocabulary
from rsvlm.data.osm_words import main_tag
from rsvlm.data.place_labels import Label, labels, levels
from rsvlm.data.place_sampling import Cell, Chosen, choose_places
from rsvlm.data.place_words import caption
from rsvlm.data.rendering import Rendered, rendered
from rsvlm.data.samples import common_fields, origin_of, told
from rsvlm.data.told import Subject, is_asked, written
from rsvlm.data.vouching import vouched
from rsvlm.data.work import Work
from rsvlm.imagery.rasters import NO_PLACE, open_raster
from rsvlm.maps.elements import Element
from rsvlm.maps.tiles import tile_at
from rsvlm.records.models import SPLITS, Sample
from rsvlm.records.rejected import Rejected
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class _Scene:
    """A chosen picture, what it shows, and its sentences by rule."""

    picture: MapPicture
    groups: tuple[Group, ...]
    applied: tuple[str, ...]
    labels: tuple[Label, ...]
    sentences: tuple[str, ...]
    chosen: dict[str, Any]


def build(settings: MapScenes, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    queue = corrections_named(settings.corrections) if settings.corrections else ()
    scenes = _scenes(settings, work, queue)
    if settings.writer is None:
        for scene in scenes:
            yield from _samples(scene, None, {}, settings, work)
        return
    writer = settings.writer
    for answer in written(_subjects(scenes, settings, work), writer, work, vocabulary()):
        if answer.text is not None or writer.otherwise == "rule" or not answer.generator:
            yield from _samples(answer.subject.record, answer.text, answer.generator, settings, work)


def _scenes(settings: MapScenes, work: Work, queue: tuple[Correction, ...]) -> Iterator[_Scene]:
    chosen = _chosen(settings, work, queue) if settings.sampling else None
    for picture in map_pictures(settings, work):
        _report(picture, queue, settings, work)
        facts: dict[str, Any] = {}
        if chosen is not None and settings.sampling is not None:
            cell = _cell(picture.place, settings.sampling)
            if cell not in chosen.cells or _first_files(settings, work).get(cell) != picture.place.file:
                work.rejected.leave_out(settings.source, "place was not sampled")
                continue
            facts = {"gi": chosen.scores[cell], "spot": chosen.spot[cell], "morans_i": round(chosen.clustering.value, 6)}
        if not is_drawn(settings, work, picture.name):
            continue
        shown, applied = _shown(picture, queue)
        found = [group for group in groups(shown) if group.tags & set(labels())]
        waiting = sorted({"=".join(tag) for element, _ in shown if (tag := main_tag(element.tags)) is not None and tag not in labels()})
        for unknown in waiting:
            work.screen_out(
                f"{picture.map_file}: {unknown}", settings.source, "tag waits for a label", "no label of the third level stands for it"
            )
        if not found:
            work.screen_out(picture.name, settings.source, "nothing in the picture has a label", f"{len(picture.seen)} elements")
            continue
        names = tuple(sorted({labels()[tag] for group in found for tag in group.tags if tag in labels()}))
        first = [level for level in levels() if level in {name[0] for name in names}]
        sentences = caption(found, picture.place, first, most=settings.most_kinds, near=settings.near, synonyms=settings.synonyms)
        yield _Scene(picture, tuple(found), tuple(applied), names, tuple(sentences), facts)


def _report(picture: MapPicture, queue: tuple[Correction, ...], settings: MapScenes, work: Work) -> None:
    """List the corrections that fit no element of the map, once a map."""

    def report() -> bool:
        for correction, has in unfit(queue, {element.id: element for element in picture.store.elements}):
            work.drop(correction.name, settings.source, Unfit("correction fits no element", has), kind="object")
        return True

    if "{stem}" not in settings.maps:
        work.once(("corrections", settings.corrections, picture.map_file), report)


def _shown(picture: MapPicture, queue: tuple[Correction, ...]) -> tuple[list[tuple[Element, Any]], list[str]]:
    """Return the elements with their tags corrected, and the corrections that were applied."""
    shown, applied = [], []
    for seen in picture.seen:
        tags, done = corrected_tags(seen.element.id, seen.element.tags, queue)
        applied += done
        shown.append((replace(seen.element, tags=tags), seen.shape))
    return shown, applied


def _cell(place: Place, sampling: PlaceSampling) -> Cell:
    west, south, east, north = place.bounds
    east = east if east > west else east + 360.0
    return tile_at(((west + east) / 2 + 180.0) % 360.0 - 180.0, (south + north) / 2, sampling.cell_zoom)


def _every(settings: MapScenes, work: Work) -> Iterator[MapPicture]:
    """Yield the pictures of all splits, without listing again what is set aside."""
    if "{stem}" not in settings.maps:
        map_of(settings, work, "")
    for split in SPLITS:
        yield from map_pictures(settings, replace(work, split=split, rejected=Rejected()))


def _first_files(settings: MapScenes, work: Work) -> dict[Cell, str]:
    """Return the picture that stands for each cell: the first by name."""
    files: dict[Cell, str] = work.once(("first files", settings.prefix), dict)
    return files


def _chosen(settings: MapScenes, work: Work, queue: tuple[Correction, ...]) -> Chosen:
    """Return the places of the whole corpus, chosen once."""
    sampling = settings.sampling
    assert sampling is not None

    def choose() -> Chosen:
        files, values, cover = _first_files(settings, work), dict[Cell, float](), dict[Cell, NDArray[np.int64]]()
        for picture in _every(settings, work):
            cell = _cell(picture.place, sampling)
            if cell in files and files[cell] <= picture.place.file:
                continue
            shown, _ = _shown(picture, queue)
            try:
                values[cell] = _light(sampling.light, picture.place, work) if sampling.light else _development(shown, picture.place)
            except Unfit as fault:
                work.drop(picture.name, settings.source, fault)
                continue
            files[cell], cover[cell] = picture.place.file, _cover(shown, picture.place, sampling.parts)
        return choose_places(values, cover, sampling.places, gamma=sampling.gamma, limit=sampling.limit, seed=work.seed)

    chosen: Chosen = work.once(("places", settings.prefix), choose)
    return chosen


def _development(shown: list[tuple[Element, Any]], place: Place) -> float:
    """Return how much is mapped in a picture, in place of light: share of area, and a tenth of the lines' length in sides."""
    areas = shapely.union_all([shape for element, shape in shown if element.kind == "area"]).area / place.outline.area
    length = sum(shape.length for element, shape in shown if element.kind == "line")
    return float(areas + 0.1 * length / max(place.frame.width, place.frame.height))


def _light(raster: LightRaster, place: Place, work: Work) -> float:
    """Return the value of a raster at a picture's centre.

    Raises:
        Unfit: the raster has no value there.
    """
    west, south, east, north = place.bounds
    with open_raster(work.source(raster.source).path(raster.file)) as dataset:
        try:
            xs, ys = rasterio.warp.transform("EPSG:4326", dataset.crs, [(west + east) / 2], [(south + north) / 2])
            value = float(next(dataset.sample([(xs[0], ys[0])], indexes=1, masked=True)).filled(np.nan)[0])
        except (*NO_PLACE, StopIteration) as error:
            raise Unfit("place has no light", str(error)[:100]) from None
    if not np.isfinite(value):
        raise Unfit("place has no light", f"{raster.file} has no value there")
    return value


def _cover(shown: list[tuple[Element, Any]], place: Place, parts: int) -> NDArray[np.int64]:
    """Return the first-level label of each part of a picture: of the largest area there, else of the longest line, else open ground."""
    numbered = [
        (levels().index(labels()[tag][0]), shape)
        for element, shape in shown
        if (tag := main_tag(element.tags)) is not None and tag in labels()
    ]
    found = np.full((parts, parts), len(levels()), dtype=np.int64)
    wide, high = place.frame.width / parts, place.frame.height / parts
    for row in range(parts):
        for column in range(parts):
            box = shapely.box(column * wide, row * high, (column + 1) * wide, (row + 1) * high)
            inside = [(part.area, part.length, -number) for number, shape in numbered if not (part := shape.intersection(box)).is_empty]
            if inside:
                found[row, column] = -max(inside)[2]
    return found


def _subjects(scenes: Iterator[_Scene], settings: MapScenes, work: Work) -> Iterator[Subject[_Scene]]:
    known = vocabulary()
    for scene in scenes:
        counts = {group.noun: group.count for group in scene.groups if group.noun in known.nouns}
        wanted = is_asked(settings.writer, work, scene.picture.name)
        try:
            picture = _rendered(scene.picture, settings, work).image if wanted and settings.sees else None
        except Unfit as fault:
            work.drop(scene.picture.name, settings.source, fault)
            continue
        yield Subject(
            scene.picture.name,
            settings.source,
            {"sentences": " ".join(scene.sentences)},
            Facts(counts, words=frozenset(scene.sentences)),
            scene,
            picture,
            asked=wanted,
            further=lambda text, told=scene.sentences, nouns=tuple(counts): vouched(text, told, nouns),  # type: ignore[misc]
        )


def _rendered(picture: MapPicture, settings: MapScenes, work: Work) -> Rendered:
    """Return a picture as it is stored, and as a model that sees is shown it.

    Raises:
        Unfit: it cannot be decoded.
    """
    return rendered(
        work.source(settings.source).path(picture.place.file),
        longest_side=max(picture.place.frame.width, picture.place.frame.height),
        stretch=settings.stretch,
        quality=settings.quality,
    )


def _samples(scene: _Scene, text: str | None, generator: dict[str, str], settings: MapScenes, work: Work) -> Iterator[Sample]:
    picture = scene.picture
    try:
        image = _rendered(picture, settings, work)
        fields = common_fields(work, settings.source, picture.place.file, scene=picture.scene, method="osm", builder=settings.kind)
        west, south, east, north = picture.place.bounds
        fields |= told([text or " ".join(scene.sentences)], work.longest) | {
            "label": _main_label(scene),
            "licence": picture.licence,
            "gsd": round(picture.place.gsd, 6),
            "bounds": [west, south, east, north],
            "origin": origin_of(picture.place.file, picture.map_file),
            "method": "model" if text else "osm",
            "facts": {
                "longitude": round((west + east) / 2, 7),
                "latitude": round((south + north) / 2, 7),
                "label_l1": sorted({label[0] for label in scene.labels}),
                "label_l2": sorted({label[1] for label in scene.labels}),
                "label_l3": sorted({label[2] for label in scene.labels}),
                "osm": [dict(element.tags) for group in scene.groups for element, _ in group.elements][:200],
                "corrected": sorted(set(scene.applied)),
                "sampling": scene.chosen or None,
            },
            "generator": dict(generator) if text else None,
        }
        yield Sample(picture.name, image.image, image.extension, fields)
    except Unfit as fault:
        work.drop(picture.name, settings.source, fault)


def _main_label(scene: _Scene) -> str:
    """Return the third-level label of what shows most."""
    return next(labels()[tag][2] for group in scene.groups for tag in sorted(group.tags) if tag in labels())
