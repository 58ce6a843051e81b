"""Texts of a model that sees, held against boxes and classes where the source has them: first by the builder, then by the checker."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from rsvlm.chat.objects import INVENTED, MISCOUNTED
from rsvlm.data.checkers.viewed import _named
from rsvlm.data.scene_words import ANOTHER
from rsvlm.data.seen_objects import ABSENT, IN_DOUBT
from tests.chat.conftest import ChatServer, said, send
from tests.data.tinyraw import Made, make, noise, write_source

PLAIN = "The image is a colour photograph taken from above. "
# Two buildings and a tank in the first picture, a building in the second, nothing in the third.
LABELS = {"1": ["building", "building", "storage-tank"], "2": ["building"], "3": []}
NAMES = {"building": "building", "storage-tank": "storage tank"}


@pytest.fixture
def server():
    running = ChatServer()
    yield running
    running.close()


def dota(labels: list[str], difficult: int = 0) -> bytes:
    return "".join(f"{5 * n} 0 {5 * n + 4} 0 {5 * n + 4} 4 {5 * n} 4 {label} {difficult}\n" for n, label in enumerate(labels)).encode()


def coco(labels: dict[str, list[str]], crowd: int = 0) -> bytes:
    names = sorted(NAMES)
    images = [{"id": int(stem), "file_name": f"{stem}.png", "width": 64, "height": 64} for stem in sorted(labels)]
    boxes = [(int(stem), label, place) for stem in sorted(labels) for place, label in enumerate(labels[stem])]
    annotations = [
        {"id": number, "image_id": image, "category_id": names.index(label) + 1, "bbox": [5 * place, 0, 4, 4], "iscrowd": crowd}
        for number, (image, label, place) in enumerate(boxes)
    ]
    categories = [{"id": place, "name": name} for place, name in enumerate(names, 1)]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories}).encode()


def built(raw: Path, server: ChatServer, text: str, annotations: dict[str, bytes], file: str, **more: Any) -> Made:
    pictures = {f"a/images/{stem}.png": noise(int(stem), 64, 64) for stem in LABELS}
    write_source(raw, "seen", {**pictures, **annotations})
    server.reply = lambda handler, body, number: send(handler, 200, said(text))
    chat = {"kind": "served", "base_url": server.url, "model": "sees", "attempts": 1}
    rule = {
        "kind": "viewed",
        "source": "seen",
        "prefix": "tiny",
        "pictures": "a/images/*.png",
        "writer": {"prompt": "versad", "fewest_words": 5, "otherwise": "drop", "chat": chat},
        "objects": {"file": file, "names": NAMES},
        "shares": {"validation": 0.0, "test": 0.0},
    }
    return make(raw, {**rule, **more})


def by_dota(raw: Path, server: ChatServer, text: str, **more: Any) -> Made:
    return built(
        raw, server, text, {f"a/labels/{stem}.txt": dota(labels) for stem, labels in LABELS.items()}, "{parent}/labels/{stem}.txt", **more
    )


@pytest.mark.system("versad", 2)
@pytest.mark.parametrize("form", ["dota", "coco"])
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Two large buildings stand beside a storage tank.", ["tiny-1"]),
        ("A building stands beside a road.", ["tiny-1", "tiny-2"]),
        ("There are no storage tanks beside the road.", ["tiny-2", "tiny-3"]),
        ("Trees stand beside a road.", ["tiny-1", "tiny-2", "tiny-3"]),
    ],
)
def test_only_answers_that_the_boxes_bear_out_are_kept(tmp_path: Path, server: ChatServer, form: str, text: str, kept: list[str]) -> None:
    if form == "dota":
        made = by_dota(tmp_path, server, PLAIN + text)
    else:
        made = built(tmp_path, server, PLAIN + text, {"a/boxes.json": coco(LABELS)}, "{parent}/boxes.json")
    assert [record["id"] for record in made.records] == kept
    assert made.false() == []
    reasons = {entry.reason for entry in made.rejected.entries()}
    assert reasons <= {f"written text: {INVENTED}", f"written text: {MISCOUNTED}"}
    assert len(list(made.rejected.entries())) == 3 - len(kept)


@pytest.mark.system("versad", 2)
@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("Two large buildings", "Three large buildings", "count"),
        ("Two large buildings", "12 large buildings", "count"),
        ("Two large buildings", "No buildings", "count"),
        ("a storage tank", "storage tanks", "presence"),
        ("a storage tank", "one hundred and two storage tanks", "count"),
        ("a storage tank", "a lawn, storage tanks: 3", "count"),
    ],
)
def test_planted_lies_are_found(tmp_path: Path, server: ChatServer, old: str, new: str, kind: str) -> None:
    (record,) = (made := by_dota(tmp_path, server, f"{PLAIN}Two large buildings stand beside a storage tank.")).records
    changed = copy.deepcopy(record)
    changed["captions"] = [record["captions"][0].replace(old, new)]
    assert changed != record
    assert [each.kind for each in made.statements(changed) if not each.holds] == [kind]


@pytest.mark.system("versad", 2)
def test_a_text_under_another_picture_fails(tmp_path: Path, server: ChatServer) -> None:
    text = f"{PLAIN}Two large buildings stand beside a storage tank."
    made = by_dota(tmp_path, server, text)
    plain = by_dota(tmp_path / "plain", server, PLAIN)
    other = next(record for record in plain.records if record["id"] == "tiny-3")
    assert [each.holds for each in made.statements({**other, "captions": [text]})] == [False, False]


@pytest.mark.system("versad", 2)
def test_another_pictures_annotation_does_not_vouch(tmp_path: Path, server: ChatServer) -> None:
    (record,) = (made := by_dota(tmp_path, server, f"{PLAIN}Two large buildings stand beside a storage tank.")).records
    moved = {**record, "origin": {**record["origin"], "picture": "a/images/3.png"}}
    assert [each.kind for each in made.statements(moved)] == ["format"]


@pytest.mark.system("versad", 2)
def test_pictures_without_annotation_are_kept_and_yield_no_statement(tmp_path: Path, server: ChatServer) -> None:
    made = built(tmp_path, server, f"{PLAIN}Nine buildings stand there.", {}, "{folder}/{stem}.txt")
    assert len(made.records) == 3
    assert [made.statements(record) for record in made.records] == [[], [], []]


@pytest.mark.system("versad", 2)
def test_annotations_in_doubt_or_without_the_picture_set_it_aside_unasked(tmp_path: Path, server: ChatServer) -> None:
    crowds = built(tmp_path / "crowd", server, PLAIN, {"a/boxes.json": coco({"1": ["building"], "2": []}, 1)}, "{parent}/boxes.json")
    assert [record["id"] for record in crowds.records] == ["tiny-2"]
    assert sorted(entry.reason for entry in crowds.rejected.entries()) == [ABSENT, IN_DOUBT]
    files = {"a/labels/1.txt": dota(["building"], 1), "a/labels/2.txt": b"1 2 3\n", "a/labels/3.txt": dota(["road"], 1)}
    broken = built(tmp_path / "broken", server, PLAIN, files, "{parent}/labels/{stem}.txt")
    assert [record["id"] for record in broken.records] == ["tiny-3"]
    assert [entry.reason for entry in broken.rejected.entries()] == [IN_DOUBT, IN_DOUBT]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The image holds twenty-three ships.", [("count", False)]),
        ("The image holds 2 long white ships.", [("count", True)]),
        ("One of the ships is 3 metres wide.", [("presence", True)]),
        ("The ships are 20 metres long.", [("presence", True)]),
        ("There are no harbors and two ships.", [("count", True), ("count", True)]),
        ("Five cars, ships and a harbor.", [("presence", True), ("presence", False)]),
        ("A dozen ships.", [("count", False)]),
        ("1,002 ships.", [("count", False)]),
        ("Worships and shipping.", []),
    ],
)
def test_numbers_as_people_write_them(text: str, expected: list[tuple[str, bool]]) -> None:
    assert [(each.kind, each.holds) for each in _named(text, {"ship": 2, "harbor": 0})] == expected


@pytest.mark.system("versad", 2)
def test_where_the_path_tells_the_class_no_other_may_stand_for_it(tmp_path: Path, server: ChatServer) -> None:
    write_source(
        tmp_path, "sorted", {"golf_course/1.png": noise(1, 64, 64), "airport/2.png": noise(2, 64, 64), "dam/3.png": noise(3, 64, 64)}
    )
    server.reply = lambda handler, body, number: send(handler, 200, said(f"{PLAIN}It shows an airport beside a dam."))
    chat = {"kind": "served", "base_url": server.url, "model": "sees", "attempts": 1}
    rule = {
        "kind": "viewed",
        "source": "sorted",
        "prefix": "tiny",
        "pictures": "*/*.png",
        "label": "^([^/]+)/",
        "writer": {"prompt": "picture-caption-of-class", "fewest_words": 5, "otherwise": "drop", "chat": chat},
        "shares": {"validation": 0.0, "test": 0.0},
    }
    made = make(tmp_path, rule)
    assert sorted(record["label"] for record in made.records) == ["airport", "dam"]
    assert [entry.reason for entry in made.rejected.entries()] == [f"written text: {ANOTHER}"]
    assert made.false() == []
    airport = next(record for record in made.records if record["label"] == "airport")
    assert [each.holds for each in made.statements({**airport, "captions": ["Two golf courses beside a dam."]})] == [False]
    assert [each.kind for each in made.statements({**airport, "label": "dam"}) if not each.holds] == ["attribute"]


@pytest.mark.system("rs-gpt4v", 2)
def test_conversations_are_held_against_the_boxes_too(tmp_path: Path, server: ChatServer) -> None:
    made = by_dota(tmp_path, server, f"{PLAIN}Two large buildings stand beside a storage tank.", kind="viewed-talks")
    (record,) = made.records
    assert made.false() == []
    assert [each.kind for each in made.statements(record)] == ["count", "presence"]
    changed = copy.deepcopy(record)
    turns = changed["conversations"][0]["turns"]
    turns[0]["text"], turns[1]["text"] = "Tell a story.", "Four buildings."
    assert [each.kind for each in made.statements(changed) if not each.holds] == ["format", "count"]
