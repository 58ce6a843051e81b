"""Dialogues from captions: what is asked, traps, a model's dialogues, and that lies are found."""

import json
from pathlib import Path
from typing import Any

import pytest

from rsvlm.data.builders.caption_talks import NO_DIALOGUE, dialogue_of
from rsvlm.data.caption_talks import colours, numbers, relations
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.stage import make_corpus
from rsvlm.data.told import prompt_named
from rsvlm.files import write_manifest
from rsvlm.records.shards import Shards
from rsvlm.records.unfit import Unfit
from rsvlm.settings import validate
from tests.chat.conftest import ChatServer, said, send
from tests.data.tinyraw import Made, make, noise, told, write_source

CAPTIONS = [
    "four white planes are parked near a terminal .",
    "several buildings are near a terminal .",
    "four planes are on an apron .",
]
DIALOGUE = (
    "How many planes are parked?\nFour white planes are parked near a terminal.\n"
    "What are several buildings near?\nSeveral buildings are near a terminal."
)


@pytest.fixture
def server():
    running = ChatServer()
    yield running
    running.close()


def made(raw: Path, captions: list[str] = CAPTIONS, label: str | None = "Airport", **more: Any) -> Made:
    line = {"image": "images/a.png", "label": label, "split": "train", "captions": captions}
    write_source(raw, "made", {"images/a.png": noise(3, 60, 60), "pairs.jsonl": json.dumps(line).encode() + b"\n"})
    listing = {"layout": "lines", "file": "pairs.jsonl", "validation_share": 0.0}
    return make(
        raw, {"kind": "caption-talks", "source": "made", "prefix": "tiny", "listing": listing, "single": 20, **more}, splits=["train"]
    )


def written(raw: Path, server: ChatServer, text: str, **more: Any) -> Made:
    server.reply = lambda handler, body, number: send(handler, 200, said(text))
    chat = {"kind": "served", "base_url": server.url, "model": "tiny", "attempts": 1}
    return made(raw, writer={"prompt": "dialogue", "fewest_words": 3, "chat": chat, **more})


@pytest.mark.system("versad-instruct", 2)
def test_the_caption_stays_in_the_record_and_everything_follows_from_it(tmp_path: Path) -> None:
    found = made(tmp_path)
    (record,) = found.records
    assert record["captions"][0] == "Four white planes are parked near a terminal."
    assert set(found.replies("How many planes")) == {"Four."}
    assert set(found.replies("colour")) == {"White."}
    assert set(found.replies("What are several buildings near?")) == {"A terminal."}
    assert set(found.replies("kind of place")) == {"It is an airport."}
    assert any(reply.startswith("Airports serve aircraft") for reply in found.replies("urpose") + found.replies("used for"))
    assert found.false() == []


@pytest.mark.system("versad-instruct", 2)
def test_turns_alternate_and_other_words_come_after_a_caption(tmp_path: Path) -> None:
    (talk,) = [talk for talk in made(tmp_path, single=0).talks if talk["task"] == "conversation"]
    questions = [turn["text"] for turn in talk["turns"][::2]]
    assert [turn["role"] for turn in talk["turns"]] == ["user", "assistant"] * len(questions)
    again = [place for place, question in enumerate(questions) if "other words" in question or "How else" in question]
    assert again != [0]


def test_captions_that_contradict_each_other_are_not_asked_about() -> None:
    assert numbers(["Four planes are here.", "Five planes are here."]) == {}
    assert numbers(["Four planes are here.", "Many planes are here."]) == {}
    assert numbers(["Four planes are here.", "A plane is here."]) == {}
    assert numbers(["Two planes are near four planes."]) == {}
    assert numbers(["Four large planes are here.", "Planes are here."]) == {"plane": "four"}
    assert colours(["A white plane is here.", "A red plane is here."]) == {}
    assert colours(["White planes are here.", "Planes are here."]) == {"plane": ("white", True)}
    assert colours(["A black and white plane is here."]) == {}
    assert relations(["There are near a road."]) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("Four.", "Five."), ("White.", "Red."), ("A terminal.", "A river."), ("an airport", "a port"), ("serve aircraft", "serve ships")],
)
def test_planted_lies_are_found(tmp_path: Path, old: str, new: str) -> None:
    found = made(tmp_path)
    assert any(not each.holds for each in found.statements(told(found.records[0], old, new)))


@pytest.mark.system("versad-instruct", 2)
def test_a_models_dialogue_that_follows_from_the_captions_is_kept(tmp_path: Path, server: ChatServer) -> None:
    found = written(tmp_path, server, DIALOGUE)
    (record,) = found.records
    (talk,) = [talk for talk in found.talks if talk["task"] == "conversation"]
    assert [turn["text"] for turn in talk["turns"]][1::2] == [
        "Four white planes are parked near a terminal.",
        "Several buildings are near a terminal.",
    ]
    assert (record["method"], record["generator"]["model"]) == ("model", "tiny")
    assert found.false() == []
    assert any(not each.holds for each in found.statements(told(record, "Four white planes", "Six red ships")))


@pytest.mark.system("lhrs-instruct", 2)
@pytest.mark.parametrize(
    "text",
    [
        DIALOGUE.replace("Four", "Five"),
        DIALOGUE.replace("white", "red"),
        DIALOGUE.replace("Several buildings are", "Several ships are"),
        DIALOGUE.replace("near a terminal", "near the sea"),
        DIALOGUE.replace("Several buildings are near a terminal.", "There is no building."),  # negation
        DIALOGUE.replace("planes are parked near", "planes at [12, 30, 40, 50] are parked near"),  # coordinates
        DIALOGUE.split("\nWhat are several")[0],  # one turn
        "\n".join([DIALOGUE.split("\nWhat are several")[0]] * 2),
        "What is planes near?\nFour white planes are parked near a terminal.\n" + DIALOGUE.split("\n", 2)[2],
        DIALOGUE.replace("?", "."),
        "I cannot help with that.",
    ],
)
def test_a_models_dialogue_that_goes_beyond_is_set_aside(tmp_path: Path, server: ChatServer, text: str) -> None:
    found = written(tmp_path, server, text)
    assert [record["method"] for record in found.records] == ["template"]
    assert [entry.kind for entry in found.rejected.entries()] == ["screened"]
    assert written(tmp_path, server, text, otherwise="drop").records == []


@pytest.mark.system("lhrs-instruct", 2)
def test_a_dialogue_has_two_to_ten_turns() -> None:
    with pytest.raises(Unfit, match=NO_DIALOGUE):
        dialogue_of("\n".join(f"What is it {n}?\nIt is {n}." for n in range(11)), (2, 10))
    assert len(dialogue_of("\n".join(f"What is it {n}?\nIt is {n}." for n in range(10)), (2, 10))) == 10


@pytest.mark.parametrize("captions", [[], [""], ["\x1b[31m red"], [7], ["a" * 30_000]])
def test_captions_that_no_record_may_hold_are_set_aside(tmp_path: Path, captions: list[Any]) -> None:
    found = made(tmp_path, captions)
    assert found.records == []
    assert [entry.kind for entry in found.rejected.entries()] == ["record"]


def test_captions_in_another_script_are_taken_as_they_are(tmp_path: Path) -> None:
    found = made(tmp_path, ["机场上有四架飞机。", "{captions} ```json"], None)
    assert len(found.records) == 1
    assert found.false() == []


@pytest.mark.system("lhrs-instruct", 2)
@pytest.mark.parametrize("name", ["lhrs-align", "lhrs-nwpu", "lhrs-rsitmd"])
def test_the_prompts_of_lhrs_instruct_fit_captions_and_what_they_show_is_a_dialogue(tmp_path: Path, server: ChatServer, name: str) -> None:
    prompt = prompt_named(name)
    assert [len(dialogue_of(example.assistant, (2, 10))) for example in prompt.examples] == [2]
    server.reply = lambda handler, body, number: send(handler, 200, said(DIALOGUE))
    chat = {"kind": "served", "base_url": server.url, "model": "tiny", "attempts": 1}
    found = made(tmp_path, writer={"prompt": name, "fewest_words": 3, "otherwise": "drop", "chat": chat})
    assert [(record["method"], record["generator"]["prompt"]) for record in found.records] == [("model", f"{name} {prompt.version}")]
    assert server.asked[0]["messages"][0]["content"].startswith("You write conversations about aerial images.")
    assert found.false() == []


@pytest.mark.system("versad-instruct", 2)
def test_a_dialogue_that_is_too_long_as_a_whole_is_set_aside_with_its_reason(tmp_path: Path) -> None:
    """Short questions stay, and so does everything where the recipe sets no bound."""
    lines = [
        {"image": "images/long.png", "label": "Airport", "split": "train", "captions": CAPTIONS},
        {"image": "images/short.png", "label": "Airport", "split": "train", "captions": ["planes are near a terminal ."]},
    ]
    raw = tmp_path / "raw"
    pictures = {f"images/{name}.png": noise(seed, 60, 60) for seed, name in enumerate(("long", "short"))}
    write_source(raw, "made", {**pictures, "pairs.jsonl": "".join(f"{json.dumps(line)}\n" for line in lines).encode()})
    write_manifest(raw, {})
    listing = {"layout": "lines", "file": "pairs.jsonl", "validation_share": 0.0}
    rule = {"kind": "caption-talks", "source": "made", "prefix": "tiny", "listing": listing, "single": 20, "turns": [2, 10]}

    def talks(name: str, **bound: int) -> tuple[dict[str, int], list[dict[str, Any]]]:
        settings = validate(CorpusSettings, {"family": "data", "system": "tiny", "builders": [rule], **bound}, "recipe")
        places = {"prefix": "conversations", "scratch": tmp_path / f"{name}-scratch", "answers": tmp_path / "answers"}
        make_corpus(settings, raw, tmp_path / name, **places, seed=7, threads=1, rejected_share=0.0)
        shards = Shards(tmp_path / name)
        found = [talk for row in range(len(shards)) for talk in shards.fields(row)["conversations"]]
        aside = [json.loads(line) for line in (tmp_path / name / "rejected.jsonl").read_text().splitlines()]
        return {talk["id"]: sum(len(turn["text"]) for turn in talk["turns"]) for talk in found}, aside

    sizes, aside = talks("all")
    assert aside == []
    most = max(sizes.values()) - 1
    kept, aside = talks("bounded", longest_dialogue=most)
    assert kept == {name: size for name, size in sizes.items() if size <= most}
    assert {(entry["id"], entry["reason"]) for entry in aside} == {
        (name, "dialogue is too long as a whole") for name in sizes if name not in kept
    }
    assert all(name.endswith("-conversation-0") for name in sizes if name not in kept)
