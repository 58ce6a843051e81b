"""Texts by a chat model: asked through the kept answers, held against the facts, set aside where they invent."""

import json
from pathlib import Path
from typing import Any

import pytest

from rsvlm.data.card import card
from rsvlm.data.counts import counts_of
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.stage import make_corpus
from rsvlm.data.told import prompt_named
from rsvlm.errors import ConfigurationError
from rsvlm.files import read_manifest, write_manifest
from rsvlm.records.shards import Shards
from rsvlm.settings import validate
from tests.chat.conftest import ChatServer, said, send
from tests.data.described.test_described import LABELS, rule, scene
from tests.data.tinyraw import Made, make, write_source

GOOD = "There are three tanks in the image. The ship is white. The ship lies at the top left of the image."


@pytest.fixture
def server():
    running = ChatServer()
    yield running
    running.close()


def says(server: ChatServer, text: str) -> None:
    server.reply = lambda handler, body, number: send(handler, 200, said(text))


def writer(server: ChatServer, **more: Any) -> dict[str, Any]:
    chat = {"kind": "served", "base_url": server.url, "model": "tiny", "attempts": 1}
    return {"prompt": "description", "chat": chat, **more}


def made(raw: Path, server: ChatServer, copies: int = 1, **more: Any) -> Made:
    files = {f"pictures/p{number}.png": scene() for number in range(copies)}
    files |= {f"labels/p{number}.txt": LABELS.encode() for number in range(copies)}
    write_source(raw, "made", files)
    return make(raw, rule(writer=writer(server, **more)), splits=["train"])


def test_a_true_text_is_kept_with_its_generator(tmp_path: Path, server: ChatServer) -> None:
    says(server, GOOD)
    (record,) = (found := made(tmp_path, server)).records
    prompt = prompt_named("description")
    assert GOOD in record["captions"][0]
    assert record["captions"][0].startswith(("This is a colour", "The picture is a colour"))
    assert record["method"] == "model"
    assert record["generator"] == {
        "model": "tiny",
        "address": server.url,
        "prompt": f"description {prompt.version}",
        "prompt_hash": prompt.hash,
    }
    assert found.false() == []


def test_the_manifest_says_how_much_was_asked_also_where_the_answers_were_kept(tmp_path: Path, server: ChatServer) -> None:
    says(server, GOOD)
    raw = tmp_path / "raw"
    write_source(raw, "made", {"pictures/p.png": scene(), "labels/p.txt": LABELS.encode()})
    write_manifest(raw, {})
    settings = validate(CorpusSettings, {"family": "data", "system": "tiny", "builders": [rule(writer=writer(server))]}, "recipe")
    for name in ("first", "second"):
        places = {"prefix": "pairs", "scratch": tmp_path / f"scratch-{name}", "answers": tmp_path / "answers"}
        make_corpus(settings, raw, tmp_path / name, **places, seed=7, threads=1, rejected_share=0.5)
    first, second = (read_manifest(tmp_path / name) for name in ("first", "second"))
    assert first.facts["answers"] == {"answers": 1, "tokens_in": 10, "tokens_out": 5}
    assert first.sha256 == second.sha256
    assert len(server.asked) == 1
    assert "1 answers of models: 10 tokens read, 5 written." in card(settings, counts_of(Shards(tmp_path / "second")), {})


def test_the_model_is_given_the_sentences_about_objects(tmp_path: Path, server: ChatServer) -> None:
    says(server, GOOD)
    made(tmp_path, server)
    asked = server.asked[0]["messages"][-1]["content"]
    assert "The ship is white." in asked
    assert "overhead image" not in asked


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("There are four tanks in the image.", "count differs from the facts"),
        ("There are three tanks and a plane in the image.", "object is not among the facts"),
        ("There are three tanks in Rotterdam.", "place is not among the facts"),
        ("There are three tanks beside the old mill.", "word is not among the given ones"),
        ("The ship lies at the bottom left of the image.", "claim is not one of the given ones"),
        ("The tanks are white as can be seen in the image.", "claim is not one of the given ones"),
        ("I am sorry, as an AI I cannot see the image.", "answer is a refusal"),
        ("Three tanks.", "answer is too short"),
    ],
)
def test_what_invents_is_set_aside_and_the_rule_speaks(tmp_path: Path, server: ChatServer, text: str, reason: str) -> None:
    says(server, text)
    (record,) = (found := made(tmp_path, server)).records
    (entry,) = found.rejected.entries()
    assert (entry.kind, entry.reason, entry.id) == ("screened", f"written text: {reason}", record["id"])
    assert record["method"] == "template"
    assert "generator" not in record
    assert text not in record["captions"][0]


def test_what_invents_can_drop_its_record(tmp_path: Path, server: ChatServer) -> None:
    says(server, "There are four tanks in the image.")
    assert made(tmp_path, server, otherwise="drop").records == []


def test_nothing_is_asked_twice_over_runs(tmp_path: Path, server: ChatServer) -> None:
    says(server, GOOD)
    first = made(tmp_path, server)
    second = made(tmp_path, server)
    assert len(server.asked) == 1
    assert first.records == second.records


def test_only_a_share_is_asked_and_the_order_stays(tmp_path: Path, server: ChatServer) -> None:
    says(server, GOOD)
    found = made(tmp_path, server, copies=12, share=0.4)
    methods = [record["method"] for record in found.records]
    assert [record["id"] for record in found.records] == sorted(f"tiny-p{number}" for number in range(12))
    assert 0 < methods.count("model") < 12
    assert len(server.asked) <= methods.count("model")  # what is asked in the same words is asked once


def test_a_failing_server_sets_the_text_aside(tmp_path: Path, server: ChatServer) -> None:
    server.reply = lambda handler, body, number: send(handler, 400, {"error": "no"})
    found = made(tmp_path, server)
    assert [record["method"] for record in found.records] == ["template"]
    assert len(found.rejected.entries()) == 1


def test_an_unknown_prompt_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.yaml"):
        prompt_named("nowhere")


@pytest.mark.parametrize("name", ["description", "dialogue", "hierarchy", "lhrs-align", "lhrs-nwpu", "lhrs-rsitmd", "versad"])
def test_every_prompt_of_the_package_is_sound(name: str) -> None:
    prompt = prompt_named(name)
    assert prompt.name == name
    assert prompt.version >= 1
    assert json.dumps(prompt.model_dump(mode="json"))


@pytest.mark.system("versad", 2)
def test_the_prompt_for_versad_asks_for_three_blocks_and_nothing_uncertain() -> None:
    prompt = prompt_named("versad")
    assert [f"{number}." in prompt.user for number in (1, 2, 3)] == [True] * 3
    assert all(words in prompt.user for words in ("Leave out whatever you cannot identify with certainty", "150 to 400 words"))
    assert prompt.system is None  # our own registered models take one question about a picture
    assert not prompt.examples
    assert {"possibly", "maybe"} <= set(prompt.forbidden)
