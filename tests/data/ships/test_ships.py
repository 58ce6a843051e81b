"""Ship chains: by length from boxes, and by a table of features for fine classes; the class is named last and nowhere before."""

import re
from pathlib import Path

import numpy as np
import pytest

from rsvlm.data.builders.fineships import chain
from rsvlm.data.kinds.ships import ShipRules
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.ship_table import NO_SHIP, PARTS, private_features, ship_class, ship_classes
from rsvlm.errors import ConfigurationError
from rsvlm.records.rejected import Rejected
from rsvlm.records.unfit import Unfit
from rsvlm.seeds import numpy_generator
from tests.data.handmade import Record, corpus, false_ones, finds, full_profile, made_records, png, turns, write_source

# IFShip's README: eight military classes, the background, eight civilian ones.
NAMES = [
    "aircraft carrier", "amphibious assault ship", "cruiser", "depot ship", "destroyer", "frigate", "landing ship",
    "littoral combat ship", "non ship", "container ship", "cruise ship", "fishing boat", "icebreaker", "oil tanker",
    "scientific research ship", "tugboat", "yacht",
]  # fmt: skip


def box(x1: float, y1: float, x2: float, y2: float, name: str, difficult: int = 0) -> str:
    return f"{x1} {y1} {x2} {y1} {x2} {y2} {x1} {y2} {name} {difficult}\n"


# 400 x 200 pixels of 0.5 m: a white ship of 20 m at a harbor, one of 7.5 m in the open, one of 24.5 m (too near to a limit).
LABELS = (
    "gsd:0.5\n" + box(100, 80, 140, 92, "ship") + box(96, 93, 150, 99, "harbor") + box(250, 90, 265, 96, "ship")
    + box(220, 150, 269, 162, "ship")
)  # fmt: skip


def rule(**more: object) -> dict:
    return {
        "kind": "ship-chains",
        "format": "dota",
        "source": "made",
        "prefix": "tiny",
        "annotations": "labels/*.txt",
        "pictures": "pictures/{stem}.png",
        "shares": {"validation": 0.0},
        "known": {"nouns": ["ship", "harbor"]},
        "spots": {"sides": [64], "windows": 2},
        **more,
    }


def write(raw: Path, labels: str = LABELS) -> None:
    pixels = np.zeros((200, 400, 3))
    pixels[80:92, 100:140] = 250
    write_source(
        raw,
        "made",
        {
            "pictures/sea.png": png(pixels),
            "labels/sea.txt": labels.encode(),
            "pictures/town.png": png(np.full((200, 400, 3), 90)),
            "labels/town.txt": ("gsd:0.5\n" + box(100, 80, 140, 92, "bus")).encode(),
        },
    )


@pytest.fixture
def made(tmp_path: Path) -> tuple[list[Record], CorpusSettings, Path]:
    write(tmp_path)
    settings = corpus(rule())
    return made_records(settings, tmp_path), settings, tmp_path


def test_every_turn_is_right(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    records, settings, raw = made
    assert false_ones(records, settings, raw) == []


@pytest.mark.system("titanic-fgs", 2)
def test_a_chain_worked_out_by_hand(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    """40 x 12 pixels of 0.5 m are 20.0 x 6.0 m, 3.3 times as long as wide; the harbor is 1 pixel away."""
    chains = {record["label"]: turns(record, "reasoning") for record in made[0] if "sea" in record["id"]}
    assert set(chains) == {"leisure-sized craft", "small boat"}
    ((*told,),) = chains["leisure-sized craft"]
    assert told == [
        "Is there a ship in the image?",
        "Yes, there is a ship in the centre of the image.",
        "How long and how wide is it?",
        "It is 20.0 m long and 6.0 m wide, 3.3 times as long as it is wide.",
        "Which colour does it have?",
        "It is white.",
        "Does it lie at anything?",
        "It is anchored at the harbor.",
        "What does its length tell?",
        "With 20.0 m it is longer than 10 m and shorter than 24 m.",
        "Which class of ship is it, then?",
        "It is a leisure-sized craft.",
    ]
    assert "With 7.5 m it is shorter than 10 m." in chains["small boat"][0]


@pytest.mark.system("titanic-fgs", 2)
def test_a_picture_without_ships_has_one_turn(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    records = [record for record in made[0] if "town" in record["id"]]
    assert records
    for record in records:
        assert record["label"] == NO_SHIP
        assert turns(record, "reasoning") == [["Is there a ship in the image?", "No, there is no ship in the image."]]


def test_a_length_near_a_limit_has_no_class(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    """24.5 m is within 5 % of 24 m."""
    assert not any("24.5" in text for record in made[0] for talk in turns(record, "reasoning") for text in talk)


def test_ships_that_are_not_for_training_have_class_caption_and_question(tmp_path: Path) -> None:
    write(tmp_path)
    settings = corpus(rule(shares={"validation": 0.0, "scenes": {"tiny-sea": "test"}}))
    records = [record for record in made_records(settings, tmp_path) if "sea" in record["id"]]
    assert {record["split"] for record in records} == {"test"}
    by_label = {record["label"]: record for record in records}
    boat = by_label["small boat"]
    assert [talk["task"] for talk in boat["conversations"]] == ["classification", "caption", "question"]
    assert boat["conversations"][1]["turns"][1]["text"] == "A small boat of 7.5 m is in the centre of the image."
    assert false_ones(records, settings, tmp_path) == []


@pytest.mark.parametrize("difficult", [True, False])
def test_difficult_ships_and_unknown_resolution_give_no_chain(tmp_path: Path, difficult: bool) -> None:
    labels = LABELS.replace("ship 0", "ship 1") if difficult else LABELS.replace("gsd:0.5", "gsd:null")
    write(tmp_path, labels)
    assert not any("sea" in record["id"] for record in made_records(corpus(rule()), tmp_path))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20.0 m long", "21.0 m long"),
        ("6.0 m wide", "7.0 m wide"),
        ("white", "black"),
        ("longer than 10 m", "longer than 24 m"),
        ("a leisure-sized craft", "a small boat"),
        ("Yes, there is a ship in the centre of the image.", "No, there is no ship in the image."),
        ("No, there is no ship in the image.", "Yes, there is a ship in the centre of the image."),
        ("3.3 times", "2.3 times"),
        ("It is white.", "It is white, a leisure-sized craft."),
    ],
)
def test_lies_are_found(made: tuple[list[Record], CorpusSettings, Path], old: str, new: str) -> None:
    records, settings, raw = made
    tried = 0
    for record in records:
        if any(old in turn["text"] for turn in record["conversations"][0]["turns"]):

            def change(copy: Record) -> None:
                for turn in copy["conversations"][0]["turns"]:
                    turn["text"] = turn["text"].replace(old, new)

            assert finds(record, settings, raw, change)
            tried += 1
    assert tried


def test_a_ship_that_is_not_moored_is_not_said_to_be(made: tuple[list[Record], CorpusSettings, Path]) -> None:
    records, settings, raw = made
    boat = next(record for record in records if record["label"] == "small boat")

    def change(copy: Record) -> None:
        added = [("user", "Does it lie at anything?"), ("assistant", "It is anchored at the harbor.")]
        copy["conversations"][0]["turns"][4:4] = [{"role": role, "text": text} for role, text in added]

    assert finds(boat, settings, raw, change)


def test_size_classes_must_ascend() -> None:
    with pytest.raises(ConfigurationError, match="ascend"):
        corpus(rule(ships={"sizes": [{"name": "long", "below": 50.0}, {"name": "short", "below": 20.0}, {"name": "rest"}]}))
    limits = [size.below for size in ShipRules().sizes]
    assert limits == [10.0, 24.0, 100.0, None]


# -- fine classes -------------------------------------------------------------------------------------------------------


@pytest.mark.system("titanic-fgs", 2)
def test_the_vocabulary_is_the_published_one() -> None:
    assert [ship.name for ship in ship_classes()] == NAMES
    assert [ship.number for ship in ship_classes()] == [f"C{number}" for number in range(1, 18)]
    assert [ship.group for ship in ship_classes()] == ["military"] * 8 + [None] + ["civilian"] * 8


@pytest.mark.system("titanic-fgs", 2)
def test_every_class_has_a_private_feature_and_no_feature_names_a_class() -> None:
    for ship in ship_classes():
        if ship.name == NO_SHIP:
            assert ship.features == ()
            continue
        assert [part for part, _ in ship.features] == list(PARTS)
        own = {feature for _, feature in ship.features}
        others = {feature for other in ship_classes() if other is not ship for _, feature in other.features}
        assert own - others
        assert own & private_features() == own - others
        assert not any(name in feature for name in NAMES for feature in own)


@pytest.mark.parametrize("turns_wanted", [4, 5, 6])
def test_chains_have_four_to_six_turns_and_name_the_class_last(turns_wanted: int) -> None:
    for ship in ship_classes():
        told = chain(ship, turns_wanted, numpy_generator(1, ship.name))
        if ship.name == NO_SHIP:
            assert len(told) == 1
            continue
        assert len(told) == turns_wanted
        early = " ".join(text for turn in told[:-1] for text in turn)
        assert not any(name in early for name in NAMES)
        assert ship.name in told[-1][1]
        proof = re.search(r" has (.+), so this is ", told[-1][1])[1]
        assert proof in early, "the feature that decides was seen before"
        assert [other.name for other in ship_classes() if proof in dict(other.features).values()] == [ship.name]


FOLDERS = {"C1": "aircraft carrier", "Oil_tanker": "oil tanker", "tugboat": "tugboat", "NonShip": "non ship", "C17 Yacht": "yacht"}


@pytest.fixture
def fine(tmp_path: Path) -> tuple[list[Record], CorpusSettings, Path]:
    """Class folders as the archive is assumed to have them, by name and by number; every third picture for testing."""
    files = {f"{folder}/{number}.png": png(np.full((40, 60, 3), 20 * number)) for folder in FOLDERS for number in range(8)}
    write_source(tmp_path, "made", files | {"Submarine/1.png": png(np.zeros((40, 40, 3)))})
    settings = corpus({"kind": "fine-ship-chains", "source": "made", "prefix": "fine", "shares": {"test": 0.4, "validation": 0.0}})
    return made_records(settings, tmp_path), settings, tmp_path


@pytest.mark.system("titanic-fgs", 2)
def test_fine_chains_train_and_test_pictures_have_the_rest(fine: tuple[list[Record], CorpusSettings, Path]) -> None:
    records, settings, raw = fine
    assert len(records) == 8 * len(FOLDERS)
    assert false_ones(records, settings, raw) == []
    for record in records:
        assert record["label"] == FOLDERS[record["origin"]["picture"].partition("/")[0]]
        tasks = {talk["task"] for talk in record["conversations"]}
        if record["split"] == "train":
            ((*told,),) = turns(record, "reasoning")
            assert tasks == {"reasoning"}
            assert len(told) == 2 if record["label"] == NO_SHIP else 8 <= len(told) <= 12
        else:
            assert "reasoning" not in tasks
            assert turns(record, "classification")[0][1] == record["label"]


def test_a_class_that_is_none_is_set_aside(tmp_path: Path) -> None:
    write_source(tmp_path, "made", {"Submarine/1.png": png(np.zeros((40, 40, 3)))})
    rejected = Rejected()
    assert made_records(corpus({"kind": "fine-ship-chains", "source": "made", "prefix": "fine"}), tmp_path, rejected) == []
    assert rejected.facts()["rejected"] == {"record: class is not in the vocabulary": 1}
    with pytest.raises(Unfit, match="vocabulary"):
        ship_class("ship")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a flat deck with pipes along its middle", "rows of stacked steel boxes"),
        ("it is a civilian ship", "it is a military ship"),
        ("so this is an oil tanker", "so this is a yacht"),
        ("Yes, there is a ship", "No, there is no ship"),
        ("Is there a ship in the image?", "Is there an oil tanker in the image?"),
    ],
)
def test_lies_in_fine_chains_are_found(fine: tuple[list[Record], CorpusSettings, Path], old: str, new: str) -> None:
    records, settings, raw = fine
    record = next(one for one in records if one["label"] == "oil tanker" and one["split"] == "train" and old in str(one["conversations"]))

    def change(copy: Record) -> None:
        for turn in copy["conversations"][0]["turns"]:
            turn["text"] = turn["text"].replace(old, new)

    assert finds(record, settings, raw, change)


def test_a_chain_under_another_class_is_found(fine: tuple[list[Record], CorpusSettings, Path]) -> None:
    records, settings, raw = fine
    train = [record for record in records if record["split"] == "train"]
    for record in train:
        other = next(one for one in train if one["label"] != record["label"])

        def change(copy: Record, other: Record = other) -> None:
            copy["conversations"] = other["conversations"]

        assert finds(record, settings, raw, change)


@pytest.mark.system("titanic-fgs", 3)
def test_the_published_size(root: Path) -> None:
    published, definitions = full_profile(root, "titanic-fgs")
    assert published.images == 16_876 + 2_053 == 18_929
    assert published.texts == 16_876 + 2_053 + 11_005
    (source,) = (definition for definition in definitions if definition.name == "titanic-fgs")
    assert source.images == 18_929


@pytest.mark.recipe
def test_the_smoke_corpus_holds_no_false_statement(built) -> None:
    found = built("titanic-fgs")
    tally, shuffled = found.checked()
    assert tally.false == []
    assert sum(shuffled.held.values()) < sum(shuffled.all.values())
    lengths = {len(talk["turns"]) // 2 for record in found.records for talk in record["conversations"] if talk["task"] == "reasoning"}
    assert lengths <= {1, 4, 5, 6}
    assert len(lengths) > 1
