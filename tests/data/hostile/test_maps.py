"""Malformed maps under good pictures: elements are set aside, files that are no maps are named."""

import bz2
import gzip
import json
from pathlib import Path

import osmium
import pytest

from tests.data.hostile.bench import ALL_TRAIN, Files, Hostile, Outcome, World, judge, outcome, picture

pytestmark = pytest.mark.integration

# Three web-map tiles of zoom 17 side by side at 0, 0 degrees; a pixel is 360 / 2**17 / 256 degrees.
PIXEL = 360 / 2**17 / 256
PICTURES = {f"tiles/t-{65536 + n}-65536-17.jpg": picture(n, 256, "JPEG") for n in range(3)}


def node(number: int, x: float | str, y: float | str, tags: str = "") -> str:
    longitude = x * PIXEL if isinstance(x, float | int) else x
    latitude = -y * PIXEL if isinstance(y, float | int) else y
    return f'<node id="{number}" lat="{latitude}" lon="{longitude}">{tags}</node>'


def tag(key: str, value: str) -> str:
    return f'<tag k="{key}" v="{value}"/>'


def way(number: int, corners: list[int], tags: str) -> str:
    return f'<way id="{number}">{"".join(f"<nd ref={chr(34)}{corner}{chr(34)}/>" for corner in corners)}{tags}</way>'


def relation(number: int, members: list[tuple[str, int]], tags: str = tag("type", "multipolygon") + tag("landuse", "meadow")) -> str:
    parts = "".join(f'<member type="{kind}" ref="{other}" role="outer"/>' for kind, other in members)
    return f'<relation id="{number}">{parts}{tags}</relation>'


PARKING = tag("amenity", "parking")
NODES = "".join(
    node(10 * n + corner, 256 * n + x, y)
    for n in range(3)
    for corner, (x, y) in enumerate([(100, 100), (164, 100), (164, 164), (100, 164)], 1)
)
WAYS = "".join(way(1 + n, [10 * n + corner for corner in (1, 2, 3, 4, 1)], PARKING) for n in range(3))


def osm(nodes: str = "", ways: str = "", relations: str = "", head: str = "") -> bytes:
    return f'{head}<osm version="0.6">{NODES}{nodes}{WAYS}{ways}{relations}</osm>'.encode()


OSM = World(
    {**PICTURES, "map.osm": osm()},
    {"kind": "map-scenes", "shares": ALL_TRAIN, "pictures": "tiles/*.jpg", "maps": "map.osm"},
)


def mapped(name: str, data: bytes, aside: str = "", error: str = "") -> Hostile:
    return Hostile(name, {"map.osm": data}, aside=f"^object: {aside}" if aside else "", error=error)


BOMB = '<!DOCTYPE osm [<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)) + "]>"
FAR = "".join(node(100 + n, x, y) for n, (x, y) in enumerate([(10, 10), (30, 30), (30, 10), (10, 30)]))
OSM_CASES = [
    mapped("way with a node that is not there", osm(ways=way(90, [1, 2, 999, 1], PARKING)), "a node of it is missing"),
    mapped("way of one node", osm(ways=way(90, [1], PARKING)), "way has fewer than two nodes"),
    mapped("way of no nodes", osm(ways=way(90, [], PARKING)), "way has fewer than two nodes"),
    mapped("way of one node twice", osm(ways=way(90, [1, 1], tag("highway", "path"))), "geometry has no extent"),
    mapped("area of two corners", osm(ways=way(90, [1, 2, 1], PARKING)), "area has fewer than three corners"),
    mapped("bow tie", osm(FAR, way(90, [100, 101, 102, 103, 100], PARKING)), "area crosses itself"),
    mapped("area without extent", osm(ways=way(90, [1, 2, 1, 2, 1], PARKING)), "(area crosses itself|geometry has no extent)"),
    mapped("relation of itself", osm(relations=relation(90, [("relation", 90)])), "relation lacks some of its ways"),
    mapped("relation of ways that are not there", osm(relations=relation(90, [("way", 999)])), "relation lacks some of its ways"),
    mapped("relation without members", osm(relations=relation(90, [])), "relation lacks some of its ways"),
    mapped("relation whose ring is open", osm(FAR, way(80, [100, 101, 102], ""), relation(90, [("way", 80)])), "rings of the relation are open"),  # noqa: E501
    mapped("1,001 tags", osm(ways=way(90, [1, 2, 3, 1], "".join(tag(f"k{n}", "v") for n in range(1_001)))), "element has too many tags"),
    mapped("value turned round", osm(ways=way(90, [1, 2, 3, 1], tag("amenity", "park\u202egnik"))), "tag is unusable"),
    mapped("value of no width", osm(ways=way(90, [1, 2, 3, 1], tag("amenity", "park\u200bing"))), "tag is unusable"),
    mapped("value of a private use", osm(ways=way(90, [1, 2, 3, 1], tag("name", "\ue000"))), "tag is unusable"),
    mapped("value of 1,001 letters", osm(ways=way(90, [1, 2, 3, 1], tag("name", "n" * 1_001))), "tag is unusable"),
    mapped("key of a control character", osm(ways=way(90, [1, 2, 3, 1], tag("na&#x7f;me", "n"))), "tag is unusable"),
    mapped("two relations round each other",
        osm(relations=relation(90, [("relation", 91)]) + relation(91, [("relation", 90)], tag("type", "route"))), "relation lacks"),
    mapped("latitude of 200", osm(node(90, "0", "200", PARKING)), "(coordinates|a node of it is missing)"),
    mapped("longitude of -181", osm(node(90, "-181", "0", PARKING)), "(coordinates|a node of it is missing)"),
    mapped("10^6 tags", osm(ways=way(90, [1, 2, 3, 1], "".join(tag(f"k{n}", "v") for n in range(1_000_000)))), "element has too many tags"),
    mapped("value of 70,000 letters", osm(ways=way(90, [1, 2, 3, 1], tag("name", "n" * 70_000))), error=r"map\.osm: .*"),
    mapped("latitude NaN", osm(node(90, "0", "NaN", PARKING)), error=r"map\.osm: not a whole"),
    mapped("latitude in words", osm(node(90, "0", "north", PARKING)), error=r"map\.osm: not a whole"),
    mapped("id in words", osm().replace(b'id="1"', b'id="one"', 1), error=r"map\.osm: not a whole"),
    mapped("id beyond 64 bits", osm().replace(b'id="1"', b'id="99999999999999999999"', 1), error=r"map\.osm: not a whole"),
    mapped("member of another kind", osm(relations=relation(90, [("road", 1)])), "relation lacks some of its ways"),
    mapped("ways before nodes", osm(relations=node(95, 1, 1, PARKING)), error=r"map\.osm: node 95 follows a way; sort"),
    mapped("an element twice", osm(ways=way(3, [21, 22, 23, 24, 21], PARKING)), error=r"map\.osm: .*Way ID twice"),
    mapped("billion laughs", osm(ways=way(90, [1, 2, 3, 1], tag("name", "&l9;")), head=BOMB), error=r"map\.osm: not a whole"),
    mapped(
        "external entity",
        osm(ways=way(90, [1, 2, 3, 1], tag("name", "&x;")), head='<!DOCTYPE osm [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        error=r"map\.osm: not a whole",
    ),
    mapped("cut short", osm()[:-40], error=r"map\.osm: not a whole"),
    mapped("half a pair", osm(ways=way(90, [1, 2, 3, 1], tag("name", "&#xd800;"))), error=r"map\.osm: not a whole"),
    mapped("not UTF-8", osm().replace(b"parking", b"park\xff\xfe", 1), error=r"map\.osm: not a whole"),
    mapped("no elements", b'<osm version="0.6"/>', error=r"map\.osm: holds nothing"),
    mapped("empty", b"", error=r"map\.osm: not a whole"),
    mapped("an error page", b"<html><body>429 Too Many Requests</body></html>", error=r"map\.osm: not a whole"),
    mapped("JSON", b'{"version": 0.6, "elements": []}', error=r"map\.osm: not a whole"),
    mapped("depth", b'<osm version="0.6">' + b"<a>" * 100_000, error=r"map\.osm: not a whole"),
    Hostile("map that is not there", recipe={"maps": "none.osm"}, error=r"source 'made': no map 'none\.osm'.*check the recipe"),
    Hostile("map of another format", {"map.shp": b"x"}, recipe={"maps": "map.shp"}, error=r"map\.shp: no map that is read here; allowed"),
    Hostile("map outside of its folder", recipe={"maps": "../../../etc/passwd"}, error="inside the source is needed"),
    Hostile("picture whose tile is off the earth", {"tiles/t-999999-1-5.jpg": picture(9, 256, "JPEG")}, aside="^record: picture has no place"),  # noqa: E501
    Hostile("picture without a place", {"tiles/x.jpg": picture(9, 256, "JPEG")}, aside="^record: picture has no place on the earth$"),
    Hostile("picture that is none", {"tiles/t-65540-65536-17.jpg": b"no"}, aside="^record: picture: (broken|format)$"),
]  # fmt: skip


def as_pbf(folder: Path) -> bytes:
    (folder / "a.osm").write_bytes(osm())
    with osmium.SimpleWriter(str(folder / "a.osm.pbf")) as writer:
        for thing in osmium.FileProcessor(str(folder / "a.osm")):
            writer.add(thing)
    return (folder / "a.osm.pbf").read_bytes()


PACKED = {
    "PBF cut in its first block": ("map.osm.pbf", lambda data: data[: len(data) // 3]),
    "PBF cut before its end": ("map.osm.pbf", lambda data: data[:-5]),
    "PBF whose length lies": ("map.osm.pbf", lambda data: b"\x7f\xff\xff\xff" + data[4:]),
    "PBF with a flipped byte": ("map.osm.pbf", lambda data: data[:-40] + bytes([data[-40] ^ 255]) + data[-39:]),
    "PBF that is XML": ("map.osm.pbf", lambda data: osm()),
    "XML that is PBF": ("map.osm", lambda data: data),
    "gzip cut short": ("map.osm.gz", lambda data: gzip.compress(osm(), mtime=0)[:-30]),
    "bzip2 cut short": ("map.osm.bz2", lambda data: bz2.compress(osm())[:-30]),
    "gzip of zeros": ("map.osm.gz", lambda data: gzip.compress(bytes(1 << 20), mtime=0)),
}

# -- GeoJSON -------------------------------------------------------------------------------------------------------------


def feature(geometry: object, properties: object = None) -> dict[str, object]:
    return {"type": "Feature", "properties": properties or {"amenity": "parking"}, "geometry": geometry}


def square(x: float, y: float, side: float) -> dict[str, object]:
    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
    return {"type": "Polygon", "coordinates": [[[a * PIXEL, -b * PIXEL] for a, b in corners]]}


GOOD = [feature(square(256 * n + 100, 100, 64)) for n in range(3)]


def collection(*more: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": [*GOOD, *more]}).encode()


GEOJSON = World(
    {**PICTURES, "map.geojson": collection()}, {"kind": "map-scenes", "shares": ALL_TRAIN, "pictures": "tiles/*.jpg", "maps": "map.geojson"}
)


def featured(name: str, one: object, aside: str) -> Hostile:
    return Hostile(f"GeoJSON: {name}", {"map.geojson": collection(one)}, aside=f"^object: {aside}")


def document(name: str, data: bytes, error: str) -> Hostile:
    return Hostile(f"GeoJSON: {name}", {"map.geojson": data}, error=rf"map\.geojson.*{error}")


GEOJSON_CASES = [
    featured("null geometry", {**feature(None)}, "feature has no geometry"),
    featured("a number for a feature", 7, "feature has no geometry"),
    featured("a collection", feature({"type": "GeometryCollection", "geometries": []}), "geometry is of no single kind"),
    featured("coordinates in words", feature({"type": "Point", "coordinates": ["0", "0"]}), "geometry is broken"),
    featured("truths", feature({"type": "Point", "coordinates": [True, False]}), "geometry is broken"),
    featured("off the earth", feature({"type": "Point", "coordinates": [500_000, 4_300_000]}), "coordinates are not on the earth"),
    featured("ring of two points", feature({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}), "geometry is broken"),
    featured("line of one point", feature({"type": "LineString", "coordinates": [[0, 0]]}), "geometry is broken"),
    featured("deep", feature({"type": "Polygon", "coordinates": [[[[[[0]]]]]]}), "geometry is broken"),
    featured("text turned round", feature(square(5, 5, 9), {"name": "\u202eabc"}), "tag is unusable"),
    document("NaN", collection(feature({"type": "Point", "coordinates": [float("nan"), 0]})), "NaN is not JSON"),
    document("half a pair", collection(feature(square(5, 5, 9), {"name": "\ud800"})), "surrogates not allowed"),
    document("not JSON", b"{'type': 'FeatureCollection'}", "line is not JSON"),
    document("a list", b"[]", "not a GeoJSON"),
    document("depth", b"[" * 100_000, ""),
    document("empty", b"", ""),
    document("a CRS nobody knows", json.dumps({"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "EPSG:999999"}},
                                               "features": GOOD}).encode(), ""),
]  # fmt: skip

WORLDS: dict[str, tuple[World, list[Hostile]]] = {"osm": (OSM, OSM_CASES), "geojson": (GEOJSON, GEOJSON_CASES)}
CASES = [(name, hostile) for name, (_, cases) in WORLDS.items() for hostile in cases]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The corpora of the good files alone."""
    return {name: outcome(world, None, tmp_path_factory.mktemp(name)) for name, (world, _) in WORLDS.items()}


@pytest.mark.parametrize(("name", "hostile"), CASES, ids=[f"{name}: {hostile.name}" for name, hostile in CASES])
def test_elements_are_set_aside_and_files_named(name: str, hostile: Hostile, tmp_path: Path, good: dict[str, Outcome]) -> None:
    assert len(good[name].records) == 3
    judge(hostile, outcome(WORLDS[name][0], hostile, tmp_path), good[name])


@pytest.mark.parametrize("name", PACKED)
def test_packed_maps_that_are_spoiled_are_named(name: str, tmp_path: Path, good: dict[str, Outcome]) -> None:
    file, spoil = PACKED[name]
    files: Files = {file: spoil(as_pbf(tmp_path))}
    hostile = Hostile(name, files, error=r"map\.osm[.a-z0-9]*: not a whole OpenStreetMap file", recipe={"maps": file})
    judge(hostile, outcome(OSM, hostile, tmp_path / "home"), good["osm"])
