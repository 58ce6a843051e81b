"""The checker of ranked captions: planted lies are found, whatever the record claims beside them."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsvlm.data.builders import ranked
from rsvlm.data.builders.ranked import UNNAMED
from rsvlm.data.checkers.scene_names import names_of
from rsvlm.data.kinds.scene_words import SceneWords
from rsvlm.data.scene_words import ANOTHER, SILENT, misnamed
from rsvlm.errors import DataError
from rsvlm.settings import validate
from tests.data.tinyraw import Made, make, png, write_source
from tests.data.webs.towers import RANKED, MeanColour, coloured

WORDS = {
    "label": "^([a-z]+)/",
    "words": {"meadow": ["meadow", "field"], "lake": ["lake", "pond"], "roof": ["roof"]},
    "others": ["airport", "baseball field"],
}
SCENE = validate(SceneWords, WORDS, "recipe")
CAPTIONS = {
    "red": ["red roofs .", "a red roof near an airport .", "red ."],
    "green": ["green meadow .", "a bright above green meadow .", "two green fields .", "a green baseball field ."],
    "blue": ["blue lake .", "a green meadow at a blue lake ."],
}
COLOURS = {"red": (200, 10, 10), "green": (10, 200, 10), "blue": (10, 10, 200)}


@pytest.fixture(autouse=True)
def _small_towers(monkeypatch: pytest.MonkeyPatch) -> None:
    small = MeanColour()
    monkeypatch.setattr(ranked, "similarity_of", lambda settings, work: small)


def known(raw: Path) -> None:
    """Three captioned training pictures, and one of the test split whose caption no candidate may be."""
    lines = [{"image": f"{name}.png", "label": None, "split": "train", "captions": texts} for name, texts in CAPTIONS.items()]
    lines.append({"image": "held.png", "label": None, "split": "test", "captions": ["green secret meadow ."]})
    files = {f"{name}.png": coloured(*colour) for name, colour in COLOURS.items()} | {"held.png": coloured(10, 190, 10)}
    write_source(raw, "known", {**files, "pairs.jsonl": "".join(json.dumps(line) + "\n" for line in lines).encode()})


def built(raw: Path, **more: Any) -> Made:
    known(raw)
    above = np.zeros((24, 24, 3))
    above[:12, :, 1] = 250
    files = {"meadow/1.png": png(above), "lake/2.png": coloured(20, 20, 190), "meadow/3.png": coloured(30, 180, 40)}
    write_source(raw, "scenes", files, "QuickBird", 0.6)
    return make(raw, {**RANKED, "source": "scenes", "pictures": "*/*.png", **more})


def false_after(made: Made, place: int, change: Any) -> list[str]:
    """Kinds of the false statements of a record after a change."""
    record = copy.deepcopy(made.records[place])
    change(record)
    return [each.kind for each in made.statements(record) if not each.holds]


@pytest.mark.system("rs5m", 2)
def test_true_records_pass(tmp_path: Path) -> None:
    for more in ({}, {"classes": WORDS}, {"keep_first": 1, "keep": 1}):
        made = built(tmp_path / str(len(more)), **more)
        assert len(made.records) == 3
        assert all(made.statements(record) for record in made.records)
        assert made.false() == []


@pytest.mark.system("rs5m", 2)
@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda record: record["captions"].__setitem__(0, "Green secret meadow."), "text"),
        (lambda record: record["captions"].__setitem__(0, "A lake that nobody drew."), "text"),
        (lambda record: record["captions"].reverse(), "measure"),
        (lambda record: record["captions"].pop(), "format"),
        (lambda record: record["facts"].__setitem__("invariant", 1 - record["facts"]["invariant"]), "measure"),
        (lambda record: record["scores"].__setitem__("similarity", 0.9), "measure"),
        (lambda record: record["facts"]["turned"][0].pop(), "format"),
        (lambda record: record["facts"]["candidates"][-1].update(first=1.5, second=1.5), "measure"),
    ],
)
def test_planted_lies_are_found(tmp_path: Path, change: Any, kind: str) -> None:
    made = built(tmp_path)
    first = [each["text"] for each in made.records[1]["facts"]["candidates"]]
    assert len(first) > 4  # more than the first model keeps, so that the last is none that is left
    assert made.records[1]["captions"][0] != first[-1]
    assert "bright above" in made.records[1]["captions"][0]
    assert kind in false_after(made, 1, change)


@pytest.mark.system("rs5m", 2)
def test_a_candidate_that_no_training_picture_has_is_found_although_the_record_lists_it(tmp_path: Path) -> None:
    made = built(tmp_path)

    def invent(record: dict[str, Any]) -> None:
        old = record["captions"][0]
        place = [each["text"] for each in record["facts"]["candidates"]].index(old)
        record["facts"]["candidates"][place]["text"] = record["captions"][0] = "Green secret meadow."

    assert false_after(made, 1, invent) == ["text"]


@pytest.mark.system("rs5m", 2)
def test_captions_of_another_picture_fail(tmp_path: Path) -> None:
    made = built(tmp_path, classes=WORDS)
    lake, meadow = made.records[0], made.records[1]
    swapped = made.statements({**lake, "captions": meadow["captions"]})
    assert sum(each.holds for each in swapped) <= len(swapped) / 4


@pytest.mark.system("rs5m", 2)
@pytest.mark.parametrize("seed", range(3))
def test_two_renderings_of_a_place_lie_in_one_split(tmp_path: Path, seed: int) -> None:
    """FMoW brings each moment twice: `airport_0_1_rgb` and `airport_0_1_msrgb`."""
    known(tmp_path)
    names = [f"meadow/meadow_{place}_{moment}_{kind}.png" for place in range(4) for moment in range(2) for kind in ("rgb", "msrgb")]
    write_source(tmp_path, "scenes", {name: coloured(30, 180 + number, 40) for number, name in enumerate(names)}, "QuickBird", 0.6)
    pattern = "^(.+_[0-9]+)_[0-9]+_(?:ms)?rgb$"
    shares = {"test": 0.0, "validation": 0.5, "scenes": {f"{RANKED['prefix']}-meadow_{seed}": "test"}}
    made = make(tmp_path, {**RANKED, "source": "scenes", "pictures": "*/*.png", "scene": pattern, "shares": shares})
    splits = {scene: {one["split"] for one in made.records if one["scene"] == scene} for scene in {one["scene"] for one in made.records}}
    assert len(made.records) == 16
    assert len(splits) == 4
    assert all(len(found) == 1 for found in splits.values())
    assert splits[f"{RANKED['prefix']}-meadow_{seed}"] == {"test"}
    assert not made.false()


@pytest.mark.system("rs5m", 2)
def test_the_class_of_the_scene_is_named_and_no_other(tmp_path: Path) -> None:
    made = built(tmp_path, classes=WORDS)
    texts = {record["origin"]["picture"]: record["captions"] for record in made.records}
    assert texts["lake/2.png"] == ["Blue lake."]
    assert all("meadow" in text or "fields" in text for text in (*texts["meadow/1.png"], *texts["meadow/3.png"]))
    unnamed = built(tmp_path / "plain", classes=None)
    assert {"A green baseball field.", "A green meadow at a blue lake."} & {
        text for record in unnamed.records for text in record["captions"]
    }
    # Held against the class all the same, where the recipe asks for it, whatever the builder let through.
    rules = {("ranked", "scenes"): (made.evidence.settings[("ranked", "scenes")][0],)}
    evidence = type(made.evidence)(unnamed.evidence.raw, rules)
    assert any(each.kind == "presence" for each in Made(unnamed.records, unnamed.rejected, evidence).false())


@pytest.mark.system("rs5m", 2)
def test_a_picture_without_a_fitting_candidate_is_screened_with_its_reason(tmp_path: Path) -> None:
    made = built(tmp_path, classes={**WORDS, "words": {**WORDS["words"], "lake": ["fjord"]}})
    assert [record["origin"]["picture"] for record in made.records] == ["meadow/1.png", "meadow/3.png"]
    assert [(entry.id, entry.kind, entry.reason) for entry in made.rejected.entries()] == [("r-2", "screened", UNNAMED)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two ponds.", None),
        ("A lake near a meadow.", ANOTHER),
        ("A baseball field at the lake.", ANOTHER),
        ("Water and trees.", SILENT),
        ("A lakeside.", SILENT),
    ],
)
def test_words_of_a_class(text: str, expected: str | None) -> None:
    unfit = misnamed(text, SCENE, "lake/2.png")
    assert (unfit.reason if unfit else None) == expected


def test_a_path_without_a_class_is_a_clear_error() -> None:
    with pytest.raises(DataError, match="finds no class with words; there are lake, meadow, roof"):
        misnamed("A lake.", SCENE, "sea/1.png")


def test_longer_names_take_shorter_ones_in() -> None:
    words = frozenset({"field", "baseball field", "church"})
    assert names_of("Two baseball fields, a field; churches-fieldwork", words) == ["baseball field", "field", "church"]


@pytest.mark.system("rs5m", 2)
def test_the_sentence_from_metadata_is_held_against_the_index(tmp_path: Path) -> None:
    metadata = {"kind": "meta", "source": "scenes", "prefix": "r", "pictures": "*/*.png", "place": None, "place_name": "Oslo"}
    made = built(tmp_path, metadata=metadata)
    assert made.false() == []
    kinds = {each.kind for record in made.records for each in made.statements(record)}
    assert "measure" in kinds
    assert {"attribute", "place"} & kinds

    def elsewhere(record: dict[str, Any]) -> None:
        record["captions"] = [
            text.replace("QuickBird", "Landsat").replace("Oslo", "Rome").replace("0.6", "1.2") for text in record["captions"]
        ]

    assert all(false_after(made, place, elsewhere) for place in range(3))
