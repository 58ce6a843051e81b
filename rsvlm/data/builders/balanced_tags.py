"""Captions from map tags of pictures centred on a feature, balanced over the whole corpus, as LHRS-Align made them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
import shapely
from PIL import Image
from shapely.geometry.base import BaseGeometry

from rsvlm.captioning.grammar import indefinite, listed, plural
from rsvlm.chat.facts import Facts
from rsvlm.data.kinds.balanced_tags import BalancedTags
from rsvlm.data.map_groups import Group, groups
from rsvlm.data.map_pictures import MapPicture, Seen, clipped, is_drawn, is_large, map_of, map_pictures, window_bounds
from rsvlm.data.map_words import element_name, vocabulary
from rsvlm.data.osm_words import hidden_tags, main_tag, noun_of_tag, spoken_tags, things
from rsvlm.data.place_stems import Stem, stem_of
from rsvlm.data.samples import common_fields, origin_of, told
from rsvlm.data.told import Subject, is_asked, written
from rsvlm.data.vouching import vouched
from rsvlm.data.work import Work
from rsvlm.maps.elements import Element
from rsvlm.quality.balance import Tag, balanced_tags, count_tags, distinct_tags
from rsvlm.records.chips import encode_jpeg
from rsvlm.records.models import SPLITS, Sample, safe_id
from rsvlm.records.pictures import load
from rsvlm.records.rejected import Rejected
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class _View:
    """A square of a picture centred on a feature, with what shows in it."""

    name: str
    picture: MapPicture
    feature: Seen
    window: tuple[int, int, int]
    shown: tuple[tuple[Element, BaseGeometry], ...]
    tags: tuple[Tag, ...]


@dataclass(frozen=True)
class _Made:
    """A view with its tags after balancing, its sentences by rule, and its picture."""

    view: _View
    tags: tuple[Tag, ...]
    sentences: tuple[str, ...]
    image: bytes


def build(settings: BalancedTags, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split: the first pass counts the tags of all splits, the second says them."""
    counts = _counts(work)
    made = _made(settings, work, counts)
    if settings.writer is None:
        for found in made:
            yield from _samples(found, None, {}, settings, work)
        return
    writer = settings.writer
    for answer in written(_subjects(made, settings, work), writer, work, vocabulary()):
        if answer.text is not None or writer.otherwise == "rule" or not answer.generator:
            yield from _samples(answer.subject.record, answer.text, answer.generator, settings, work)


def _counts(work: Work) -> Counter[Tag]:
    """Return in how many pictures of the corpus each tag occurs; counted once."""

    def count() -> Counter[Tag]:
        builders = [builder for builder in work.builders if isinstance(builder, BalancedTags)]
        for builder in builders:  # so that what is set aside in a map is listed once, by this pass
            if "{stem}" not in builder.maps:
                map_of(builder, work, "")
        quiet = [replace(work, split=split, rejected=Rejected()) for split in SPLITS]
        return count_tags(view.tags for builder in builders for each in quiet for view in _views(builder, each))

    return work.once(("tag counts",), count)


def _views(settings: BalancedTags, work: Work) -> Iterator[_View]:
    """Yield the views of one split that are drawn."""
    for picture in map_pictures(settings, work):
        for seen in picture.seen:
            if not _kept(seen.element.tags, settings):
                continue
            try:
                name = safe_id(settings.prefix, picture.name.removeprefix(f"{settings.prefix}-"), element_name(seen.element))
            except Unfit as unfit:
                work.drop(seen.element.id, settings.source, unfit)
                continue
            if not is_drawn(settings, work, name):
                continue
            window = _window(seen, picture, settings)
            if window is None:
                work.screen_out(name, settings.source, "feature lies too near the picture's edge", seen.element.id)
                continue
            shown = tuple(_shown(picture, window, settings.least_side))
            tags = distinct_tags(tag for element, _ in shown for tag in _kept(element.tags, settings))
            yield _View(name, picture, seen, window, shown, tuple(tags))


def _kept(tags: Mapping[str, str], settings: BalancedTags) -> list[Tag]:
    """Return the tags of an element that pass the lists: named keys, values that are words and can be seen from above."""
    hidden = hidden_tags()
    return [
        (key, value)
        for key, value in spoken_tags(tags)
        if key in settings.keys
        and value not in settings.refused
        and (value != "yes" or key in settings.plain)
        and not value[0].isdigit()
        and ((key, value) not in hidden)
    ]


def _window(seen: Seen, picture: MapPicture, settings: BalancedTags) -> tuple[int, int, int] | None:
    """Return x, y and side of the square around a feature's middle; None where the picture has no room for it."""
    x, y = _middle(seen.shape)
    left, top, right, bottom = seen.shape.bounds
    room = 2 * min(x, y, picture.place.frame.width - x, picture.place.frame.height - y)
    side = int(min(max(settings.least, settings.margin * max(right - left, bottom - top)), settings.most, room))
    if side < settings.least:
        return None
    limits = picture.place.frame.width - side, picture.place.frame.height - side
    return min(max(0, round(x - side / 2)), limits[0]), min(max(0, round(y - side / 2)), limits[1]), side


def _middle(shape: BaseGeometry) -> tuple[float, float]:
    """Return the middle of a feature: a point of it, the one half way along the longest piece of a line, or its centre."""
    part = max(shapely.get_parts(shape).tolist(), key=lambda each: (each.area, each.length))
    if part.geom_type == "LineString":
        point = part.interpolate(0.5, normalized=True)
    else:
        point = part.centroid if part.covers(part.centroid) else part.representative_point()
    return float(point.x), float(point.y)


def _shown(picture: MapPicture, window: tuple[int, int, int], least_side: float) -> Iterator[tuple[Element, BaseGeometry]]:
    x, y, side = window
    for seen in picture.seen:
        part = clipped(seen.shape, seen.element.kind, shapely.box(x, y, x + side, y + side))
        if part is not None and is_large(part, seen.element.kind, least_side):
            yield seen.element, part


def _made(settings: BalancedTags, work: Work, counts: Counter[Tag]) -> Iterator[_Made]:
    """Yield what is left after balancing, with its sentences and its picture."""
    opened: tuple[str, Image.Image] | None = None
    for view in _views(settings, work):
        tags = balanced_tags(view.name, view.tags, counts, settings.threshold, seed=work.seed) if settings.threshold else list(view.tags)
        told_of = [group for group in groups(view.shown) if group.tags & set(tags)]
        if not told_of:
            work.screen_out(view.name, settings.source, "no tag is left after balancing", "; ".join(map("=".join, view.tags))[:150])
            continue
        file = view.picture.place.file
        try:
            if opened is None or opened[0] != file:
                opened = (file, load(work.source(settings.source).path(file), settings.stretch))
            x, y, side = view.window
            cut = opened[1].crop((x, y, x + side, y + side)).resize((settings.side, settings.side), Image.Resampling.BICUBIC)
        except Unfit as unfit:
            work.drop(view.name, settings.source, unfit)
            continue
        sentences = tuple(_sentences(view, told_of, tags, work.generator("tag caption", view.name)))
        yield _Made(view, tuple(tags), sentences, encode_jpeg(cut, settings.quality))


def _sentences(view: _View, told_of: list[Group], tags: list[Tag], generator: np.random.Generator) -> Iterator[str]:
    """Yield one or two sentences: what shows, and what lies in the middle."""
    things_shown = listed([indefinite(group.noun) if group.count == 1 else plural(group.noun) for group in told_of])
    openings = ("The image shows {}.", "This aerial image shows {}.", "An aerial view of {}.")
    yield openings[int(generator.integers(len(openings)))].format(things_shown)
    tag = main_tag(view.feature.element.tags)
    if tag in tags and len(told_of) > 1:
        yield f"In the middle is {indefinite(noun_of_tag(*tag))}."


def _subjects(made: Iterator[_Made], settings: BalancedTags, work: Work) -> Iterator[Subject[_Made]]:
    known = vocabulary()
    for found in made:
        counts = {group.noun: group.count for group in groups(found.view.shown) if group.noun in known.nouns}
        given = (*found.sentences, *(" ".join(tag).replace("_", " ") for tag in found.tags))
        nouns = tuple(counts)
        yield Subject(
            found.view.name,
            settings.source,
            {"tags": "; ".join(map("=".join, found.tags))},
            Facts(counts),
            found,
            asked=is_asked(settings.writer, work, found.view.name),
            further=lambda text, given=given, nouns=nouns: vouched(text, given, nouns),  # type: ignore[misc]
        )


def _samples(found: _Made, text: str | None, generator: Mapping[str, str], settings: BalancedTags, work: Work) -> Iterator[Sample]:
    try:
        yield _sample(found, text, generator, settings, work)
    except Unfit as unfit:
        work.drop(found.view.name, settings.source, unfit)


def _location(file: str, settings: BalancedTags) -> tuple[str, str]:
    """Return country and city: the recipe's, or else the folders that a picture lies in."""
    folders = ("", "", *PurePosixPath(file).parts[:-1])
    return settings.country or folders[-2], settings.city or folders[-1]


def _sample(found: _Made, text: str | None, generator: Mapping[str, str], settings: BalancedTags, work: Work) -> Sample:
    view, picture = found.view, found.view.picture
    x, y, side = view.window
    window = (x, y, side, side)
    bounds = window_bounds(picture.place, window)
    west, south, east, north = (round(value, 6) for value in bounds)
    number = view.feature.element.id.rpartition("/")[2]
    country, city = _location(picture.place.file, settings)
    fields = common_fields(work, settings.source, picture.place.file, scene=picture.scene, method="osm", builder=settings.kind)
    fields |= told([text or " ".join(found.sentences)], work.longest) | {
        "licence": picture.licence,
        "gsd": round(picture.place.gsd * side / settings.side, 6),
        "bounds": [round(value, 7) for value in bounds],
        "origin": origin_of(picture.place.file, picture.map_file, window),
        "method": "model" if text else "osm",
        "facts": {
            "name": stem_of(Stem(country, number, city, (west, south, east, north))),
            "location": [country, city],
            "element": view.feature.element.id,
            "tags": [list(tag) for tag in found.tags],
            "feature": [tag for tag in _kept(view.feature.element.tags, settings) if tag[0] in things()][:1],
        },
        "generator": dict(generator) if text else None,
    }
    return Sample(view.name, found.image, "jpg", fields)
