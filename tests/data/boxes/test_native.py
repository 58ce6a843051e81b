"""Pairs of retrieval sets in the layouts that they come in."""

import json

import pytest

from tests.data.tiny import Corpus, image, text

NATIVE = {"kind": "native", "source": "made", "prefix": "tiny", "validation_share": 0.0}


def test_lines(tmp_path) -> None:
    for name in ("a", "b"):
        image(tmp_path / f"made/files/{name}.png", 40, 40)
    lines = [
        {"image": "a.png", "label": "Pond", "split": "train", "captions": ["a pond ."]},
        {"image": "b.png", "label": None, "split": "test", "captions": ["a road ."]},
        {"image": "../c.png", "label": None, "split": "test", "captions": ["a road ."]},
    ]
    text(tmp_path / "made/files/pairs.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    corpus = Corpus(tmp_path, NATIVE)
    assert [(record["id"], record["split"], record["captions"], record["label"]) for record in corpus.records] == [
        ("tiny-b", "test", ["a road."], None),
        ("tiny-a", "train", ["a pond."], "Pond"),
    ]
    assert [entry.reason for entry in corpus.rejected.entries()] == ["file name leaves its folder"]


@pytest.mark.system("remoteclip-data", 2)
def test_the_karpathy_layout(tmp_path) -> None:
    """The published retrieval JSON: images with file name, split and sentences."""
    image(tmp_path / "made/files/images/1.png", 40, 40)
    entry = {"filename": "1.png", "split": "val", "sentences": [{"raw": f"caption {number}"} for number in range(5)]}
    text(tmp_path / "made/files/set.json", json.dumps({"images": [entry]}))
    corpus = Corpus(tmp_path, {**NATIVE, "layout": "karpathy", "file": "set.json", "pictures": "images/{name}"})
    assert corpus.records[0]["split"] == "validation"
    assert corpus.records[0]["captions"] == [f"caption {number}" for number in range(5)]


def test_nwpu_captions(tmp_path) -> None:
    image(tmp_path / "made/files/airport/1.jpg", 40, 40)
    entry = {"filename": "1.jpg", "split": "train", "raw": "one", "raw_1": "two", "raw_2": "three", "raw_3": "four", "raw_4": "five"}
    text(tmp_path / "made/files/set.json", json.dumps({"airport": [entry]}))
    corpus = Corpus(tmp_path, {**NATIVE, "layout": "nwpu", "file": "set.json", "pictures": "{label}/{name}"})
    assert corpus.records[0]["label"] == "airport"
    assert len(corpus.records[0]["captions"]) == 5


def test_a_share_is_drawn_by_name_and_stays(tmp_path) -> None:
    lines = []
    for number in range(40):
        image(tmp_path / f"made/files/{number}.png", 40, 40)
        lines.append(json.dumps({"image": f"{number}.png", "label": None, "split": "train", "captions": ["x"]}))
    text(tmp_path / "made/files/pairs.jsonl", "\n".join(lines))
    some = {record["id"] for record in Corpus(tmp_path, {**NATIVE, "share": 0.5}).records}
    more = {record["id"] for record in Corpus(tmp_path, {**NATIVE, "share": 0.8}).records}
    assert 8 < len(some) < 32
    assert some < more
