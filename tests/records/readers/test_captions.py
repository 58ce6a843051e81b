import json

import pytest

from rsvlm.errors import DataError
from rsvlm.records.readers import captions
from rsvlm.records.unfit import Unfit


def put(path, document):
    path.write_text(json.dumps(document))
    return path


def picture(**changes):
    return {"filename": "1.tif", "split": "train", "sentences": [{"raw": "A plane .", "tokens": ["A", "plane"]}]} | changes


def test_the_karpathy_layout_gives_raw_sentences_or_joined_tokens(tmp_path):
    images = [
        picture(sentences=[{"raw": "许多飞机。"}, {"tokens": ["two", "planes"]}], split="restval"),
        picture(split="val", imgid=3, sentids=[1]),
    ]
    first, second = captions.read(put(tmp_path / "a.json", {"dataset": "UCM", "images": images}))
    assert (first.picture, first.split, first.captions, first.label) == ("1.tif", "train", ("许多飞机。", "two planes"), None)
    assert (second.split, second.captions, second.where) == ("validation", ("A plane .",), "images[1]")


def test_nwpu_captions_has_a_list_for_each_class(tmp_path):
    record = {"filename": "airport_001.jpg", "split": "test", "raw": "one", "raw_1": "two", "raw_2": "", "raw_3": "three", "raw_4": None}
    document = {"airport": [record], "baseball diamond": [record | {"split": "train"}]}
    first, second = captions.read_nwpu(put(tmp_path / "a.json", document))
    assert (first.label, first.picture, first.split, first.captions) == ("airport", "airport_001.jpg", "test", ("one", "two", "three"))
    assert (second.label, second.where) == ("baseball diamond", "baseball diamond[0]")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "dev"}, "split is unknown: images[0].split is 'dev'; allowed: train, restval, val, validation, test"),
        ({"split": ["train"]}, "field has another type: images[0].split is list, not text"),
        ({"filename": " "}, "text is empty or not allowed: images[0].filename of 1 characters"),
        ({"sentences": []}, "picture has no caption: images[0]"),
        ({"sentences": [{"raw": "x"}, {}]}, "field is missing: images[0].sentences[1].tokens"),
        ({"sentences": [{"raw": 5}]}, "field has another type: images[0].sentences[0].raw is int, not text"),
        ({"sentences": [{"tokens": ["a", 3]}]}, "text is empty or not allowed: images[0].sentences[0].tokens"),
        ({"sentences": ["x"]}, "field has another type: images[0].sentences[0] is str, not an object"),
        ({"sentences": [{"raw": "a\x00b"}]}, "text is empty or not allowed: images[0].sentences[0].raw of 3 characters"),
    ],
)
def test_a_picture_that_cannot_be_used_is_told_with_its_path(tmp_path, change, message):
    found, other = captions.read(put(tmp_path / "a.json", {"images": [picture(**change), picture()]}))
    assert isinstance(found, Unfit)
    assert str(found) == message
    assert other.captions == ("A plane .",)


def test_a_file_of_another_layout_is_named(tmp_path):
    with pytest.raises(DataError, match="holds no list 'images'"):
        list(captions.read(put(tmp_path / "a.json", {"airport": []})))
    with pytest.raises(DataError, match=r"\[ expected"):
        list(captions.read_nwpu(put(tmp_path / "a.json", {"airport": {}})))
    (found,) = captions.read_nwpu(put(tmp_path / "a.json", {"": [picture()]}))
    assert str(found) == "class name is empty: [0]"
