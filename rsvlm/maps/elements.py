"""Map elements: a thing on the ground with its shape and its tags, whatever format it came in."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import shapely
from shapely.geometry.base import BaseGeometry

from rsvlm.records.text import clean_text
from rsvlm.records.unfit import Unfit

Kind = Literal["point", "line", "area"]
SetAside = Callable[[str, Unfit], None]
LONGEST_TAG = 1_000
MOST_TAGS = 1_000
_TYPES: dict[Kind, tuple[str, ...]] = {
    "point": ("Point", "MultiPoint"),
    "line": ("LineString", "LinearRing", "MultiLineString"),
    "area": ("Polygon", "MultiPolygon"),
}


@dataclass(frozen=True)
class Element:
    """One thing of a map.

    Attributes:
        id: what the source calls it, `way/123` for OpenStreetMap.
        kind: point, line or area; says which geometry types may occur.
        geometry: a shapely geometry of that kind (also its multi form), longitude and latitude in degrees on WGS 84.
        tags: what is known of it, key to value.
    """

    id: str
    kind: Kind
    geometry: BaseGeometry
    tags: dict[str, str]


def kind_of(geometry: BaseGeometry) -> Kind:
    """Return the kind of a geometry.

    Raises:
        Unfit: a collection of different geometries.
    """
    for kind, types in _TYPES.items():
        if geometry.geom_type in types:
            return kind
    raise Unfit("geometry is of no single kind", geometry.geom_type)


def checked_element(id: str, geometry: BaseGeometry, tags: dict[str, str]) -> Element:
    """Return an element after checking its geometry.

    Raises:
        Unfit: the geometry is empty, not on the earth, crosses itself, or has no length or area.
    """
    kind = kind_of(geometry)
    if geometry.is_empty:
        raise Unfit("geometry is empty")
    west, south, east, north = geometry.bounds
    if not all(map(math.isfinite, (west, south, east, north))) or west < -180 or east > 180 or south < -90 or north > 90:
        raise Unfit("coordinates are not on the earth", f"longitude {west:g} to {east:g}, latitude {south:g} to {north:g}")
    if kind == "area" and not geometry.is_valid:
        raise Unfit("area crosses itself", shapely.is_valid_reason(geometry)[:100])
    if (kind == "area" and geometry.area == 0.0) or (kind == "line" and geometry.length == 0.0):
        raise Unfit("geometry has no extent", kind)
    return Element(id, kind, geometry, tags)


def clean_tags(pairs: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Return tags as text, sorted by key.

    Numbers are written out, true and false become `yes` and `no` as OpenStreetMap has them; a key without a value
    (null, empty, punctuation only) and values that are lists or objects are left out.

    Raises:
        Unfit: a key or value holds characters that cannot be shown or is too long, or there are too many tags.
    """
    found: dict[str, str] = {}
    for key, value in pairs:
        text = _as_text(value)
        if text is None:
            continue
        try:
            found[clean_text(key, longest=LONGEST_TAG)] = clean_text(text, longest=LONGEST_TAG)
        except Unfit as fault:
            if fault.reason != "caption is empty":
                raise Unfit("tag is unusable", f"{str(key)[:40]!r}: {fault}"[:200]) from None
        if len(found) > MOST_TAGS:
            raise Unfit("element has too many tags", f"more than {MOST_TAGS:,}")
    return dict(sorted(found.items()))


def _as_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return None


def joined(elements: Iterable[Element]) -> list[Element]:
    """Return elements sorted by id, each id once: pieces of one (cut by vector tiles) are joined, with the tags of all.

    Where two pieces give a key different values, the first piece's stands. Pieces of different kinds stay apart.
    """
    pieces: dict[tuple[str, Kind], list[Element]] = {}
    for element in elements:
        pieces.setdefault((element.id, element.kind), []).append(element)
    return [_join(pieces[key]) for key in sorted(pieces)]


def _join(pieces: list[Element]) -> Element:
    first = pieces[0]
    if len(pieces) == 1:
        return first
    tags = {key: value for piece in reversed(pieces) for key, value in piece.tags.items()}
    geometry = shapely.union_all([piece.geometry for piece in pieces])
    if first.kind == "line" and geometry.geom_type == "MultiLineString":
        geometry = shapely.line_merge(geometry)
    return Element(first.id, first.kind, geometry, dict(sorted(tags.items())))
