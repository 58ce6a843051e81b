import bz2
import gzip
from pathlib import Path
from xml.etree import ElementTree

import osmium
import pytest
import shapely

from rsvlm.errors import DataError
from rsvlm.maps.areas import is_area
from rsvlm.maps.osm import read_osm

WEST_OAKLAND = "osm-extracts/West-Oakland.osm.bz2"
PLANET = "osm-extracts/planet_10.068,48.135_10.071,48.137.osm"


def xml(body: str) -> str:
    return f'<osm version="0.6">{body}</osm>'


def node(id: int, lat: float, lon: float, **tags: str) -> str:
    return f'<node id="{id}" lat="{lat}" lon="{lon}">{tagged(tags)}</node>'


def way(id: int, *nodes: int, **tags: str) -> str:
    return f'<way id="{id}">{"".join(f"<nd ref={chr(34)}{each}{chr(34)}/>" for each in nodes)}{tagged(tags)}</way>'


def tagged(tags: dict[str, str]) -> str:
    return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())


def relation(id: int, members: dict[int, str], **tags: str) -> str:
    parts = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members.items())
    return f'<relation id="{id}">{parts}{tagged(tags)}</relation>'


# A square of 4 x 4 millidegrees with a hole of 1 x 1.
SQUARES = (
    node(1, 0, 0) + node(2, 0, 0.004) + node(3, 0.004, 0.004) + node(4, 0.004, 0)
    + node(5, 0.001, 0.001) + node(6, 0.001, 0.002) + node(7, 0.002, 0.002) + node(8, 0.002, 0.001)
)  # fmt: skip


FOREST = {"type": "multipolygon", "landuse": "forest"}
FOREST_SIDE = SQUARES + way(1, 1, 2, 3)


def written(tmp_path: Path, body: str, name: str = "a.osm") -> Path:
    path = tmp_path / name
    path.write_text(xml(body))
    return path


def test_a_real_extract_gives_every_tagged_node_and_way_with_its_place(mirror: Path, faults) -> None:
    found = {element.id: element for element in read_osm(mirror / WEST_OAKLAND, faults)}
    tree = ElementTree.fromstring(bz2.decompress((mirror / WEST_OAKLAND).read_bytes()))
    places = {each.get("id"): (float(each.get("lon", "")), float(each.get("lat", ""))) for each in tree.iter("node")}
    expected = {}
    for kind in ("node", "way"):
        for each in tree.iter(kind):
            tags = {tag.get("k"): tag.get("v") for tag in each.iter("tag")}
            if tags:
                points = [places[each.get("id")]] if kind == "node" else [places[ref.get("ref")] for ref in each.iter("nd")]
                expected[f"{kind}/{each.get('id')}"] = (tags, points)
    assert set(found) == set(expected)
    assert len(expected) == 87
    assert not faults
    for id, (tags, points) in expected.items():
        assert found[id].tags == dict(sorted(tags.items()))
        outline = found[id].geometry.exterior if found[id].kind == "area" else found[id].geometry
        assert [tuple(point) for point in outline.coords] == [pytest.approx(point, abs=1e-9) for point in points]


def test_a_clipped_extract_sets_aside_what_the_clip_broke(mirror: Path, faults) -> None:
    found = list(read_osm(mirror / PLANET, faults))
    assert len(found) == 48
    assert sorted(faults.reasons) == [
        "area crosses itself",
        "relation lacks some of its ways",
        "rings of the relation are open or cross each other",
        "rings of the relation are open or cross each other",
        *["way has fewer than two nodes"] * 7,
    ]


def test_the_same_map_in_four_formats_is_the_same(mirror: Path, tmp_path: Path, faults) -> None:
    expected = list(read_osm(mirror / WEST_OAKLAND, faults))
    text = bz2.decompress((mirror / WEST_OAKLAND).read_bytes())
    (tmp_path / "a.osm").write_bytes(text)
    (tmp_path / "a.osm.gz").write_bytes(gzip.compress(text))
    with osmium.SimpleWriter(str(tmp_path / "a.osm.pbf")) as writer:
        for thing in osmium.FileProcessor(str(tmp_path / "a.osm")):
            writer.add(thing)
    for name in ("a.osm", "a.osm.gz", "a.osm.pbf"):
        assert list(read_osm(tmp_path / name, faults)) == expected, name


def test_a_multipolygon_has_its_hole_and_not_its_type(tmp_path: Path, faults) -> None:
    body = SQUARES + way(1, 1, 2, 3) + way(2, 3, 4, 1) + way(3, 5, 6, 7, 8, 5)
    body += relation(9, {1: "outer", 2: "outer", 3: "inner"}, type="multipolygon", landuse="forest")
    (element,) = read_osm(written(tmp_path, body), faults)
    assert (element.id, element.kind, element.tags) == ("relation/9", "area", {"landuse": "forest"})
    assert element.geometry.area == pytest.approx(16e-6 - 1e-6)
    assert not faults


def test_untagged_corners_and_sides_are_no_elements(tmp_path: Path, faults) -> None:
    assert list(read_osm(written(tmp_path, SQUARES + way(1, 1, 2, 3)), faults)) == []
    assert not faults


@pytest.mark.parametrize(
    ("tags", "area"),
    [
        ({"building": "yes"}, True),
        ({"building": "no"}, False),
        ({"landuse": "meadow"}, True),
        ({"highway": "service"}, False),
        ({"highway": "pedestrian", "area": "yes"}, True),
        ({"highway": "services"}, True),
        ({"barrier": "fence"}, False),
        ({"barrier": "fence", "area": "yes"}, True),
        ({"barrier": "fence", "landuse": "cemetery"}, True),
        ({"landuse": "meadow", "area": "no"}, False),
        ({"natural": "water"}, True),
        ({"natural": "coastline"}, False),
        ({"leisure": "park"}, True),
        ({"leisure": "track"}, False),
        ({"waterway": "river"}, False),
        ({"waterway": "dock"}, True),
        ({"aeroway": "apron"}, True),
        ({"aeroway": "taxiway"}, False),
        ({"railway": "rail"}, False),
        ({"power": "line"}, False),
        ({"power": "substation"}, True),
        ({"man_made": "pipeline"}, False),
        ({"amenity": "parking"}, True),
        ({"name": "a ring"}, False),
    ],
)
def test_which_closed_ways_are_areas(tags: dict[str, str], area: bool, tmp_path: Path, faults) -> None:
    assert is_area(tags) is area
    (element,) = read_osm(written(tmp_path, SQUARES + way(1, 1, 2, 3, 4, 1, **tags)), faults)
    assert element.kind == ("area" if area else "line")


def test_an_open_way_is_a_line_whatever_its_tags(tmp_path: Path, faults) -> None:
    (element,) = read_osm(written(tmp_path, SQUARES + way(1, 1, 2, 3, building="yes")), faults)
    assert element.kind == "line"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (SQUARES + way(1, 1, 2, 99, highway="path"), "a node of it is missing or has no place"),
        (SQUARES + way(1, 1, highway="path"), "way has fewer than two nodes"),
        (SQUARES + way(1, 1, 1, highway="path"), "geometry has no extent"),
        (SQUARES + way(1, 1, 2, 1, building="yes"), "area has fewer than three corners"),
        (SQUARES + way(1, 1, 3, 2, 4, 1, building="yes"), "area crosses itself"),
        (node(1, 91, 0, natural="tree"), "a node of it is missing or has no place"),
        (FOREST_SIDE + relation(9, {1: "outer"}, **FOREST), "rings of the relation are open or cross each other"),
        (FOREST_SIDE + relation(9, {1: "outer", 7: "outer"}, **FOREST), "relation lacks some of its ways"),
        (node(1, 1, 1, name="a&#x202e;b"), "tag is unusable"),
        (SQUARES + way(1, 1, 2, note="x" * 1001), "tag is unusable"),
    ],
)
def test_what_is_broken_is_set_aside_with_a_reason(body: str, reason: str, tmp_path: Path, faults) -> None:
    assert list(read_osm(written(tmp_path, body), faults)) == []
    assert faults.reasons == [reason]


def test_relations_without_a_shape_are_passed_over(tmp_path: Path, faults) -> None:
    body = SQUARES + way(1, 1, 2, 3, highway="path") + relation(9, {1: ""}, type="route", route="hiking")
    assert [element.id for element in read_osm(written(tmp_path, body), faults)] == ["way/1"]
    assert not faults


def test_ways_before_their_nodes_are_refused_with_the_remedy(tmp_path: Path, faults) -> None:
    with pytest.raises(DataError, match=r"a\.osm: node 1 follows a way; sort the file by type, as `osmium sort` does"):
        list(read_osm(written(tmp_path, way(1, 1, 2, highway="path") + SQUARES), faults))


def test_a_history_of_versions_is_refused(tmp_path: Path, faults) -> None:
    with pytest.raises(DataError, match="node 1 is there twice"):
        list(read_osm(written(tmp_path, node(1, 0, 0) + node(1, 0, 1)), faults))


@pytest.mark.parametrize("name", ["a.json", "a.osh.xml", "http:", "a"])
def test_other_files_are_refused_by_name(name: str, tmp_path: Path, faults) -> None:
    with pytest.raises(DataError, match="not named like an OpenStreetMap file"):
        list(read_osm(tmp_path / name, faults))


def test_an_extract_without_anything_is_refused(tmp_path: Path, faults) -> None:
    with pytest.raises(DataError, match=r"a\.osm: holds nothing"):
        list(read_osm(written(tmp_path, ""), faults))


def test_a_missing_file_is_named(tmp_path: Path, faults) -> None:
    with pytest.raises(DataError, match="no such file"):
        list(read_osm(tmp_path / "a.osm.pbf", faults))


def test_reading_twice_gives_the_same(mirror: Path, faults) -> None:
    first, second = (list(read_osm(mirror / PLANET, faults)) for _ in range(2))
    assert first == second
    assert all(shapely.is_valid(element.geometry) for element in first)
