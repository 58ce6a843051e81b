"""Corpora in other programs' layouts, read back as those programs do."""

import csv
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from PIL import Image

from rsvlm.data.export import export
from rsvlm.errors import ConfigurationError, IntegrityError
from rsvlm.files import sha256_file, verify
from rsvlm.records.models import Sample
from tests.data.corpora import picture, publish_corpus, sample, talk

GEOCHAT_BOX, TEOCHAT_BOX = "{<25><50><50><75>|<0>}", "[25, 50, 50, 75]"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    given = [
        sample("t", 1, ["A pond."], "test", licence="CC-BY-4.0"),
        sample("a", 2, ['A "quiet" pond.', "船のある港。"], label="pond"),
        Sample("b", picture(3, kind="PNG"), "png", sample("b", 3, ["=A1+B2, a road."], source="other").fields),
    ]
    publish_corpus(tmp_path / "data/pairs/p", given)
    return tmp_path / "data/pairs/p"


def frames(name: str, seed: int, dates: list[str], licences: list[str] | None = None, **more: Any) -> list[Sample]:
    """A sequence, its main record last; the first turn says where the pictures go."""
    names = [*(f"{name}-{number}" for number in range(1, len(dates))), name]
    licences = licences or ["CC0"] * len(dates)
    found = [sample(one, seed + place, [], part_of=name, licence=licences[place], scene=name) for place, one in enumerate(names[:-1])]
    said = talk(f"{name}-0", "change", "These are two satellite images: <video>\nWhat changed?", f"A house {TEOCHAT_BOX}.")
    said["polygons"] = [[[10.0, 20.0], [20.0, 20.0], [20.0, 30.5], [10.0, 30.5]]]
    facts = {"dataset": "xBD", "timestamps": dates, "tasks": {f"{name}-0": "change_detection_localization"}}
    main = {"conversations": [said], "frames": names, "facts": facts, "licence": licences[-1], "scene": name, **more}
    return [*found, sample(name, seed + len(dates), [], **main)]


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    several = [talk("a-0", "presence", "Any ship?", "Yes."), talk("a-1", "refer", "[refer] ship", GEOCHAT_BOX, "How many?", "One.")]
    given = [
        sample("a", 1, [], conversations=several, date="2020-05-01"),
        sample("m", 2, [], conversations=[talk("m-0", "question", "What is <image> in a text?", "A mark, as is <image>.")]),
        *frames("s", 10, ["2019-01-02", "2020-03-04"]),
        *frames("u", 20, ["2019-01-02", "2020-03-04"], ["CC-BY-4.0", "CC0"]),
    ]
    publish_corpus(tmp_path / "data/conversations/c", given)
    return tmp_path / "data/conversations/c"


def test_csv_as_open_clip_reads_it(pairs: Path, tmp_path: Path) -> None:
    facts = export(pairs, tmp_path / "out", "csv", name="p")
    with (tmp_path / "out/train.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert [(row["filepath"], row["title"]) for row in rows] == [
        ("images/a.jpg", 'A "quiet" pond.'),
        ("images/a.jpg", "船のある港。"),
        ("images/b.png", "=A1+B2, a road."),
    ]
    assert [(row["licence"], row["source"]) for row in rows] == [("CC0", "made"), ("CC0", "made"), ("CC0", "other")]
    assert (tmp_path / "out/test.csv").read_text() == "filepath\ttitle\tlicence\tsource\nimages/t.jpg\tA pond.\tCC-BY-4.0\tmade\n"
    assert (tmp_path / "out/images/a.jpg").read_bytes() == picture(2)
    assert (tmp_path / "out/images/b.png").read_bytes() == picture(3, kind="PNG")
    assert facts["entries"] == {"test": 1, "train": 3}
    assert facts["licences"] == {"CC-BY-4.0": {"made": 1}, "CC0": {"made": 1, "other": 1}}


@pytest.mark.parametrize("layout", ["csv", "jsonl"])
def test_the_folder_proves_itself_and_is_the_same_every_time(pairs: Path, tmp_path: Path, layout: str) -> None:
    for name in ("one", "two"):
        export(pairs, tmp_path / name, layout, name="p")
    manifest = verify(tmp_path / "one")
    assert sha256_file(tmp_path / "one/manifest.json") == sha256_file(tmp_path / "two/manifest.json")
    assert (manifest.facts["export"], manifest.facts["corpus"]) == (layout, "p")


def test_jsonl_has_every_record(talks: Path, pairs: Path, tmp_path: Path) -> None:
    export(talks, tmp_path / "out", "jsonl")
    lines = {line["id"]: line for line in map(json.loads, (tmp_path / "out/train.jsonl").read_text().splitlines())}
    assert sorted(lines) == ["a", "m", "s", "s-1", "u", "u-1"]
    assert lines["s-1"] == {"id": "s-1", "image": "images/s-1.jpg", "split": "train", "licence": "CC0", "source": "made", "part_of": "s"}
    assert lines["s"]["frames"] == ["images/s-1.jpg", "images/s.jpg"]
    assert lines["a"]["conversations"][0] == {
        "id": "a-0",
        "task": "presence",
        "turns": [{"role": "user", "text": "Any ship?"}, {"role": "assistant", "text": "Yes."}],
    }
    export(pairs, tmp_path / "pairs", "jsonl")
    (line,) = [line for line in map(json.loads, (tmp_path / "pairs/train.jsonl").read_text().splitlines()) if line["id"] == "a"]
    assert (line["captions"], line["label"], line["image"]) == (['A "quiet" pond.', "船のある港。"], "pond", "images/a.jpg")


def test_llava_has_conversations_about_one_picture(talks: Path, tmp_path: Path) -> None:
    facts = export(talks, tmp_path / "out", "llava")
    entries = json.loads((tmp_path / "out/train.json").read_text())
    assert entries == [
        {
            "id": "a-0",
            "image": "images/a.jpg",
            "conversations": [{"from": "human", "value": "<image>\nAny ship?"}, {"from": "gpt", "value": "Yes."}],
            "licence": "CC0",
            "source": "made",
        },
        {
            "id": "a-1",
            "image": "images/a.jpg",
            "conversations": [
                {"from": "human", "value": "<image>\n[refer] ship"},
                {"from": "gpt", "value": GEOCHAT_BOX},
                {"from": "human", "value": "How many?"},
                {"from": "gpt", "value": "One."},
            ],
            "licence": "CC0",
            "source": "made",
        },
    ]
    assert facts["left_out"] == {"more than one picture": 2, "text holds another mark for pictures": 1}
    assert [path.name for path in (tmp_path / "out/images").iterdir()] == ["a.jpg"]


def test_teochat_has_the_fields_of_its_loader(talks: Path, tmp_path: Path) -> None:
    facts = export(talks, tmp_path / "out", "teochat")
    entries = {entry["id"]: entry for entry in json.loads((tmp_path / "out/train.json").read_text())}
    assert entries["s-0"] == {
        "id": "s-0",
        "video": ["images/s-1.jpg", "images/s.jpg"],
        "conversations": [
            {"from": "human", "value": "These are two satellite images: <video>\nWhat changed?"},
            {"from": "gpt", "value": "A house [25, 50, 50, 75]."},
        ],
        "task": "change_detection_localization",
        "timestamp": ["2019-01-02", "2020-03-04"],
        "polygon": ["POLYGON ((64 128, 128 128, 128 195.2, 64 195.2, 64 128))"],
        "dataset": "xBD",
        "licence": "CC0",
        "source": "made",
    }
    single = entries["a-0"]
    assert (single["video"], single["timestamp"], single["task"], single["dataset"]) == (
        ["images/a.jpg"],
        ["2020-05-01"],
        "presence",
        "made",
    )
    assert single["conversations"][0]["value"] == "This is a satellite image: <video>\nAny ship?"
    assert "polygon" not in single
    assert facts["left_out"] == {"text holds another mark for pictures": 1}
    assert all((tmp_path / "out" / path).is_file() for entry in entries.values() for path in entry["video"])


@pytest.mark.system("teochatlas", 2)
@pytest.mark.parametrize("size", [(512, 512), (256, 256), (1024, 512), (300, 700)])
def test_outlines_lie_where_the_public_scorer_draws_boxes(tmp_path: Path, size: tuple[int, int]) -> None:
    """It draws a reply's hundredths and the record's outline on one mask of 256 x 256, whatever the picture's size."""
    width, height = size
    said = talk("s-0", "change", "What changed? <video>", "A house [25, 50, 50, 75].")
    said["polygons"] = [[[x * width, y * height] for x, y in ((0.25, 0.5), (0.5, 0.5), (0.5, 0.75), (0.25, 0.75))]]
    made = sample("s", 1, [], conversations=[said], facts={"tasks": {"s-0": "change_detection_localization"}})
    stream = io.BytesIO()
    Image.new("RGB", size, "teal").save(stream, "PNG")
    publish_corpus(tmp_path / "c", [Sample("s", stream.getvalue(), "png", made.fields)])
    export(tmp_path / "c", tmp_path / "out", "teochat")
    (entry,) = json.loads((tmp_path / "out/train.json").read_text())
    (outline,) = entry["polygon"]
    assert shapely.from_wkt(outline).bounds == (64, 128, 128, 192)


def test_questions_of_sequences_that_became_turns_begin_once(tmp_path: Path) -> None:
    """TEOChat's way of single pictures, two questions in one conversation; LLaVA's mark is another."""
    said = ("This is a satellite image: <video>\nAny ship?", "Yes.", "This is a satellite image: <video>\nHow many?", "One.")
    publish_corpus(tmp_path / "c", [sample("a", 1, [], conversations=[talk("a-0", "mixed", *said)])])
    for layout, mark in (("llava", "<image>"), ("teochat", "<video>")):
        export(tmp_path / "c", tmp_path / layout, layout)
        (entry,) = json.loads((tmp_path / layout / "train.json").read_text())
        values = [turn["value"] for turn in entry["conversations"]]
        assert values == [f"This is a satellite image: {mark}\nAny ship?", "Yes.", "How many?", "One."]


def test_days_that_are_not_known_are_left_out(tmp_path: Path) -> None:
    publish_corpus(tmp_path / "c", frames("s", 1, ["2019-01", "2020-03-04"]))
    export(tmp_path / "c", tmp_path / "out", "teochat")
    (entry,) = json.loads((tmp_path / "out/train.json").read_text())
    assert "timestamp" not in entry


def test_a_licence_keeps_whole_sequences_alone(talks: Path, tmp_path: Path) -> None:
    for layout, left in (("teochat", ["a-0", "a-1", "s-0"]), ("jsonl", ["a", "m", "s", "s-1"])):
        facts = export(talks, tmp_path / layout, layout, licences=["CC0"])
        text = next((tmp_path / layout).glob("train.*")).read_text()
        entries = json.loads(text) if layout == "teochat" else [json.loads(line) for line in text.splitlines()]
        assert sorted(entry["id"] for entry in entries) == left
        assert list(facts["licences"]) == ["CC0"]
        assert facts["left_out"]["licence is not asked for"] == 2
        assert not (tmp_path / layout / "images/u.jpg").exists()


def test_boxes_are_rewritten(talks: Path, tmp_path: Path) -> None:
    export(talks, tmp_path / "out", "llava", boxes=("geochat", "teochat"))
    entries = json.loads((tmp_path / "out/train.json").read_text())
    assert entries[1]["conversations"][1]["value"] == TEOCHAT_BOX


MARKS = [
    [{"type": "box", "xyxy": [4, 6, 20, 30]}, {"type": "box", "xyxy": [8, 10, 12, 14]}],
    [{"type": "point", "xy": [30.5, 5.5]}],
    [{"type": "box", "xyxy": [0, 0, 40, 40]}],
]


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """A picture of 40 x 40 pixels with three conversations about marks, one of which has a name that would climb out of a folder."""
    said = [
        talk("v-0", "identify", "Please identify each marked region.", "<Region 1>: harbor\n<Region 2>: ship\n"),
        talk("../../v", "point", "Please identify each marked point.", "<Mark 1>: car\n"),
        talk("v-2", "caption", "What is in it?", "<Region 1>: a harbor\n"),
    ]
    facts = {"prompts": MARKS, "levels": ["region", "point", "image"]}
    publish_corpus(tmp_path / "data/conversations/v", [sample("v", 1, [], conversations=said, facts=facts)])
    return tmp_path / "data/conversations/v"


def drawn() -> list[np.ndarray]:
    """The masks of `marked` by hand; the radius of a point is 0.6 pixels: it covers the one that it lies in."""
    masks = [np.zeros((40, 40), np.uint8) for _ in MARKS]
    masks[0][6:30, 4:20] = 1
    masks[0][10:14, 8:12] = 2
    masks[1][5, 30] = 1
    masks[2][:] = 1
    return masks


@pytest.mark.system("rsvp-3m", 2)
@pytest.mark.parametrize("layout", ["jsonl", "llava", "teochat"])
def test_marks_go_with_their_conversations_and_masks_lie_beside_the_pictures(marked: Path, tmp_path: Path, layout: str) -> None:
    facts = export(marked, tmp_path / "out", layout)
    text = next((tmp_path / "out").glob("train.*")).read_text()
    told = [talk for line in text.splitlines() for talk in json.loads(line)["conversations"]] if layout == "jsonl" else json.loads(text)
    assert [(each["prompts"], each["level"], each["task"]) for each in told] == [
        (MARKS[0], "region", "identify"),
        (MARKS[1], "point", "point"),
        (MARKS[2], "image", "caption"),
    ]
    assert [each["mask"] for each in told] == ["masks/v-0.png", "masks/v-1.png", "masks/v-2.png"]
    for each, expected in zip(told, drawn(), strict=True):
        with Image.open(tmp_path / "out" / each["mask"]) as mask:
            assert mask.mode == "L"
            assert np.array_equal(np.asarray(mask), expected)
    assert facts["masks"] == 3
    verify(tmp_path / "out")


def test_marks_that_nobody_could_see_are_left_out_with_their_question(tmp_path: Path) -> None:
    said = [talk("v-0", "identify", "What is it?", "<Region 1>: ship\n"), talk("v-1", "identify", "And here?", "<Region 1>: car\n")]
    facts = {"prompts": [[MARKS[1][0], MARKS[1][0]], MARKS[0]], "levels": ["point", "region"]}
    publish_corpus(tmp_path / "c", [sample("v", 1, [], conversations=said, facts=facts)])
    facts = export(tmp_path / "c", tmp_path / "out", "llava")
    assert [entry["id"] for entry in json.loads((tmp_path / "out/train.json").read_text())] == ["v-1"]
    assert facts["left_out"] == {"mark is not visible": 1}
    assert [path.name for path in (tmp_path / "out/masks").iterdir()] == ["v-1.png"]


PUBLISHED = {
    "vhm": [
        {
            "image": "a.jpg",
            "source_dataset": "images",
            "conversations": [{"from": "human", "value": "<image>\nAny ship?"}, {"from": "gpt", "value": "Yes."}],
        },
        {
            "image": "a.jpg",
            "source_dataset": "images",
            "conversations": [
                {"from": "human", "value": "<image>\n[refer] ship"},
                {"from": "gpt", "value": GEOCHAT_BOX},
                {"from": "human", "value": "How many?"},
                {"from": "gpt", "value": "One."},
            ],
        },
    ],
    "fit-rs": [{"id": "a-0", "source": "made", "image": "images/a.jpg", "question": "Any ship?", "answer": "Yes."}],
    "lhrs-bot": [
        {"name": "images/a.jpg", "conv": [{"Question": "Any ship?", "Answer": "Yes."}]},
        {
            "name": "images/a.jpg",
            "conv": [{"Question": "[refer] ship", "Answer": GEOCHAT_BOX}, {"Question": "How many?", "Answer": "One."}],
        },
    ],
}
SYSTEMS = {"vhm": ["hnstd", "variousrs-instruct", "versad-instruct"], "fit-rs": ["fit-rs"], "lhrs-bot": ["lhrs-instruct"]}


@pytest.mark.parametrize(
    "layout", [pytest.param(layout, marks=[pytest.mark.system(name, 2) for name in names]) for layout, names in SYSTEMS.items()]
)
def test_published_layouts_have_their_fields_and_no_other(talks: Path, tmp_path: Path, layout: str) -> None:
    facts = export(talks, tmp_path / "out", layout)
    text = next((tmp_path / "out").glob("train.*")).read_text()
    if layout == "fit-rs":
        found = [json.loads(line) for line in text.splitlines()]
    elif layout == "lhrs-bot":
        assert set(json.loads(text)) == {"data"}
        found = json.loads(text)["data"]
    else:
        found = json.loads(text)
    assert found == PUBLISHED[layout]
    reasons = {"more than one picture": 2, "text holds another mark for pictures": 1}
    assert facts["left_out"] == reasons | ({"more than one question": 1} if layout == "fit-rs" else {})
    assert facts["licences"] == {"CC0": {"made": 1}}
    assert [path.name for path in (tmp_path / "out/images").iterdir()] == ["a.jpg"]


def test_questions_that_say_where_the_picture_goes_lose_that_where_a_reader_says_it(tmp_path: Path) -> None:
    said = ("This is a satellite image: <video>\nAny ship?", "Yes.", "This is a satellite image: <video>\nHow many?", "One.")
    publish_corpus(tmp_path / "c", [sample("a", 1, [], conversations=[talk("a-0", "mixed", *said)])])
    export(tmp_path / "c", tmp_path / "out", "lhrs-bot")
    (entry,) = json.loads((tmp_path / "out/train.json").read_text())["data"]
    assert entry["conv"] == [{"Question": "Any ship?", "Answer": "Yes."}, {"Question": "How many?", "Answer": "One."}]


@pytest.mark.parametrize(
    ("corpus", "layout", "options", "words"),
    [
        ("pairs", "coco", {}, r"no format 'coco'; allowed: csv, jsonl, llava, teochat, vhm, fit-rs, lhrs-bot$"),
        ("marked", "vhm", {}, r"p: nothing is left for format 'vhm': format has no room for marks \(3\)"),
        ("pairs", "fit-rs", {}, r"format 'fit-rs' is for conversations, and p has none; allowed: csv, jsonl"),
        ("pairs", "teochat", {}, r"format 'teochat' is for conversations, and p has none; allowed: csv, jsonl"),
        ("talks", "csv", {}, r"format 'csv' is for captions, and p has none; allowed: jsonl, llava, teochat"),
        ("pairs", "csv", {"licences": ["CC0", "MIT"]}, r"no record has the licence 'MIT'; there are: CC-BY-4\.0, CC0"),
        ("talks", "llava", {"boxes": ("geochat", "teo")}, r"no box format 'teo'; allowed: .*teochat"),
        ("talks", "llava", {"licences": ["CC-BY-4.0"]}, r"p: nothing is left for format 'llava': licence is not asked for \(\d\)"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    corpus: str, layout: str, options: dict[str, Any], words: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(corpus)
    with pytest.raises(ConfigurationError, match=words):
        export(folder, tmp_path / "out", layout, name="p", **options)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.system("titanic-fgs", 2)
def test_pictures_that_may_not_be_passed_on_need_a_private_export(tmp_path: Path) -> None:
    given = [sample("a", 1, ["A pond."], source="dota"), sample("b", 2, ["A ship."], source="titanic-fgs", licence="not stated")]
    publish_corpus(tmp_path / "c", given)
    with pytest.raises(ConfigurationError, match=r"^p: the terms of titanic-fgs do not allow .* \(--private\)[^\n]*$"):
        export(tmp_path / "c", tmp_path / "out", "csv", name="p")
    assert not (tmp_path / "out").exists()
    facts = export(tmp_path / "c", tmp_path / "out", "csv", private=True)
    assert (facts["private"], facts["pictures"]) == (["titanic-fgs"], 2)
    facts = export(tmp_path / "c", tmp_path / "out", "csv", licences=["CC0"])
    assert "private" not in facts
    assert [path.name for path in (tmp_path / "out/images").iterdir()] == ["a.jpg"]


@pytest.mark.fault
def test_nothing_but_an_export_is_replaced(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    export(pairs, tmp_path / "mine", "csv")
    export(pairs, tmp_path / "mine", "jsonl")
    assert not (tmp_path / "mine/train.csv").exists()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/dear").write_text("friend")
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "letters", tmp_path / "file", pairs, tmp_path):
        with pytest.raises(ConfigurationError, match="something else is there"):
            export(pairs, place, "csv")
    assert (tmp_path / "letters/dear").read_text() == "friend"
    verify(pairs)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("file/x", "Not a directory"),
        ("file/x/y", "Not a directory"),
        ("n" * 300, "File name too long"),
        ("new/" + "n" * 300 + "/x", "File name too long"),
        ("n" * 250, "File name too long"),  # fits, but not the name of the folder that is filled beside it
        ("d/" * 3000, "File name too long"),
    ],
    ids=["file", "below", "long", "long parent", "long beside", "long path"],
)
def test_a_place_where_no_folder_can_be_is_one_line(pairs: Path, tmp_path: Path, place: str, words: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigurationError, match=rf"no folder can be there \({words}\); name another one$"):
        export(pairs, tmp_path / place, "csv")
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "file"]


@pytest.mark.fault
def test_a_corpus_that_is_not_whole_is_not_exported(pairs: Path, tmp_path: Path) -> None:
    shard = sorted(pairs.glob("*.tar"))[0]
    shard.write_bytes(shard.read_bytes().replace(b"A pond.", b"A bond."))
    with pytest.raises(IntegrityError, match="its bytes changed"):
        export(pairs, tmp_path / "out", "csv")
    assert not (tmp_path / "out").exists()


def test_memory_holds_no_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsvlm.files._READ", 4096)  # files are hashed a block at a time

    def most(words: int) -> int:
        corpus = tmp_path / f"c{words}"
        publish_corpus(corpus, [sample(f"x{number}", 1, ["word " * words + "ends"]) for number in range(200)])
        tracemalloc.start()
        export(corpus, tmp_path / f"out{words}", "jsonl")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    most(1)  # what the first call of a process makes once
    assert most(300) - most(2) < 200 * 300
