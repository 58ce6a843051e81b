"""Relations by geometry, on shapes whose gaps and angles are worked out by hand."""

import math

import pytest

from rsvlm.data.graphs import Node, Triple, cut, show
from rsvlm.data.kinds.graphs import Alongside, GeometrySettings
from rsvlm.data.neighbours import relations
from rsvlm.records.chips import Window

WINDOW = Window(0, 0, 200, 200)


def bar(index: int, label: str, x: float, y: float, long: float, wide: float, degrees: float = 0.0) -> Node:
    """A rectangle about its centre, turned clockwise on screen."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    half = [(-long / 2, -wide / 2), (long / 2, -wide / 2), (long / 2, wide / 2), (-long / 2, wide / 2)]
    first, second, third, fourth = ((x + u * cosine - v * sine, y + u * sine + v * cosine) for u, v in half)
    return Node(index, label, (first, second, third, fourth))


def found(*nodes: Node, window: Window = WINDOW, **settings) -> set[tuple[int, str, int]]:
    shown = [one for node in nodes if (one := show(node, window))]
    return {(each.subject, each.predicate, each.object) for each in relations(shown, GeometrySettings(**settings))}


def test_neighbours_within_half_a_width_are_adjacent() -> None:
    # Squares of 10 pixels, 5 apart: half a side; the second pair is 5.1 apart.
    assert (0, "adjacent", 1) in found(bar(0, "a", 50, 50, 10, 10), bar(1, "a", 65, 50, 10, 10))
    apart = found(bar(0, "a", 50, 50, 10, 10), bar(1, "a", 65.1, 50, 10, 10))
    assert apart == {(0, "left of", 1), (1, "right of", 0)}


@pytest.mark.parametrize(("degrees", "word"), [(0, "parallel to"), (9, "parallel to"), (12, "adjacent")])
def test_parallel_within_ten_degrees(degrees: float, word: str) -> None:
    assert (0, word, 1) in found(bar(0, "a", 50, 50, 40, 10), bar(1, "a", 50, 65, 40, 10, degrees))


def test_parallel_across_the_turn_from_180_to_0() -> None:
    """Axes of 3 and 177 degrees differ by 6."""
    assert (0, "parallel to", 1) in found(bar(0, "a", 50, 50, 40, 10, 3), bar(1, "a", 50, 64, 40, 10, 177))


def test_inside_is_of_one_side_only_and_comes_first() -> None:
    assert found(bar(0, "car", 50, 50, 10, 5), bar(1, "lot", 50, 50, 60, 60)) == {(0, "inside", 1)}


def test_directions_need_a_clear_main_axis() -> None:
    assert (0, "above", 1) in found(bar(0, "a", 50, 30, 10, 10), bar(1, "a", 52, 48, 10, 10))
    diagonal = found(bar(0, "a", 50, 30, 10, 10), bar(1, "a", 61, 41, 10, 10))
    assert not {word for _, word, _ in diagonal} & {"left of", "right of", "above", "below"}


def test_alongside_needs_the_place_that_both_touch() -> None:
    ships = bar(0, "ship", 50, 50, 10, 30), bar(1, "ship", 64, 50, 10, 30)
    rule = (Alongside(noun="ship", words="docked alongside with", at="dock"),)
    assert (0, "parallel to", 1) in found(*ships, alongside=rule)
    with_dock = found(*ships, bar(2, "dock", 57, 70, 100, 8), alongside=rule)
    assert {(0, "docked alongside with", 1), (1, "docked alongside with", 0)} <= with_dock


def test_what_the_tile_cuts_off_makes_no_contact() -> None:
    """The neighbour's near end lies outside the tile."""
    first, second = bar(0, "a", 95, 50, 8, 8), bar(1, "a", 110, 50, 18, 8)
    assert (0, "adjacent", 1) in found(first, second)
    assert found(first, second, window=Window(0, 0, 100, 100)) == set()


def test_an_object_is_kept_from_55_percent_on() -> None:
    """Squares of 100 pixels, 55 and 54 of them in a tile."""
    for left, kept in ((45.0, 1), (46.0, 0)):
        graph = cut([Node(0, "a", ((-left, 0), (100 - left, 0), (100 - left, 100), (-left, 100)))], WINDOW, 0.55, lambda shown: [])
        assert len(graph.shown) == kept
        assert graph.cut == (frozenset() if kept else {"a"})


def test_triples_name_objects_of_the_annotation() -> None:
    assert relations([one for one in [show(bar(7, "a", 50, 50, 10, 10), WINDOW)] if one], GeometrySettings()) == []
    graph = cut([bar(7, "a", 50, 50, 10, 10)], WINDOW, 0.5, lambda shown: [Triple(7, "over", 7)])
    assert graph.of(7).label == "a"
