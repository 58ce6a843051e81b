from pathlib import Path

import numpy as np
import pytest
import shapely

from rsvlm.maps.elements import Element, checked_element, joined
from rsvlm.maps.osm import read_osm
from rsvlm.maps.store import MapStore


def box(id: str, *bounds: float) -> Element:
    return checked_element(id, shapely.box(*bounds), {"building": "yes"})


def test_what_lies_in_bounds_is_cut_and_sorted() -> None:
    road = checked_element("way/9", shapely.LineString([(-1, 0.5), (1, 0.5)]), {"highway": "path"})
    tree = checked_element("node/1", shapely.Point(0.2, 0.2), {"natural": "tree"})
    store = MapStore([box("way/2", 0.5, 0.5, 1.5, 1.5), road, box("way/1", 5, 5, 6, 6), box("way/0", -9, -9, 9, 9), tree])
    found = store.within((0.0, 0.0, 1.0, 1.0))
    assert [each.element.id for each in found] == ["node/1", "way/0", "way/2", "way/9"]
    assert [each.visible_share for each in found] == pytest.approx([1.0, 1 / 324, 0.25, 0.5])
    assert found[2].element.geometry.equals(shapely.box(0.5, 0.5, 1, 1))
    assert found[2].element.tags == {"building": "yes"}


def test_the_antimeridian_is_no_edge() -> None:
    store = MapStore([box("way/1", 179.5, 0, 180, 1), box("way/2", -180, 0, -179.5, 1), box("way/3", 0, 0, 1, 1)])
    assert [each.element.id for each in store.within((179.0, 0.0, -179.0, 1.0))] == ["way/1", "way/2"]


def test_an_empty_map() -> None:
    assert MapStore([]).within((0.0, 0.0, 1.0, 1.0)) == []


def test_pieces_of_one_element_are_one() -> None:
    left = Element("way/1", "line", shapely.LineString([(0, 0), (1, 0)]), {"highway": "path", "name": "A"})
    right = Element("way/1", "line", shapely.LineString([(1, 0), (2, 0)]), {"highway": "track", "width": "2"})
    (whole,) = joined([left, right])
    assert whole.geometry.equals(shapely.LineString([(0, 0), (2, 0)]))
    assert whole.geometry.geom_type == "LineString"
    assert whole.tags == {"highway": "path", "name": "A", "width": "2"}


def test_a_thousand_boxes_are_found_as_by_looking_at_each() -> None:
    generator = np.random.default_rng(5)
    boxes = [(x, y, x + 0.3, y + 0.2) for x, y in generator.uniform(-5, 5, (1000, 2)).tolist()]
    store = MapStore(box(f"way/{number:04d}", *each) for number, each in enumerate(boxes))
    west, south, east, north = -1.0, -1.0, 0.5, 1.0
    expected = [
        f"way/{number:04d}" for number, (x1, y1, x2, y2) in enumerate(boxes) if x1 < east and x2 > west and y1 < north and y2 > south
    ]
    assert [each.element.id for each in store.within((west, south, east, north))] == expected
    assert 10 < len(expected) < 200


def test_a_real_map_splits_into_quarters_without_loss(mirror: Path, faults) -> None:
    store = MapStore(read_osm(mirror / "osm-extracts/West-Oakland.osm.bz2", faults))
    west, south, east, north = (-122.31, 37.80, -122.29, 37.81)
    middle = ((west + east) / 2, (south + north) / 2)
    columns, rows = [(west, middle[0]), (middle[0], east)], [(south, middle[1]), (middle[1], north)]
    quarters = [(left, low, right, high) for left, right in columns for low, high in rows]
    shares: dict[str, float] = {}
    for quarter in quarters:
        for each in store.within(quarter):
            shares[each.element.id] = shares.get(each.element.id, 0.0) + each.visible_share
    for each in store.within((west, south, east, north)):
        if each.element.kind != "point":
            assert shares[each.element.id] == pytest.approx(each.visible_share, abs=1e-6)
