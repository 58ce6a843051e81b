"""VHM's short questions about objects: metres, counts, boxes and class lists, against values worked out by hand."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from rsvlm.data.settings import CorpusSettings
from rsvlm.records.rejected import Rejected
from tests.data.handmade import Record, corpus, false_ones, finds, full_profile, made_records, png, turns, write_source

COPIES = 12
# 100 x 100 pixels of 0.5 m. The ship is turned by 45 degrees: 40 px along, 10 px across, so 20.0 m by 5.0 m. Two cars.
STEP, HALF = 40 / math.sqrt(2), 10 / math.sqrt(2)
SHIP = [(20, 20), (20 + STEP, 20 + STEP), (20 + STEP - HALF, 20 + STEP + HALF), (20 - HALF, 20 + HALF)]
LABELS = (
    "imagesource:GoogleEarth\ngsd:0.5\n"
    + " ".join(f"{value:.4f}" for point in SHIP for value in point)
    + " ship 0\n70 10 90 10 90 20 70 20 car 0\n70 80 86 80 86 88 70 88 car 0\n"
)


def rule(**more: object) -> dict:
    return {
        "kind": "measured-objects",
        "format": "dota",
        "source": "made",
        "prefix": "tiny",
        "annotations": "labels/*.txt",
        "pictures": "pictures/{stem}.png",
        "shares": {"validation": 0.0},
        "known": {"nouns": ["ship", "car", "plane", "bridge", "tank"]},
        **more,
    }


def write(raw: Path, labels: str = LABELS) -> None:
    files = {f"pictures/P{number}.png": png(np.zeros((100, 100, 3))) for number in range(COPIES)}
    files |= {f"labels/P{number}.txt": labels.encode() for number in range(COPIES)}
    write_source(raw, "made", files, {file: {"sensor": "WorldView-2", "bands": 3} for file in files if file.endswith("png")})


@pytest.fixture
def made(tmp_path: Path) -> tuple[list[Record], CorpusSettings, Path]:
    write(tmp_path)
    settings = corpus(rule())
    return made_records(settings, tmp_path), settings, tmp_path


def test_every_answer_is_right(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    records, settings, raw = made
    assert len(records) == COPIES
    assert false_ones(records, settings, raw) == []


@pytest.mark.system("variousrs-instruct", 2)
def test_length_is_the_longer_side_of_the_oriented_box_in_metres(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    """Side in pixels times ground sample distance; the horizontal box of the turned ship would be 17.7 m on both sides."""
    told = {}
    for record in made[0]:
        for question, reply in turns(record, "measurement"):
            assert question.startswith("{IT} ")
            assert question.endswith("in metres? The length is the longer side.")
            noun, box = re.search(r"width of the (\w+) at (\[[\d,]+\])", question).groups()
            told[noun, box] = reply
    assert told == {
        ("ship", f"[{round(10 * (20 - HALF))},200,{round(10 * (20 + STEP))},{round(10 * (20 + STEP + HALF))}]"): (
            "The length is 20.0 m and the width is 5.0 m."
        ),
        ("car", "[700,100,900,200]"): "The length is 10.0 m and the width is 5.0 m.",
        ("car", "[700,800,860,880]"): "The length is 8.0 m and the width is 4.0 m.",
    }


@pytest.mark.system("variousrs-instruct", 2)
@pytest.mark.parametrize("gsd", ["0.5", "12.5", "1234", "0.00012"])
def test_answers_hold_exactly_the_numbers_that_the_public_scorer_reads(tmp_path: Path, gsd: str) -> None:
    """Trap: `eval_results_mae` takes all numbers of both strings and passes over an item where there are more or fewer of them."""
    write(tmp_path, LABELS.replace("gsd:0.5", f"gsd:{gsd}"))
    records = made_records(corpus(rule(measured={"measured": 20, "decimals": 3})), tmp_path)
    for task, count in (("measurement", 2), ("image_property", 1)):
        replies = [reply for record in records for _, reply in turns(record, task)]
        assert replies
        for reply in replies:
            numbers = re.findall(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?", reply)
            assert len(numbers) == count, reply
            if task == "measurement":  # length before width
                assert float(numbers[0]) >= float(numbers[1])
            else:
                assert float(numbers[0]) == pytest.approx(float(gsd), rel=0.05)


@pytest.mark.system("variousrs-instruct", 2)
def test_pictures_of_unknown_resolution_are_not_measured_and_counted(tmp_path: Path) -> None:
    write(tmp_path, LABELS.replace("gsd:0.5", "gsd:null"))
    rejected = Rejected()
    records = made_records(corpus(rule()), tmp_path, rejected)
    assert records
    assert not any(turns(record, "measurement") or turns(record, "image_property") for record in records)
    assert rejected.facts()["left_out"]["made"]["no ground sample distance to measure with"] == COPIES


@pytest.mark.system("variousrs-instruct", 2)
def test_counts_boxes_and_class_lists_by_hand(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    counts, boxes = set(), {}
    for record in made[0]:
        for question, reply in turns(record, "counting"):
            counts.add((re.search(r"(ships|cars)", question)[1], reply))
        for question, reply in turns(record, "refer"):
            assert question.startswith("{VG} ")
            boxes[re.search(r"(?:Where is|bounding box of) (the .+?)(?:\?| as)", question)[1]] = reply
        ((question, reply),) = turns(record, "multi_label")
        names = question.partition(":")[2].rstrip("?").strip().split(", ")
        assert sorted(names) == ["bridge", "car", "plane", "ship", "tank"]
        assert reply.split(", ") == [name for name in names if name in ("ship", "car")]
    assert counts == {("ships", "1"), ("cars", "2")}
    assert (
        boxes.items()
        <= {
            "the ship": "[129,200,483,554]",
            "the largest car": "[700,100,900,200]",  # 200 square pixels against 128
            "the car at the top right of the image": "[700,100,900,200]",
            "the car at the bottom right of the image": "[700,800,860,880]",
        }.items()
    )
    assert len(boxes) >= 3


def test_resolution_is_that_of_the_annotation(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    assert {reply for record in made[0] for _, reply in turns(record, "image_property")} == {"0.5 m"}


def test_classes_with_a_gap_are_not_counted(tmp_path: Path) -> None:
    write(tmp_path)
    gaps = [{"picture": f"P{number}", "noun": "car", "box": [5, 60, 15, 70]} for number in range(COPIES)]
    settings = corpus(rule(known={"nouns": ["ship", "car", "plane"], "unmarked": gaps}))
    records = made_records(settings, tmp_path)
    assert {question for record in records for question, _ in turns(record, "counting")} <= {
        "{IT} How many ships are there in the image?",
        "{IT} Count the ships in the image.",
    }
    assert false_ones(records, settings, tmp_path) == []


@pytest.mark.parametrize(
    ("task", "old", "new"),
    [
        ("measurement", "20.0 m", "20.3 m"),
        ("measurement", "5.0 m", "4.0 m"),
        ("counting", "2", "3"),
        ("counting", "1", "2"),
        ("refer", "700,", "710,"),
        ("refer", "[129,200", "[139,200"),
        ("multi_label", "ship", "plane"),
        ("multi_label", ", ", ", bridge, "),
        ("image_property", "0.5 m", "0.3 m"),
    ],
)
def test_lies_are_found(made: tuple[list[Record], CorpusSettings, Path], task: str, old: str, new: str) -> None:
    records, settings, raw = made
    tried = 0
    for record in records:
        for place, conversation in enumerate(record["conversations"]):
            reply = conversation["turns"][1]["text"]
            if conversation["task"] == task and old in reply:

                def change(copy: Record, place: int = place, reply: str = reply) -> None:
                    copy["conversations"][place]["turns"][1]["text"] = reply.replace(old, new, 1)

                assert finds(record, settings, raw, change), reply
                tried += 1
    assert tried


@pytest.mark.system("variousrs-instruct", 3)
def test_the_published_size(root: Path) -> None:
    published, definitions = full_profile(root, "variousrs-instruct")
    assert published.texts == 76_445 + 13_020
    assert len({definition.name for definition in definitions} - {"vhm-sft", "vhm-eval"}) == 17


@pytest.mark.recipe
def test_the_smoke_corpus_holds_no_false_statement(built) -> None:
    tally, shuffled = built("variousrs-instruct").checked()
    assert tally.false == []
    assert {"measure", "geometry", "presence", "attribute", "count"} <= set(tally.all)
    assert sum(shuffled.held.values()) < 0.6 * sum(shuffled.all.values())
