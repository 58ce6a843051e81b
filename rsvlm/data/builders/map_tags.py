"""Captions put together from map tags, as SkyScript made them: one record for each element that can be seen."""

from collections.abc import Iterator, Sequence
from itertools import islice

import shapely
from PIL import Image
from shapely.geometry.base import BaseGeometry

from rsvlm.data.kinds.map_tags import MapTags
from rsvlm.data.map_pictures import MapPicture, Place, Seen, clipped, is_drawn, is_large, map_pictures, place_of, seen_in, window_bounds
from rsvlm.data.map_windows import Boundary, boundary
from rsvlm.data.map_words import element_name
from rsvlm.data.osm_words import labelled_tags, phrase_of_tags, spoken_tags, things
from rsvlm.data.samples import common_fields, origin_of, told
from rsvlm.data.similarity import Similarity
from rsvlm.data.surroundings import Neighbour, multi_caption, surroundings
from rsvlm.data.visibility import Visibility, fit_visibility, is_fine_enough
from rsvlm.data.work import Work
from rsvlm.quality.balance import Tag
from rsvlm.records.chips import encode_jpeg
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.pictures import load
from rsvlm.records.unfit import Unfit

_AT_ONCE = 16  # pictures that go through the towers together


def build(settings: MapTags, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    towers: Similarity = work.once(
        ("similarity", settings.similarity.model_dump_json()), lambda: Similarity(settings.similarity, work.raw, work.seed)
    )
    rules = settings.visibility
    visibility: Visibility = work.once(
        ("visibility", settings.similarity.model_dump_json(), rules.model_dump_json()),
        lambda: fit_visibility(labelled_tags(), towers.text_features, ridge=rules.ridge, least=rules.least),
    )
    for picture in map_pictures(settings, work):
        chosen = list(_focuses(picture, visibility, settings, work))
        if not chosen:
            continue
        try:
            image = load(work.source(settings.source).path(picture.place.file), settings.stretch)
        except Unfit as unfit:
            work.drop(picture.place.file, settings.source, unfit)
            continue
        made = _of_picture(picture, image, chosen, visibility, settings, work)
        while block := list(islice(made, _AT_ONCE)):
            yield from _scored(block, towers)


def _of_picture(
    picture: MapPicture, image: Image.Image, chosen: Sequence[tuple[Seen, list[Tag]]], visibility: Visibility, settings: MapTags, work: Work
) -> Iterator[tuple[Sample, Image.Image]]:
    """Yield the records of a picture, without scores, with their pictures."""
    for seen, tags in chosen:
        name = f"{settings.prefix}: {seen.element.id}"
        try:
            name = safe_id(settings.prefix, element_name(seen.element))
            if is_drawn(settings, work, name):
                yield _sample(name, picture, image, seen, tags, visibility, settings, work)
        except Unfit as unfit:
            work.drop(name, settings.source, unfit)


def _scored(block: Sequence[tuple[Sample, Image.Image]], towers: Similarity) -> Iterator[Sample]:
    """Yield records with the cosine of their picture and title; equal titles are embedded once."""
    titles = list(dict.fromkeys(sample.fields["captions"][0] for sample, _ in block))
    rows = dict(zip(titles, towers.texts(titles), strict=True))
    for (sample, _), vector in zip(block, towers.images([picture for _, picture in block]), strict=True):
        sample.fields["scores"] = {"similarity": round(float(rows[sample.fields["captions"][0]] @ vector), 5)}
        yield sample


def _focuses(picture: MapPicture, visibility: Visibility, settings: MapTags, work: Work) -> Iterator[tuple[Seen, list[Tag]]]:
    """Yield the elements whose record shows this picture, with the tags that can be said of them."""
    plan = _plan(picture, visibility, settings, work)
    for seen in picture.seen:
        name = f"{picture.map_file}: {seen.element.id}"
        spoken = spoken_tags(seen.element.tags, further=True)
        if not any(key in things() for key, _ in spoken):
            work.screen_out(name, settings.source, "no tag says what the element is", ", ".join(seen.element.tags)[:100])
        elif _largest_gsd(spoken, visibility) == 0.0:
            work.screen_out(name, settings.source, "tag cannot be seen from above", "; ".join(map("=".join, spoken))[:100])
        elif plan.get((seen.element.id, seen.element.kind)) == (settings.prefix, picture.place.file):
            yield seen, spoken


def _plan(picture: MapPicture, visibility: Visibility, settings: MapTags, work: Work) -> dict[tuple[str, str], tuple[str, str]]:
    """Return in which collection and picture each element is shown: one of those fine enough, drawn; in it the fullest view."""
    if "{stem}" in settings.maps:
        return _drawn([(settings, picture.place, picture.seen)], visibility, work)

    def make() -> dict[tuple[str, str], tuple[str, str]]:
        views = []
        for builder in work.builders:
            if not isinstance(builder, MapTags) or _map_key(builder) != _map_key(settings):
                continue
            for file in work.source(builder.source).find(builder.pictures):
                try:
                    place = place_of(builder, work, file)
                    views.append((builder, place, tuple(seen_in(place, picture.store, builder.least_side))))
                except Unfit:  # set aside, with its reason, where the pictures are read
                    continue
        return _drawn(views, visibility, work)

    return work.once(("plan", _map_key(settings)), make)


def _map_key(settings: MapTags) -> tuple[str, str]:
    return settings.map_source or settings.source, settings.maps


def _drawn(
    views: Sequence[tuple[MapTags, Place, Sequence[Seen]]], visibility: Visibility, work: Work
) -> dict[tuple[str, str], tuple[str, str]]:
    options: dict[tuple[str, str], dict[str, tuple[float, str]]] = {}
    for builder, place, found in views:
        for seen in found:
            spoken = [tag for tag in spoken_tags(seen.element.tags, further=True) if tag[0] in things()]
            if seen.element.kind == "area" and seen.share < builder.windows.visible_share:
                continue
            if spoken and is_fine_enough(place.gsd, _largest_gsd(spoken, visibility)):
                of_element = options.setdefault((seen.element.id, seen.element.kind), {})
                view = (-seen.share, place.file)
                of_element[builder.prefix] = min(view, of_element.get(builder.prefix, view))
    plan = {}
    for key, by_prefix in options.items():
        prefix = min(by_prefix, key=lambda name: work.share("collection", f"{'/'.join(key)} {name}"))
        plan[key] = (prefix, by_prefix[prefix][1])
    return plan


def _largest_gsd(spoken: Sequence[Tag], visibility: Visibility) -> float:
    """Return the coarsest pixels in metres that show one of an element's tags that say what it is."""
    return max(visibility.largest_gsd(key, value) for key, value in spoken if key in things())


def _said(spoken: Sequence[Tag], gsd: float, visibility: Visibility) -> list[Tag]:
    """Return the tags that pixels of a size show, and counts; empty where none of them says what the element is."""
    found = [tag for tag in spoken if tag[1][0].isdigit() or is_fine_enough(gsd, visibility.largest_gsd(*tag))]
    return found if any(key in things() for key, _ in found) else []


def _focus_point(seen: Seen, work: Work) -> tuple[float, float, float, float]:
    """Return the box that the boundary is chosen around: an area's own, else that of the point or of a node drawn at random."""
    x1, y1, x2, y2 = seen.shape.bounds
    if seen.element.kind == "area":
        return x1, y1, x2, y2
    nodes = shapely.get_coordinates(seen.shape)
    x, y = nodes[int(work.generator("focus", seen.element.id).integers(len(nodes)))].tolist()
    return x, y, x, y


def _sample(
    name: str,
    picture: MapPicture,
    image: Image.Image,
    seen: Seen,
    spoken: list[Tag],
    visibility: Visibility,
    settings: MapTags,
    work: Work,
) -> tuple[Sample, Image.Image]:
    """Return the record of an element without its score, and its picture.

    Raises:
        Unfit: no admissible boundary holds it, or a caption is not allowed.
    """
    size = (picture.place.frame.width, picture.place.frame.height)
    window = boundary(
        _focus_point(seen, work),
        size,
        picture.place.gsd,
        _largest_gsd(spoken, visibility),
        settings.windows,
        work.generator("window", name),
    )
    if window is None:
        raise Unfit(
            "no picture holds the element", f"{seen.element.id}: at most {settings.windows.most} pixels a side, as fine as its tags want"
        )
    gsd = picture.place.gsd * window.reduction
    shown = _in_window(picture.seen, window, settings.least_side)
    title, focus = phrase_of_tags(_said(spoken, gsd, visibility)), shown.get((seen.element.id, seen.element.kind))
    if focus is None:
        raise Unfit("too little of the element is in its picture", seen.element.id)
    around, tags = _around(focus, (seen.element.id, seen.element.kind), picture, shown, gsd, visibility, settings)
    captions = [title, multi_caption(title, around)] if around else [title]
    cut = image.crop((window.x, window.y, window.x + window.side, window.y + window.side))
    stored = cut.resize((window.stored, window.stored), Image.Resampling.BOX) if window.reduction > 1 else cut
    fields = common_fields(work, settings.source, picture.place.file, scene=picture.scene, method="osm", builder=settings.kind)
    fields |= told(captions, work.longest) | {
        "licence": picture.licence,
        "gsd": round(gsd, 6),
        "bounds": [round(side, 7) for side in window_bounds(picture.place, (window.x, window.y, window.side, window.side))],
        "origin": origin_of(picture.place.file, picture.map_file, (window.x, window.y, window.side, window.side)),
        "facts": {"element": seen.element.id, "center_tags": dict(seen.element.tags), "surrounding_tags": tags},
    }
    return Sample(name, encode_jpeg(stored, settings.quality), "jpg", fields), stored


def _in_window(found: Sequence[Seen], window: Boundary, least_side: float) -> dict[tuple[str, str], BaseGeometry]:
    """Return the shapes that show in a window, in pixels of the stored picture, by id and kind."""
    square = shapely.box(window.x, window.y, window.x + window.side, window.y + window.side)
    shown: dict[tuple[str, str], BaseGeometry] = {}
    for seen in found:
        part = clipped(seen.shape, seen.element.kind, square)
        if part is not None:
            part = shapely.transform(part, lambda points: (points - (window.x, window.y)) / window.reduction)
            if is_large(part, seen.element.kind, least_side):
                shown[seen.element.id, seen.element.kind] = part
    return shown


def _around(
    focus: BaseGeometry,
    key: tuple[str, str],
    picture: MapPicture,
    shown: dict[tuple[str, str], BaseGeometry],
    gsd: float,
    visibility: Visibility,
    settings: MapTags,
) -> tuple[list[Neighbour], list[dict[str, str]]]:
    """Return the nearest of the other elements that can be seen, and their tags."""
    others = []
    for seen in picture.seen:
        other = (seen.element.id, seen.element.kind)
        said = _said(spoken_tags(seen.element.tags, further=True), gsd, visibility)
        if other != key and other in shown and said:
            others.append(
                (float(focus.distance(shown[other])), seen.element.id, phrase_of_tags(said), shown[other], dict(seen.element.tags))
            )
    nearest = sorted(others, key=lambda found: found[:2])[: settings.most_others]
    return surroundings(focus, [(phrase, shape) for _, _, phrase, shape, _ in nearest], settings.near), [tags for *_, tags in nearest]
