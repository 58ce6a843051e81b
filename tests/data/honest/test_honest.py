"""Truthful and deceptive questions: what is asked, that every answer is right, and that lies are found."""

import re
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pytest

from rsvlm.data.companions import Companions
from rsvlm.data.positions import DIRECTIONS, clear_place, direction, rivals
from rsvlm.data.settings import CorpusSettings
from rsvlm.recipes.load import load_recipe
from rsvlm.records.geometry import rectangle
from rsvlm.records.models import LabelledObject
from rsvlm.sources import catalogue
from tests.data.handmade import Record, corpus, false_ones, finds, full_profile, made_records, png, turns, write_source

COPIES = 16
# A picture of 200 x 100, cut in two: a white ship and a red harbor in the left half, a tank in the right one.
LABELS = "gsd:0.5\n10 10 30 10 30 20 10 20 ship 0\n70 70 90 70 90 90 70 90 harbor 0\n150 40 160 40 160 60 150 60 tank 0\n"
NOUNS = ["ship", "harbor", "tank", "plane", "bridge"]
CAPTIONS = [
    ["ships in a harbor beside a bridge"],
    ["a ship under the bridge"],
    ["planes and ships"],
    ["some planes"],
    ["planes"],
]


def scene(grey: bool = False) -> bytes:
    pixels = np.zeros((100, 200, 3))
    pixels[10:20, 10:30] = 250
    pixels[70:90, 70:90] = (200, 10, 10)
    pixels[40:60, 150:160] = (10, 10, 200)
    return png(np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2) if grey else pixels)


def rule(**more: object) -> dict:
    return {
        "kind": "honest-questions",
        "format": "dota",
        "source": "made",
        "prefix": "tiny",
        "annotations": "labels/*.txt",
        "pictures": "pictures/{stem}.png",
        "shares": {"validation": 0.0},
        "chips": {"size": 100, "stride": 100, "visible_share": 0.5, "quality": 95},
        "known": {"nouns": NOUNS},
        "honest": {"companions": {"source": "told"}, **more},
    }


def write(raw: Path, labels: str = LABELS, grey: bool = False, sensors: dict[int, str] | None = None) -> None:
    files = {f"pictures/P{number}.png": scene(grey) for number in range(COPIES)}
    files |= {f"labels/P{number}.txt": labels.encode() for number in range(COPIES)}
    write_source(raw, "made", files, {f"pictures/P{number}.png": {"sensor": sensor} for number, sensor in (sensors or {}).items()})
    lines = [{"image": f"{number}.jpg", "label": None, "split": "train", "captions": texts} for number, texts in enumerate(CAPTIONS)] + [
        {"image": "t.jpg", "label": None, "split": "test", "captions": ["bridge harbor"] * 5}
    ]
    write_source(raw, "told", {"pairs.jsonl": "\n".join(str(line).replace("'", '"').replace("None", "null") for line in lines).encode()})


@pytest.fixture
def made(tmp_path: Path) -> tuple[list[Record], CorpusSettings, Path]:
    write(tmp_path)
    settings = corpus(rule())
    return made_records(settings, tmp_path), settings, tmp_path


def left(records: list[Record]) -> list[Record]:
    return [record for record in records if record["origin"]["window"][0] == 0]


def test_every_answer_is_right(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    records, settings, raw = made
    assert len(records) == 2 * COPIES
    assert false_ones(records, settings, raw) == []


@pytest.mark.system("hnstd", 2)
def test_what_is_asked_of_a_scene_worked_out_by_hand(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    """The ship lies in the upper left ninth, white; the harbor red; the ship 60 px left of and 65 px above the harbor."""
    truths, refusals = set(), set()
    for record in left(made[0]):
        for task in ("presence", "colour", "position", "relation"):
            for question, reply in turns(record, task):
                assert question.startswith("{IDK} "), "the evaluator's prefix for presence, colour and position"
                text = re.sub(r"^[A-E]\. ", "", reply)
                deceives = re.search(
                    r"is the (plane|bridge)|of the (plane|bridge)|the (plane|bridge)s? (have|in)|an? (plane|bridge)", question
                )
                (refusals if deceives else truths).add(text)
    places = {"at the top left", "at the bottom right"}
    sides = {"above it, to the left", "below it, to the right"}
    assert truths == {"yes", "white", "red"} | places | sides
    absent = {f"There is no {noun} in the image." for noun in ("plane", "bridge")}
    one = {f"There is no {noun} in the image, so its colour cannot be told." for noun in ("plane", "bridge")}
    many = {f"There are no {noun} in the image, so their colour cannot be told." for noun in ("planes", "bridges")}
    assert {"no"} | absent <= refusals <= {"no"} | absent | one | many


@pytest.mark.system("hnstd", 2)
def test_absence_is_told_of_the_whole_picture_not_of_the_chip(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    """The tank shows in the right half only; no question about the left half may call it absent, nor the ship in the right."""
    for record in made[0]:
        for conversation in record["conversations"]:
            question, reply = (turn["text"] for turn in conversation["turns"])
            if reply == "no" or "There is no" in reply or "There are no" in reply:
                assert re.search(r"\b(plane|bridge)s?\b", question.partition("\n")[0]), question


@pytest.mark.system("hnstd", 2)
def test_letters_are_shuffled_and_one_option_refuses(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    letters = Counter()
    for record in made[0]:
        for question, reply in [*turns(record, "position"), *turns(record, "relation")]:
            options = re.findall(r"^([A-E])\. (.+)$", question, re.MULTILINE)
            assert [letter for letter, _ in options] == list("ABCDE")
            assert sum(text.startswith("There is no ") for _, text in options) == 1
            assert len({text for _, text in options}) == 5
            letters[reply[0]] += 1
    assert set(letters) == set("ABCDE")
    assert max(letters.values()) < 0.5 * sum(letters.values())


@pytest.mark.system("hnstd", 2)
def test_half_of_the_questions_of_each_task_deceive(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    counts = Counter()
    for record in made[0]:
        for one in record["facts"]["questions"].values():
            counts[one["task"], one["deceives"] is not None] += 1
    for task in ("presence", "colour", "absolute", "relative"):
        assert 0.4 <= counts[task, True] / (counts[task, True] + counts[task, False]) <= 0.6, task


@pytest.mark.system("hnstd", 2)
def test_a_panchromatic_picture_refuses_every_colour(tmp_path: Path) -> None:
    write(tmp_path, grey=True)
    settings = corpus(rule(tasks=["colour"]))
    records = made_records(settings, tmp_path)
    replies = {reply for record in records for _, reply in turns(record, "colour")}
    assert replies == {f"The image is panchromatic, so the colour of the {noun} cannot be told." for noun in ("ship", "harbor", "tank")}
    assert false_ones(records, settings, tmp_path) == []


@pytest.mark.system("hnstd", 2)
def test_a_picture_of_a_panchromatic_sensor_is_told_from_one_that_is_only_grey(tmp_path: Path) -> None:
    """Both refuse a colour, which the question's facts say; the record of the first names its sensor, that of a grey copy none."""
    pan = dict.fromkeys(range(0, COPIES, 2), "WorldView-2 panchromatic")
    write(tmp_path, grey=True, sensors=pan)
    records = made_records(corpus(rule(tasks=["colour"])), tmp_path)
    assert {one["deceives"] for record in records for one in record["facts"]["questions"].values()} == {"panchromatic"}
    told = {record["origin"]["picture"]: record.get("sensor") for record in records}
    assert told == {picture: pan.get(int(picture.removeprefix("pictures/P").removesuffix(".png"))) for picture in told}
    assert set(told.values()) == {"WorldView-2 panchromatic", None}


@pytest.mark.system("hnstd", 2)
def test_the_panchromatic_pictures_of_the_recipe_are_marked_with_their_sensor() -> None:
    builders = load_recipe(Path(__file__).resolve().parents[3], "hnstd").sections["laptop"]["instruct"].builders
    (pan,) = (one for one in builders if one.kind == "honest-footprints")
    attributes = catalogue.load(pan.source).definition.attributes
    assert [one.sensor for one in attributes if fnmatchcase(pan.pictures, one.match)][-1] == "WorldView-2 panchromatic"


@pytest.mark.system("hnstd", 2)
def test_several_objects_of_a_class_have_no_position(tmp_path: Path) -> None:
    write(tmp_path, LABELS + "40 40 50 40 50 50 40 50 ship 0\n")
    records = left(made_records(corpus(rule(tasks=["absolute", "relative"])), tmp_path))
    asked = {question.partition("\n")[0] for record in records for question, _ in [*turns(record, "position"), *turns(record, "relation")]}
    assert asked
    assert not any("ship" in question for question in asked)


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        (LABELS.replace("ship 0", "ship 1"), {}),  # marked as difficult
        (LABELS.replace("10 10 30 10 30 20 10 20", "0 10 20 10 20 20 0 20"), {}),  # at the border of the picture
        (LABELS + "92 40 112 40 112 50 92 50 ship 0\n", {}),  # another one is cut by the window
        (LABELS, {"unmarked": [{"picture": f"P{number}", "noun": "ship", "box": [40, 40, 50, 50]} for number in range(COPIES)]}),
    ],
)
def test_nothing_in_doubt_is_asked_about(tmp_path: Path, labels: str, known: dict) -> None:
    write(tmp_path, labels)
    builder = rule(tasks=["colour", "absolute", "relative"])
    builder["known"] |= known
    settings = corpus(builder)
    records = made_records(settings, tmp_path)
    for record in left(records):
        for conversation in record["conversations"]:
            assert "ship" not in conversation["turns"][0]["text"].partition("\n")[0]
    assert false_ones(records, settings, tmp_path) == []


def test_lies_are_found(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    records, settings, raw = made
    tried = Counter()

    def lie(task: str, old: str, new: str) -> None:
        for record in records:
            for place, conversation in enumerate(record["conversations"]):
                reply = conversation["turns"][1]["text"]
                if conversation["task"] == task and old in reply:

                    def change(copy: Record, place: int = place, reply: str = reply) -> None:
                        copy["conversations"][place]["turns"][1]["text"] = reply.replace(old, new)

                    assert finds(record, settings, raw, change), (task, old, new, reply)
                    tried[task, old] += 1

    lie("presence", "yes", "no")
    lie("presence", "no", "yes")
    lie("colour", "white", "black")
    lie("colour", "red", "white")
    lie("colour", "no plane ", "no ship ")
    lie("position", "top left", "bottom left")
    lie("position", "There is no", "There is a")
    lie("relation", "above it", "below it")
    assert len(tried) == 8


def test_a_wrong_letter_or_a_renamed_class_is_found(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    records, settings, raw = made
    record = next(record for record in left(records) if turns(record, "position"))
    place = next(place for place, one in enumerate(record["conversations"]) if one["task"] == "position")

    def other_letter(copy: Record) -> None:
        question = copy["conversations"][place]["turns"][0]["text"]
        letter = "A" if copy["conversations"][place]["answer"] != "A" else "B"
        text = re.search(rf"^{letter}\. (.+)$", question, re.MULTILINE)[1]
        copy["conversations"][place]["answer"] = letter
        copy["conversations"][place]["turns"][1]["text"] = f"{letter}. {text}"

    assert finds(record, settings, raw, other_letter)
    presence = next((one, place) for one in records for place, talk in enumerate(one["conversations"]) if talk["answer"] == "no")

    def rename(copy: Record) -> None:
        turn = copy["conversations"][presence[1]]["turns"][0]
        turn["text"] = re.sub(r"an? (plane|bridge)", "a tank", turn["text"])

    assert finds(presence[0], settings, raw, rename)


@pytest.mark.system("hnstd", 2)
def test_the_three_draws_of_absent_classes() -> None:
    """Counted by hand over five pictures: popular is frequent, adversarial is seen with what is there."""
    counts = Companions()
    for labels in (["ship", "harbor", "bridge"], ["ship", "bridge"], ["plane", "ship"], ["plane"], ["plane"]):
        counts.add(labels)
    absent = ["bridge", "plane", "court"]
    assert counts.popular(absent, 3) == ["plane", "bridge"]  # in three and two pictures; none shows a court
    assert counts.popular(absent, 1) == ["plane"]
    assert counts.adversarial(absent, ["ship"], 3) == ["bridge", "plane"]  # together twice and once
    assert counts.adversarial(absent, ["harbor"], 3) == ["bridge"]
    assert counts.adversarial(absent, [], 3) == []


def test_draws_go_by_the_captions_of_training_pictures(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    """Popular: plane (3 pictures) before bridge (2), so with top 1 always the plane; adversarial beside a ship: the bridge."""
    raw = made[2]
    for mode, noun in (("popular", "plane"), ("adversarial", "bridge")):
        records = made_records(corpus(rule(modes=[mode], top=1, tasks=["presence"])), raw)
        asked = {question for record in left(records) for question, reply in turns(record, "presence") if reply == "no"}
        assert asked
        assert all(noun in question for question in asked)


def test_places_and_sides() -> None:
    def box(x1: float, y1: float, x2: float, y2: float) -> LabelledObject:
        return LabelledObject("thing", rectangle(x1, y1, x2, y2))

    assert clear_place(box(40, 40, 60, 60), 100, 100, 0.05) == "centre"
    assert clear_place(box(60, 40, 70, 60), 100, 100, 0.05) is None  # its centre, 65, is too near to 66.7
    assert direction(box(0, 0, 10, 10), box(50, 0, 60, 10), 0.25, 0.5) == "left"
    assert direction(box(0, 0, 60, 10), box(50, 0, 110, 10), 0.25, 0.5) is None  # they overlap
    assert direction(box(0, 0, 10, 10), box(50, 20, 60, 30), 0.25, 0.5) is None  # between left and above left
    assert direction(box(0, 0, 10, 10), box(50, 40, 60, 50), 0.25, 0.5) == "above left"
    assert "left" not in rivals("above left", DIRECTIONS)
    assert "below left" in rivals("above left", DIRECTIONS)


@pytest.mark.system("hnstd", 3)
def test_the_published_size(root: Path) -> None:
    published, definitions = full_profile(root, "hnstd")
    assert published.texts == 45_000 + 1_642
    assert {"dota", "fair1m", "vhm-sft"} <= {definition.name for definition in definitions}
    assert {one.name: one.licence for one in definitions}["vhm-sft"] == "CC BY-NC 4.0"


@pytest.mark.recipe
def test_the_smoke_corpus_holds_no_false_statement(built) -> None:
    corpus = built("hnstd")
    tally, shuffled = corpus.checked()
    assert tally.false == []
    assert {"presence", "position", "attribute"} <= set(tally.all)
    assert sum(shuffled.held.values()) < sum(shuffled.all.values())
