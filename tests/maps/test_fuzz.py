"""Spoiled map files end in a DataError that names them, or in elements and reasons; never in anything else."""

import bz2
import gzip
import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import osmium
import pytest

from rsvlm.errors import DataError
from rsvlm.maps.elements import Element
from rsvlm.maps.geojson import read_geojson
from rsvlm.maps.mvt import read_mbtiles, read_tile
from rsvlm.maps.osm import read_osm
from tests.maps.test_mvt import feature, text, tile

XML = b"""<osm version="0.6">
<node id="1" lat="0" lon="0"/><node id="2" lat="0" lon="0.1"/><node id="3" lat="0.1" lon="0.1"><tag k="natural" v="tree"/></node>
<node id="4" lat="0.1" lon="0"/>
<way id="5"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="building" v="yes"/></way>
<way id="6"><nd ref="1"/><nd ref="3"/><tag k="highway" v="path"/></way>
<relation id="7"><member type="way" ref="5" role="outer"/><tag k="type" v="multipolygon"/><tag k="landuse" v="meadow"/></relation>
</osm>"""
GEOJSON = b"""{"type": "FeatureCollection", "features": [
{"type": "Feature", "id": "way/1", "properties": {"building": "yes", "levels": 2},
 "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}},
{"type": "Feature", "properties": null, "geometry": {"type": "Point", "coordinates": [5, 5]}}]}"""
TILE = tile(
    feature(3, [9, 6, 12, 18, 10, 12, 24, 44, 15], [0, 0]),
    feature(2, [9, 4, 4, 18, 0, 16, 16, 0]),
    feature(1, [9, 50, 34], [1, 1]),
    keys=["building", "natural"],
    values=[text("yes"), text("tree")],
)

Read = Callable[[Path], Iterator[Element]]


def outcome(elements: Callable[[], Iterator[Element]], name: str) -> str:
    """Read all; what comes out must be sound, and what is refused must be named."""
    refusal = ""
    try:
        for element in elements():
            assert element.geometry.is_valid
            assert all(map(math.isfinite, element.geometry.bounds))
            assert all(isinstance(part, str) for pair in element.tags.items() for part in pair)
    except DataError as error:
        refusal = str(error)
    assert not refusal or name in refusal
    return "refused" if refusal else "read"


def spoiled(data: bytes, seed: int) -> bytes:
    """Flip, cut out, repeat or insert bytes at a few places."""
    chance, out = random.Random(seed), bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(out)), chance.randint(1, 12)
        match chance.randrange(4):
            case 0:
                out[at] = chance.randrange(256)
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = out[at : at + length]
            case _:
                out[at:at] = chance.randbytes(length)
        out = out or bytearray(b"x")
    return bytes(out)


def pbf(tmp_path: Path) -> bytes:
    (tmp_path / "whole.osm").write_bytes(XML)
    with osmium.SimpleWriter(str(tmp_path / "whole.osm.pbf")) as writer:
        for thing in osmium.FileProcessor(str(tmp_path / "whole.osm")):
            writer.add(thing)
    return (tmp_path / "whole.osm.pbf").read_bytes()


def block_ends(data: bytes) -> list[int]:
    """Where the blocks of a PBF file end: a length of 4 bytes, a header whose field 3 is the size of what follows."""
    ends, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        size = data[at + 4 : at + 4 + length].partition(b"\x18")[2]
        at += 4 + length + sum((byte & 127) << 7 * place for place, byte in enumerate(size))
        ends.append(at)
    return ends


@pytest.mark.parametrize("suffix", ["osm", "osm.bz2", "osm.gz", "osm.pbf"])
def test_map_files_cut_short_anywhere_are_refused(suffix: str, tmp_path: Path, faults) -> None:
    whole = {
        "osm": lambda: XML,
        "osm.bz2": lambda: bz2.compress(XML),
        "osm.gz": lambda: gzip.compress(XML),
        "osm.pbf": lambda: pbf(tmp_path),
    }
    data = whole[suffix]()
    path = tmp_path / f"cut.{suffix}"
    ends = block_ends(data) if suffix == "osm.pbf" else []
    for share in range(1, 20):
        size = len(data) * share // 20
        if any(end <= size < end + 4 for end in ends):
            continue  # nothing says that another block should follow
        path.write_bytes(data[:size])
        assert outcome(lambda: read_osm(path, faults), "cut") == "refused", share
    path.write_bytes(data)
    assert outcome(lambda: read_osm(path, faults), "cut") == "read"
    assert not faults


@pytest.mark.parametrize("seed", range(100))
def test_spoiled_inputs(seed: int, tmp_path: Path, faults) -> None:
    for name, data, read in (
        ("a.osm", XML, lambda path: read_osm(path, faults)),
        ("a.osm.pbf", pbf(tmp_path), lambda path: read_osm(path, faults)),
        ("a.geojson", GEOJSON, lambda path: read_geojson(path, faults)),
        ("a.tile", TILE, lambda path: read_tile(path.read_bytes(), 3, 1, 2, str(path), faults)),
        ("a.tile.gz", gzip.compress(TILE, mtime=0), lambda path: read_tile(path.read_bytes(), 3, 1, 2, str(path), faults)),
    ):
        path = tmp_path / name
        path.write_bytes(spoiled(data, seed))
        outcome(lambda read=read, path=path: read(path), name)
    assert all(fault.reason for _, fault in faults)


@pytest.mark.parametrize("seed", range(20))
def test_spoiled_real_tiles(seed: int, mirror: Path, tmp_path: Path, faults) -> None:
    data = (mirror / "image-osm/sintra-z17/portugal-z17.mbtiles").read_bytes()
    chance, out = random.Random(seed), bytearray(data)
    for _ in range(50):
        out[chance.randrange(100, len(out))] = chance.randrange(256)
    path = tmp_path / "a.mbtiles"
    path.write_bytes(out if seed % 2 else out[: len(out) * (seed + 1) // 21])
    assert outcome(lambda: read_mbtiles(path, faults), "a.mbtiles") in ("read", "refused")
    assert all(fault.reason for _, fault in faults)


ENTITIES = b"".join(b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"<osm/>",
        b"<html><body/></html>",
        b'<osm version="0.5"/>',
        XML.replace(b"</osm>", b""),
        XML.replace(b'id="1"', b'id="one"'),
        XML.replace(b'id="1"', b'id="99999999999999999999"'),
        XML.replace(b'lat="0"', b'lat="NaN"'),
        XML.replace(b'lat="0"', b'lat="200"'),
        XML.replace(b'ref="1"', b'ref="x"'),
        XML.replace(b'ref="5"', b'ref="55"'),
        XML.replace(b'type="way"', b'type="road"'),
        XML.replace(b'v="yes"', b'v="' + b"y" * 70_000 + b'"'),
        XML.replace(b'v="yes"', b'v="\xff\xfe"'),
        XML.replace(b'v="yes"', b'v="&#0;"'),
        XML.replace(b"<way", b"<tag><way"),
        b'<!DOCTYPE osm [<!ENTITY l0 "lol">' + ENTITIES + b"]>" + XML.replace(b'v="yes"', b'v="&l9;"'),
        b'<!DOCTYPE osm [<!ENTITY l SYSTEM "file:///etc/passwd">]>' + XML.replace(b'v="yes"', b'v="&l;"'),
        b"<osm version='0.6'>" + b"<a>" * 100_000,
    ],
)
def test_hostile_xml_is_refused_or_set_aside(data: bytes, tmp_path: Path, faults) -> None:
    path = tmp_path / "hostile.osm"
    path.write_bytes(data)
    assert outcome(lambda: read_osm(path, faults), "hostile.osm") == "refused" or faults.reasons
