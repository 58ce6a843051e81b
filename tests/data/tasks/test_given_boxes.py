"""Expressions with boxes that a set brings, in XML and in CHOICE's records."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.data.tasks.made import Made, changed, picture, source

XML = """<annotation><filename>00001.png</filename><size><width>800</width><height>800</height></size>
<object><name>ship</name><bndbox><xmin>80</xmin><ymin>160</ymin><xmax>240</xmax><ymax>400</ymax></bndbox>
<description>The white ship on the left</description></object>
<object><name>pole</name><bndbox><xmin>80</xmin><ymin>160</ymin><xmax>82</xmax><ymax>400</ymax></bndbox>
<description>a pole</description></object>
<object><name>pier</name><bndbox><xmin>9</xmin><ymin>9</ymin><xmax>3</xmax><ymax>20</ymax></bndbox>
<description>a pier</description></object>
</annotation>"""


def builder(**more: Any) -> dict[str, Any]:
    base = {"kind": "given-boxes", "source": "set", "prefix": "g", "style": "skyeyegpt", "layout": "xml", "files": "Annotations/*.xml"}
    return {**base, "pictures": "JPEGImages/{name}", "shares": {"test": 0.0, "validation": 0.0}, **more}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    source(tmp_path, "set", {"Annotations/00001.xml": XML, "JPEGImages/00001.png": picture(1, 800, 800)})
    return tmp_path


@pytest.mark.system("skyeye-968k", 2)
def test_an_expression_is_asked_for_without_its_own_article(raw: Path) -> None:
    made = Made(raw, builder())
    ((question, reply),) = made.turns("refer")
    assert question.startswith("[refer] ")
    assert "the white ship on the left" in question
    assert "the The" not in question
    assert reply == "{<10><20><30><50>}"
    assert made.false() == []
    assert "box is too small for its text" in made.reasons()


@pytest.mark.system("skyeye-968k", 2)
def test_the_published_requests_for_a_place_are_asked_word_by_word(tmp_path: Path) -> None:
    """The survey prints "Give me the location of <expr>" and "Where is <expr>?"; the third is ours."""
    files: dict[str, Any] = {f"JPEGImages/{number}.png": picture(number, 800, 800) for number in range(12)}
    files |= {f"Annotations/{number}.xml": XML.replace("00001.png", f"{number}.png") for number in range(12)}
    source(tmp_path, "set", files)
    expression = "the white ship on the left"
    published = {f"[refer] Give me the location of {expression}", f"[refer] Where is {expression}?"}
    assert {question for question, _ in Made(tmp_path, builder()).turns("refer")} == published | {f"[refer] Locate {expression}."}


@pytest.mark.system("multi-task-dataset", 2)
def test_the_same_for_lhrs_bot(raw: Path) -> None:
    made = Made(raw, builder(style="lhrs-bot", boxes="lhrs-bot", narrow="widen"))
    assert sorted(reply for _, reply in made.turns()) == ["[0.10,0.20,0.11,0.50]", "[0.10,0.20,0.30,0.50]"]
    assert all(question.startswith("[VG] ") for question, _ in made.turns())
    assert made.false() == []


def shipped(width: int, height: int) -> dict[str, Any]:
    """Files of one picture with the ship and the pole of `XML`; the pole is too narrow for two decimals."""
    return {"Annotations/00001.xml": XML, "JPEGImages/00001.png": picture(1, width, height)}


@pytest.mark.system("mmrs-1m", 2)
def test_the_square_of_mmrs_1m_is_recorded_and_leads_back_to_the_annotation(tmp_path: Path) -> None:
    """Trap: of 800 x 420 pixels the picture begins 190 pixels down a square of 800."""
    source(tmp_path, "set", shipped(800, 420))
    made = Made(tmp_path, builder(style="mmrs-1m", boxes="mmrs-1m"))
    (record,) = made.records.values()
    assert record["facts"] == {"boxes": "mmrs-1m", "square": [800, 0, 190]}
    ((_, reply),) = made.turns("refer")
    side, left, top = record["facts"]["square"]
    numbers = [float(part) for part in re.findall(r"[\d.]+", reply)]
    back = [number * side - shift for number, shift in zip(numbers, (left, top, left, top), strict=True)]
    assert back == pytest.approx([80, 160, 240, 400], abs=0.005 * side)
    assert numbers[1] == 0.44  # (160 + 190) / 800, where the share of the height would be 0.38
    assert made.false() == []


@pytest.mark.system("rs-gpt4v", 2)
def test_how_rs_gpt4v_was_normalised_is_recorded_and_leads_back_to_the_annotation(tmp_path: Path) -> None:
    """Trap: DIOR-RSVG's boxes are pixel corners of pictures of 800 pixels."""
    source(tmp_path, "set", shipped(800, 800))
    made = Made(tmp_path, builder(style="rs-gpt4v", boxes="rs-gpt4v"))
    (record,) = made.records.values()
    assert record["facts"] == {"boxes": "rs-gpt4v", "extent": [800, 800]}
    ((_, reply),) = made.turns("refer")
    numbers = [float(part) for part in re.findall(r"[\d.]+", reply)]
    assert [number * side for number, side in zip(numbers, [800] * 4, strict=True)] == pytest.approx([80, 160, 240, 400], abs=4)
    assert made.false() == []


@pytest.mark.parametrize(("style", "key", "wrong"), [("mmrs-1m", "square", [800, 0, 0]), ("rs-gpt4v", "extent", [800, 800])])
def test_a_wrong_word_about_the_normalisation_is_found_and_no_box_is_read_by_it(
    tmp_path: Path, style: str, key: str, wrong: list[int]
) -> None:
    source(tmp_path, "set", shipped(800, 420))
    made = Made(tmp_path, builder(style=style, boxes=style))
    (record,) = made.records.values()
    false = [statement.kind for statement in made.false({**record, "facts": {**record["facts"], key: wrong}})]
    assert false == ["format"]
    assert [statement.kind for statement in made.false({**record, "facts": None})] == ["format"]


def test_formats_that_need_no_word_about_it_have_none(raw: Path) -> None:
    for style in ("skyeyegpt", "lhrs-bot"):
        (record,) = Made(raw, builder(style=style, boxes=style)).records.values()
        assert record.get("facts") is None


def test_planted_lies_are_found(raw: Path) -> None:
    made = Made(raw, builder(tasks=["refer", "identify"]))
    (record,) = made.records.values()
    assert made.false() == []
    assert made.false(changed(record, "<10><20>", "<12><20>"))
    assert made.false(changed(record, "white ship", "white boat", reply=False))
    assert made.false(changed(record, "white ship", "red ship"))


def test_choice_quadrilaterals_become_the_boxes_around_them(tmp_path: Path) -> None:
    question = "Please output the coordinates of the storage-tank in the image in the format (x1, y1, x2, y2)."
    records = [
        {"image_path": "vg/images/7.png", "question": question, "answer": [[0.5, 0.1], [0.9, 0.5], [0.5, 0.9], [0.1, 0.5]]},
        {"image_path": "vg/images/8.png", "question": question, "answer": [[0.5, 0.1], [0.9, 0.5], [0.5, 0.9]]},
    ]
    source(tmp_path, "set", {"vg/vg.json": records, "vg/images/7.png": picture(1, 400, 200)})
    made = Made(tmp_path, builder(layout="choice", files="vg/vg.json", tasks=["refer", "identify"]))
    assert [reply for _, reply in made.turns("refer")] == ["{<10><10><90><90>}"]
    assert [reply for _, reply in made.turns("identify")] == ["A storage tank."]
    assert list(made.records) == ["g-vg-7"]
    assert made.reasons() == ["box has not four corners"]
    assert made.false() == []


@pytest.mark.parametrize("text", ["\u202eship", "", "x" * 3000])
def test_expressions_that_may_not_stand_anywhere(tmp_path: Path, text: str) -> None:
    xml = XML.replace("The white ship on the left", text)
    source(tmp_path, "set", {"Annotations/00001.xml": xml, "JPEGImages/00001.png": picture(1, 800, 800)})
    made = Made(tmp_path, builder())
    assert made.turns() == []
    assert len(made.reasons()) == 3
