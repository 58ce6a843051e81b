import math

import pytest
from shapely import MultiPoint

from rsvlm.conversations.formats.shapes import (
    Geometry,
    bounds,
    box_geometry,
    held,
    in_reading_order,
    quadrilateral,
    smallest_rectangle,
)
from rsvlm.records.unfit import Unfit

ARROW = ((10.0, 10.0), (50.0, 10.0), (50.0, 40.0), (30.0, 20.0))  # its inner corner lies inside the hull


def test_what_each_shape_holds():
    arrow = Geometry(ARROW, 100, 100)
    assert bounds(arrow) == (10, 10, 50, 40)
    assert held("box", arrow).points == ((10, 10), (50, 10), (50, 40), (10, 40))
    assert held("polygon", arrow) == arrow
    rectangle = held("rectangle", Geometry(((10.0, 10.0), (50.0, 20.0), (45.0, 60.0), (20.0, 25.0), (8.0, 40.0)), 100, 100))
    hull = MultiPoint([(10, 10), (50, 20), (45, 60), (20, 25), (8, 40)])
    _, width, height, _ = smallest_rectangle(rectangle)
    assert width * height == pytest.approx(hull.minimum_rotated_rectangle.area)
    slanted = Geometry(((10.0, 10.0), (50.0, 14.0), (48.0, 30.0), (9.0, 27.0)), 100, 100)
    assert quadrilateral(slanted) == slanted.points
    assert quadrilateral(arrow) != arrow.points


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ((), "outline has too few points"),
        (((1.0, 2.0), (3.0, 4.0)), "outline has too few points"),
        (((math.nan, 1.0),), "coordinates are not finite"),
        (((1e9, 1.0),), "coordinates are not finite"),
        (((0.0, 0.0), (1.0, 1.0), (2.0, 2.0)), "outline has no area"),
        (((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 8.0)), "outline crosses or touches itself"),
    ],
)
def test_what_is_no_geometry(points, reason):
    with pytest.raises(Unfit) as caught:
        Geometry(points, 100, 100)
    assert caught.value.reason == reason


def test_points_have_no_box_and_boxes_an_order():
    point = Geometry(((3.0, 4.0),), 100, 100)
    assert point.is_point
    for shape in ("box", "rectangle", "quadrilateral"):
        with pytest.raises(Unfit, match="point has no extent"):
            held(shape, point)
    with pytest.raises(Unfit, match="inside out"):
        box_geometry(5, 5, 5, 9, 100, 100)
    with pytest.raises(ValueError, match="at least 1"):
        Geometry(((3.0, 4.0),), 0, 100)
    low, high, right = (box_geometry(x, y, x + 5, y + 5, 100, 100) for x, y in ((0, 50), (40, 10), (60, 10)))
    assert in_reading_order([low, right, high]) == [high, right, low]
