import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsvlm.captioning import b2c
from rsvlm.captioning.grammar import plural
from rsvlm.captioning.settings import B2CSettings
from rsvlm.records.models import LabelledObject
from rsvlm.seeds import Draws

WIDTH, HEIGHT = 200, 100
NOUNS = ("ship", "harbor", "large vehicle", "bus", "pedestrian", "aircraft")
NUMBERS = dict(zip(["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], range(2, 11), strict=True))
VAGUE = ("many", "a lot of", "lots of", "a quantity of", "a crowd of")


def at(label, x, y, side=4):
    return LabelledObject(label, ((x - side, y - side), (x + side, y - side), (x + side, y + side), (x - side, y + side)))


OBJECTS = st.lists(st.builds(at, st.sampled_from(NOUNS), st.integers(4, WIDTH - 4), st.integers(4, HEIGHT - 4)), min_size=1, max_size=40)


def in_the_middle_half(labelled):
    """The central area by default: from a quarter to three quarters, counted by hand."""
    x, y = labelled.centre
    return 50 <= x <= 150 and 25 <= y <= 75


def said(caption):
    """Read a caption back: noun -> number, or `vague`, or `some` for a plural without any."""
    found = {}
    for noun in sorted(NOUNS, key=len, reverse=True):
        many = plural(noun)
        pattern = (
            rf"(?i)\b(?:(?P<vague>{'|'.join(VAGUE)}) {many}|(?P<number>\d+|{'|'.join(NUMBERS)}) {many}|an? {noun}(?! \w*s\b)|{many})\b"
        )
        match = re.search(pattern, caption)
        if match is None:
            continue
        caption = caption.replace(match[0], "", 1)
        if match["vague"]:
            found[noun] = "vague"
        elif match["number"]:
            number = match["number"].lower()
            found[noun] = NUMBERS.get(number) or int(number)
        else:
            found[noun] = 1 if match[0].lower().startswith(("a ", "an ")) else "some"
    return found


def agree(stated, counts, limit):
    for noun, value in stated.items():
        count = counts[noun]
        expected = ("vague",) if count > limit else (count,)
        assert value in (*expected, *(("some",) if count > 1 else ())), (noun, value, count)


@pytest.mark.system("remoteclip", 2)
@given(OBJECTS, st.integers(0, 10_000), st.booleans(), st.sampled_from([3, 10]))
def test_what_five_captions_say_follows_from_the_boxes(objects, seed, words, limit):
    settings = B2CSettings(number_words=words, vague_above=limit)
    captions = b2c.captions(objects, WIDTH, HEIGHT, settings, Draws(seed))
    assert len(captions) == 5
    assert all(caption[0].isupper() or caption[0].isdigit() for caption in captions)
    everything = Counter(labelled.label for labelled in objects)
    middle = Counter(labelled.label for labelled in objects if in_the_middle_half(labelled))
    edge = everything - middle
    for caption, own, other_words in ((captions[0], middle, edge), (captions[1], edge, middle)):
        stated = said(caption)
        assert set(stated) == set(own or other_words)
        agree(stated, own or other_words, limit)
        if not words:
            assert "some" not in stated.values()
    speaks_of_middle = [bool(re.search("middle of|(?<!from )(?<!away from )(In|in) the centre", caption)) for caption in captions[:2]]
    assert speaks_of_middle == [bool(middle), not edge]
    for caption in captions[2:]:
        stated = said(caption)
        assert 1 <= len(stated) <= 3
        agree(stated, everything, limit)
        assert not re.search("middle|centre|edge", caption)


@pytest.mark.parametrize(("count", "vague"), [(1, False), (10, False), (11, True), (50, True)])
def test_counts_above_ten_become_vague(count, vague):
    found = b2c.phrases("ship", count, vague_above=10, number_words=False)
    assert all(text.startswith(VAGUE) for text in found) == vague
    assert vague or found == ("a ship" if count == 1 else "10 ships",)


def test_only_people_come_in_crowds():
    found = {text for noun in ("pedestrian", "ship") for text in b2c.phrases(noun, 20, vague_above=10, number_words=False)}
    assert "a crowd of pedestrians" in found
    assert "a crowd of ships" not in found


def test_every_quantity_is_drawn_equally_often():
    ships = [at("ship", 100, 50)] * 11
    counts = Counter(
        re.search(rf"(?i)({'|'.join(VAGUE)}) ships", b2c.captions(ships, WIDTH, HEIGHT, B2CSettings(), Draws(n))[0])[1].lower()
        for n in range(2000)
    )
    assert set(counts) == {"many", "a lot of", "lots of", "a quantity of"}
    # 16.27: the 99.9 % point of the chi-square distribution with three degrees of freedom.
    assert sum((count - 500) ** 2 / 500 for count in counts.values()) < 16.27


def test_one_to_three_classes_are_drawn_and_all_sets_of_a_size_equally_often():
    objects = [at(noun, 100, 50) for noun in ("ship", "bus", "harbor", "aircraft")]
    drawn = Counter(frozenset(said(b2c.captions(objects, WIDTH, HEIGHT, B2CSettings(), Draws(n))[4])) for n in range(3000))
    sizes = Counter(len(nouns) for nouns in drawn.elements())
    assert set(sizes) == {1, 2, 3}
    # 13.82, 16.27 and 20.52: the 99.9 % points with two, three and five degrees of freedom.
    assert sum((count - 1000) ** 2 / 1000 for count in sizes.values()) < 13.82
    for size, sets, limit in ((1, 4, 16.27), (2, 6, 20.52), (3, 4, 16.27)):
        expected = sizes[size] / sets
        found = [count for nouns, count in drawn.items() if len(nouns) == size]
        assert len(found) == sets
        assert sum((count - expected) ** 2 / expected for count in found) < limit


def test_is_and_are_agree_with_what_follows():
    one, several = [at("ship", 100, 50)], [at("ship", 100, 50), at("ship", 110, 50)]
    for objects, right, wrong in ((one, "is", "are"), (several, "are", "is")):
        text = " ".join(c for n in range(40) for c in b2c.captions(objects, WIDTH, HEIGHT, B2CSettings(), Draws(n)))
        assert re.search(rf"[Tt]here {right} ", text)
        assert not re.search(rf"[Tt]here {wrong} ", text)


def test_the_same_stream_gives_the_same_captions():
    objects = [at("ship", 100, 50), at("bus", 10, 10)]
    first, again, other = (b2c.captions(objects, WIDTH, HEIGHT, B2CSettings(), Draws(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_border_of_the_central_area_belongs_to_it():
    assert b2c.is_central(at("ship", 50, 25), WIDTH, HEIGHT, 0.5)
    assert not b2c.is_central(at("ship", 49, 25), WIDTH, HEIGHT, 0.5)


def test_a_picture_without_objects_has_no_captions():
    with pytest.raises(ValueError, match="without boxes"):
        b2c.captions([], WIDTH, HEIGHT, B2CSettings(), Draws(0))
