import functools

import numpy as np
import pytest
from PIL import Image

from rsvlm.imagery.pictures import decode
from rsvlm.quality.decisions import KEPT, Decision, Tally, screening
from rsvlm.quality.settings import QualitySettings
from rsvlm.settings import validate


def screens(*kinds):
    return validate(QualitySettings, {"screens": [kind if isinstance(kind, dict) else {"kind": kind} for kind in kinds]}, "test").screens


def never():
    raise AssertionError("this picture was not to be looked at")


def test_the_first_screen_that_drops_says_why_and_no_later_one_is_asked():
    decide = screening(screens({"kind": "length", "least_words": 3}, "keyword", "blank"))
    assert decide({"captions": ["port"]}, never) == Decision(False, "caption is too short", "1 words; at least 3")
    assert decide({"captions": ["a small port"]}, never).reason == "caption has no keyword"


def test_order_is_a_setting():
    fields = {"captions": ["port"]}
    length = {"kind": "length", "least_words": 3}
    assert screening(screens("keyword", length))(fields).reason == "caption has no keyword"
    assert screening(screens(length, "keyword"))(fields).reason == "caption is too short"


def test_a_picture_is_decoded_once_for_all_screens(mirror):
    path = mirror / "aid150-rsicd" / "images" / "Airport" / "airport_103.jpg"
    calls = []

    def load():
        calls.append(1)
        return decode(path.read_bytes(), path.name)

    assert screening(screens("broken", "blank", "cloud", "ocean", "uniform", "sharp"))({}, load) == KEPT
    assert len(calls) == 1


def test_a_broken_picture_is_dropped_with_the_reason_of_its_reader(mirror):
    data = (mirror / "aid150-rsicd" / "images" / "Airport" / "airport_103.jpg").read_bytes()
    decide = screening(screens("broken"))
    assert decide({}, functools.partial(decode, data[: len(data) // 2], "half.jpg")).reason == "picture: truncated"
    assert decide({}, functools.partial(decode, b"", "none.jpg")).reason == "picture: empty"


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("length", {}, "caption is missing"),
        ("keyword", {"captions": [None]}, "caption is not text"),
        ("size", {}, "picture has no size"),
        ("size", {"width": "9", "height": 9}, "picture has no size"),
        ("blank", {}, "picture is missing"),
        ("cloud-bands", {}, "band is missing"),
    ],
)
def test_what_a_record_lacks_is_a_reason(kind, fields, expected):
    assert screening(screens(kind))(fields).reason == expected


def test_size_is_read_from_the_record_before_any_picture_is():
    decide = screening(screens({"kind": "size", "least_side": 64}))
    assert decide({"width": 32, "height": 512}, never).reason == "picture is too small"
    assert decide({}, lambda: Image.new("RGB", (32, 32))).reason == "picture is too small"


def test_bands_are_read_when_asked_for():
    clear = {name: np.full((4, 4), 0.05, dtype=np.float32) for name in ("B02", "B03", "B04", "B11")}
    cloudy = {name: np.full((4, 4), 0.6, dtype=np.float32) for name in clear}
    decide = screening(screens("cloud-bands"))
    assert decide({}, None, lambda: clear) == KEPT
    assert decide({}, None, lambda: cloudy).reason == "picture is cloudy"


def test_git_10m_rules_in_their_order(mirror):
    """Length of 20 to 100 words, no refusal, then water, no data and clouds."""
    decide = screening(screens({"kind": "length", "least_words": 20, "most_words": 100}, "words", "uniform", "blank", "ocean", "cloud"))
    path = mirror / "aid150-rsicd" / "images" / "Airport" / "airport_103.jpg"
    load = functools.partial(decode, path.read_bytes(), path.name)
    long = "An airport with long runways lies beside green fields, and planes are parked around a terminal with grey roofs and roads."
    assert decide({"caption": long}, load) == KEPT
    assert decide({"caption": "An airport."}, load).reason == "caption is too short"
    assert decide({"caption": f"I'm sorry, but I cannot describe it. {long}"}, load).reason == "caption has a forbidden word"
    assert decide({"caption": long}, lambda: Image.new("RGB", (256, 256))).reason == "picture shows little"


def test_drops_are_counted_by_source_and_reason():
    first, second = Tally(), Tally()
    for decision in (KEPT, Decision(False, "b", "1"), Decision(False, "a", "2"), Decision(False, "b", "3")):
        first.add("laion", decision)
    second.add("coyo", KEPT, 5)
    second.add("laion", Decision(False, "a"))
    first.merge(second)
    assert first.facts() == {
        "seen": 10,
        "kept": 6,
        "dropped": {"a": 2, "b": 2},
        "sources": {
            "coyo": {"seen": 5, "kept": 5, "dropped": {}},
            "laion": {"seen": 5, "kept": 1, "dropped": {"a": 2, "b": 2}},
        },
    }
    assert list(first.facts()["dropped"]) == ["a", "b"]
