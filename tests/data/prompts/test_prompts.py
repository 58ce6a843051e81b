"""Visual prompts: marks on objects, points in one object only, one answer line a mark, masks as drawn, lies found."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import shapely

from rsvlm.conversations.formats.marks import resized
from rsvlm.data.builders.prompts import Thing, point_in
from rsvlm.data.prompt_masks import prompt_mask
from rsvlm.data.settings import CorpusSettings
from rsvlm.records.geometry import rectangle
from rsvlm.records.models import LabelledObject
from tests.data.handmade import Record, corpus, false_ones, finds, full_profile, made_records, png, turns, write_source

COPIES = 6
# A white ship with a harbor below it whose middle another ship covers, a red car to the right of all; 100 pixels of 0.5 m.
BOXES = {"ship": (10, 10, 40, 22), "harbor": (10, 60, 50, 80), "boat": (24, 64, 36, 76), "car": (70, 20, 90, 30)}
QUESTIONS = {
    "identify": "Please identify the category of each marked region in the image.",
    "point": "Please identify the category of each marked point in the image.",
    "region_caption": "Please provide a detailed description of each marked region in the image.",
    "relation": "Please analyze the relationship between all marked regions in the image.",
}


def line(name: str, box: tuple[int, int, int, int]) -> str:
    x1, y1, x2, y2 = box
    return f"{x1} {y1} {x2} {y1} {x2} {y2} {x1} {y2} {name} 0\n"


def write(raw: Path) -> None:
    pixels = np.zeros((100, 100, 3))
    pixels[10:22, 10:40] = 250
    pixels[20:30, 70:90] = (200, 10, 10)
    labels = "gsd:0.5\n" + "".join(line(name, box) for name, box in BOXES.items())
    files = {f"pictures/P{number}.png": png(pixels) for number in range(COPIES)}
    write_source(raw, "made", files | {f"labels/P{number}.txt": labels.encode() for number in range(COPIES)})


def rule(**more: object) -> dict:
    return {
        "kind": "box-prompts",
        "format": "dota",
        "source": "made",
        "prefix": "tiny",
        "annotations": "labels/*.txt",
        "pictures": "pictures/{stem}.png",
        "shares": {"validation": 0.0},
        "known": {"nouns": [*BOXES]},
        "measured": True,
        **more,
    }


@pytest.fixture
def made(tmp_path: Path) -> tuple[list[Record], CorpusSettings, Path]:
    write(tmp_path)
    settings = corpus(rule())
    return made_records(settings, tmp_path), settings, tmp_path


def marks(record: Record, task: str) -> list[dict]:
    place = next(place for place, one in enumerate(record["conversations"]) if one["task"] == task)
    return record["facts"]["prompts"][place]


def noun_of(mark: dict) -> str:
    return next(name for name, box in BOXES.items() if list(box) == mark["xyxy"])


def test_every_answer_is_right(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    records, settings, raw = made
    assert len(records) == COPIES
    assert false_ones(records, settings, raw) == []


@pytest.mark.system("rsvp-3m", 2)
def test_question_forms_and_one_line_a_mark(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    for record in made[0]:
        for task, question in QUESTIONS.items():
            for asked, reply in turns(record, task):
                assert asked == question
                if task != "relation":
                    word = "Mark" if task == "point" else "Region"
                    numbers = re.findall(rf"^<{word} (\d+)>: \S.*$", reply, re.MULTILINE)
                    assert numbers == [str(number) for number in range(1, len(marks(record, task)) + 1)]
                    assert reply.endswith("\n")
        ((_, reply),) = turns(record, "identify")
        named = [text.partition(": ")[2] for text in reply.splitlines()]
        assert named == [noun_of(mark) for mark in marks(record, "identify")]  # line k speaks of mark k
        assert sorted(named) == sorted(BOXES)


@pytest.mark.system("rsvp-3m", 2)
def test_points_lie_in_their_object_and_in_no_other(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    """The boat covers the middle of the harbor, so the harbor's point is beside it; the boat lies wholly on the harbor."""
    seen = set()
    for record in made[0]:
        ((_, reply),) = turns(record, "point")
        for text, mark in zip(reply.splitlines(), marks(record, "point"), strict=True):
            x, y = mark["xy"]
            inside = {name for name, (x1, y1, x2, y2) in BOXES.items() if x1 <= x <= x2 and y1 <= y <= y2}
            assert inside == {text.partition(": ")[2]}
            seen |= inside
    assert seen == {"ship", "harbor", "car"}


def test_a_point_keeps_its_distance() -> None:
    thing = Thing(LabelledObject("pier", rectangle(0, 0, 40, 10)), shapely.box(0, 0, 40, 10))
    assert point_in(thing, [], 1.0) == (20.0, 5.0)
    x, y = point_in(thing, [shapely.box(10, -5, 30, 15)], 1.0)
    assert 1 <= x <= 9 or 31 <= x <= 39
    assert 1 <= y <= 9
    assert point_in(thing, [shapely.box(-1, -1, 41, 11)], 1.0) is None
    assert point_in(Thing(thing.labelled, shapely.box(0, 0, 40, 1.5)), [], 1.0) is None


@pytest.mark.system("rsvp-3m", 2)
def test_descriptions_and_relations_by_hand(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    """Ship 30 x 12 px = 15.0 x 6.0 m, centre 25, 16; car centre 80, 25: 55 to the right, 9 lower (0.16 of it): straight."""
    told, sides = {}, set()
    for record in made[0]:
        ((_, reply),) = turns(record, "region_caption")
        for text, mark in zip(reply.splitlines(), marks(record, "region_caption"), strict=True):
            told[noun_of(mark)] = text.partition(": ")[2]
        for talk in (*turns(record, "relation"), *(one[2:] for one in turns(record, "mixed"))):
            task = "relation" if talk in turns(record, "relation") else "mixed"
            nouns = [noun_of(mark) for mark in marks(record, task)]
            for first, words, second in re.findall(r"<Region (\d)> is ([a-z ]+?) <Region (\d)>\.", talk[1]):
                sides.add((nouns[int(first) - 1], words, nouns[int(second) - 1]))
    assert told["ship"] == "a white ship at the top left of the image, 15.0 m long and 6.0 m wide"
    assert told["car"] == "a red car at the top right of the image, 10.0 m long and 5.0 m wide"
    assert sides <= {
        ("ship", "to the left of", "car"),
        ("car", "to the right of", "ship"),
        ("ship", "above", "harbor"),
        ("harbor", "below", "ship"),
        ("ship", "above", "boat"),
        ("boat", "below", "ship"),
        ("car", "above and to the right of", "harbor"),
        ("harbor", "below and to the left of", "car"),
        ("car", "above and to the right of", "boat"),
        ("boat", "below and to the left of", "car"),
    }
    assert len(sides) >= 3


@pytest.mark.system("rsvp-3m", 2)
def test_masks_show_every_mark_by_its_number(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    """The boat lies on the harbor and keeps its number; resizing makes no number that no mark has."""
    for record in made[0]:
        place = next(place for place, one in enumerate(record["conversations"]) if one["task"] == "identify")
        mask = prompt_mask(record, place)
        assert mask.shape == (100, 100)
        assert mask.dtype == np.uint8
        numbers = {noun_of(mark): number for number, mark in enumerate(record["facts"]["prompts"][place], 1)}
        assert set(np.unique(mask).tolist()) == {0, 1, 2, 3, 4}
        assert mask[70, 30] == numbers["boat"]
        assert mask[62, 12] == numbers["harbor"]
        assert int((mask == numbers["ship"]).sum()) == 30 * 12
        assert set(np.unique(resized(mask, 37, 53)).tolist()) <= {0, 1, 2, 3, 4}


@pytest.mark.system("rsvp-3m", 2)
def test_the_mark_of_the_whole_image_covers_it(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    for record in made[0]:
        place = next(place for place, one in enumerate(record["conversations"]) if one["task"] == "caption")
        assert record["facts"]["prompts"][place] == [{"type": "box", "xyxy": [0, 0, 100, 100]}]
        assert record["facts"]["levels"][place] == "image"
        assert (prompt_mask(record, place) == 1).all()
        ((_, reply),) = turns(record, "caption")
        assert reply == "<Region 1>: the image shows a boat, a car, a harbor and a ship\n"


def test_no_more_than_the_allowed_marks(tmp_path: Path) -> None:
    write(tmp_path)
    records = made_records(corpus(rule(prompts={"most_marks": 2, "tasks": ["region", "point"]})), tmp_path)
    assert {len(found) for record in records for found in record["facts"]["prompts"]} <= {1, 2}


@pytest.mark.parametrize(
    ("task", "old", "new"),
    [
        ("identify", ": ship\n", ": car\n"),
        ("point", ": harbor\n", ": boat\n"),
        ("identify", "<Region 2>", "<Region 3>"),
        ("identify", "<Region 1>: ", "<Mark 1>: "),
        ("region_caption", "white", "red"),
        ("region_caption", "15.0 m long", "16.0 m long"),
        ("region_caption", "top left", "bottom left"),
        ("relation", "above", "below"),
        ("relation", "<Region 1>", "<Region 9>"),
        ("caption", "a car", "2 cars"),
        ("mixed", " is ", " is not "),
    ],
)
def test_lies_are_found(made: tuple[list[Record], CorpusSettings, Path], task: str, old: str, new: str) -> None:
    records, settings, raw = made
    tried = 0
    for record in records:
        for place, conversation in enumerate(record["conversations"]):
            if conversation["task"] == task and any(old in turn["text"] for turn in conversation["turns"][1::2]):

                def change(copy: Record, place: int = place) -> None:
                    for turn in copy["conversations"][place]["turns"][1::2]:
                        turn["text"] = turn["text"].replace(old, new)

                assert finds(record, settings, raw, change)
                tried += 1
    assert tried


def test_a_mark_that_is_moved_or_missing_is_found(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    records, settings, raw = made

    def moved(copy: Record) -> None:
        copy["facts"]["prompts"][0][0]["xyxy"][0] += 3

    def missing(copy: Record) -> None:
        copy["facts"]["prompts"][0].pop()

    assert finds(records[0], settings, raw, moved)
    assert finds(records[0], settings, raw, missing)


def test_masks_are_marked_by_their_regions(tmp_path: Path) -> None:
    """An L-shaped building: the centre of its box is outside it, so its point is not there."""
    mask = np.zeros((100, 100))
    mask[10:20, 10:60] = mask[10:60, 10:20] = 255
    mask[80:90, 70:90] = 255
    write_source(tmp_path, "made", {"pictures/P.png": png(np.zeros((100, 100, 3))), "masks/P.png": png(mask)})
    builder = {
        **rule(),
        "kind": "mask-prompts",
        "classes": {"255": "building"},
        "annotations": "masks/*.png",
        "known": {"nouns": ["building"]},
    }
    del builder["format"], builder["measured"]
    settings = corpus(builder)
    (record,) = made_records(settings, tmp_path)
    points = [mark["xy"] for mark in marks(record, "point")]
    assert all(mask[int(y), int(x)] == 255 for x, y in points)
    assert sorted(mark["xyxy"] for mark in marks(record, "identify")) == [[10, 10, 60, 60], [70, 80, 90, 90]]
    assert false_ones([record], settings, tmp_path) == []


def test_whole_pictures_of_a_data_set(tmp_path: Path) -> None:
    lines = [
        {"image": "a/one.png", "label": "DenseTown", "split": "train", "captions": ["many houses .", "a town ."]},
        {"image": "a/two.png", "label": None, "split": "train", "captions": ["a lake ."]},
        {"image": "a/gone.png", "label": None, "split": "train", "captions": ["a lake ."]},
    ]
    files = {f"a/{name}.png": png(np.full((30, 40, 3), 99)) for name in ("one", "two")}
    write_source(tmp_path, "made", files | {"pairs.jsonl": "\n".join(map(json.dumps, lines)).encode()})
    settings = corpus({"kind": "image-prompts", "source": "made", "prefix": "tiny", "listing": {"validation_share": 0.0}})
    records = {record["id"]: record for record in made_records(settings, tmp_path)}
    assert set(records) == {"tiny-one", "tiny-two"}  # the third has no picture
    assert turns(records["tiny-one"], "classification") == [
        ["Please identify the scene category of the marked image.", "<Region 1>: dense town\n"]
    ]
    assert turns(records["tiny-two"], "classification") == []
    assert turns(records["tiny-two"], "caption")[0][1] == "<Region 1>: a lake.\n"
    assert all(found == [{"type": "box", "xyxy": [0, 0, 40, 30]}] for record in records.values() for found in record["facts"]["prompts"])
    assert false_ones([*records.values()], settings, tmp_path) == []

    def lie(copy: Record) -> None:
        copy["conversations"][-1]["turns"][1]["text"] = "<Region 1>: a river.\n"

    assert all(finds(record, settings, tmp_path, lie) for record in records.values())


def test_whole_pictures_in_folders_of_their_classes(tmp_path: Path) -> None:
    files = {f"{label}/{label}_{number}.png": png(np.full((30, 40, 3), number)) for label in ("sea_ice", "Lake") for number in (1, 2)}
    write_source(tmp_path, "made", files)
    listing = {"layout": "folders", "file": "*/*.png", "shares": {"test": 0.0, "validation": 0.0}}
    settings = corpus({"kind": "image-prompts", "source": "made", "prefix": "tiny", "listing": listing})
    records = {record["id"]: record for record in made_records(settings, tmp_path)}
    assert set(records) == {"tiny-sea_ice_1", "tiny-sea_ice_2", "tiny-lake_1", "tiny-lake_2"}
    assert [reply for _, reply in turns(records["tiny-sea_ice_2"], "classification")] == ["<Region 1>: sea ice\n"]
    assert turns(records["tiny-lake_1"], "caption") == []
    assert false_ones([*records.values()], settings, tmp_path) == []

    def lie(copy: Record) -> None:
        copy["conversations"][0]["turns"][1]["text"] = "<Region 1>: desert\n"

    assert finds(records["tiny-lake_2"], settings, tmp_path, lie)


@pytest.mark.system("rsvp-3m", 3)
def test_the_published_size(root: Path) -> None:
    published, definitions = full_profile(root, "rsvp-3m")
    assert published.texts == 3_648_884
    assert {"dota", "nwpu-captions", "geochat-instruct", "visdrone", "uavid"} <= {definition.name for definition in definitions}


@pytest.mark.recipe
def test_the_smoke_corpus_holds_no_false_statement(built) -> None:
    found = built("rsvp-3m")
    tally, shuffled = found.checked()
    assert tally.false == []
    assert {"attribute", "relation"} <= set(tally.all)
    assert sum(shuffled.held.values()) < 0.6 * sum(shuffled.all.values())
    for record in found.records:
        for place, prompts in enumerate(record["facts"]["prompts"]):
            assert set(np.unique(prompt_mask(record, place)).tolist()) - {0} == set(range(1, len(prompts) + 1))
