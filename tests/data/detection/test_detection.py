"""Detection in words on optical, SAR and infrared files of the real layouts: formats, traps, and planted lies."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from rsvlm.conversations.formats.form import decode
from rsvlm.conversations.formats.table import FORMATS
from rsvlm.errors import ConfigurationError
from tests.data.tiny import Corpus, image, text

SHIPS = {
    "kind": "detection", "style": "mmship", "format": "dota", "source": "made", "prefix": "dota", "annotations": "labels/*.txt",
    "pictures": "pictures/{stem}.png", "shares": {"validation": 0.0}, "classes": ["ship"], "box_types": ["oriented", "horizontal"],
    "oriented": True,
}  # fmt: skip
TURNED = "40 20 60 40 50 50 30 30 ship 0\n10 60 40 60 40 70 10 70 ship 0\n60 60 90 60 90 90 60 90 harbor 0\n"
SSDD = (
    "<annotation><filename>000001</filename><size><width>100</width><height>100</height><depth>1</depth></size>"
    "<object><name>ship</name><difficult>0</difficult>"
    "<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>32</ymax></bndbox></object></annotation>"
)


def ships(tmp_path, labels: str = TURNED, **more) -> Corpus:
    text(tmp_path / "made/files/labels/a.txt", labels)
    image(tmp_path / "made/files/pictures/a.png", 100, 100)
    return Corpus(tmp_path, {**SHIPS, **more})


def ssdd(tmp_path, **more) -> Corpus:
    """SSDD's layout: Pascal VOC, and pictures of one channel."""
    text(tmp_path / "made/files/Annotations/000001.xml", SSDD)
    image(tmp_path / "made/files/JPEGImages/000001.jpg", 100, 100, 80)
    layout = {"format": "voc", "annotations": "Annotations/*.xml", "pictures": "JPEGImages/{stem}.jpg", "prefix": "ssdd"}
    return Corpus(tmp_path, {**SHIPS, **layout, "sensor": "sar", "box_types": ["horizontal"], "oriented": False, **more})


@pytest.mark.system("mmship", 2)
def test_both_box_types_of_one_picture_in_one_record(tmp_path) -> None:
    corpus = ships(tmp_path)
    (record,) = corpus.records
    assert record["id"] == "dota-a"
    oriented, horizontal = corpus.talks("dota-a", "detection")
    assert "oriented" in oriented[0]
    assert "optical" in oriented[0]
    assert oriented[1] == "ship: [0.40, 0.20, 0.60, 0.40, 0.50, 0.50, 0.30, 0.30]; [0.10, 0.60, 0.40, 0.60, 0.40, 0.70, 0.10, 0.70]"
    assert "horizontal" in horizontal[0]
    assert horizontal[1] == "ship: [0.30, 0.20, 0.60, 0.50]; [0.10, 0.60, 0.40, 0.70]"
    assert corpus.false() == []


@pytest.mark.system("mmship", 2)
def test_oriented_boxes_come_back_and_lie_in_their_horizontal_ones(tmp_path) -> None:
    oriented, horizontal = (reply for _, reply in ships(tmp_path).talks("dota-a", "detection"))
    turned = decode(FORMATS["mmship-oriented"], oriented, 100, 100)
    upright = decode(FORMATS["mmship"], horizontal, 100, 100)
    assert np.asarray(turned[0].points) == pytest.approx(np.array([(40, 20), (60, 40), (50, 50), (30, 30)]))
    for inner, outer in zip(turned, upright, strict=True):
        xs, ys = zip(*inner.points, strict=True)
        box_xs, box_ys = zip(*outer.points, strict=True)
        assert min(box_xs) <= min(xs) + 0.5
        assert max(box_ys) >= max(ys) - 0.5


@pytest.mark.system("mmship", 2)
def test_a_box_below_two_pixels_as_the_model_sees_it_is_dropped(tmp_path) -> None:
    small = f"{TURNED}80 10 84 10 84 14 80 14 ship 0\n"
    assert ships(tmp_path, small).talks("dota-a", "detection")[1][1].count("[") == 3
    corpus = ships(tmp_path, small, input_side=40)  # 4 pixels become 1.6
    assert corpus.talks("dota-a", "detection")[1][1].count("[") == 2
    assert corpus.false() == []


@pytest.mark.system("mmship", 2)
def test_a_picture_without_a_ship_says_so(tmp_path) -> None:
    corpus = ships(tmp_path, "60 60 90 60 90 90 60 90 harbor 0\n")
    assert {reply for _, reply in corpus.talks("dota-a", "detection")} == {"There is no ship in the image."}
    assert corpus.false() == []
    assert ships(tmp_path, "60 60 90 60 90 90 60 90 harbor 0\n", empty_share=0.0).records == []


def test_no_absence_is_told_or_believed_beside_a_ship_without_a_readable_place(tmp_path) -> None:
    harbor, faulty = "60 60 90 60 90 90 60 90 harbor 0\n", "10 x 20 10 20 16 10 16 ship 0\n"
    assert ships(tmp_path / "b", harbor + faulty).records == []
    told = ships(tmp_path / "a", harbor).record("dota-a")
    assert {each.kind for each in ships(tmp_path / "c", harbor + faulty).false(told)} == {"presence"}


def test_no_absence_is_told_where_a_ship_shows_too_little_to_be_told(tmp_path) -> None:
    """An eighth of a ship lies in the picture: too little to have a box, too much to say that there is none."""
    assert ships(tmp_path, "60 60 90 60 90 90 60 90 harbor 0\n10 -40 20 -40 20 6 10 6 ship 0\n").records == []


@pytest.mark.system("mmship", 2)
def test_sar_of_one_channel_has_three(tmp_path) -> None:
    corpus = ssdd(tmp_path)
    (record,) = corpus.records
    with Image.open(io.BytesIO(corpus.pictures[record["id"]])) as picture:
        bands = np.asarray(picture)
    assert bands.shape == (100, 100, 3)
    assert (bands[..., 0] == bands[..., 2]).all()
    assert record["sensor"] == "SAR"
    ((question, reply),) = corpus.talks(record["id"], "detection")
    assert "SAR image" in question
    assert "horizontal" in question
    assert reply == "ship: [0.10, 0.20, 0.30, 0.32]"
    assert corpus.false() == []


@pytest.mark.system("mmship", 2)
def test_hrsid_in_coco(tmp_path) -> None:
    document = {
        "images": [{"id": 1, "file_name": "P0001.jpg", "width": 100, "height": 100}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 20, 20, 12], "iscrowd": 0}],
        "categories": [{"id": 1, "name": "ship"}],
    }
    text(tmp_path / "made/files/annotations/train_test2017.json", json.dumps(document))
    image(tmp_path / "made/files/JPEGImages/P0001.jpg", 100, 100)
    layout = {"format": "coco", "annotations": "annotations/*.json", "pictures": "JPEGImages/{name}", "prefix": "hrsid"}
    corpus = Corpus(tmp_path, {**SHIPS, **layout, "sensor": "sar", "box_types": ["horizontal"], "oriented": False})
    assert [reply for _, reply in corpus.talks("hrsid-p0001", "detection")] == ["ship: [0.10, 0.20, 0.30, 0.32]"]
    assert corpus.false() == []


@pytest.mark.system("mmrs-1m", 2)
def test_oriented_boxes_are_not_asked_of_horizontal_annotations(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="horizontal boxes only"):
        ssdd(tmp_path, box_types=["oriented"])


def everything(tmp_path, width: int = 100, **more) -> Corpus:
    text(tmp_path / "made/files/labels/a.txt", TURNED)
    image(tmp_path / "made/files/pictures/a.png", width, 100)
    return Corpus(tmp_path, {**SHIPS, "style": "mmrs-1m", "classes": [], "box_types": ["oriented"], "least_side": 0.0, **more})


@pytest.mark.system("mmrs-1m", 2)
def test_all_objects_class_by_class(tmp_path) -> None:
    corpus = everything(tmp_path)
    ((question, reply),) = corpus.talks("dota-a", "detection")
    assert question == "Detect all objects shown in the remote sensing image and describe using oriented bounding boxes."
    assert reply.startswith("There is <p>1 harbor</p>[0.60,0.60,0.90,0.60,0.90,0.90,0.60,0.90] and <p>2 ships</p>[")
    assert corpus.false() == []


@pytest.mark.system("mmrs-1m", 2)
def test_boxes_are_shares_of_the_square_that_the_picture_is_padded_to(tmp_path) -> None:
    """Of 141 x 100 pixels the square is 141, and the offset int((141 - 100) / 2) = 20."""
    corpus = everything(tmp_path, 141, box_types=["horizontal"])
    assert corpus.records[0]["facts"]["square"] == [141, 0, 20]
    assert corpus.records[0]["facts"]["boxes"] == "mmrs-1m"
    first = re.search(r"harbor</p>\[([\d.,]+)\]", corpus.talks("dota-a", "detection")[0][1])[1]
    assert [float(part) for part in first.split(",")] == [round(v / 141, 2) for v in (60, 80, 90, 110)]
    assert corpus.false() == []


@pytest.mark.system("mmrs-1m", 2)
def test_several_horizontal_boxes_stand_in_one_pair_of_brackets(tmp_path) -> None:
    reply = everything(tmp_path, box_types=["horizontal"]).talks("dota-a", "detection")[0][1]
    assert "<p>2 ships</p>[0.30,0.20,0.60,0.50;0.10,0.60,0.40,0.70]" in reply


@pytest.mark.system("mmrs-1m", 2)
def test_a_picture_with_a_box_that_two_decimals_lose_is_left_out(tmp_path) -> None:
    corpus = everything(tmp_path, box_types=["horizontal"])
    text(tmp_path / "made/files/labels/a.txt", f"{TURNED}80.2 10.2 80.4 10.2 80.4 10.4 80.2 10.4 ship 0\n")
    corpus = Corpus(tmp_path, {**SHIPS, "style": "mmrs-1m", "classes": [], "box_types": ["horizontal"], "least_side": 0.0})
    assert corpus.records == []
    assert [entry.reason for entry in corpus.rejected.entries()] == ["box is too small for its text"]


@pytest.mark.system("mmrs-1m", 2)
def test_infrared(tmp_path) -> None:
    corpus = ssdd(tmp_path, style="mmrs-1m", classes=[], sensor="infrared")
    ((question, _),) = corpus.talks("ssdd-000001", "detection")
    assert question == "Detect all objects shown in the infrared image and describe using horizontal bounding boxes."
    assert corpus.records[0]["sensor"] == "infrared"
    assert corpus.false() == []


MMSHIP = [
    ("[0.40, 0.20", "[0.48, 0.20"),
    ("; [0.10", "; [0.90"),
    ("0.30]; [", "0.30]; [0.10, 0.10, 0.20, 0.10, 0.20, 0.20, 0.10, 0.20]; ["),
]
MMRS = [("2 ships", "3 ships"), ("1 harbor", "1 ship"), ("[0.60,0.60", "[0.50,0.60"), ("There is", "There are")]


@pytest.mark.parametrize(("old", "new"), MMSHIP)
def test_lies_about_ships_are_found(tmp_path, old: str, new: str) -> None:
    assert ships(tmp_path, box_types=["oriented"]).with_turn("dota-a", "detection", old, new)


def test_a_ship_left_untold_is_found(tmp_path) -> None:
    found = ships(tmp_path, box_types=["horizontal"]).with_turn("dota-a", "detection", "; [0.10, 0.60, 0.40, 0.70]", "")
    assert {statement.kind for statement in found} == {"count"}


@pytest.mark.parametrize(("old", "new"), MMRS)
def test_lies_about_all_objects_are_found(tmp_path, old: str, new: str) -> None:
    assert everything(tmp_path).with_turn("dota-a", "detection", old, new)


@pytest.mark.parametrize(("old", "new"), [("oriented", "horizontal"), ("remote sensing", "SAR")])
def test_a_question_for_other_boxes_or_another_sensor_is_found(tmp_path, old: str, new: str) -> None:
    assert everything(tmp_path).with_turn("dota-a", "detection", old, new, turn=0)
