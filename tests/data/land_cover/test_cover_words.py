"""Land cover in words: ChatEarthNet's rules and the traps of its published scripts, worked out by hand."""

import numpy as np
import pytest

from rsvlm.data.cover_words import percent_of, percentages, portions, shares_by_region, size_word, told_of
from rsvlm.data.covers import windows_of
from rsvlm.data.kinds.land_cover import FORBIDDEN, LandCover
from rsvlm.maps.cover import CLASSES
from rsvlm.records.unfit import Unfit
from rsvlm.settings import validate

PLACE = {each.name: place for place, each in enumerate(CLASSES)}
CUTS = (10, 20, 50, 80)


def settings(**more) -> LandCover:
    base = {"kind": "land-cover", "source": "s", "prefix": "p", "pictures": "*.tif", "cover": {"kind": "derived"}}
    return validate(LandCover, {**base, **more}, "recipe")


def generator() -> np.random.Generator:
    return np.random.default_rng(3)


def quarters(names: list[str], side: int = 16) -> np.ndarray:
    """A map whose quadrants, row by row, each have one class."""
    mask = np.zeros((side, side), np.uint8)
    half = side // 2
    for number, name in enumerate(names):
        down, across = divmod(number, 2)
        mask[down * half : (down + 1) * half, across * half : (across + 1) * half] = PLACE[name]
    return mask


@pytest.mark.system("chatearthnet", 2)
def test_the_published_constants() -> None:
    rule = settings()
    assert rule.least_pixels == 20
    assert rule.told == 3
    assert rule.cuts == CUTS
    assert rule.side == 256
    assert len(FORBIDDEN) == 9
    names = [each.name for each in CLASSES]
    assert names[:4] == ["background", "water", "developed area", "tree"]
    assert names[8:] == ["snow", "wetland", "mangroves", "moss"]


@pytest.mark.system("chatearthnet", 2)
@pytest.mark.parametrize(
    ("share", "percent"), [(0.29, 28), (0.58, 57), (0.57, 56), (0.1, 10), (0.2, 20), (0.5, 50), (1.0, 100), (0.004, 0)]
)
def test_percentages_are_cut_off_as_published(share: float, percent: int) -> None:
    """Trap: 0.29 * 100 is 28.999... in binary, and int() cuts it off."""
    assert percent_of(share) == percent


@pytest.mark.parametrize(
    ("share", "word"),
    [(0.0, "extra small"), (0.094, "extra small"), (0.1, "small"), (0.19, "small"), (0.2, "medium"), (0.49, "medium"), (0.5, "large"),
     (0.79, "large"), (0.8, "extra large"), (1.0, "extra large")],
)  # fmt: skip
def test_every_share_has_a_size(share: float, word: str) -> None:
    """Trap: the ranges have no gaps, because the percentage is whole."""
    assert size_word(share, CUTS) == word


@pytest.mark.system("chatearthnet", 2)
def test_few_pixels_are_not_told_and_only_three_classes_are() -> None:
    mask = np.full((20, 20), PLACE["grass"], np.uint8)
    mask[0, :19] = PLACE["water"]
    assert [name for name, _ in told_of(mask, None, settings())] == ["grass"]
    mask[1, 0] = PLACE["water"]
    assert [name for name, _ in told_of(mask, None, settings())] == ["grass", "water"]
    many = np.repeat(np.arange(1, 6, dtype=np.uint8), 80).reshape(20, 20)
    assert len(told_of(many, None, settings())) == 5
    assert len(told_of(many, "middle", settings())) == 3


@pytest.mark.system("chatearthnet", 2)
def test_of_equally_many_pixels_the_later_class_comes_first() -> None:
    """Trap: the published order reverses an ascending argsort."""
    mask = quarters(["water", "tree", "water", "tree"])
    assert [name for name, _ in told_of(mask, None, settings())] == ["tree", "water"]


@pytest.mark.system("chatearthnet", 2)
def test_a_region_without_classes_has_no_sentence() -> None:
    """Trap: the published script leaves an unfinished sentence there."""
    mask = quarters(["background", "tree", "tree", "grass"])
    text = portions(mask, settings(), generator())
    assert "In the top left" not in text
    assert text.count("In the top right, trees make up an extra large") == 1
    assert "In the top left" not in percentages(mask)


@pytest.mark.system("chatearthnet", 2)
def test_portions_are_of_what_is_known_and_percentages_of_the_whole_region() -> None:
    """Trap: the two published paths divide by different numbers."""
    mask = np.zeros((16, 16), np.uint8)
    mask[:8, :4] = PLACE["tree"]
    rule = settings(texts=["portions"])
    assert told_of(mask, "top left", rule) == [("tree", 1.0)]
    assert "In the top left, 50.00% of the area is covered by trees." in percentages(mask)


def test_a_paragraph_by_hand() -> None:
    mask = quarters(["tree", "tree", "tree", "water"])
    text = portions(mask, settings(), generator())
    assert text.startswith(("Trees are the most widespread land cover", "In this satellite picture, trees are the dominant land cover"))
    assert "trees and water." in text
    assert "In the bottom right, water makes up an extra large" in text
    assert "In the middle, trees make up a large" in text
    assert percentages(mask).endswith("In the middle, 75.00% of the area is covered by trees and 25.00% by water.")


def test_the_dominant_class_has_a_place_only_where_it_clearly_has_one() -> None:
    even = portions(quarters(["tree", "tree", "tree", "tree"]), settings(), generator())
    assert "above all" not in even
    assert "most of all" not in even
    assert "all four quarters" in even
    one = np.full((16, 16), PLACE["grass"], np.uint8)
    one[:8, :8] = PLACE["tree"]
    one[:8, 8:11] = PLACE["tree"]
    one[12, :] = PLACE["tree"]
    one[13:, :] = PLACE["tree"]
    text = portions(one, settings(), generator())
    assert "above all in the top left" in text or "most of all in the top left" in text


def test_shares_are_kept_with_the_record() -> None:
    found = shares_by_region(quarters(["tree", "tree", "tree", "water"]))
    assert found["all"] == {"tree": 0.75, "water": 0.25}
    assert found["bottom right"] == {"water": 1.0}
    assert set(found) == {"all", "top left", "top right", "bottom left", "bottom right", "middle"}


@pytest.mark.system("chatearthnet", 2)
def test_a_tile_of_512_pixels_becomes_four_patches_named_by_row_and_column() -> None:
    found = windows_of(512, 512, 256)
    assert [suffix for suffix, _ in found] == ["00", "01", "10", "11"]
    assert [(window.x, window.y) for _, window in found] == [(0, 0), (256, 0), (0, 256), (256, 256)]
    assert windows_of(256, 256, 256)[0][0] == ""
    assert [suffix for suffix, _ in windows_of(12 * 16, 16, 16)][-2:] == ["0-10", "0-11"]
    with pytest.raises(Unfit, match="smaller than a patch"):
        windows_of(255, 300, 256)


def test_cuts_must_rise() -> None:
    with pytest.raises(Exception, match="cuts must rise"):
        settings(cuts=[10, 50, 20, 80])
