"""Tasks about boxes on a picture that is known by heart; and a checker that finds planted lies."""

from pathlib import Path
from typing import Any

import pytest

from tests.data.tasks.made import Made, changed, picture, source

# 200 x 100 pixels. Three ships (two at the top left, one at the bottom right), a harbor at the top right, a bridge that the
# border cuts, a very narrow pier.
BOXES = {
    "ship": [(10, 5, 30, 15), (36, 8, 60, 22), (150, 80, 190, 95)],
    "harbor": [(140, 4, 196, 28)],
    "bridge": [(-4, 40, 30, 48)],
    "pier": [(100, 50, 100.8, 90)],
}
NOUNS = ["ship", "harbor", "bridge", "pier", "plane", "roundabout"]


def dota(boxes: dict[str, list[tuple[float, float, float, float]]]) -> str:
    rows = [(name, box) for name, group in boxes.items() for box in group]
    return "".join(f"{x1} {y1} {x2} {y1} {x2} {y2} {x1} {y2} {name} 0\n" for name, (x1, y1, x2, y2) in rows)


def builder(**more: Any) -> dict[str, Any]:
    base = {"kind": "box-tasks", "source": "set", "prefix": "d", "style": "skyeyegpt", "format": "dota", "annotations": "labels/*.txt"}
    base |= {"pictures": "images/{stem}.png", "shares": {"validation": 0.0, "test": 0.0}, "known": {"nouns": NOUNS}}
    return {**base, **more}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    source(tmp_path, "set", {"images/P1.png": picture(1, 200, 100), "labels/P1.txt": dota(BOXES)})
    return tmp_path


def rules(*tasks: str, **more: Any) -> dict[str, Any]:
    return {"tasks": list(tasks), "refer": 20, "identify": 20, **more}


@pytest.mark.system("skyeye-968k", 2)
def test_refer_names_all_of_a_class_or_the_only_one_of_a_ninth(raw: Path) -> None:
    made = Made(raw, builder(rules=rules("refer")))
    answers = {}
    for question, reply in made.turns("refer"):
        assert question.startswith("[refer] ")
        answers[question.partition("the ")[2].rstrip(".?") or question.partition("all ")[2].rstrip(".?")] = reply
    assert answers == {
        "ships": "{<5><5><15><15>}<delim>{<18><8><30><22>}<delim>{<75><80><95><95>}",
        "ship at the bottom right": "{<75><80><95><95>}",
        "harbor": "{<70><4><98><28>}",
    }
    assert made.false() == []


@pytest.mark.system("skyeye-968k", 2)
def test_what_is_too_narrow_is_left_out_with_all_that_names_it_and_listed(raw: Path) -> None:
    dropped = Made(raw, builder(rules=rules("refer", "identify", "grounding")))
    assert "pier" not in str(dropped.turns())
    assert dropped.reasons() == ["box is too small for its text"]
    widened = Made(raw, builder(rules=rules("refer", "identify", "grounding", narrow="widen")))
    assert any("pier" in question and reply == "{<50><50><51><90>}" for question, reply in widened.turns("refer"))
    assert widened.records["d-p1"]["facts"] == {"widened": 1}
    assert widened.reasons() == []
    assert dropped.false() == widened.false() == []


def test_grounding_names_each_class_with_all_its_boxes(raw: Path) -> None:
    made = Made(raw, builder(rules=rules("grounding")))
    ((question, reply),) = made.turns("grounding")
    assert question.startswith("[grounding] ")
    assert reply == (
        "The image shows <p>a harbor</p> {<70><4><98><28>} and "
        "<p>3 ships</p> {<5><5><15><15>}<delim>{<18><8><30><22>}<delim>{<75><80><95><95>}."
    )
    assert made.false() == []


@pytest.mark.system("multi-task-dataset", 2)
def test_lhrs_bot_writes_decimals_behind_its_own_tags(raw: Path) -> None:
    made = Made(raw, builder(style="lhrs-bot", rules=rules("refer", "identify", boxes="lhrs-bot", most_boxes=1)))
    for question, reply in made.turns("refer"):
        assert question.startswith("[VG] ")
        assert reply in ("[0.75,0.80,0.95,0.95]", "[0.70,0.04,0.98,0.28]")
    named = {reply: question for question, reply in made.turns("identify")}
    assert set(named) == {"A ship.", "A harbor."}
    assert all(question.startswith("[Identify] ") for question in named.values())
    assert made.false() == []


def test_presence_counting_and_comparison_speak_of_what_is_certain(raw: Path) -> None:
    seen = set()
    for number in range(30):
        name = f"P{number}"
        source(raw, f"s{number}", {f"images/{name}.png": picture(number, 200, 100), f"labels/{name}.txt": dota(BOXES)})
        made = Made(raw, builder(source=f"s{number}", rules=rules("presence", "counting", "comparison")))
        assert made.false() == []
        seen |= set(made.turns())
    text = str(seen)
    assert not any("bridge" in question for question, _ in seen), "the border cuts it: neither there nor absent"
    assert "plane" in text
    counts = {reply for question, reply in seen if "ships" in question and ("How many" in question or "Count" in question)}
    assert counts == {"3"}
    assert {reply for question, reply in seen if " than " in question} == {"yes", "no"}


def test_unmarked_objects_leave_their_class_in_doubt(raw: Path) -> None:
    known = {"nouns": NOUNS, "unmarked": [{"picture": "P1", "noun": "ship", "box": [90, 60, 110, 70]}]}
    made = Made(raw, builder(known=known, rules=rules("refer", "counting", "grounding", "presence")))
    assert not any("ships" in question for question, _ in made.turns())
    assert made.false() == []


@pytest.mark.parametrize(
    ("old", "new", "reply"),
    [
        ("{<75><80><95><95>}", "{<74><80><90><95>}", True),
        ("<p>3 ships</p>", "<p>2 ships</p>", True),
        ("<p>3 ships</p>", "<p>3 planes</p>", True),
        ("bottom right", "bottom left", False),
        ("A harbor.", "A ship.", True),
        ("[refer] ", "[Refer] ", False),
        ("[refer] ", "[vqa] ", False),
        ("harbor", "roundabout", False),
        ("yes", "no", True),
        ("no", "yes", True),
    ],
)
def test_planted_lies_are_found(raw: Path, old: str, new: str, reply: bool) -> None:
    made = Made(raw, builder(rules=rules("refer", "identify", "grounding", "presence", "counting", "comparison")))
    assert made.false() == []
    assert len(made.false(changed(made.records["d-p1"], old, new, reply=reply))) >= 1


def test_counts_that_are_off_by_one_are_found(raw: Path) -> None:
    made = Made(raw, builder(rules=rules("counting")))
    ((_, reply),) = made.turns("counting")
    lie = changed(made.records["d-p1"], reply, str(int(reply) + 1))
    (found,) = made.false(lie)
    assert found.kind == "count"
    assert "certain number" in found.why


def test_texts_under_another_picture_fail(raw: Path) -> None:
    other = {"ship": [(80, 40, 110, 60)], "plane": [(10, 70, 40, 95)]}
    source(raw, "set", {"images/P1.png": picture(1, 200, 100), "labels/P1.txt": dota(BOXES)})
    source(raw, "two", {"images/P2.png": picture(2, 200, 100), "labels/P2.txt": dota(other)})
    one, two = (
        Made(raw, builder(rules=rules("refer", "identify", "grounding", "counting"))),
        Made(raw, builder(source="two", rules=rules("refer"))),
    )
    swapped = {**two.records["d-p2"], "conversations": one.records["d-p1"]["conversations"]}
    statements = two.statements(swapped)
    assert len(statements) > 5
    assert not any(statement.holds for statement in statements)


GIVEN = """P1: how many ships are there in this picture?3
P1: how many harbors are there in this picture?2
P1: how many bridges are there in this picture?1
P1: does this picture contain harbor?yes
P1: does this picture contain plane?no
P1: does this picture contain roundabout?yes
P1: does this picture contain submarine?no
P1: what colour is the ship?white
P10: how many ships are there in this picture?9
"""


def test_given_answers_that_the_boxes_do_not_bear_out_are_left_out(raw: Path) -> None:
    """RSIVQA counted the boxes of a later version of DOTA, and asks about classes that an annotation may not have."""
    source(raw, "texts", {"dota.txt": GIVEN})
    given = {"layout": "rsivqa", "source": "texts", "files": ["dota.txt"], "most": 50}
    made = Made(raw, builder(style="rs-instructions", rules=rules("counting", least_classes=0), given=given))
    assert set(made.turns("question")) == {
        ("How many ships are there in this picture?", "3"),
        ("Does this picture contain a harbor?", "yes"),
        ("Does this picture contain a plane?", "no"),
    }
    assert made.reasons().count("annotation does not bear the answer out") == 5
    assert made.false() == []
    assert made.false(changed(made.records["d-p1"], "contain a harbor", "contain a roundabout", reply=False))


def test_windows_around_single_objects(raw: Path) -> None:
    spots = {"sides": [64], "windows": 2, "draws": 40, "border": 3.0}
    made = Made(raw, builder(spots=spots, rules=rules("refer", "counting")))
    assert len(made.records) >= 2
    assert {reply for _, reply in made.turns("counting")} == {"1"}
    assert made.false() == []


def test_pascal_boxes_and_class_names(tmp_path: Path) -> None:
    xml = (
        "<annotation><filename>a.png</filename><size><width>100</width><height>100</height></size>"
        "<object><name>Dead</name><bndbox><xmin>10</xmin><ymin>10</ymin><xmax>40</xmax><ymax>40</ymax></bndbox></object></annotation>"
    )
    source(tmp_path, "set", {"a.png": picture(1, 100, 100), "a.xml": xml})
    known = {"nouns": ["dead tree"]}
    made = Made(
        tmp_path,
        builder(format="voc", annotations="*.xml", pictures="{name}", names={"Dead": "dead tree"}, known=known, rules=rules("grounding")),
    )
    assert made.turns("grounding")[0][1] == "The image shows <p>a dead tree</p> {<10><10><40><40>}."
    assert made.false() == []


def test_at_the_left_is_not_said_with_another_one_at_the_bottom_left(tmp_path: Path) -> None:
    """A reader takes `at the left` for the whole left side."""
    for number, boxes in enumerate(([(10, 40, 30, 60), (10, 80, 30, 95)], [(10, 40, 30, 60), (160, 80, 190, 95)])):
        source(tmp_path, f"s{number}", {"images/P1.png": picture(1, 200, 100), "labels/P1.txt": dota({"ship": boxes})})
    both, one = (Made(tmp_path, builder(source=f"s{number}", rules=rules("refer"))) for number in (0, 1))
    assert sorted(reply for _, reply in both.turns("refer")) == ["{<5><40><15><60>}<delim>{<5><80><15><95>}", "{<5><80><15><95>}"]
    assert any("ship at the left" in question for question, _ in one.turns("refer"))
    assert both.false() == one.false() == []
    assert both.false(changed(both.records["d-p1"], "bottom left", "left", reply=False))


@pytest.mark.system("rs-gpt4v", 2)
def test_records_with_boxes_say_how_these_were_normalised(raw: Path) -> None:
    made = Made(raw, builder(style="rs-gpt4v", rules=rules("identify", boxes="rs-gpt4v")))
    assert made.records["d-p1"]["facts"] == {"boxes": "rs-gpt4v", "extent": [200, 100]}
    assert made.false() == []
    without = Made(raw, builder(style="rs-gpt4v", rules=rules("counting", boxes="rs-gpt4v")))
    assert without.records["d-p1"].get("facts") is None
    assert without.false() == []
