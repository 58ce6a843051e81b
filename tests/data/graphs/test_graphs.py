"""FIT-RS from files of STAR's layout: words, limits, traps, and a checker that finds planted lies."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from rsvlm.data.graph_words import ABSENT
from rsvlm.data.wording import wording
from rsvlm.records.readers.star_names import CATEGORIES, RELATIONS
from tests.data.tinyraw import Made, make, noise, png, told, write_source

BUILDER = {
    "kind": "scene-graphs",
    "source": "star",
    "prefix": "star",
    "annotations": "*.json",
    "pictures": "{name}",
    "shares": {"test": 0.0, "validation": 0.0},
    "rules": {"mixed_share": 1.0},
}


def square(x: float, y: float, side: float) -> list[float]:
    return [x, y, x + side, y, x + side, y + side, x, y + side]


def graph(objects: list[dict], relations: list[list], width: int = 512, height: int = 512) -> bytes:
    return json.dumps([{"filename": "0000.png", "width": width, "height": height, "objects": objects, "relations": relations}]).encode()


def thing(category: str, x: float, y: float, side: float = 40, **more) -> dict:
    return {"category": category, "polygon": square(x, y, side), **more}


def made(tmp_path: Path, objects: list[dict], relations: list[list], **more) -> Made:
    write_source(tmp_path, "star", {"graphs.json": graph(objects, relations), "0000.png": png(np.zeros((512, 512)))})
    return make(tmp_path, {**BUILDER, **more})


def asked_for(found: Made, reply: str) -> list[str]:
    """Questions of single conversations with a reply."""
    return [talk["turns"][0]["text"] for talk in found.talks if talk["turns"][1]["text"] == reply and len(talk["turns"]) == 2]


ASK_ALL = {"absent": 5, "mixed_share": 0.0}
TANKS = [thing("tank", 60, 60), thing("tank", 160, 60), thing("car_parking", 300, 300, 120), thing("car", 340, 340, 30)]
TOLD = [[0, "within danger distance of", 1], [1, "within danger distance of", 0], [0, "co-storage with", 1], [3, "parallelly parked on", 2]]


@pytest.fixture
def tanks(tmp_path: Path) -> Made:
    return made(tmp_path, TANKS, TOLD)


def test_every_statement_of_a_file_of_star_holds(tanks: Made) -> None:
    assert tanks.false() == []
    assert sum(len(tanks.statements(record)) for record in tanks.records) > 20


@pytest.mark.system("fit-rs", 2)
def test_all_tasks_are_asked(tanks: Made) -> None:
    assert {talk["task"] for talk in tanks.talks} >= {
        "detection", "relation", "reasoning", "scene_graph", "region_caption", "caption", "presence", "counting", "multi_label", "mixed",
    }  # fmt: skip


@pytest.mark.system("fit-rs", 2)
def test_the_published_forms_of_detection(tanks: Made) -> None:
    replies = tanks.replies("[detection]")
    # Centres 80 and 180 of 512 pixels are 15.62 and 35.16 %, 40 pixels 7.81 %; upright boxes have 90 degrees.
    two = "{<15.62><15.62><7.81><7.81>|<90>}, {<35.16><15.62><7.81><7.81>|<90>}"
    assert f"There are 2 tanks in the image: <rbox>({two})</rbox>" in replies
    assert any(reply.startswith("There is 1 car in the image: <rbox>({<") for reply in replies)
    assert replies.count(ABSENT) == 1, "one absent class a picture"
    assert ABSENT == "I'm sorry, I cannot answer as the given image does not contain any given objects."


@pytest.mark.system("fit-rs", 2)
def test_the_published_form_of_relation_detection(tmp_path: Path) -> None:
    only = made(tmp_path, TANKS[:2], [TOLD[0], TOLD[2]])
    replies = [talk["turns"][1]["text"] for talk in only.talks if talk["task"] == "relation"]
    expected = "tank <within danger distance of> tank, tank <co-storage with> tank"
    assert replies == [f"There are 2 relationships between tank and tank: {expected}"]


@pytest.mark.system("fit-rs", 2)
def test_of_more_than_twenty_boxes_the_first_twenty_are_listed(tmp_path: Path) -> None:
    many = made(tmp_path, [thing("car", 10 + 45 * (n % 10), 10 + 60 * (n // 10), 20) for n in range(23)], [])
    (reply,) = [each for each in many.replies("[detection]") if each != ABSENT]
    assert reply.startswith("There are 23 cars in the image: <rbox>(")
    assert reply.count("|<") == 20
    assert reply.endswith(")</rbox>, and due to the context length, the remaining objects are not listed.")
    assert many.false() == []


@pytest.mark.system("fit-rs", 2)
def test_difficult_objects_are_skipped_but_their_class_is_not_absent(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    skipped = made(tmp_path / "a", [thing("ship", 20, 20), thing("ship", 120, 20, difficult=True)], [])
    assert set(skipped.replies("How many ships")) == {"1"}
    kept = made(tmp_path, [thing("ship", 20, 20), thing("ship", 120, 20, difficult=True)], [], rules={"skip_difficult": False})
    assert kept.replies("How many ships") == ["2"]
    assert skipped.false() == kept.false() == []


@pytest.mark.system("fit-rs", 2)
@pytest.mark.parametrize("difficult", [1, 2, True])
def test_every_difficulty_but_0_is_skipped_and_not_absent(tmp_path: Path, difficult: int | bool) -> None:
    skipped = made(tmp_path, [thing("ship", 20, 20), thing("car", 120, 20, difficult=difficult)], [], rules=ASK_ALL)
    assert [each["label"] for each in skipped.records[0]["objects"]] == ["ship"]
    assert {entry.reason for entry in skipped.rejected.entries()} == set()
    questions = asked_for(skipped, ABSENT)
    assert len(questions) == 5
    assert not any("car" in re.findall(r"[a-z_]+", each.replace("cars", "car")) for each in questions)


@pytest.mark.parametrize("fault", [{"polygon": [1, 2, 3]}, {"polygon": None}, {"difficult": "maybe"}])
def test_the_class_of_a_faulty_object_is_not_absent(tmp_path: Path, fault: dict) -> None:
    known = {"nouns": ["car", "tank", "ship", "boat"], "unmarked": []}
    objects = [thing("tank", 20, 20), thing("ship", 90, 20), thing("ship", 200, 200) | fault, thing("boat", 300, 9) | fault]
    found = made(tmp_path, objects, [], known=known, rules=ASK_ALL)
    assert [re.findall("car|ship|boat", question) for question in asked_for(found, ABSENT)] == [["car"]]
    assert found.replies("How many tanks") == ["1"]
    assert not [reply for reply in found.replies("[detection]") if "boat" in reply]
    assert found.false() == []


def test_the_checker_finds_an_absence_of_a_faulty_object(tmp_path: Path) -> None:
    found = made(
        tmp_path, [thing("tank", 20, 20), {"category": "ship", "polygon": [1]}], [], rules={"tasks": ["detection"], "mixed_share": 0}
    )
    (record,) = found.records
    (question,) = asked_for(found, ABSENT)
    noun = max((name for name in CATEGORIES if name in question), key=len)
    asked = json.loads(json.dumps(record).replace(noun, "ship"))
    assert [each.kind for each in found.statements(asked) if not each.holds] == ["presence"]


@pytest.mark.system("fit-rs", 2)
def test_tiles_of_512_overlap_by_100_and_keep_what_shows_to_55_percent(tmp_path: Path) -> None:
    objects = [thing("ship", 480, 100, 60), thing("dock", 700, 100, 60)]
    write_source(tmp_path, "star", {"graphs.json": graph(objects, [], 924, 512), "0000.png": noise(1, 512, 924)})
    tiles = {record["id"]: [each["label"] for each in record["objects"]] for record in make(tmp_path, BUILDER).records}
    # The ship, from 480 to 540, shows to 53 % in the tile that ends at 512, and whole in the one that starts at 412.
    assert tiles == {"star-0000__512__412___0": ["ship", "dock"]}


@pytest.mark.system("fit-rs", 2)
@pytest.mark.parametrize("category", CATEGORIES)
def test_names_and_plurals_are_the_scorers_own(tmp_path: Path, category: str) -> None:
    """Underscores stay, and a plural is the name and an s: `car_parkings`."""
    both = made(tmp_path, [thing(category, 20, 20), thing(category, 120, 20)], [], rules={"tasks": ["detection"]})
    assert any(reply.startswith(f"There are 2 {category}s in the image: ") for reply in both.replies("[detection]"))
    assert both.false() == []


@pytest.mark.system("fit-rs", 2)
def test_the_vocabularies_have_the_published_sizes() -> None:
    assert (len(set(CATEGORIES)), len(set(RELATIONS))) == (48, 58)
    assert len(set(wording("scene-graphs")["detection"])) == 13


@pytest.mark.system("fit-rs", 2)
def test_suffixes_of_short_answers(tanks: Made) -> None:
    questions = {talk["task"]: talk["turns"][0]["text"] for talk in tanks.talks}
    assert questions["presence"].endswith("\nAnswer in one word or a short phrase.")
    assert questions["multi_label"].endswith("\nAnswer with all applicable classes separated by commas.")
    assert set(tanks.replies("separated by commas")) == {"car, car parking, tank"}


def test_graphs_have_triples_and_then_what_stands_alone(tmp_path: Path) -> None:
    found = made(tmp_path, [*TANKS, thing("ship", 450, 20, 30)], TOLD)
    (reply,) = {
        talk["turns"][1]["text"]
        for talk in found.talks
        if talk["task"] == "scene_graph" and not talk["turns"][1]["text"].startswith("The region")
    }
    assert reply.count("<rel>") == 4
    assert re.search(r"\. There is 1 isolated ship in the image: <rbox>\(\{<90\.82><6\.84><5\.86><5\.86>\|<90>\}\)</rbox>\.$", reply)


def test_regions_say_size_visibility_and_position(tanks: Made) -> None:
    replies = [talk["turns"][1]["text"] for talk in tanks.talks if talk["task"] == "region_caption"]
    # 40 x 40 = 1600 square pixels lie between 32 x 32 and 96 x 96, 120 x 120 above; centres at 80, 180 and 360 of 512.
    assert set(replies) <= {
        "A medium tank, fully visible, on the top left part of the image.",
        "A medium tank, fully visible, on the top part of the image.",
        "A large car_parking, fully visible, on the bottom right part of the image.",
        "A small car, fully visible, on the bottom right part of the image.",
    }
    assert len(replies) == 2


LIES = [
    ("There are 2 tanks", "There are 3 tanks", "count"),
    ("There are 2 relationships", "There are 1 relationships", "count"),
    ("<rel>parallelly parked on</rel>", "<rel>randomly parked on</rel>", "relation"),
    ("A medium", "A giant", "size"),
    ("fully visible", "partly visible", "attribute"),
    ("yes", "no", "presence"),
    ("car, car parking, tank", "car, tank", "presence"),
    ("<15.62><15.62>", "<55.62><15.62>", "geometry"),
    ("The image shows", "The image reveals", None),
    ("top left", "bottom left", "position"),
]


@pytest.mark.parametrize(("old", "new", "kind"), LIES)
def test_the_checker_finds_a_planted_lie(tmp_path: Path, old: str, new: str, kind: str | None) -> None:
    found = made(tmp_path, TANKS, TOLD, rules={"pairs": 20, "regions": 20, "reasonings": 20, "detections": 48})
    (record,) = found.records
    wrong = {each.kind for each in found.statements(told(record, old, new)) if not each.holds}
    assert wrong
    assert kind is None or kind in wrong


def test_malformed_entries_are_set_aside_with_their_place(tmp_path: Path) -> None:
    objects = [thing("tank", 60, 60), thing("castle", 9, 9), {"category": "tank", "polygon": [1, 2, 3]}, thing("tank", 160, 60), None]
    found = made(tmp_path, objects, [[0, "hugs", 3], [0, "connect", 1], [0, "connect", 3], [0, "connect", 99], "x"])
    reasons = {entry.reason for entry in found.rejected.entries()}
    assert {"object has no class", "relation is unknown", "relation has no object", "relation is not a triple"} <= reasons
    assert found.false() == []
    assert found.records[0]["facts"]["relation_count"] == 1


def test_a_picture_of_another_size_is_set_aside(tmp_path: Path) -> None:
    write_source(tmp_path, "star", {"graphs.json": graph(TANKS, TOLD), "0000.png": noise(1, 300, 300)})
    found = make(tmp_path, BUILDER)
    assert [entry.reason for entry in found.rejected.entries()] == ["picture has another size than its annotation"]


def test_the_same_bytes_again(tmp_path: Path) -> None:
    first, second = made(tmp_path, TANKS, TOLD), make(tmp_path, BUILDER)
    assert first.records == second.records
