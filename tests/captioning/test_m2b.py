import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsvlm.captioning import m2b
from rsvlm.captioning.settings import M2BSettings


def naive(mask):
    """Regions by flood fill over eight neighbours, each with its box and area."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    found = []
    while left:
        waiting, region = [left.pop()], []
        while waiting:
            y, x = waiting.pop()
            region.append((y, x))
            for near in [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]:
                if near in left:
                    left.remove(near)
                    waiting.append(near)
        ys, xs = [y for y, _ in region], [x for _, x in region]
        found.append(((min(xs), min(ys), max(xs), max(ys)), len(region)))
    return found


@pytest.mark.system("remoteclip", 2)
@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))), st.integers(1, 5))
def test_boxes_are_those_of_a_flood_fill(mask, minimum):
    expected = sorted(box for box, size in naive(mask) if size >= minimum)
    assert sorted(m2b.boxes(mask, minimum_area=minimum)) == expected


def test_corners_touch_and_the_last_pixel_counts():
    mask = np.array([[1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 1]], dtype=bool)
    # Two regions: a diagonal pair (eight neighbours) and a column one pixel wide, so with equal x.
    assert m2b.boxes(mask) == [(0, 0, 1, 1), (3, 1, 3, 2)]
    found = m2b.as_objects(mask.astype(int), {1: "road"}, M2BSettings(minimum_area=1))
    assert [labelled.box for labelled in found] == [(0, 0, 2, 2), (3, 1, 4, 3)]


def test_a_region_in_a_hole_counts_or_not_as_set():
    mask = np.ones((7, 7), dtype=bool)
    mask[1:6, 1:6] = False
    mask[3, 3] = True
    assert sorted(m2b.boxes(mask)) == [(0, 0, 6, 6), (3, 3, 3, 3)]
    assert m2b.boxes(mask, nested=False) == [(0, 0, 6, 6)]


def test_classes_are_apart_and_background_is_not_spoken_of():
    mask = np.array([[0, 1, 2, 255], [0, 1, 2, 255]])
    found = m2b.as_objects(mask, {2: "road", 1: "tree"}, M2BSettings(minimum_area=2))
    assert [(labelled.label, labelled.box) for labelled in found] == [("tree", (1, 0, 2, 2)), ("road", (2, 0, 3, 2))]
