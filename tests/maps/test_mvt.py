import gzip
import json
import sqlite3
import struct
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
import shapely

from rsvlm.errors import DataError
from rsvlm.maps.elements import joined
from rsvlm.maps.geojson import read_geojson
from rsvlm.maps.mvt import read_mbtiles, read_tile
from rsvlm.maps.tiles import lonlat_at
from rsvlm.maps.tilewire import paths_of

MBTILES = "image-osm/sintra-z17/portugal-z17.mbtiles"


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def packed(field: int, values: Sequence[int]) -> bytes:
    return block(field, b"".join(varint(value) for value in values))


def feature(kind: int, geometry: Sequence[int], tags: Sequence[int] = ()) -> bytes:
    return block(2, packed(2, tags) + number(3, kind) + packed(4, geometry))


def tile(*features: bytes, keys: Sequence[str] = (), values: Sequence[bytes] = (), extent: int = 4096, version: int = 2) -> bytes:
    layer = number(15, version) + block(1, b"osm") + b"".join(features) + number(5, extent)
    layer += b"".join(block(3, key.encode()) for key in keys) + b"".join(block(4, value) for value in values)
    return block(3, layer)


def text(value: str) -> bytes:
    return block(1, value.encode())


POINT = [9, 50, 34]


@pytest.mark.parametrize(
    ("commands", "paths"),
    [  # the specification's own examples
        ([9, 50, 34], [([(25, 17)], False)]),
        ([17, 10, 14, 3, 9], [([(5, 7)], False), ([(3, 2)], False)]),
        ([9, 4, 4, 18, 0, 16, 16, 0], [([(2, 2), (2, 10), (10, 10)], False)]),
        ([9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8], [([(2, 2), (2, 10), (10, 10)], False), ([(1, 1), (3, 5)], False)]),
        ([9, 6, 12, 18, 10, 12, 24, 44, 15], [([(3, 6), (8, 12), (20, 34)], True)]),
    ],
)
def test_geometry_commands(commands: list[int], paths: list[tuple[list[tuple[int, int]], bool]]) -> None:
    assert paths_of(commands) == paths


def test_the_specifications_two_polygons_one_with_a_hole(faults) -> None:
    commands = [9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15, 9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15]
    (element,) = read_tile(tile(feature(3, commands, [0, 0]), keys=["natural"], values=[text("wood")], extent=20), 0, 0, 0, "t", faults)

    def degrees(x: int, y: int) -> tuple[float, float]:
        return lonlat_at(0, x / 20, y / 20)

    first = shapely.Polygon([degrees(*at) for at in [(0, 0), (10, 0), (10, 10), (0, 10)]])
    hole = [degrees(*at) for at in [(13, 13), (13, 17), (17, 17), (17, 13)]]
    second = shapely.Polygon([degrees(*at) for at in [(11, 11), (20, 11), (20, 20), (11, 20)]], [hole])
    assert element.geometry.normalize().equals_exact(shapely.MultiPolygon([first, second]).normalize(), 1e-9)
    assert (element.id, element.kind, element.tags) == ("osm/0/0/0/0", "area", {"natural": "wood"})


def test_a_point_lies_at_its_share_of_the_tile(faults) -> None:
    (element,) = read_tile(tile(feature(1, POINT), extent=100), 1, 1, 0, "t", faults)
    assert (element.geometry.x, element.geometry.y) == pytest.approx(lonlat_at(1, 1.25, 0.17))


def test_values_of_every_type_become_tags_and_bookkeeping_does_not(faults) -> None:
    values = [
        text("Baker Street"),
        varint(2 << 3 | 5) + struct.pack("<f", 2.5),
        varint(3 << 3 | 1) + struct.pack("<d", 1e6),
        number(4, 7),
        number(5, 8),
        number(6, 5),  # zigzag: -3
        number(7, 1),
        number(4, 42),
        text("way"),
    ]
    keys = ["name", "height", "area", "lanes", "levels", "layer", "oneway", "@id", "@type"]
    data = tile(feature(2, [9, 4, 4, 10, 6, 6], [each for place in range(9) for each in (place, place)]), keys=keys, values=values)
    (element,) = read_tile(data, 3, 1, 2, "t", faults)
    assert element.id == "way/42"
    assert element.tags == {
        "area": "1000000", "height": "2.5", "lanes": "7", "layer": "-3", "levels": "8", "name": "Baker Street", "oneway": "yes",
    }  # fmt: skip


def test_gzip_and_plain_are_the_same(faults) -> None:
    plain = tile(feature(1, POINT))
    assert list(read_tile(plain, 3, 1, 2, "t", faults)) == list(read_tile(gzip.compress(plain, mtime=0), 3, 1, 2, "t", faults))


def test_real_tiles_hold_the_elements_that_their_metadata_lists(mirror: Path, faults) -> None:
    with sqlite3.connect(f"{(mirror / MBTILES).as_uri()}?immutable=1", uri=True) as database:
        ((metadata,),) = database.execute("SELECT value FROM metadata WHERE name = 'json'")
        west, south, east, north = map(float, database.execute("SELECT value FROM metadata WHERE name = 'bounds'").fetchone()[0].split(","))
    layer = json.loads(metadata)["tilestats"]["layers"][0]
    (ids,) = (attribute["values"] for attribute in layer["attributes"] if attribute["attribute"] == "@id")
    found = joined(read_mbtiles(mirror / MBTILES, faults))
    assert not faults
    assert sorted(int(element.id.split("/")[1]) for element in found) == sorted(ids)
    assert {element.tags["natural"] for element in found if "natural" in element.tags} == {"beach", "cliff", "coastline"}
    spread = shapely.union_all([element.geometry for element in found]).bounds
    assert spread == pytest.approx((west, south, east, north), abs=0.003)  # a tile is 0.0027 degrees wide


def test_real_tiles_place_a_beach_where_its_geojson_does(mirror: Path, faults) -> None:
    beach = "way/200222070"
    shapes = defaultdict(list)
    for element in read_geojson(mirror / "image-osm/sintra-z17/labels.geojson", faults):
        shapes[element.id].append(shapely.make_valid(element.geometry))
    (tiled,) = (element.geometry for element in joined(read_mbtiles(mirror / MBTILES, faults)) if element.id == beach)
    labelled = shapely.union_all(shapes[beach])
    assert tiled.intersection(labelled).area > 0.95 * labelled.area


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xff\xff", "not a vector tile"),
        (gzip.compress(tile(feature(1, POINT)), mtime=0)[:-9], "its gzip"),
        (b"\x1f\x8bnothing", "its gzip is damaged"),
        (tile(feature(1, POINT), version=3), "version 3"),
        (tile(feature(1, POINT), extent=0), "extent 0"),
        (tile(feature(1, POINT))[:-1], "not a vector tile"),
    ],
)
def test_a_damaged_tile_is_refused(data: bytes, message: str, faults) -> None:
    with pytest.raises(DataError, match=f"here: .*{message}"):
        list(read_tile(data, 3, 1, 2, "here", faults))


def test_a_gzip_bomb_is_refused(faults) -> None:
    with pytest.raises(DataError, match="holds more than 67,108,864 bytes"):
        list(read_tile(gzip.compress(bytes(70 << 20), mtime=0), 3, 1, 2, "here", faults))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (feature(1, [9, 50]), "geometry is broken"),
        (feature(1, [50, 50, 34]), "geometry is broken"),
        (feature(2, [10, 4, 4]), "geometry is broken"),
        (feature(2, [9, 4, 4]), "geometry is broken"),
        (feature(3, [15]), "geometry is broken"),
        (feature(3, [9, 6, 12, 18, 10, 12, 20, 24, 15]), "geometry has no extent"),
        (feature(3, [9, 0, 0, 26, 20, 20, 0, 19, 19, 40, 15]), "area crosses itself"),
        (feature(2, [9, 4, 4, 10, 0, 0]), "geometry has no extent"),
        (feature(0, POINT), "geometry is of no single kind"),
        (feature(9, POINT), "geometry is of no single kind"),
        (feature(1, []), "geometry is empty"),
        (feature(1, POINT, [0, 5]), "feature's tags point nowhere"),
        (feature(1, POINT, [0]), "feature's tags point nowhere"),
        (feature(1, [9, 2**32 - 1, 2**32 - 1]), "coordinates are not on the earth"),
        (feature(1, [2**32 - 7, 1, 1]), "geometry is broken"),
    ],
)
def test_a_broken_feature_is_set_aside_and_the_next_one_read(broken: bytes, reason: str, faults) -> None:
    found = list(read_tile(tile(broken, feature(1, POINT)), 3, 1, 2, "t", faults))
    assert [element.id for element in found] == ["osm/3/1/2/1"]
    assert faults.reasons == [reason]


def test_files_that_are_no_mbtiles(tmp_path: Path, faults) -> None:
    for name, content in {"text": b"not a database at all, only text" * 50, "empty": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"{name}: not a readable MBTiles file"):
            list(read_mbtiles(tmp_path / name, faults))
    with pytest.raises(DataError, match="no such file"):
        list(read_mbtiles(tmp_path / "absent", faults))


@pytest.mark.parametrize("row", [(1, 0, 5, b""), ("a", 0, 0, b""), (99, 0, 0, b""), (1, 0, 0, "text"), (3, 1, 1, b"\xff\xff")])
def test_mbtiles_with_impossible_rows(row: tuple[object, ...], tmp_path: Path, faults) -> None:
    path = tmp_path / "a.mbtiles"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data)")
        database.execute("INSERT INTO tiles VALUES (?, ?, ?, ?)", row)
    with pytest.raises(DataError, match=r"a\.mbtiles|there is no tile"):
        list(read_mbtiles(path, faults))
