"""An object that cannot be used keeps its class, so that no text says its picture has none of it."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from rsvlm.records.readers import auair, boxes_csv, coco, dota, drone_tracks, hrsc, plain_boxes, voc
from rsvlm.records.readers.annotation import Annotation

COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 64}],
    "categories": [{"id": 1, "name": "ship"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, -5, 5]}],
}
AUAIR = {
    "categories": ["ship"],
    "annotations": [{"image_name": "a.jpg", "bbox": [{"class": 0, "left": 1, "top": "x", "width": 2, "height": 2}]}],
}
VOC = "<annotation><object><name>ship</name><bndbox><xmin>9</xmin><ymin>1</ymin><xmax>x</xmax><ymax>5</ymax></bndbox></object></annotation>"
HRSC = "<HRSC_Image><Img_FileName>a</Img_FileName><HRSC_Objects><HRSC_Object><mbox_cx>x</mbox_cx></HRSC_Object></HRSC_Objects></HRSC_Image>"


def _plain(path: Path) -> Iterable[Annotation]:
    return plain_boxes.read(path, ["x1", "y1", "x2", "y2", "label"])


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("a.txt", "1 1 5 1 5 5 1 x ship 0\n", dota.read),
        ("a.xml", VOC, voc.read),
        ("a.txt", "9 9 1 1 ship\n", _plain),
        ("a.txt", "9 9 x 1 ship\n", _plain),
        ("a.csv", "image_path,xmin,ymin,xmax,ymax,label\na.png,9,9,1,1,ship\n", boxes_csv.read),
        ("a.csv", "image_path,xmin,ymin,xmax,ymax,label\na.png,,9,1,1,ship\n", boxes_csv.read),
        ("a.json", json.dumps(AUAIR), auair.read),
        ("a.xml", HRSC, hrsc.read),
        ("tracks.txt", '0 9 9 1 1 0 0 0 0 "ship"\n', drone_tracks.read),
        ("tracks.txt", '0 9 9 x 1 0 0 0 0 "ship"\n', drone_tracks.read),
    ],
)  # fmt: skip
def test_the_class_is_kept(tmp_path: Path, name: str, text: str, read: Callable[[Path], Iterable[Annotation]]) -> None:
    path = tmp_path / "scene" / "video" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    (annotation,) = read(path)
    (raw,) = annotation.objects
    assert raw.fault is not None
    assert raw.label == "ship"


def test_the_class_is_kept_in_coco(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(COCO))
    (picture,) = coco.read(path)
    (raw,) = picture.annotation.objects
    assert raw.fault is not None
    assert raw.label == "ship"
