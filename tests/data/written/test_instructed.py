"""Given captions with the request that they answer: RSICap's file and LLaVA's list."""

import json
from pathlib import Path
from typing import Any

import pytest

from rsvlm.errors import DataError
from rsvlm.recipes.load import load_recipe
from rsvlm.records.readers.instructed import read_llava, read_rsicap
from rsvlm.records.unfit import Unfit
from tests.data.tinyraw import Made, make, noise, write_source

ENTRY = {
    "image_id": "0",
    "filename": "P0378_0001.png",
    "text_input": "Describe this image in detail.",
    "text_output": "A harbor with boats.",
}
TALK = [{"from": "human", "value": "<image>\nDescribe it."}, {"from": "gpt", "value": "A field."}]


def made(raw: Path, content: Any, layout: str = "rsicap", **more: Any) -> Made:
    write_source(raw, "given", {"images/P0378_0001.png": noise(1, 32, 32), "captions.json": json.dumps(content).encode()})
    builder = {"kind": "instructed-captions", "layout": layout, "source": "given", "prefix": "tiny", "file": "captions.json"}
    return make(raw, {**builder, "pictures": "images/{name}", **more})


@pytest.mark.system("rsicap", 2)
def test_the_published_record_is_read_field_by_field(tmp_path: Path) -> None:
    (record,) = made(tmp_path, {"annotations": [ENTRY]}).records
    assert record["captions"] == ["A harbor with boats."]
    assert record["facts"] == {"instruction": "Describe this image in detail.", "given_id": "0", "row": "annotations[0]"}
    assert record["origin"]["picture"] == "images/P0378_0001.png"


@pytest.mark.system("rsicap", 2)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"image_id": 0}, "field has another type"),  # a running number, but written as text
        ({"image_id": "zero"}, "image_id is no number written as text"),
        ({"text_input": "Tell me a story."}, "request is not one of the allowed ones"),
        ({"text_output": " "}, "text is empty or not allowed"),
        ({"filename": "../../secret.png"}, "file name leaves its folder"),
        ({"filename": "P1_0.png"}, "file is missing"),
    ],
)
def test_malformed_entries_are_set_aside(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    found = made(tmp_path, {"annotations": [{**ENTRY, **change}]}, instructions=["Describe this image in detail."])
    assert found.records == []
    assert [entry.reason for entry in found.rejected.entries()] == [reason]


@pytest.mark.system("rsicap", 2)
def test_the_four_instructions_are_those_of_the_published_file(root: Path) -> None:
    (builder,) = load_recipe(root, "rsicap").sections["full"]["caption"].builders
    assert builder.instructions == (
        "Describe this image in detail.",
        "Take a look at this image and describe what you notice.",
        "Please provide a detailed description of the picture.",
        "Could you describe the contents of this image for me?",
    )


@pytest.mark.system("versad", 2)
@pytest.mark.system("versad-instruct", 2)
def test_llavas_list_is_read_and_its_faults_named(tmp_path: Path) -> None:
    entries = [
        {"id": "1", "image": "fmow/a.jpg", "conversations": TALK},
        {"id": "2", "image": "fmow/a.jpg", "conversations": TALK[:1]},
        {"id": "3", "image": "fmow/a.jpg", "conversations": TALK[::-1]},
        {"id": "4", "image": "fmow/a.jpg", "conversations": [{"from": "human", "value": "no image"}, TALK[1]]},
        {"id": "5", "conversations": TALK},
        7,
    ]
    path = tmp_path / "list.json"
    path.write_text(json.dumps(entries))
    first, *others = read_llava(path)
    assert (first.picture, first.instruction, first.text) == ("fmow/a.jpg", "Describe it.", "A field.")
    assert all(isinstance(other, Unfit) for other in others)
    assert len(others) == 5


@pytest.mark.system("versad", 2)
def test_the_large_list_is_read_element_by_element(tmp_path: Path) -> None:
    """VersaD's list has a gigabyte: the first entries come before the file is known to be whole."""
    path = tmp_path / "list.json"
    path.write_text(json.dumps([{"id": "1", "image": "a.jpg", "conversations": TALK}])[:-1] + ", {broken")
    reading = read_llava(path)
    assert next(reading).id == "1"
    with pytest.raises(DataError):
        next(reading)


def test_a_file_of_another_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "captions.json"
    path.write_text("[]")
    with pytest.raises(DataError):
        list(read_rsicap(path))
