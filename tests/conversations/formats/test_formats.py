import importlib.util
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from rsvlm.conversations import boxes
from rsvlm.conversations.formats.form import convert, decode, encode
from rsvlm.conversations.formats.oriented import in_convention
from rsvlm.conversations.formats.placements import cropping, inverse, placed, resizing
from rsvlm.conversations.formats.shapes import Geometry, box_geometry, held
from rsvlm.conversations.formats.table import FORMATS
from rsvlm.records.chips import Window
from rsvlm.records.unfit import Unfit

_spec = importlib.util.spec_from_file_location("geometries", Path(__file__).with_name("geometries.py"))
geometries = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(geometries)
rectangles, outlines = geometries.rectangles, geometries.outlines

# Steps of the full width or height; None: of another kind.
STEPS = {
    "geochat": 100, "fit-rs": None, "skyeyegpt": 100, "teochat": 100, "lhrs-bot": 100, "vhm": 1000, "vhm-polygon": 1000,
    "mmrs-1m": 100, "mmrs-1m-oriented": 100, "mmship": 100, "mmship-oriented": 100, "rs-gpt4v": 100, "wkt": None,
}  # fmt: skip
PADDED = ("mmrs-1m", "mmrs-1m-oriented")
NAMES = st.sampled_from(sorted(FORMATS))
SOME = st.one_of(rectangles(), outlines())


def step(name, geometry):
    """Pixels of one step of a format along x and y."""
    width, height = geometry.width, geometry.height
    side = max(width, height)
    if name == "wkt":
        return 0.01, 0.01
    if name == "fit-rs":
        return side / 10_000, side / 10_000
    return (side / 100, side / 100) if name in PADDED else (width / STEPS[name], height / STEPS[name])


def check_rounding(name, held_in, found):
    """Every number of a text lies within half a step of the truth."""
    form = FORMATS[name]
    x, y = (0.5 * value + 1e-6 for value in step(name, held_in))
    if form.shape == "rectangle":
        centre, sides, angle = geometries.rectangles_differ(held_in, found)
        # GeoChat rounds both edges of a side, and along x or y as the rectangle lies before it is turned.
        assert centre <= max(x, y)
        assert sides <= max(x, y) * (2 if name == "geochat" else 1)
        assert angle <= 0.5 + 1e-6
    else:
        assert geometries.points_within(found, held_in, x, y)
        assert geometries.points_within(held_in, found, x, y)


def test_the_table_is_complete():
    assert sorted(FORMATS) == sorted(STEPS)
    assert all(FORMATS[name].name == name for name in FORMATS)


UPRIGHT = box_geometry(100, 50, 300, 150, 400, 200)
TURNED = Geometry(((150.0, 40.0), (210.0, 100.0), (190.0, 120.0), (130.0, 60.0)), 400, 400)


@pytest.mark.parametrize(
    ("name", "geometry", "text"),
    [
        ("geochat", UPRIGHT, "{<25><25><75><75>|<0>}"),
        ("skyeyegpt", UPRIGHT, "{<25><25><75><75>}"),
        ("teochat", UPRIGHT, "[25, 25, 75, 75]"),
        ("lhrs-bot", UPRIGHT, "[0.25,0.25,0.75,0.75]"),
        ("vhm", UPRIGHT, "[250,250,750,750]"),
        ("vhm-polygon", UPRIGHT, "[250,250,750,250,750,750,250,750]"),
        # The square is 400 wide, the picture begins 100 below its top.
        ("mmrs-1m", UPRIGHT, "[0.25,0.38,0.75,0.62]"),
        ("mmrs-1m-oriented", UPRIGHT, "[0.25,0.38,0.75,0.38,0.75,0.62,0.25,0.62]"),
        ("mmship", UPRIGHT, "[0.25, 0.25, 0.75, 0.75]"),
        ("mmship-oriented", UPRIGHT, "[0.25, 0.25, 0.75, 0.25, 0.75, 0.75, 0.25, 0.75]"),
        ("rs-gpt4v", UPRIGHT, "[0.25, 0.25, 0.75, 0.75]"),
        # Upright is 90 degrees in this convention: 100 pixels high along the angle, 200 across; percent of 400.
        ("fit-rs", UPRIGHT, "<rbox>({<50.00><25.00><25.00><50.00>|<90>})</rbox>"),
        ("wkt", UPRIGHT, "POLYGON ((100 50, 300 50, 300 150, 100 150, 100 50))"),
        # Centre 170, 80; sides of 84.85 (along 45 degrees) and 28.28 pixels.
        ("fit-rs", TURNED, "<rbox>({<42.50><20.00><21.21><7.07>|<45>})</rbox>"),
        ("geochat", TURNED, "{<32><16><53><24>|<45>}"),
        ("teochat", TURNED, "[32, 10, 52, 30]"),
        # From the corner nearest the upper left, clockwise. 150, 40 and 130, 60 are as near; 0.375 and 0.325 are rounded to even.
        ("mmship-oriented", TURNED, "[0.32, 0.15, 0.38, 0.10, 0.52, 0.25, 0.48, 0.30]"),
        ("vhm-polygon", TURNED, "[375,100,525,250,475,300,325,150]"),
        ("wkt", Geometry(((1.005, 2.5),), 10, 10), "POINT (1 2.5)"),
    ],
)
def test_texts_by_hand(name, geometry, text):
    assert encode(FORMATS[name], [geometry]) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("geochat", "{<1><2><30><40>|<0>}<delim>{<5><5><9><9>|<0>}"),
        ("skyeyegpt", "{<1><2><30><40>}<delim>{<5><5><9><9>}"),
        ("teochat", "[1, 2, 30, 40], [5, 5, 9, 9]"),
        ("lhrs-bot", "[0.01,0.02,0.30,0.40], [0.05,0.05,0.09,0.09]"),
        ("vhm", "[10,20,300,400], [50,50,90,90]"),
        ("mmrs-1m", "[0.01,0.02,0.30,0.40;0.05,0.05,0.09,0.09]"),
        ("mmship", "[0.01, 0.02, 0.30, 0.40]; [0.05, 0.05, 0.09, 0.09]"),
        ("rs-gpt4v", "[0.01, 0.02, 0.30, 0.40], [0.05, 0.05, 0.09, 0.09]"),
        ("fit-rs", "<rbox>({<15.50><21.00><38.00><29.00>|<90>}, {<7.00><7.00><4.00><4.00>|<90>})</rbox>"),
    ],
)
def test_several_boxes_of_a_phrase(name, text):
    """Two boxes, one from 1, 2 to 30, 40 and one from 5, 5 to 9, 9, in an image of 100 by 100."""
    form = FORMATS[name]
    found = decode(form, f"There are <p>2 ships</p> {text}.", 100, 100)
    corners = [
        [min(x for x, _ in box.points), min(y for _, y in box.points), max(x for x, _ in box.points), max(y for _, y in box.points)]
        for box in found
    ]
    assert corners == [pytest.approx([1, 2, 30, 40]), pytest.approx([5, 5, 9, 9])]
    for other, target in FORMATS.items():
        converted = convert(f"There are <p>2 ships</p> {text}.", form, target, 100, 100)
        assert converted.startswith("There are <p>2 ships</p> ")
        assert converted.endswith(".")
        assert convert(converted, target, form, 100, 100) == f"There are <p>2 ships</p> {text}.", other


@settings(max_examples=150, deadline=None)
@given(NAMES, SOME)
def test_reading_a_written_geometry_is_off_by_at_most_half_a_step(name, geometry):
    form = FORMATS[name]
    try:
        text = encode(form, [geometry])
    except Unfit:  # a thin outline folded by rounding
        assume(False)
    read = decode(form, text, geometry.width, geometry.height)
    assert len(read) == 1
    check_rounding(name, held(form.shape, geometry), read[0])


@settings(max_examples=150, deadline=None)
@given(NAMES, SOME)
def test_writing_what_was_read_gives_the_same_text(name, geometry):
    form = FORMATS[name]
    try:
        text = encode(form, [geometry])
    except Unfit:
        assume(False)
    found = decode(form, text, geometry.width, geometry.height)
    assert encode(form, found) == text


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["skyeyegpt", "teochat", "vhm"]), st.data(), geometries.SIZES)
def test_every_text_of_boxes_survives(name, data, size):
    form, steps = FORMATS[name], STEPS[name]
    x1, y1 = data.draw(st.integers(0, steps - 1)), data.draw(st.integers(0, steps - 1))
    x2, y2 = data.draw(st.integers(x1 + 1, steps)), data.draw(st.integers(y1 + 1, steps))
    text = {
        "skyeyegpt": f"{{<{x1}><{y1}><{x2}><{y2}>}}",
        "teochat": f"[{x1}, {y1}, {x2}, {y2}]",
        "vhm": f"[{x1},{y1},{x2},{y2}]",
    }[name]
    (found,) = decode(form, text, *size)
    assert found.points[0] == pytest.approx((x1 * size[0] / steps, y1 * size[1] / steps))
    assert found.points[2] == pytest.approx((x2 * size[0] / steps, y2 * size[1] / steps))
    assert encode(form, [found]) == text


@settings(max_examples=150, deadline=None)
@given(st.integers(20, 70), st.integers(20, 70), st.integers(1, 30), st.integers(1, 30), st.integers(1, 89), geometries.SIZES)
def test_every_text_of_rectangles_survives(x, y, half_width, half_height, angle, size):
    for form, text in (
        (FORMATS["geochat"], f"{{<{x - half_width // 2}><{y - half_height // 2}><{x + half_width}><{y + half_height}>|<{angle}>}}"),
        (FORMATS["fit-rs"], f"<rbox>({{<{x / 2}0><{y / 2}0><{half_width}.00><{half_height}.25>|<{angle}>}})</rbox>"),
    ):
        found = decode(form, text, *size)
        assert len(found) == 1
        assert encode(form, found) == text


def test_the_far_form_of_geochat_may_be_written_anew():
    """A box that fits only a quarter turn further may fit both ways once it is rounded; it is the same box still."""
    form = FORMATS["geochat"]
    thin = Geometry(geometries.turned((5, 50), 40, 4, 88), 100, 100)
    text = encode(form, [thin])
    assert text == "{<3><30><7><70>|<178>}" == boxes.encode(thin.points, 100, 100)
    assert encode(form, decode(form, text, 100, 100)) == text
    # Before rounding its near form left the picture by more than half a step, after it by none.
    (far,) = decode(form, "{<34><60><93><81>|<160>}", 100, 100)
    assert encode(form, [far]) == "{<53><41><74><100>|<70>}"
    (near,) = decode(form, "{<53><41><74><100>|<70>}", 100, 100)
    assert max(geometries.rectangles_differ(far, near)) <= 0.5 + 1e-6


@settings(max_examples=150, deadline=None)
@given(NAMES, NAMES, SOME)
def test_any_format_becomes_any_other(source, target, geometry):
    first, second = FORMATS[source], FORMATS[target]
    try:
        text = encode(first, [geometry])
        (before,) = decode(first, text, geometry.width, geometry.height)
        converted = convert(f"at {text}!", first, second, geometry.width, geometry.height)
    except Unfit:
        assume(False)
    assert converted.startswith("at ")
    assert converted.endswith("!")
    (after,) = decode(second, converted, geometry.width, geometry.height)
    check_rounding(target, held(second.shape, before), after)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([name for name in sorted(STEPS) if STEPS[name] and name not in (*PADDED, "geochat")]), SOME, geometries.SIZES)
def test_a_text_means_the_same_place_after_resizing(name, geometry, size):
    form = FORMATS[name]
    try:
        text = encode(form, [geometry])
    except Unfit:
        assume(False)
    source = (geometry.width, geometry.height)
    (before,), (after,) = decode(form, text, *source), decode(form, text, *size)
    for point, expected in zip(after.points, placed(before, resizing(source, size)).points, strict=True):
        assert point == pytest.approx(expected, abs=1e-6)


@settings(max_examples=150, deadline=None)
@given(NAMES, SOME, st.integers(0, 5), st.integers(0, 5))
def test_a_geometry_survives_a_crop_and_its_text(name, geometry, x, y):
    form = FORMATS[name]
    window = Window(x, y, geometry.width - 2 * x, geometry.height - y)
    placement = cropping((geometry.width, geometry.height), window)
    cropped = placed(geometry, placement)
    try:
        text = encode(form, [cropped])
    except Unfit:
        assume(False)
    (found,) = decode(form, text, window.width, window.height)
    check_rounding(name, held(form.shape, cropped), found)
    back = placed(found, inverse(placement))
    assert (back.width, back.height) == (geometry.width, geometry.height)
    for point, shifted in zip(found.points, back.points, strict=True):
        assert (shifted[0] - x, shifted[1] - y) == pytest.approx(point, abs=1e-6)


@given(NAMES, st.one_of(st.text(), st.text("[]{}<>|,;.0123456789- ()/rboxPOLYGNT", max_size=200)))
@example("geochat", "{<0><0><0><0>|<0>}")
@example("vhm", "[" * 3000 + "1," * 3000)
@example("wkt", "POLYGON ((" + "1 1, " * 3000)
@example("fit-rs", "<rbox>(" + "{<1><1><1><1>|<1>}, " * 2000)
def test_no_text_raises(name, text):
    for geometry in decode(FORMATS[name], text, 100, 60):
        assert len(geometry.points) != 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("geochat", "{<1><2><3>|<4>}"), ("geochat", "{<5><5><5><9>|<0>}"), ("geochat", "{<a><2><3><4>}"),
        ("skyeyegpt", "{<30><40><1><2>}"), ("skyeyegpt", "{<1><2><3><101>}"), ("skyeyegpt", "{<1><2><3>}"), ("skyeyegpt", "<1><2><3><4>"),
        ("skyeyegpt", "{<1><2><30><40>|<5>}"), ("teochat", "[1, 2, 3]"), ("teochat", "[10, 20, 300, 40]"), ("teochat", "[1, 2, 1, 4]"),
        ("teochat", "[-1, 2, 3, 4]"), ("teochat", "[1, 2, 3, 4, 5]"), ("teochat", "1, 2, 3, 4"), ("lhrs-bot", "[10,20,30,40]"),
        ("lhrs-bot", "[0.1,0.2,1.3,0.4]"), ("lhrs-bot", "[0.1,0.2,nan,0.4]"), ("vhm", "[1,2,3,1001]"), ("vhm", "[1,2,3,99999]"),
        ("vhm-polygon", "[1,2,3,4]"), ("vhm-polygon", "[1,2,3,4,5]"), ("vhm-polygon", "[1,1,2,2,3,3]"),
        ("vhm-polygon", "[0,0,10,10,10,0,0,8]"), ("mmrs-1m", "[0.1,0.2,0.3;0.4]"), ("mmrs-1m", "[0.3,0.2,0.1,0.4]"),
        ("mmrs-1m-oriented", "[0.1,0.2,0.3,0.4,0.5,0.6]"), ("mmship-oriented", "[0.1, 0.2, 0.3, 0.4]"),
        ("fit-rs", "{<50.00><25.00><25.00><50.00>|<90>}"), ("fit-rs", "<rbox>({<50.00><25.00><0.00><50.00>|<90>})</rbox>"),
        ("fit-rs", "<rbox>({<150.00><25.00><10.00><50.00>|<90>})</rbox>"), ("fit-rs", "<rbox>({<50.00><25.00><5.00>|<90>})</rbox>"),
        ("fit-rs", "<rbox>()</rbox>"), ("wkt", "POLYGON ((1 1, 5 1, 5 5))"), ("wkt", "POLYGON ((1 1, 5 1, 5 5, 1 2))"),
        ("wkt", "POLYGON EMPTY"), ("wkt", "POLYGON ((0 0, 9 0, 9 9, 0 0), (1 1, 2 1, 2 2, 1 1))"),
    ],
)  # fmt: skip
def test_malformed_texts_mean_nothing(name, text):
    assert decode(FORMATS[name], f"The ship is at {text}.", 100, 100) == []


@pytest.mark.parametrize(
    ("name", "geometry", "reason"),
    [
        ("skyeyegpt", box_geometry(10, 10, 10.4, 50, 100, 100), "shape is too small for its text"),
        ("teochat", box_geometry(-2, 10, 10, 50, 100, 100), "shape leaves the image"),
        ("vhm", box_geometry(10, 10, 101, 50, 100, 100), "shape leaves the image"),
        ("geochat", box_geometry(10, 10, 10.2, 50, 100, 100), "box is too small for its text"),
        ("geochat", Geometry(geometries.turned((10, 10), 27, 27, 45), 100, 100), "box does not fit its text"),
        ("fit-rs", Geometry(geometries.turned((-10, 10), 27, 27, 45), 100, 100), "shape leaves the image"),
        ("fit-rs", box_geometry(10, 10, 10.001, 50, 100, 100), "shape is too small for its text"),
        ("vhm-polygon", box_geometry(10, 10, 10.01, 10.01, 100, 100), "shape is too small for its text"),
        ("mmship-oriented", box_geometry(10, 10, 10.2, 50, 100, 100), "shape is too small for its text"),
        ("lhrs-bot", Geometry(((5.0, 5.0),), 100, 100), "point has no extent"),
    ],
)
def test_geometries_without_a_text_are_refused(name, geometry, reason):
    with pytest.raises(Unfit) as caught:
        encode(FORMATS[name], [geometry])
    assert caught.value.reason == reason


def test_conversion_refuses_what_means_nothing():
    with pytest.raises(Unfit, match="inside out"):
        convert("at [30, 40, 1, 2]", FORMATS["teochat"], FORMATS["vhm"], 100, 100)
    assert convert("at [30, 40, 1]", FORMATS["teochat"], FORMATS["vhm"], 100, 100) == "at [30, 40, 1]"
    with pytest.raises(ValueError, match="no geometry"):
        encode(FORMATS["vhm"], [])


def test_geochat_agrees_with_its_own_module():
    text = "{<10><20><40><60>|<30>}"
    (found,) = decode(FORMATS["geochat"], text, 120, 90)
    assert [found.points] == boxes.decode(text, 120, 90)
    assert boxes.encode(found.points, 120, 90) == text


@given(st.floats(1, 100), st.floats(1, 100), st.floats(-720, 720))
def test_angle_conventions_name_the_same_rectangle(width, height, angle):
    truth = Geometry(geometries.turned((200, 200), width, height, angle), 400, 400)
    for convention, least, most in (("oc", 0, 90), ("le90", -90, 90), ("le135", -45, 135)):
        w, h, a = in_convention(width, height, angle, convention)
        assert least <= a <= most
        assert convention == "oc" or w >= h
        centre, sides, turn = geometries.rectangles_differ(truth, Geometry(geometries.turned((200, 200), w, h, a), 400, 400))
        assert max(centre, sides) < 1e-6
        assert turn < 1e-6


def test_angle_conventions_by_hand():
    assert in_convention(40, 20, 0, "oc") == (20, 40, 90)
    assert in_convention(40, 20, 90, "oc") == (40, 20, 90)
    assert in_convention(20, 40, -30, "oc") == (40, 20, 60)
    assert in_convention(20, 40, 0, "le90") == (40, 20, -90)
    assert in_convention(20, 40, 10, "le135") == (40, 20, 100)
