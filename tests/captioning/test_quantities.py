import math

import pytest

from rsvlm.captioning.quantities import compass, compass_adjective, decimal, measured


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1, "metre", "1 metre"), (1.04, "metre", "1 metre"), (0.5, "metre", "0.5 metres"), (0, "metre", "0 metres"),
        (100, "metre", "100 metres"), (2, "square kilometre", "2 square kilometres"), (10, "metre per pixel", "10 metres per pixel"),
        (1, "metre per pixel", "1 metre per pixel"), (3, "foot", "3 feet"), (12.5, "percent", "12.5 percent"), (-1, "degree", "-1 degree"),
        (20, "degree Celsius", "20 degrees Celsius"), (5, "hertz", "5 hertz"), (3.25, "hectare", "3.2 hectares"),
        (-0.01, "degree", "0 degrees"),
    ],
)  # fmt: skip
def test_quantities_agree_with_their_unit(value, unit, text):
    assert measured(value, unit) == text


def test_decimals_end_without_zeros():
    assert [decimal(12.5, 2), decimal(3.0, 2), decimal(100, 0), decimal(0.046, 2)] == ["12.5", "3", "100", "0.05"]
    with pytest.raises(ValueError, match="nan is no quantity"):
        decimal(math.nan, 1)


@pytest.mark.parametrize(
    ("bearing", "four", "eight", "sixteen"),
    [
        (0, "north", "north", "north"), (22.4, "north", "north", "north-north-east"), (22.5, "north", "north-east", "north-north-east"),
        (45, "east", "north-east", "north-east"), (90, "east", "east", "east"), (101.25, "east", "east", "east-south-east"),
        (180, "south", "south", "south"), (225, "west", "south-west", "south-west"), (292, "west", "west", "west-north-west"),
        (337.5, "north", "north", "north-north-west"), (359, "north", "north", "north"), (-90, "west", "west", "west"),
        (720, "north", "north", "north"),
    ],
)  # fmt: skip
def test_compass_words(bearing, four, eight, sixteen):
    assert [compass(bearing, 4), compass(bearing), compass(bearing, 16)] == [four, eight, sixteen]


def test_compass_refuses_what_it_cannot_name():
    assert compass_adjective("north-east") == "north-eastern"
    for bearing, points in ((math.inf, 8), (0, 6)):
        with pytest.raises(ValueError, match=r"bearing|compass"):
            compass(bearing, points)
