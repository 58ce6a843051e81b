"""Meta-captions: what a picture's index row and name say of it, in sentences."""

import string
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from rsvlm.data.beside import facts_beside, metadata_file
from rsvlm.data.kinds.meta import MetaCaptions
from rsvlm.data.metadata import slots_of, tile_gsd, tile_of
from rsvlm.data.rendering import rendered
from rsvlm.data.samples import common_fields, told
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.splits import scene_named
from rsvlm.records.unfit import Unfit

TILE_SIDE = 256


def known_facts(settings: MetaCaptions, work: Work, file: str) -> dict[str, Any]:
    """Return what is known of a file: place, resolution, sensor and date.

    Raises:
        Unfit: the file's name holds no tile, where the recipe takes the place from there, or its metadata are wrong.
    """
    row = work.source(settings.source).metadata(file)
    facts: dict[str, Any] = {key: row[key] for key in ("sensor", "date", "gsd") if row.get(key)}
    if settings.place == "index" and row.get("longitude") is not None:
        facts |= {"longitude": row["longitude"], "latitude": row["latitude"]}
    if settings.place == "tile":
        zoom, (west, south, east, north) = tile_of(file)
        facts |= {"longitude": (west + east) / 2, "latitude": (south + north) / 2, "bounds": [west, south, east, north]}
        facts["gsd"] = round(tile_gsd(facts["latitude"], zoom, row.get("width") or TILE_SIDE), 6)
    if settings.annotations:
        facts |= facts_beside(work.source(settings.source).path(metadata_file(file, settings.annotations)), settings.annotations)
    if settings.place_name:
        facts["place"] = settings.place_name
    return facts


def sentences(facts: dict[str, Any], settings: MetaCaptions, work: Work, name: str) -> list[str]:
    """Return sentences from templates whose slots are all known, drawn without repetition.

    Raises:
        Unfit: no template fits what is known.
    """
    slots = slots_of(facts, settings.decimals)
    fitting = [
        text for text in wording("meta")["full"] if {field for _, field, _, _ in string.Formatter().parse(text) if field} <= set(slots)
    ]
    if not fitting:
        raise Unfit("nothing is known about the picture", ", ".join(sorted(slots)))
    order = work.generator("meta", name).permutation(len(fitting)).tolist()
    return [fitting[place].format(**slots) for place in order[: settings.captions]]


def build(settings: MetaCaptions, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    source = work.source(settings.source)
    for file in source.find(settings.pictures):
        try:
            scene = scene_named(settings.scene, file, settings.prefix, settings.source)
            name = safe_id(settings.prefix, PurePosixPath(file).stem)
            if not work.in_split(scene, settings.shares.as_mapping(), dict(settings.shares.scenes)) or not work.wanted(
                name, settings.source
            ):
                continue
            facts = known_facts(settings, work, file)
            picture = rendered(
                source.path(file),
                longest_side=settings.longest_side,
                stretch=settings.stretch,
                quality=settings.quality,
                colours=settings.composite,
            )
            # The sentence speaks of the pixels that one sees, so a reduced picture has coarser ones than its file.
            if "gsd" in facts:
                facts["gsd"] = round(float(facts["gsd"]) * picture.reduced, 6)
            fields = common_fields(work, settings.source, file, scene=scene, method="meta", builder=settings.kind)
            fields |= told(sentences(facts, settings, work, name), work.longest)
            fields |= {"facts": facts, "gsd": facts.get("gsd"), "bounds": facts.pop("bounds", None) or fields["bounds"]}
            fields |= {"sensor": facts.get("sensor"), "date": facts.get("date")}
            yield Sample(name, picture.image, picture.extension, fields)
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)
