import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from rsvlm.conversations.formats.placements import (
    chained,
    clipped,
    cropping,
    flipping,
    inverse,
    letterboxing,
    padding_to_square,
    placed,
    resizing,
)
from rsvlm.conversations.formats.shapes import Geometry, box_geometry
from rsvlm.records.chips import Window
from rsvlm.records.unfit import Unfit

SIDES = st.integers(1, 2000)
SIZES = st.tuples(SIDES, SIDES)


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        (resizing((100, 50), (200, 200)), [(20, 40), (80, 40), (80, 120), (20, 120)]),
        (padding_to_square((100, 50)), [(10, 35), (40, 35), (40, 55), (10, 55)]),
        (letterboxing((100, 50), (50, 40)), [(5, 12), (20, 12), (20, 22), (5, 22)]),
        (cropping((100, 50), Window(5, 7, 60, 30)), [(5, 3), (35, 3), (35, 23), (5, 23)]),
        (flipping((100, 50), horizontal=True), [(90, 10), (90, 30), (60, 30), (60, 10)]),
        (flipping((100, 50), horizontal=False), [(10, 40), (10, 20), (40, 20), (40, 40)]),
    ],
)
def test_a_box_by_hand(placement, expected):
    assert placed(box_geometry(10, 10, 40, 30, 100, 50), placement).points == tuple(expected)


def test_padding_puts_the_odd_pixel_after_the_picture():
    assert padding_to_square((7, 10)).shift == (1, 0)
    assert padding_to_square((10, 7)).shift == (0, 1)


def test_pixels_move_where_geometry_says():
    pixels = np.zeros((30, 41), np.uint8)
    pixels[8:12, 5:20] = 255
    picture, box = Image.fromarray(pixels), box_geometry(5, 8, 20, 12, 41, 30)
    canvas = Image.new("L", (41, 41))
    canvas.paste(picture, (0, (41 - 30) // 2))
    for moved, placement in (
        (canvas, padding_to_square((41, 30))),
        (ImageOps.mirror(picture), flipping((41, 30), horizontal=True)),
        (ImageOps.flip(picture), flipping((41, 30), horizontal=False)),
        (picture.crop((3, 2, 33, 22)), cropping((41, 30), Window(3, 2, 30, 20))),
        (picture.resize((82, 90), Image.Resampling.NEAREST), resizing((41, 30), (82, 90))),
    ):
        xs, ys = zip(*placed(box, placement).points, strict=True)
        assert moved.size == placement.target
        assert moved.getbbox() == (min(xs), min(ys), max(xs), max(ys))


@given(SIZES, SIZES, st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=1))
def test_every_placement_has_its_way_back(source, target, points):
    geometry = Geometry(tuple(points), *source)
    window = Window(3, 4, *target)
    for placement in (
        resizing(source, target),
        padding_to_square(source),
        letterboxing(source, target),
        cropping(source, window),
        flipping(source, horizontal=True),
        chained(flipping(source, horizontal=False), resizing(source, target)),
    ):
        moved = placed(geometry, placement)
        assert (moved.width, moved.height) == placement.target
        ((x, y),) = placed(moved, inverse(placement)).points
        assert (x, y) == pytest.approx(points[0], abs=1e-6)


@given(SIZES, SIZES)
def test_a_letterboxed_picture_lies_inside(source, target):
    corners = placed(box_geometry(0, 0, *source, *source), letterboxing(source, target)).points
    assert all(0 <= x <= target[0] + 1e-9 and 0 <= y <= target[1] + 1e-9 for x, y in corners)
    (x1, y1), _, (x2, y2), _ = corners
    assert x2 - x1 == pytest.approx(target[0]) or y2 - y1 == pytest.approx(target[1])


def test_clipping_keeps_the_visible_part():
    inside = box_geometry(1, 1, 9, 9, 10, 10)
    assert clipped(inside, 1.0) == inside
    assert set(clipped(box_geometry(-5, 2, 5, 8, 10, 10), 0.5).points) == {(0, 2), (5, 2), (5, 8), (0, 8)}
    turned = clipped(Geometry(((5.0, -3.0), (13.0, 5.0), (5.0, 13.0), (-3.0, 5.0)), 10, 10), 0.5)
    assert len(turned.points) == 8
    for geometry, share in ((box_geometry(-5, 2, 5, 8, 10, 10), 0.51), (box_geometry(20, 20, 30, 30, 10, 10), 0.0)):
        with pytest.raises(Unfit, match="mostly outside"):
            clipped(geometry, share)
    assert clipped(Geometry(((10.0, 0.0),), 10, 10), 0.5).is_point
    with pytest.raises(Unfit, match="point outside"):
        clipped(Geometry(((11.0, 0.0),), 10, 10), 0.5)


def test_placements_of_other_pictures_are_refused():
    with pytest.raises(ValueError, match="placement of one of"):
        placed(box_geometry(1, 1, 2, 2, 10, 10), resizing((20, 10), (5, 5)))
    with pytest.raises(ValueError, match="cannot go before"):
        chained(resizing((20, 10), (5, 5)), resizing((6, 5), (5, 5)))
