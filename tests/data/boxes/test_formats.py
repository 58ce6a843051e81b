"""Annotation formats of boxes through the builder and the checker: COCO files and plain columns beside DOTA, VOC and CSV."""

import json

import pytest

from rsvlm.recipes.load import load_recipe
from rsvlm.records.readers import plain_boxes
from tests.data.tiny import Corpus, image, text

BOXES = {
    "kind": "boxes", "source": "made", "prefix": "tiny", "annotations": "labels/*", "pictures": "pictures/{stem}.png",
    "shares": {"validation": 0.0},
}  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "line", "corners"),
    [
        (["x1", "y1", "width", "height", "-", "label"], "10,20,30,5,1,4,0,0", (10, 20, 40, 25)),  # VisDrone
        (["x1", "y1", "x2", "y2", "label"], "10 20 40 25 1", (10, 20, 40, 25)),  # CARPK
        (["label", "x1", "y1", "x2", "y2"], "2 10 20 40 25", (10, 20, 40, 25)),  # LEVIR
    ],
)
def test_columns(tmp_path, columns: list[str], line: str, corners: tuple[float, ...]) -> None:
    (content,) = plain_boxes.read(text(tmp_path / "a.txt", f"{line}\n\n"), columns)
    (found,) = content.objects
    assert (*found.corners[0], *found.corners[2]) == corners
    assert found.label in ("4", "1", "2")


@pytest.mark.parametrize(
    ("line", "reason"),
    [("1 2 3", "line is not an object"), ("1 2 x 4 5", "line is not an object"), ("9 9 1 1 5", "box is inside out"),
     ("nan 1 2 3 4", "box coordinates are not finite")],
)  # fmt: skip
def test_a_bad_line_is_a_fault_with_its_number(tmp_path, line: str, reason: str) -> None:
    (content,) = plain_boxes.read(text(tmp_path / "a.txt", f"1 1 5 5 1\n{line}\n"), ["x1", "y1", "x2", "y2", "label"])
    assert content.objects[1].where == "line 2"
    assert content.objects[1].fault.reason == reason


@pytest.mark.parametrize("columns", [["x1", "y1", "x2", "label"], ["x1", "y1", "x2", "y2", "class"], []])
def test_columns_that_make_no_box(tmp_path, columns: list[str]) -> None:
    with pytest.raises(ValueError, match="make no box"):
        plain_boxes.read(text(tmp_path / "a.txt", "1 2 3 4 5"), columns)


def test_visdrone_without_its_ignored_regions(tmp_path) -> None:
    text(tmp_path / "made/files/labels/a.txt", "10,10,20,20,1,4,0,0\n40,40,20,20,1,4,0,0\n0,0,60,60,0,0,0,0\n")
    image(tmp_path / "made/files/pictures/a.png", 64, 64)
    more = {"format": "plain", "columns": ["x1", "y1", "width", "height", "-", "label"], "ignored": ["0"], "names": {"4": "car"}}
    corpus = Corpus(tmp_path, {**BOXES, **more})
    assert [entry["label"] for entry in corpus.records[0]["objects"]] == ["car", "car"]
    assert corpus.false() == []
    place = next(number for number, caption in enumerate(corpus.records[0]["captions"]) if "2 cars" in caption)
    assert corpus.with_caption("tiny-a", place, "2 cars", "3 cars")


@pytest.mark.system("remoteclip-data", 2)
def test_visdrones_eleventh_class_counts(root, tmp_path) -> None:
    """Eleven classes: ten with a name, and others; only the regions of class 0 are none."""
    builders = load_recipe(root, "remoteclip-data").sections["full"]["caption"].builders
    full = next(builder for builder in builders if builder.source == "visdrone").model_dump(mode="json")
    assert set(full["names"]) == {str(number) for number in range(1, 12)}
    text(tmp_path / "made/files/labels/a.txt", "10,10,20,20,1,11,0,0\n40,40,20,20,1,11,0,0\n0,0,60,60,0,0,0,0\n")
    image(tmp_path / "made/files/pictures/a.png", 64, 64)
    corpus = Corpus(tmp_path, {**BOXES, **{name: full[name] for name in ("format", "columns", "ignored", "names")}})
    assert [entry["label"] for entry in corpus.records[0]["objects"]] == ["object of another kind"] * 2
    assert any("2 objects of another kind" in caption for caption in corpus.records[0]["captions"])
    assert corpus.false() == []


def test_coco(tmp_path) -> None:
    """Two pictures in one file; an entry without a name is set aside, an object of an unknown class as well."""
    document = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "b.png"}, {"id": 3}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 8]},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [2, 2, 20, 8]},
            {"id": 3, "image_id": 2, "category_id": 1, "bbox": [40, 40, 20, 8]},
            {"id": 4, "image_id": 2, "category_id": 9, "bbox": [40, 40, 20, 8]},
        ],
        "categories": [{"id": 1, "name": "ship"}],
    }
    text(tmp_path / "made/files/labels/set.json", json.dumps(document))
    for name in ("a", "b"):
        image(tmp_path / f"made/files/pictures/{name}.png", 64, 64)
    corpus = Corpus(tmp_path, {**BOXES, "format": "coco", "pictures": "pictures/{name}"})
    assert {record["id"]: len(record["objects"]) for record in corpus.records} == {"tiny-a": 1, "tiny-b": 2}
    assert corpus.false() == []
    assert len(corpus.rejected) == 2


def test_half_of_an_object_is_enough_of_it(tmp_path) -> None:
    """A square turned by 45 degrees, cut exactly in the middle by the picture's border."""
    text(tmp_path / "made/files/labels/a.txt", "64 20 72 28 64 36 56 28 ship 0\n")
    image(tmp_path / "made/files/pictures/a.png", 64, 64)
    corpus = Corpus(tmp_path, {**BOXES, "format": "dota"})
    assert len(corpus.records[0]["objects"]) == 1
    assert corpus.false() == []
