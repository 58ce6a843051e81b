"""Bars, columns and maps of a corpus report."""

import pytest

from rsvlm.reports.corpus.drawings import bars, histogram, place_map


def test_bars_are_shares_of_all_and_of_the_longest() -> None:
    ship, plane, rest = bars([("ship", 30), ("plane", 15), ("9 others", 55)], longest=30)
    assert (ship.share, ship.length) == (0.3, 1.0)
    assert (plane.share, plane.length) == (0.15, 0.5)
    assert (rest.share, rest.length) == (0.55, 0.0), "many put together would dwarf the rest"


def test_columns_fill_the_square() -> None:
    lengths = {"count": 30, "mean": 4.0, "median": 4, "longest": 9, "bins": [[0, 4, 20], [5, 9, 10]]}
    found = histogram("captions", "words", lengths)
    first, second = found.columns
    assert (first.x, first.width, first.height, second.x, second.height) == (0, 50, 100, 50, 50)
    assert second.words == "5 to 9 words: 10"
    assert (found.first, found.last) == (0, 9)


def test_a_map_spans_its_cells_and_stays_on_the_globe() -> None:
    found = place_map({"degrees": 1, "cells": [[-180, -90, 1], [179, 89, 4]]})
    assert found is not None
    assert (found.x, found.y, found.width, found.height) == (-180, -90, 360, 180)
    near = place_map({"degrees": 1, "cells": [[10, 50, 2]]})
    assert near is not None
    assert (near.x, near.y, near.width, near.height) == (8, -53, 5, 5)
    (cell,) = near.cells
    assert (cell.x, cell.y, cell.side, cell.opacity) == (10, -51, 1, pytest.approx(1.0))
    assert cell.words == "10°E, 50°N: 2"
    assert {line.words for line in near.lines} >= {"10°E", "50°N"}


def test_no_place_no_map() -> None:
    assert place_map({"degrees": 1, "cells": []}) is None
