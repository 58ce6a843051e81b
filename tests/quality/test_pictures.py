import math

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from rsvlm.imagery.pictures import decode
from rsvlm.quality.pictures import constant_share, entropy, missing_share, picture_check, sharpness, size_fault, stated_size, water_share
from rsvlm.quality.settings import BlankScreen, CloudScreen, OceanScreen, SharpScreen, SizeScreen, UniformScreen
from rsvlm.records.unfit import Unfit

CLASSES = ("Airport", "Farmland", "Port", "Center", "Forest", "Mountain")


@pytest.fixture(scope="module")
def scenes(mirror):
    paths = [min((mirror / "aid150-rsicd" / "images" / name).iterdir()) for name in CLASSES]
    return [decode(path.read_bytes(), path.name) for path in paths]


def reason(screen, picture):
    fault = picture_check(screen)(picture)
    return fault.reason if fault else None


def pixels(rows):
    return Image.fromarray(np.asarray(rows, dtype=np.uint8))


ALL = (
    BlankScreen(kind="blank"),
    CloudScreen(kind="cloud"),
    OceanScreen(kind="ocean"),
    UniformScreen(kind="uniform"),
    SharpScreen(kind="sharp"),
)


def test_real_scenes_pass_every_screen(scenes):
    for scene in scenes:
        assert [reason(screen, scene) for screen in ALL] == [None] * len(ALL)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255)])
def test_a_scene_with_a_missing_corner_is_dropped(scenes, colour):
    painted = scenes[0].copy()
    ImageDraw.Draw(painted).polygon([(0, 0), (painted.width, 0), (0, painted.height)], fill=colour)
    assert missing_share(painted, dark=2, light=254) == pytest.approx(0.5, abs=0.02)
    assert reason(BlankScreen(kind="blank"), painted) == "picture has missing ground"
    assert reason(BlankScreen(kind="blank", most_missing=0.6), painted) is None


def test_black_and_white_ground_inside_is_no_missing_ground(scenes):
    painted = scenes[0].copy()
    ImageDraw.Draw(painted).rectangle([20, 20, painted.width - 20, painted.height - 20], fill=(0, 0, 0))
    assert missing_share(painted, dark=2, light=254) < 0.01


def test_missing_share_by_hand():
    black, white, ground = [0, 0, 0], [255, 255, 255], [90, 120, 60]
    rows = [
        [black, black, ground, ground],
        [ground, black, ground, white],
        [ground, ground, black, ground],
        [ground, ground, ground, ground],
    ]
    # The black cell at (2, 2) touches the others over a corner only, and lies inside.
    assert missing_share(pixels(rows), dark=0, light=255) == 4 / 16


def test_a_constant_picture_is_blank(scenes):
    assert reason(BlankScreen(kind="blank"), Image.new("RGB", scenes[0].size, (90, 120, 60))) == "picture is blank"
    assert constant_share(pixels([[[9, 9, 9], [9, 9, 9], [9, 9, 9], [40, 40, 40]]])) == 0.75


def test_entropy_by_hand():
    assert entropy(Image.new("RGB", (8, 8), (50, 60, 70))) == 0.0
    assert entropy(pixels([[0, 0, 85, 255]])) == pytest.approx(1.5)  # shares 1/2, 1/4, 1/4
    assert entropy(pixels(np.arange(256).reshape(16, 16))) == pytest.approx(8.0)


def test_a_cloud_painted_over_a_scene_is_found(scenes):
    for scene in scenes:
        painted = scene.copy()
        cloud = Image.new("L", scene.size, 0)
        ImageDraw.Draw(cloud).ellipse([-20, -20, int(0.9 * scene.width), int(0.8 * scene.height)], fill=255)
        painted.paste(Image.new("RGB", scene.size, (246, 248, 250)), mask=cloud.filter(ImageFilter.GaussianBlur(4)))
        assert reason(CloudScreen(kind="cloud"), painted) == "picture is cloudy"


def test_whiteness_by_hand():
    white, grey, yellow, dim = [250, 250, 250], [230, 225, 220], [250, 250, 150], [200, 200, 200]
    picture = pixels([[white, grey], [yellow, dim]])
    assert picture_check(CloudScreen(kind="cloud", most_share=0.49))(picture).detail.startswith("50.0%")
    assert reason(CloudScreen(kind="cloud", most_share=0.5), picture) is None


def test_open_water_is_dropped_and_a_port_is_not(scenes):
    generator = np.random.default_rng(4)
    swell = generator.normal(0, 3, (128, 128, 1)) + np.array([20.0, 60.0, 95.0])
    water = pixels(np.clip(swell, 0, 255))
    assert reason(OceanScreen(kind="ocean"), water) == "picture is open water"
    ship = water.copy()
    ship.paste(scenes[0].resize((128, 70)), (0, 30))
    assert reason(OceanScreen(kind="ocean"), ship) is None
    assert water_share(pixels([[[0, 0, 11], [0, 0, 10], [50, 0, 61], [90, 0, 20]]]), margin=10) == 0.5


def test_a_uniform_picture_shows_little():
    faint = np.full((64, 64), 100, dtype=np.uint8)
    faint[::2] = 102
    assert reason(UniformScreen(kind="uniform"), pixels(faint)) == "picture shows little"


def test_blurred_scenes_are_dropped(scenes):
    for scene in scenes:
        assert reason(SharpScreen(kind="sharp"), scene.filter(ImageFilter.GaussianBlur(4))) == "picture is blurred"


def test_sharpness_by_naive_loop():
    grey = np.random.default_rng(2).integers(0, 256, (6, 7))
    inner = [grey[y - 1, x] + grey[y + 1, x] + grey[y, x - 1] + grey[y, x + 1] - 4 * grey[y, x] for y in range(1, 5) for x in range(1, 6)]
    mean = sum(inner) / len(inner)
    assert sharpness(pixels(grey)) == pytest.approx(sum((value - mean) ** 2 for value in inner) / len(inner))
    assert sharpness(pixels([[1, 2], [3, 4]])) == 0.0


@pytest.mark.parametrize(
    ("size", "settings", "expected"),
    [
        ((256, 256), {"least_side": 256}, None),
        ((255, 300), {"least_side": 256}, "picture is too small"),
        ((100, 100), {"least_area": 10_001}, "picture is too small"),
        ((100, 301), {"most_aspect": 3.0}, "picture is too long"),
        ((300, 100), {"most_aspect": 3.0}, None),
    ],
)
def test_sizes(size, settings, expected):
    fault = size_fault(*size, SizeScreen(kind="size", **settings))
    assert (fault.reason if fault else None) == expected


@pytest.mark.parametrize("width", [None, "256", 0, -1, 2.5, math.nan, True])
def test_a_size_that_is_none_has_a_reason(width):
    with pytest.raises(Unfit, match="no size"):
        stated_size({"width": width, "height": 256})


def test_one_pixel_does_not_break_a_screen():
    for screen in ALL:
        picture_check(screen)(Image.new("RGB", (2, 2), (4, 90, 200)))
    assert missing_share(Image.new("RGB", (1, 1)), dark=2, light=254) == 1.0
