"""Bilingual captions of prominent or abundant objects: the rule by hand, both languages, planted lies, review."""

import json

import pytest

from rsvlm.data.checkers.prominent import chinese_number, read
from rsvlm.data.review import edits, export
from rsvlm.errors import DataError
from tests.data.tiny import Corpus, image, text

pytestmark = pytest.mark.system("dior-captions", 2)
BUILDER = {
    "kind": "prominent-objects", "format": "voc", "source": "made", "prefix": "dior", "annotations": "Annotations/*.xml",
    "pictures": "JPEGImages/{stem}.png", "shares": {"validation": 0.0},
    "names": {"storagetank": "storage tank", "Expressway-Service-area": "expressway service area"},
}  # fmt: skip


def voc(objects: list[tuple[str, int, int, int, int]]) -> str:
    """A file in DIOR's layout: horizontal boxes in Pascal VOC."""
    parts = [
        f"<object><name>{name}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
        for name, x1, y1, x2, y2 in objects
    ]
    return f"<annotation><filename>x.jpg</filename>{''.join(parts)}</annotation>"


def made(tmp_path, objects: list[tuple[str, int, int, int, int]], **more) -> Corpus:
    text(tmp_path / "made/files/Annotations/00001.xml", voc(objects))
    image(tmp_path / "made/files/JPEGImages/00001.png", 90, 90)
    return Corpus(tmp_path, {**BUILDER, **more})


def row(name: str, count: int, y: int = 5, side: int = 4) -> list[tuple[str, int, int, int, int]]:
    return [(name, 5 + 6 * number, y, 5 + 6 * number + side, y + side) for number in range(count)]


def test_the_most_abundant_class_with_the_place_of_most(tmp_path) -> None:
    corpus = made(tmp_path, row("ship", 4))
    (record,) = corpus.records
    english, chinese = record["captions"]
    assert record["languages"] == ["en", "zh"]
    assert "our ships" in english
    assert english.endswith("all of them at the top left.")
    assert "四艘船" in chinese
    assert "左上角" in chinese
    assert corpus.false() == []


def test_below_three_the_most_prominent_object(tmp_path) -> None:
    corpus = made(tmp_path, [("stadium", 30, 30, 60, 60), ("ship", 2, 2, 6, 6), ("ship", 12, 2, 16, 6)])
    english, chinese = corpus.records[0]["captions"]
    assert "stadium in the centre" in english
    assert "prominent" in english
    assert "中央的一座体育场" in chinese
    assert corpus.false() == []


def test_of_two_equal_ones_the_nearer_to_the_centre(tmp_path) -> None:
    corpus = made(tmp_path, [("dam", 0, 0, 20, 20), ("bridge", 36, 36, 56, 56)])
    assert "bridge in the centre" in corpus.records[0]["captions"][0]
    assert corpus.false() == []


def test_a_second_class_that_covers_enough(tmp_path) -> None:
    corpus = made(tmp_path, [*row("ship", 3), ("harbor", 0, 40, 90, 90)])
    english, chinese = corpus.records[0]["captions"]
    assert "hree ships and a harbor" in english
    assert "三艘船和一个港口" in chinese
    assert corpus.false() == []
    assert (
        "harbor" not in made(tmp_path, [*row("ship", 3), ("harbor", 0, 40, 90, 90)], rules={"second_share": 0.6}).records[0]["captions"][0]
    )


def test_a_large_number_is_many_in_both_languages(tmp_path) -> None:
    corpus = made(tmp_path, [*row("vehicle", 12), *row("vehicle", 12, 40)])
    english, chinese = corpus.records[0]["captions"]
    assert "any vehicles" in english
    assert "许多车" in chinese
    assert corpus.false() == []


def test_of_a_class_cut_by_the_border_no_number_is_told(tmp_path) -> None:
    corpus = made(tmp_path, [*row("ship", 4), ("ship", 88, 40, 120, 60)], chips=None)
    assert corpus.false() == []
    text(tmp_path / "made/files/Annotations/00001.xml", voc([*row("ship", 4), ("ship", 40, 4, 70, 14)]))
    corpus = Corpus(tmp_path, {**BUILDER, "chips": {"size": 45, "stride": 45, "visible_share": 0.5}})
    assert "everal ships" in corpus.record("dior-00001-0_0")["captions"][0]
    assert "多艘船" in corpus.record("dior-00001-0_0")["captions"][1]


LIES = [
    (0, "our ships", "ive ships", "count"),
    (0, "our ships", "our dams", "text"),
    (0, "top left", "bottom right", "position"),
    (1, "四艘", "五艘", "count"),
    (1, "左上角", "右下角", "position"),
    (1, "四艘船", "许多船", "count"),
]


@pytest.mark.parametrize(("place", "old", "new", "kind"), LIES)
def test_planted_lies_are_found_in_either_language(tmp_path, place: int, old: str, new: str, kind: str) -> None:
    found = {statement.kind for statement in made(tmp_path, row("ship", 4)).with_caption("dior-00001", place, old, new)}
    assert kind in found
    assert "format" in found or kind == "text"  # the languages no longer say the same


@pytest.mark.parametrize(
    ("text", "value"),
    [("一", 1), ("两", 2), ("十", 10), ("十二", 12), ("二十", 20), ("九十九", 99), ("一百零一", 101), ("三百二十", 320)],
)
def test_chinese_numerals(text: str, value: int) -> None:
    assert chinese_number(text) == value


def test_a_sentence_of_another_form_is_not_read() -> None:
    with pytest.raises(ValueError, match="no reading"):
        read("Ships, ships, ships.", "en", ["ship"])


def test_a_class_without_a_chinese_name_is_set_aside(tmp_path) -> None:
    corpus = made(tmp_path, row("yurt", 4))
    assert corpus.records == []
    assert [entry.reason for entry in corpus.rejected.entries()] == ["class has no Chinese name"]


def test_english_alone_needs_no_chinese_name(tmp_path) -> None:
    corpus = made(tmp_path, row("yurt", 4), languages=["en"])
    (record,) = corpus.records
    assert record["languages"] == ["en"]
    assert "our yurts" in record["captions"][0]
    assert corpus.false() == []


@pytest.mark.recipe
def test_captions_are_about_eleven_words_long(built) -> None:
    words = [len(record["captions"][0].split()) for record in built("dior-captions").records]
    assert 9 <= sum(words) / len(words) <= 13


def test_review_there_and_back(tmp_path) -> None:
    corpus = made(tmp_path, row("ship", 4))
    for suffix in ("csv", "jsonl"):
        assert export(corpus.records, tmp_path / f"out.{suffix}") == 1
        assert edits(tmp_path / f"out.{suffix}") == {"dior-00001": dict(zip(("en", "zh"), corpus.records[0]["captions"], strict=True))}
    text(tmp_path / "made/files/edited.jsonl", json.dumps({"id": "dior-00001", "en": "Four boats lie at a quay.", "zh": "码头有四艘船。"}))
    record = Corpus(tmp_path, {**BUILDER, "review": "edited.jsonl"}).records[0]
    assert record["captions"] == ["Four boats lie at a quay.", "码头有四艘船。"]
    assert record["facts"] == {"reviewed": True}
    assert corpus.records[0]["facts"] == {"reviewed": False}


@pytest.mark.parametrize("line", ['{"en": "x"}', '{"id": "a", "en": 5}', "[]", '{"id": "a", "en": "x"}\n{"id": "a", "en": "y"}'])
def test_a_review_that_is_none_names_its_line(tmp_path, line: str) -> None:
    with pytest.raises(DataError, match="line"):
        edits(text(tmp_path / "edited.jsonl", line))


def test_a_cell_of_the_spreadsheet_is_no_formula(tmp_path) -> None:
    export([{"id": "a", "languages": ["en"], "captions": ["=1+1"]}], tmp_path / "out.csv")
    assert "'=1+1" in (tmp_path / "out.csv").read_text()
    assert edits(tmp_path / "out.csv") == {"a": {"en": "=1+1"}}
