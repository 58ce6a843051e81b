"""Tasks about whole pictures, from lists of the real layouts; and a checker that finds planted lies."""

import json
from pathlib import Path
from typing import Any

import pytest

from rsvlm.recipes.load import load_recipe
from tests.data.tasks.made import Made, changed, picture, source

CAPTIONS = [
    "Two planes stand on the apron .",
    "two planes stand on the apron .",
    "An airport with a long runway .",
    "Planes .",
    "Grey ground .",
]


def builder(**more: Any) -> dict[str, Any]:
    base = {"kind": "picture-tasks", "source": "set", "prefix": "p", "style": "rs-instructions", "tasks": ["caption"]}
    return {**base, **more}


def lines(*entries: dict[str, Any]) -> str:
    return "".join(json.dumps(entry) + "\n" for entry in entries)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    entries = [
        {"image": "images/Airport/airport_1.png", "label": "Airport", "split": "train", "captions": CAPTIONS},
        {"image": "images/BareLand/bareland_2.png", "label": "BareLand", "split": "test", "captions": ["Sand .", "Stones lie here ."]},
        {"image": "images/Playground/playground_3.png", "label": "Playground", "split": "train", "captions": ["A red track ."]},
    ]
    theme = "airport_1.jpg:what is the theme of this picture?airport\nbareland_2.jpg:what is the theme of this picture?bareland\n"
    theme += "playground_3.jpg:what is the theme of this picture?playfields\n"
    pictures = {entry["image"]: picture(number) for number, entry in enumerate(entries)}
    source(tmp_path, "set", {"pairs.jsonl": lines(*entries), "themes.txt": theme, **pictures})
    return tmp_path


LINES = {"layout": "lines", "file": "pairs.jsonl", "validation_share": 0.0}
THEMES = {"layout": "rsivqa", "files": ["themes.txt"], "themes": {"playfields": "Playground"}}


@pytest.mark.system("rs-instructions", 2)
def test_five_captions_become_a_conversation_each_and_equal_ones_are_told_once(pairs: Path) -> None:
    """Trap: five captions an image. Training pictures have one conversation a different caption, evaluation pictures one."""
    made = Made(pairs, builder(listing=LINES, captions=5))
    training = [talk for talk in made.records["p-airport_1"]["conversations"] if talk["task"] == "caption"]
    assert sorted(talk["turns"][1]["text"] for talk in training) == [
        "An airport with a long runway.",
        "Grey ground.",
        "Planes.",
        "Two planes stand on the apron.",
    ]
    assert len(made.records["p-bareland_2"]["conversations"]) == 1
    assert len(made.records["p-bareland_2"]["captions"]) == 2
    assert made.false() == []


@pytest.mark.system("rs-instructions", 2)
def test_the_published_requests_are_in_the_pool(pairs: Path) -> None:
    made = Made(pairs, builder(listing=LINES, captions=5))
    questions = {question for question, _ in made.turns("caption")}
    pool = {
        "Provide a description of the image.",
        "What does this image represent?",
        "Describe the image in one sentence.",
        "What can be seen in the image?",
    }
    assert questions <= pool


@pytest.mark.system("rs-instructions", 2)
def test_both_published_requests_are_asked_word_by_word(tmp_path: Path) -> None:
    entries = [{"image": f"{number}.png", "label": None, "split": "train", "captions": ["Sand ."]} for number in range(24)]
    source(tmp_path, "set", {"pairs.jsonl": lines(*entries), **{entry["image"]: picture(number) for number, entry in enumerate(entries)}})
    asked = {question for question, _ in Made(tmp_path, builder(listing=LINES)).turns("caption")}
    assert {"Provide a description of the image.", "What does this image represent?"} <= asked


@pytest.mark.system("multi-task-dataset", 2)
@pytest.mark.parametrize(("name", "start", "folder"), [("rsvqa-lr", "LR", "Images_LR"), ("rsvqa-hr", "USGS", "Data")])
def test_counts_and_areas_stay_in_training_though_the_evaluation_leaves_them_out(
    tmp_path: Path, name: str, start: str, folder: str
) -> None:
    """Trap: LHRS-Bot scores no question of the kinds count and area; its training has them, and the full profile keeps them."""
    asked = {
        "presence": ("Is a road present?", "yes"),
        "count": ("How many roads are there?", "3"),
        "comp": ("Are there more roads than lakes?", "no"),
        "area": ("What is the area covered by roads?", "40m2"),
    }
    questions = [
        {"id": place, "img_id": 1, "type": kind, "question": question, "answers_ids": [place], "active": True}
        for place, (kind, (question, _)) in enumerate(asked.items())
    ]
    answers = [{"id": place, "question_id": place, "answer": answer, "active": True} for place, (_, answer) in enumerate(asked.values())]
    split = {
        f"{start}_split_train_images.json": {"images": [{"id": 1, "active": True, "questions_ids": [0, 1, 2, 3]}]},
        f"{start}_split_train_questions.json": {"questions": questions},
        f"{start}_split_train_answers.json": {"answers": answers},
    }
    source(tmp_path, name, {**split, f"{folder}/1.tif": picture(1, form="TIFF")})
    builders = load_recipe(Path(__file__).resolve().parents[3], "multi-task-dataset").sections["full"]["instruct"].builders
    (rule,) = (one.model_dump(mode="json") for one in builders if one.source == name)
    made = Made(tmp_path, rule)
    (record,) = made.records.values()
    assert record["split"] == "train"
    assert {question for question, _ in made.turns()} == {f"[VQA] {question}" for question, _ in asked.values()}
    assert made.false() == []


def test_themes_are_held_against_the_label_and_told_in_its_words(pairs: Path) -> None:
    made = Made(pairs, builder(listing=LINES, tasks=["question"], questions=THEMES))
    replies = {name: record["conversations"][0]["turns"][1]["text"] for name, record in made.records.items()}
    assert replies == {"p-airport_1": "airport", "p-bareland_2": "bare land", "p-playground_3": "playground"}
    assert made.false() == []
    without = Made(pairs, builder(listing=LINES, tasks=["question"], questions={**THEMES, "themes": {}}))
    assert "p-playground_3" not in without.records
    assert without.reasons() == ["theme is not the picture's class"]


@pytest.mark.system("multi-task-dataset", 2)
def test_the_published_class_question_lists_all_classes_in_another_order_for_every_picture(tmp_path: Path) -> None:
    files = {
        f"{name}/{name.lower()}_{number}.png": picture(number) for name in ("Field", "Forest", "River", "Parking") for number in range(6)
    }
    source(tmp_path, "set", files)
    listing = {"layout": "folders", "file": "*/*.png", "shares": {"test": 0.0, "validation": 0.0}}
    made = Made(
        tmp_path, builder(style="lhrs-bot", tasks=["classification"], listing=listing, names={"Parking": "parking lot"}, source="set")
    )
    orders = set()
    for question, reply in made.turns("classification"):
        start = "[CLS] Choose the best categories describe the image from: "
        assert question.startswith(start)
        orders.add(question)
        assert sorted(question.removeprefix(start).split(", ")) == ["field", "forest", "parking lot", "river"]
        assert reply in ("field", "forest", "parking lot", "river")
    assert len(made.records) == 24
    assert len(orders) > 6
    assert {record["label"] for record in made.records.values()} == {"Field", "Forest", "River", "Parking"}
    assert made.false() == []


@pytest.mark.system("multi-task-dataset", 2)
def test_meter_ml_reads_the_aerial_band_only(tmp_path: Path) -> None:
    """Trap: METER-ML has a folder of several bands for every place."""
    files = {f"{label}/{place}/{band}.png": picture(place) for label in ("CAFOs", "Mines") for place in (11, 12) for band in ("naip", "s2")}
    source(
        tmp_path, "set", {name.replace("/11/", f"/{name[0]}11/").replace("/12/", f"/{name[0]}12/"): data for name, data in files.items()}
    )
    listing = {
        "layout": "folders",
        "file": "*/*/naip.png",
        "label": "^([^/]+)/",
        "name": "([^/]+)/naip\\.png$",
        "scene": "([^/]+)/naip\\.png$",
        "shares": {"test": 0.0, "validation": 0.0},
    }
    words = {"CAFOs": "concentrated animal feeding operations", "Mines": "coal mines"}
    seven = [*words.values(), "other", "landfills", "natural gas processing plants", "refineries and petroleum terminals"]
    seven.append("wastewater treatment plants")
    made = Made(tmp_path, builder(style="lhrs-bot", tasks=["classification"], listing=listing, names=words, candidates=seven))
    assert sorted(made.records) == ["p-c11", "p-c12", "p-m11", "p-m12"]
    assert all(record["origin"]["picture"].endswith("/naip.png") for record in made.records.values())
    assert made.records["p-m11"]["conversations"][0]["turns"][1]["text"] == "coal mines"
    assert made.false() == []


@pytest.mark.system("multi-task-dataset", 2)
def test_fmow_names_lose_their_underscores_and_places_stay_together(tmp_path: Path) -> None:
    """Trap: class names with underscores."""
    names = [
        f"train/airport_hangar/airport_hangar_{place}/airport_hangar_{place}_{view}_rgb.png" for place in range(4) for view in range(3)
    ]
    source(tmp_path, "set", {name: picture(number) for number, name in enumerate(names)})
    listing = {
        "layout": "folders",
        "file": "train/*/*/*_rgb.png",
        "label": "^train/([^/]+)/",
        "scene": "^train/[^/]+/([^/]+)/",
        "shares": {"test": 0.5, "validation": 0.0},
    }
    made = Made(tmp_path, builder(style="lhrs-bot", tasks=["classification"], listing=listing))
    assert len(made.records) == 12
    assert {reply for _, reply in made.turns()} == {"airport hangar"}
    splits = {(record["scene"], record["split"]) for record in made.records.values()}
    assert len(splits) == len({scene for scene, _ in splits}) == 4
    assert made.false() == []


def rsvqa(count: str) -> dict[str, Any]:
    files: dict[str, Any] = {}
    for split, number in (("train", 1), ("val", 2), ("test", 3)):
        files[f"{split}_images.json"] = {"images": [{"id": number, "active": True}, {"id": 99, "active": False}]}
        asked = [
            ("presence", "Is a road present?", "yes"),
            ("count", "What is the number of buildings?", count),
            ("comp", "Are there more roads?", "no"),
        ]
        files[f"{split}_questions.json"] = {
            "questions": [
                {"id": place, "img_id": number, "type": kind, "question": text, "answers_ids": [place], "active": True}
                for place, (kind, text, _) in enumerate(asked)
            ]
        }
        files[f"{split}_answers.json"] = {
            "answers": [{"id": place, "answer": answer, "active": True} for place, (*_, answer) in enumerate(asked)]
        }
        files[f"Images_LR/{number}.tif"] = picture(number, form="TIFF")
    return files


RSVQA = {
    "layout": "rsvqa",
    "splits": {
        split: {key: f"{short}_{key}.json" for key in ("images", "questions", "answers")}
        for split, short in (("train", "train"), ("validation", "val"), ("test", "test"))
    },
}


@pytest.mark.system("rs-instructions", 2)
@pytest.mark.parametrize(("counts", "told"), [("ranges", "more than 1000"), ("given", "1523")])
def test_rsvqa_keeps_its_own_splits_and_several_questions_stand_in_one_record(tmp_path: Path, counts: str, told: str) -> None:
    source(tmp_path, "set", rsvqa("1523"))
    listing = {"layout": "rsvqa", "path": "Images_LR/{name}", "validation_share": 0.0}
    made = Made(tmp_path, builder(listing=listing, tasks=["question"], questions={**RSVQA, "counts": counts}, mix={"together": 10}))
    assert {name: record["split"] for name, record in made.records.items()} == {"p-1": "train", "p-2": "validation", "p-3": "test"}
    (training,) = made.records["p-1"]["conversations"]
    assert [turn["text"] for turn in training["turns"][1::2]] == ["yes", told, "no"]
    assert len(made.records["p-3"]["conversations"]) == 3
    assert made.false() == []
    assert made.false(changed(made.records["p-1"], told, "between 101 and 1000"))


def test_choice_questions_are_asked_in_words_with_a_right_plural(tmp_path: Path) -> None:
    counting = [
        {"image_path": "count/images/3.png", "question": "How many tennis court are visible in the image?\nA.3\nB.5", "answer": "A"},
        {"image_path": "count/images/4.png", "question": "How tall is it?\nA.3\nB.5", "answer": "A"},
    ]
    presence = [
        {"image_path": "there/images/3.png", "question": "Can you see a/an airplane in this image?\nA.can't judge\nB.No", "answer": "B"}
    ]
    pictures = {name: picture(3 + number) for number, name in enumerate(("count/images/3.png", "count/images/4.png", "there/images/3.png"))}
    source(tmp_path, "set", {"count.json": counting, "there.json": presence, **pictures})
    place = "^([^/]+)/images/([^/.]+)"
    listing = {"layout": "choice", "name": place, "scene": place, "shares": {"test": 0.0, "validation": 0.0}}
    made = Made(
        tmp_path, builder(listing=listing, tasks=["question"], questions={"layout": "choice", "files": ["count.json", "there.json"]})
    )
    assert {name: made.records[name]["conversations"][0]["turns"][0]["text"] for name in made.records} == {
        "p-count-3": "How many tennis courts are there in the image?",
        "p-there-3": "Is there an airplane in the image?",
    }
    assert made.reasons() == ["question has an unknown form"]
    assert made.false() == []
    assert made.false(changed(made.records["p-count-3"], "3", "4"))
    assert made.false(changed(made.records["p-there-3"], "no", "yes"))


def test_planted_lies_are_found(pairs: Path) -> None:
    made = Made(
        pairs, builder(style="skyeyegpt", listing=LINES, tasks=["classification", "caption", "question"], questions=THEMES, captions=5)
    )
    record = made.records["p-airport_1"]
    assert made.false() == []
    for lie in (
        changed(record, "airport", "harbor"),
        changed(record, "long runway", "short runway"),
        changed(record, "[caption] ", "[Caption] ", reply=False),
        changed(record, "[caption] ", "", reply=False),
        changed(record, "theme", "colour", reply=False),
        changed(record, "bare land", "bare sand", reply=False),
        {**record, "label": "Beach"},
        {**record, "captions": [*record["captions"], "A lie."]},
    ):
        assert len(made.false(lie)) >= 1


def test_a_question_that_is_there_twice_is_found(pairs: Path) -> None:
    made = Made(pairs, builder(listing=LINES))
    record = json.loads(json.dumps(made.records["p-playground_3"]))
    record["conversations"][0]["turns"] *= 2
    assert "twice" in made.false(record)[0].why


def test_what_is_wrong_is_set_aside_and_the_rest_is_told(tmp_path: Path) -> None:
    entries = [
        {"image": "images/a.png", "label": "Port", "split": "train", "captions": ["A port."]},
        {"image": "images/missing.png", "label": "Port", "split": "train", "captions": ["A port."]},
        {"image": "../a.png", "label": "Port", "split": "train", "captions": ["A port."]},
        {"image": "images/b.png", "label": "Port", "split": "train", "captions": ["\u202ea"]},
        {"image": "images/c.png", "label": 5, "split": "train", "captions": ["A port."]},
        {"image": "images/d.png", "label": "Port", "split": "later", "captions": ["A port."]},
        {"image": "images/港.png", "label": "Port", "split": "train", "captions": ["A port."]},
    ]
    source(
        tmp_path,
        "set",
        {
            "pairs.jsonl": lines(*entries) + "{not json\n",
            "images/a.png": picture(1),
            "images/b.png": picture(2),
            "images/d.png": picture(3),
        },
    )
    made = Made(tmp_path, builder(listing=LINES))
    assert list(made.records) == ["p-a"]
    assert len(made.reasons()) == 7
    assert made.false() == []


def test_karpathy_and_nwpu_layouts(tmp_path: Path) -> None:
    karpathy = {"images": [{"filename": "1.tif", "split": "train", "sentences": [{"raw": "A field ."}, {"tokens": ["two", "fields"]}]}]}
    nwpu = {"airport": [{"filename": "airport_001.png", "split": "train", "raw": "A plane .", "raw_1": "Planes ."}]}
    source(tmp_path, "ucm", {"dataset.json": karpathy, "imgs/1.tif": picture(1, form="TIFF")})
    source(tmp_path, "nwpu", {"dataset_nwpu.json": nwpu, "NWPU_images/airport/airport_001.png": picture(2)})
    made = Made(
        tmp_path,
        builder(source="ucm", prefix="ucm", listing={"layout": "karpathy", "file": "dataset.json", "path": "imgs/{name}"}, captions=5),
        builder(
            source="nwpu",
            prefix="nwpu",
            listing={"layout": "nwpu", "file": "dataset_nwpu.json", "path": "NWPU_images/{label}/{name}"},
            captions=5,
        ),
    )
    assert {reply for _, reply in made.turns("caption")} <= {"A field.", "Two fields", "A plane.", "Planes."}
    assert set(made.records) == {"ucm-1", "nwpu-airport_001"}
    assert made.false() == []
