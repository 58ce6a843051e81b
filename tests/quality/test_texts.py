import json

import pytest

from rsvlm.quality.settings import KeywordScreen, LanguageScreen, LengthScreen, LinkScreen, WordScreen
from rsvlm.quality.texts import captions_of, count_words, language_of, text_check
from rsvlm.quality.words import function_words, phrase_finder, pub11_finder, word_list
from rsvlm.records.unfit import Unfit


def reason(screen, *captions):
    fault = text_check(screen)(captions)
    return fault.reason if fault else None


@pytest.mark.parametrize(
    "caption",
    [
        "Remote sensing of crops",
        "REMOTE-SENSING data",
        "an Earth observation satellite",
        "Earth Observing system",
        "aerial imagery of a port",
        "Aerial photographs, 1944",
        "aerial view of Rome",
        "an aerial-photo",
        "aerial satellite picture",
        "satellite data of the Nile",
        "satellite surveillance",
        "space photo",
        "spaceborne imaging radar",
        "space-borne image",
        "space surveillance",
        "seen in Google Earth",
        "freesound",
        "Sentinel-1 scene",
        "a Sentinel 2 mosaic",
        "Sentinel-2A tile",
        "GAOFEN",
        "USGS map",
        "NAIP 2018",
        "MODIS",
        "EOSDIS",
        "WorldView-3 over Atlanta",
        "Planet Dove",
        "made with ArcGIS.",
        "Maxar",
        "Landsat8 scene",
        "geographic information system",
    ],
)
def test_pub11_keywords_are_found(caption):
    assert reason(KeywordScreen(kind="keyword"), caption) is None


@pytest.mark.parametrize(
    "caption",
    [
        "a cat on a chair",
        "aerial yoga",
        "an aerial of a radio",
        "satellite town",
        "satellite dish on a roof",
        "outer space",
        "spacephoto",
        "sentinel-15",
        "the sentinel",
        "maxarium",
        "modistic",
        "remotely sensing",
        "",
    ],
)
def test_captions_without_a_keyword_are_dropped(caption):
    assert reason(KeywordScreen(kind="keyword"), caption) == "caption has no keyword"


def test_a_record_with_one_caption_that_has_a_keyword_stays():
    assert reason(KeywordScreen(kind="keyword"), "a port", "an aerial view of a port") is None
    own = KeywordScreen(kind="keyword", pub11=False, phrases=("orthophoto",))
    assert reason(own, "An Orthophoto of Graz") is None
    assert reason(own, "an aerial view") == "caption has no keyword"


def test_anchors_never_hide_what_the_pattern_finds():
    """The quick pass over anchors must be a superset of the pattern: each listed keyword is found inside other text."""
    find = pub11_finder()
    firsts = {
        "aerial": ["imag", "photo", "map", "pic", "view", "scan"],
        "satellite": ["imag", "photo", "map", "pic", "view", "scan", "data"],
    }
    firsts |= {first: ["photo", "imag", "view"] for first in ("space", "spaceborne", "space-borne")}
    for first, seconds in firsts.items():
        for second in seconds:
            assert find(f"xx {first} {second}ed yy") == f"{first} {second}"


def test_words_are_counted_in_both_languages():
    assert count_words("two  small ships , one dock .") == 7
    assert count_words("两架飞机停在机场。") == 8
    assert count_words("GF-2 影像, 2 ports") == 5
    assert count_words("café – über alles") == 3
    assert count_words("") == 0


@pytest.mark.parametrize(
    ("screen", "caption", "expected"),
    [
        ({"least_words": 3}, "a port", "caption is too short"),
        ({"least_words": 3}, "a small port", None),
        ({"most_words": 3}, "a very small port", "caption is too long"),
        ({"least_characters": 7}, "a port", "caption is too short"),
        ({"most_characters": 5}, "a port", "caption is too long"),
        ({"least_words": 4}, "两架飞机", None),
    ],
)
def test_length(screen, caption, expected):
    assert reason(LengthScreen(kind="length", **screen), caption) == expected


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("many planes are parked next to a long building", "english"),
        ("Rio de Janeiro, aerial photo", "english"),
        ("Palma de Mallorca del Norte", "english"),
        ("caffè in a café", "english"),
        ("两架飞机停在机场", "chinese"),
        ("Landsat 影像", "other"),
        ("飞机が空港に停まっています", "other"),
        ("самолёт на полосе", "other"),
        ("Luftbild der Stadt und des Hafens mit dem Fluss im Winter", "other"),
        ("vue aérienne de la ville et du port dans le sud", "other"),
        ("vista aérea de la ciudad y el puerto con barcos en el mar", "other"),
        ("12 / 7", "other"),
        ("", "other"),
    ],
)
def test_languages(caption, expected):
    assert language_of(caption) == expected


def test_chinese_passes_where_it_is_allowed():
    assert reason(LanguageScreen(kind="language"), "两架飞机停在机场") == "caption is in another language"
    both = LanguageScreen(kind="language", allowed=("english", "chinese"))
    assert reason(both, "两架飞机停在机场", "two planes at an airport") is None


def test_real_captions_are_english(mirror):
    captions = set()
    for name in ("rsicd_all.jsonl", "rsitmd_all.jsonl"):
        for line in (mirror / "captions-text" / name).open(encoding="utf-8"):
            captions |= set(json.loads(line)["captions"])
    assert len(captions) > 30_000
    assert {caption for caption in captions if language_of(caption) != "english"} <= {"", ".", "1 ."}


@pytest.mark.parametrize(
    ("caption", "found"),
    [
        ("I'm sorry, but I cannot see it", "caption has a forbidden word"),
        ("I\u2019m sorry", "caption has a forbidden word"),
        ("AS AN AI model", "caption has a forbidden word"),
        ("抱歉，看不到图片", "caption has a forbidden word"),
        ("Basra as an airport town", None),
        ("the sorry state of a road", None),
    ],
)
def test_refusals(caption, found):
    assert reason(WordScreen(kind="words"), caption) == found


def test_own_words_are_found_whole():
    screen = WordScreen(kind="words", lists=("vague", "map-data"), words=("river bank",))
    assert reason(screen, "an osmotic plant, a stage, a supper") is None
    assert text_check(screen)(["from OSM data"]).detail == "osm"
    assert text_check(screen)(["The River Bank"]).detail == "river bank"
    assert text_check(screen)(["several ships"]).detail == "several"


def test_the_longest_phrase_is_named():
    assert phrase_finder(["tag", "tag cloud"])("a tag cloud") == "tag cloud"


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("https://example.com/a.jpg", "caption is a link or file name"),
        ("IMG_20190304", "caption is a link or file name"),
        ("DSC00123.JPG", "caption is a link or file name"),
        ("port_aerial_view.tiff", "caption is a link or file name"),
        ("www.example.com photo", "caption is a link or file name"),
        ("Aerial photo of the harbour of Rotterdam, www.example.com", None),
        ("an image of 12 ships", None),
        ("a port", None),
    ],
)
def test_links_and_file_names(caption, expected):
    assert reason(LinkScreen(kind="link"), caption) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "caption is missing"),
        ({"captions": []}, "caption is missing"),
        ({"captions": "a port"}, "caption is not text"),
        ({"captions": ["a port", 7]}, "caption is not text"),
        ({"captions": {"a": 1}}, "caption is not text"),
        ({"caption": None}, "caption is not text"),
        ({"caption": float("nan")}, "caption is not text"),
    ],
)
def test_malformed_captions_have_a_reason(fields, expected):
    with pytest.raises(Unfit) as caught:
        captions_of(fields)
    assert caught.value.reason == expected


def test_the_lists_hold_text_and_no_word_is_in_both_languages():
    english, other = function_words()
    assert not english & other
    assert {"on", "the"} <= english
    for words in (english, other, *map(word_list, ("refusal", "vague", "map-data"))):
        assert len(words) >= 7
        assert all(isinstance(word, str) and word for word in words)
