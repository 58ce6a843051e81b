import numpy as np
import pytest
from PIL import Image, ImageDraw

from rsvlm.conversations.attributes import (
    Described,
    Phrase,
    SizeLimits,
    colour_name,
    colour_of,
    describe,
    largest_cluster,
    place_of,
    size_limits,
)
from rsvlm.conversations.settings import AttributeSettings
from rsvlm.records.models import LabelledObject

RULE = AttributeSettings()


def at(x, y, side=10, label="ship"):
    return LabelledObject(label, ((x - side, y - side), (x + side, y - side), (x + side, y + side), (x - side, y + side)))


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (10, 10, "top left"), (45, 10, "top"), (80, 10, "top right"), (10, 45, "left"), (45, 45, "centre"), (80, 45, "right"),
        (10, 80, "bottom left"), (45, 80, "bottom"), (80, 80, "bottom right"), (30, 60, "bottom"), (90, 90, "bottom right"),
    ],
)  # fmt: skip
def test_places_are_cells_of_a_grid(x, y, place):
    assert place_of(at(x, y, side=0.5), 90, 90) == place


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((255, 255, 255), "white"), ((20, 20, 25), "black"), ((120, 120, 118), "gray"), ((200, 30, 30), "red"), ((30, 60, 200), "blue"),
        ((40, 140, 50), "green"), ((230, 220, 40), "yellow"), ((240, 140, 20), "orange"), ((120, 70, 30), "brown"),
        ((40, 180, 190), "cyan"),
    ],
)  # fmt: skip
def test_colours_have_their_usual_names(rgb, name):
    assert colour_name(*rgb) == name


def test_the_largest_cluster_is_found_and_weighed():
    generator = np.random.default_rng(2)
    pixels = np.concatenate([generator.normal(200, 5, (70, 3)), generator.normal(40, 5, (20, 3)), generator.normal(120, 5, (10, 3))])
    centre, share = largest_cluster(pixels, 3)
    assert np.allclose(centre, pixels[:70].mean(axis=0))
    assert share == pytest.approx(0.7)


def painted(*shapes):
    picture = Image.new("RGB", (90, 90), (30, 60, 40))
    draw = ImageDraw.Draw(picture)
    for labelled, colour in shapes:
        draw.polygon(list(labelled.polygon), fill=colour)
    return picture


def test_an_objects_colour_is_that_of_its_pixels_not_of_its_surroundings():
    diamond = LabelledObject("ship", ((45, 25), (65, 45), (45, 65), (25, 45)))
    assert colour_of(painted((diamond, (240, 240, 240))), diamond, RULE) == "white"


def test_no_colour_is_said_where_none_prevails_or_little_is_seen():
    stripes = np.zeros((90, 90, 3), dtype=np.uint8)
    stripes[:, 0::3] = (200, 20, 20)
    stripes[:, 1::3] = (20, 20, 200)
    stripes[:, 2::3] = (20, 200, 20)
    assert colour_of(Image.fromarray(stripes), at(45, 45), RULE) is None
    assert colour_of(painted(), at(45, 45, side=1), RULE) is None


def test_size_limits_are_percentiles_within_each_class():
    areas = {"ship": list(range(1, 102)), "harbor": [10.0, 20.0, 30.0, 40.0]}
    # 1..101: the 20th percentile is the 21st value, the 80th the 81st.
    assert size_limits(areas, RULE) == {"ship": SizeLimits(21.0, 81.0)}
    assert [SizeLimits(21.0, 81.0).name(area) for area in (20.9, 21.0, 81.0, 81.1)] == ["small", None, None, "large"]


def test_what_the_border_cuts_has_no_size():
    limits = {"ship": SizeLimits(500, 1000)}
    inner, cut = describe(painted(), [at(45, 45), at(10, 45)], limits, RULE)
    assert (inner.size, cut.size) == ("small", None)
    assert describe(painted(), [at(45, 45)], limits, AttributeSettings(colours=False))[0].colour is None


def test_phrases_name_what_has_all_their_attributes():
    ship = Described(at(45, 45), "centre", "white", "large")
    assert Phrase("ship", colour="white").fits(ship)
    assert not Phrase("ship", colour="red").fits(ship)
    assert not Phrase("harbor").fits(ship)
    assert not Phrase("ship", size="small", place="centre").fits(ship)
    assert Phrase("ship", "large", "white", "centre").text() == "large white ship in the centre"
    assert Phrase("storage tank", place="top left").text(many=True) == "storage tanks at the top left"
