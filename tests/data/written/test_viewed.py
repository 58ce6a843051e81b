"""Captions by a model that sees: through an address, and by one of our own registered models."""

import json
from pathlib import Path
from typing import Any

import pytest

from rsvlm.data.builders.viewed import SMALL, cleaned
from rsvlm.errors import ConfigurationError, DataError
from rsvlm.files import publish, read_manifest
from rsvlm.instruction.model import ChatModel, load
from rsvlm.instruction.train import pretrain
from tests.chat.conftest import ChatServer, said, send
from tests.data.tinyraw import make, noise, write_source
from tests.instruction import conftest as instruction

raw = instruction.raw  # the fixtures of the family's own tests
conversations = instruction.conversations

CAPTION = "The image is a colour photograph. It shows fields of several shapes, and a road between them. The scene is rural."
REGISTERED = {"kind": "registered", "model": "models/geochat/pretrain", "most_new_tokens": 40, "batch": 2}


@pytest.fixture
def server():
    running = ChatServer()
    yield running
    running.close()


def rule(chat: dict[str, Any], **more: Any) -> dict[str, Any]:
    writer = {"prompt": "versad", "fewest_words": 10, "otherwise": "drop", "chat": chat}
    return {
        "kind": "viewed",
        "source": "seen",
        "prefix": "tiny",
        "pictures": "a/*/*.png",
        "writer": writer,
        "shares": {"validation": 0.0},
        **more,
    }


def served(server: ChatServer, text: str) -> dict[str, Any]:
    server.reply = lambda handler, body, number: send(handler, 200, said(text))
    return {"kind": "served", "base_url": server.url, "model": "sees", "attempts": 1}


def folder_of(root: Path) -> Path:
    folder = root / "data/raw/versad"
    write_source(folder, "seen", {f"a/{name}/1.png": noise(seed, 64, 96) for seed, name in enumerate(("x", "y"))}, gsd=0.5)
    return folder


@pytest.mark.system("versad", 2)
def test_every_picture_is_sent_with_the_prompt_and_equal_names_do_not_clash(tmp_path: Path, server: ChatServer) -> None:
    found = make(folder_of(tmp_path), rule(served(server, CAPTION)))
    assert sorted(record["id"] for record in found.records) == ["tiny-x-1", "tiny-y-1"]
    assert {record["captions"][0] for record in found.records} == {CAPTION}
    assert all(record["generator"]["model"] == "sees" and record["method"] == "model" for record in found.records)
    content = json.dumps(server.asked[0]["messages"])
    assert "Properties of the image" in content
    assert "base64" in content


@pytest.mark.system("versad", 2)
@pytest.mark.parametrize(
    "text",
    ["I cannot see the image, I am sorry about that, please send it again.", "", "Too short.", CAPTION.replace("a road", "possibly a road"),
     CAPTION[:-10], CAPTION + " Это поле, это поле и это поле."],
)  # fmt: skip
def test_refusals_empty_truncated_hedged_and_foreign_answers_are_rejected(tmp_path: Path, server: ChatServer, text: str) -> None:
    found = make(folder_of(tmp_path), rule(served(server, text)))
    assert found.records == []
    assert {entry.kind for entry in found.rejected.entries()} == {"screened"}


@pytest.mark.system("versad", 2)
def test_pictures_below_the_least_side_are_set_aside_unasked(tmp_path: Path, server: ChatServer) -> None:
    """fMoW has crops of a few pixels."""
    found = make(folder_of(tmp_path), rule(served(server, CAPTION), least_side=65))
    assert [entry.reason for entry in found.rejected.entries()] == [SMALL, SMALL]
    assert server.asked == []


@pytest.mark.system("versad", 2)
def test_large_pictures_are_reduced_and_keep_their_ground_distance_right(tmp_path: Path, server: ChatServer) -> None:
    folder = tmp_path / "data/raw/versad"
    write_source(folder, "seen", {"a/x/1.png": noise(1, 100, 200)}, gsd=0.5)
    (record,) = make(folder, rule(served(server, CAPTION), longest_side=100)).records
    assert (record["width"], record["height"], record["gsd"]) == (100, 50, 1.0)


@pytest.mark.system("git-10m", 2)
def test_the_class_that_a_path_tells_is_told_to_the_model_and_kept(tmp_path: Path, server: ChatServer) -> None:
    folder = tmp_path / "data/raw/git-10m"
    write_source(folder, "seen", {"a/dry_field/1.png": noise(1, 64, 64)})
    writer = rule(served(server, CAPTION.replace("rural", "a dry field")))["writer"] | {"prompt": "picture-caption-of-class"}
    (record,) = make(folder, rule({}, writer=writer, label="([^/]+)/[^/]+$")).records
    assert record["label"] == "dry field"
    assert "Class of the image in the data set that it is from: dry field" in json.dumps(server.asked[0]["messages"])


@pytest.mark.parametrize(("prompt", "label"), [("picture-caption-of-class", None), ("picture-caption", "a/([^/]+)/")])
def test_a_prompt_and_a_class_that_do_not_fit_are_refused(tmp_path: Path, prompt: str, label: str | None) -> None:
    chat = {"kind": "served", "base_url": "http://127.0.0.1:9/v1", "model": "sees"}
    writer = {"prompt": prompt, "fewest_words": 10, "otherwise": "drop", "chat": chat}
    with pytest.raises(ConfigurationError, match=f"prompt '{prompt}' has the slots"):
        make(folder_of(tmp_path), rule(chat, writer=writer, label=label))


def test_a_path_without_a_class_is_an_error(tmp_path: Path, server: ChatServer) -> None:
    writer = rule(served(server, CAPTION))["writer"] | {"prompt": "picture-caption-of-class"}
    with pytest.raises(DataError, match="the recipe's class pattern 'b/"):
        make(folder_of(tmp_path), rule({}, writer=writer, label="b/([^/]+)"))


def test_boilerplate_marks_and_repeated_sentences_go() -> None:
    assert cleaned("Sure, here it is: **A field.** A road.\n\nA field.") == "A field. A road."


def test_a_language_model_without_eyes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="sees no pictures"):
        make(folder_of(tmp_path), rule({"kind": "local"}))


@pytest.mark.system("rs-gpt4v", 2)
def test_descriptions_can_be_conversations(tmp_path: Path, server: ChatServer) -> None:
    found = make(folder_of(tmp_path), rule(served(server, CAPTION), kind="viewed-talks"))
    assert [turn["text"] for turn in found.talks[0]["turns"]] == ["Describe the image in detail.", CAPTION]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, conversations, raw) -> Path:
    """A workspace with a tiny model of GeoChat's kind, as good as random."""
    root = tmp_path_factory.mktemp("workspace")
    with publish(root / "models/geochat/pretrain") as output:
        pretrain(instruction.pretrain_settings(), conversations, raw, output, root / "scratch", 7, 1)
    return root


@pytest.mark.integration
@pytest.mark.system("versad", 2)
def test_a_registered_model_is_asked_and_its_nonsense_rejected(workspace: Path) -> None:
    folder = folder_of(workspace)
    found = make(folder, rule(REGISTERED))
    kept = [json.loads(path.read_bytes())["answer"]["text"] for path in sorted((folder / "answers").rglob("*.json"))]
    assert len(kept) == 2
    assert load(workspace / "models/geochat/pretrain") is not None
    assert len(found.records) + len(found.rejected.entries()) == 2


@pytest.mark.integration
@pytest.mark.system("versad", 2)
def test_a_registered_model_captions_the_next_corpus(workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChatModel, "answer", lambda self, images, prompts, most: [CAPTION] * len(images))
    (tmp_path / "models").symlink_to(workspace / "models")
    found = make(folder_of(tmp_path), rule({**REGISTERED, "most_new_tokens": 400}))
    assert [record["captions"] for record in found.records] == [[CAPTION], [CAPTION]]
    generator = found.records[0]["generator"]
    assert generator["model"] == "models/geochat/pretrain"
    assert generator["model_hash"] == read_manifest(workspace / "models/geochat/pretrain").sha256
