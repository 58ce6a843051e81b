"""OpenStreetMap files (XML, plain or compressed, and PBF) as map elements, one after another.

Only elements with tags are things; untagged nodes and ways are the corners and sides of others. A way that comes back to
its start is an area when its tags say so (`areas.is_area`); relations of type multipolygon and boundary are put together
to areas; other relations (routes, turn restrictions) have no shape of their own and are passed over.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import osmium
import shapely
from osmium.io import File
from shapely.geometry.base import BaseGeometry

from rsvlm.errors import DataError
from rsvlm.maps.areas import is_area
from rsvlm.maps.elements import Element, SetAside, checked_element, clean_tags
from rsvlm.records.unfit import Unfit

FORMATS = {".osm": "osm", ".osm.xml": "osm", ".osm.bz2": "osm.bz2", ".osm.gz": "osm.gz", ".osm.pbf": "pbf", ".pbf": "pbf"}
_ASSEMBLED = ("multipolygon", "boundary")
_ORDER = " nwr"
_TYPES = {"n": "node", "w": "way", "r": "relation"}
# What libosmium's readers raise for damaged files, as found by damaging them.
_BROKEN = (RuntimeError, ValueError, OverflowError, OSError, osmium.InvalidLocationError)


def read_osm(path: Path, set_aside: SetAside) -> Iterator[Element]:
    """Yield the tagged elements of a file in its order; an assembled relation follows the last of its ways.

    The file is read twice, streaming: memory holds the places of its nodes and the parts of open relations.

    Args:
        path: named `*.osm`, `*.osm.bz2`, `*.osm.gz`, `*.osm.pbf` or `*.pbf`.
        set_aside: called with an element's id and the reason when its tags or geometry are unusable.

    Raises:
        DataError: no such file, another format, damaged, cut short (but PBF cut between two of its blocks looks whole), empty,
            not nodes before ways before relations, or a history of versions.
    """
    found, assembled = set[int](), set[int]()
    last = (" ", 0)
    for thing in _objects(path):
        if thing.is_area():
            if not thing.from_way():
                assembled.add(thing.orig_id())
                yield from _taken(f"relation/{thing.orig_id()}", thing, set_aside)
            continue
        kind = thing.type_str()
        if _ORDER.index(kind) < _ORDER.index(last[0]):
            raise DataError(f"{path}: {_TYPES[kind]} {thing.id} follows a {_TYPES[last[0]]}; sort the file by type, as `osmium sort` does")
        if (kind, thing.id) == last:
            raise DataError(f"{path}: {_TYPES[kind]} {thing.id} is there twice; a history file cannot be read: keep one version of each")
        last = (kind, thing.id)
        if thing.deleted or not len(thing.tags):
            continue
        if kind == "r":
            if thing.tags.get("type") in _ASSEMBLED:
                found.add(thing.id)
        else:
            yield from _taken(f"{_TYPES[kind]}/{thing.id}", thing, set_aside)
    if last == (" ", 0):
        raise DataError(f"{path}: holds nothing: an empty extract, or cut short after its header")
    for missing in sorted(found - assembled):
        set_aside(f"relation/{missing}", Unfit("relation lacks some of its ways"))


def _format(path: Path) -> str:
    name = path.name.lower()
    for suffix in sorted(FORMATS, key=len, reverse=True):
        if name.endswith(suffix):
            return FORMATS[suffix]
    raise DataError(f"{path}: not named like an OpenStreetMap file; allowed: {', '.join('*' + suffix for suffix in FORMATS)}")


def _objects(path: Path) -> Iterator[Any]:
    """Yield pyosmium's objects: nodes, ways, relations in the file's order, and areas as soon as they are whole."""
    form = _format(path)
    if not path.is_file():
        raise DataError(f"{path}: no such file; acquire the source again")
    try:
        # The absolute path: pyosmium would take a name that looks like an address for one.
        yield from osmium.FileProcessor(File(str(path.resolve()), form)).with_areas()
    except _BROKEN as error:
        raise DataError(f"{path}: not a whole OpenStreetMap file: {error}") from None


def _taken(id: str, thing: Any, set_aside: SetAside) -> Iterator[Element]:
    try:
        tags = clean_tags((tag.k, tag.v) for tag in thing.tags)
        if thing.is_area():
            tags.pop("type", None)
        if tags:
            yield checked_element(id, _geometry(thing, tags), tags)
    except UnicodeDecodeError:
        set_aside(id, Unfit("tag is unusable", "not UTF-8 text"))
    except osmium.InvalidLocationError:
        set_aside(id, Unfit("a node of it is missing or has no place"))
    except Unfit as fault:
        set_aside(id, fault)


def _geometry(thing: Any, tags: dict[str, str]) -> BaseGeometry:
    if thing.is_node():
        return shapely.Point(thing.location.lon, thing.location.lat)
    if thing.is_area():
        return _assembled(thing)
    corners = [(node.lon, node.lat) for node in thing.nodes]
    if len(corners) < 2:
        raise Unfit("way has fewer than two nodes", str(len(corners)))
    if corners[0] == corners[-1] and is_area(tags):
        if len(corners) < 4:
            raise Unfit("area has fewer than three corners", str(len(corners) - 1))
        return shapely.Polygon(corners)
    return shapely.LineString(corners)


def _assembled(area: Any) -> BaseGeometry:
    """Return the polygons of a relation; libosmium hands over one without rings where they cross or stay open."""
    polygons = []
    for outer in area.outer_rings():
        holes = [[(node.lon, node.lat) for node in inner] for inner in area.inner_rings(outer)]
        polygons.append(shapely.Polygon([(node.lon, node.lat) for node in outer], holes))
    if not polygons:
        raise Unfit("rings of the relation are open or cross each other")
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
