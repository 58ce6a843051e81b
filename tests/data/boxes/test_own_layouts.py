"""Data sets with a layout of their own: AU-AIR, HRSC2016, Stanford Drone, and masks in colour, through builder and checker."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image

from rsvlm.errors import ConfigurationError, DataError
from rsvlm.records.pictures import load_mask
from rsvlm.records.readers import auair, drone_tracks, hrsc
from rsvlm.records.unfit import Unfit
from tests.data.tiny import Corpus, image, text

BOXES = {"kind": "boxes", "source": "made", "prefix": "tiny", "shares": {"validation": 0.0}}
NAMES = ["Human", "Car", "Truck", "Van", "Motorbike", "Bicycle", "Bus", "Trailer"]


def frame(name: str, *boxes: tuple[int, int, int, int, Any]) -> dict[str, Any]:
    """An entry as AU-AIR's file has them; a box is left, top, width, height, class."""
    keys = ("left", "top", "width", "height", "class")
    flight = {"image_width": 64.0, "image_height": 64.0, "platform": "Parrot Bebop 2", "time": {"year": 2019}, "altitude": 19921.6}
    return {"image_name": name, **flight, "bbox": [dict(zip(keys, box, strict=True)) for box in boxes]}


def drone_json(path: Path, *frames: Any, names: Any = NAMES) -> Path:
    return text(path, json.dumps({"info": {"version": "1.0"}, "categories": names, "annotations": [*frames]}))


def test_auair_boxes_by_hand(tmp_path: Path) -> None:
    frames = (frame("a.jpg", (10, 20, 30, 5, 1), (0, 0, 4, 4, 9), (0, 0, 4, 4, "Car")), {"bbox": []}, frame("b.jpg"))
    first, fault, last = auair.read(drone_json(tmp_path / "a.json", *frames))
    car, unknown, worded = first.objects
    assert (car.label, *car.corners[0], *car.corners[2]) == ("Car", 10, 20, 40, 25)
    assert unknown.fault.detail == "annotations[0].bbox[1].class is 9; the file names 8 classes"
    assert worded.fault.reason == "field has another type"
    assert isinstance(fault, Unfit)
    assert (last.picture, last.objects) == ("b.jpg", [])


def test_auair_names_of_classes_must_be_words(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"categories\[1\] is no class name"):
        list(auair.read(drone_json(tmp_path / "a.json", names=["Car", 3])))


def test_auair_captions(tmp_path: Path) -> None:
    path = tmp_path / "made/files/annotations.json"
    drone_json(path, frame("a.png", (10, 10, 20, 8, 1), (30, 40, 20, 8, 1)), frame("b.png", (2, 2, 20, 8, 6)))
    for name in ("a", "b"):
        image(tmp_path / f"made/files/images/{name}.png", 64, 64)
    corpus = Corpus(tmp_path, {**BOXES, "format": "auair", "annotations": "annotations.json", "pictures": "images/{name}"})
    assert {record["id"]: len(record["objects"]) for record in corpus.records} == {"tiny-a": 2, "tiny-b": 1}
    assert corpus.false() == []
    captions = next(record for record in corpus.records if record["id"] == "tiny-a")["captions"]
    place = next(number for number, caption in enumerate(captions) if "2 cars" in caption)
    assert corpus.with_caption("tiny-a", place, "2 cars", "3 cars")


def ship(x: float, y: float, width: float, height: float, angle: float, difficult: int = 0) -> str:
    box = f"<box_xmin>{x - 1:.0f}</box_xmin><mbox_cx>{x}</mbox_cx><mbox_cy>{y}</mbox_cy><mbox_w>{width}</mbox_w><mbox_h>{height}</mbox_h>"
    kind = f"<Class_ID>100000008</Class_ID><difficult>{difficult}</difficult>"
    return f"<HRSC_Object>{kind}{box}<mbox_ang>{angle}</mbox_ang></HRSC_Object>"


def harbour(path: Path, *objects: str, resolution: str = "1.07") -> Path:
    head = f"<Img_FileName>100000001</Img_FileName><Img_FileFmt>bmp</Img_FileFmt><Img_Resolution>{resolution}</Img_Resolution>"
    return text(path, f"<HRSC_Image>{head}<HRSC_Objects>{''.join(objects)}</HRSC_Objects></HRSC_Image>")


def test_hrsc_turned_boxes_by_hand(tmp_path: Path) -> None:
    """A quarter turn makes a box of 20 x 4 pixels one of 4 x 20."""
    (content,) = hrsc.read(harbour(tmp_path / "a.xml", ship(30, 40, 20, 4, math.pi / 2), ship(9, 9, 0, 4, 0), ship(9, 9, 4, 4, 0, 1)))
    turned, flat, hard = content.objects
    xs, ys = zip(*turned.corners, strict=True)
    assert (min(xs), max(xs), min(ys), max(ys)) == pytest.approx((28, 32, 30, 50))
    assert (turned.label, content.picture, content.gsd) == ("ship", "100000001", 1.07)
    assert flat.fault.reason == "box has no area"
    assert (turned.difficult, hard.difficult) == (False, True)


@pytest.mark.parametrize("resolution", ["", "-1", "nan", "coarse", "1e9"])
def test_hrsc_a_resolution_that_cannot_be_is_unknown(tmp_path: Path, resolution: str) -> None:
    assert hrsc.read(harbour(tmp_path / "a.xml", resolution=resolution))[0].gsd is None


def test_hrsc_refuses_other_documents_and_names_what_is_no_number(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="instead of <HRSC_Image>"):
        hrsc.read(text(tmp_path / "a.xml", "<annotation/>"))
    broken = "<HRSC_Object><mbox_cx>far</mbox_cx></HRSC_Object>"
    assert hrsc.read(harbour(tmp_path / "b.xml", broken))[0].objects[0].fault.detail == "mbox_cx is 'far', not a number"


def test_hrsc_captions(tmp_path: Path) -> None:
    harbour(tmp_path / "made/files/Annotations/a.xml", ship(20, 20, 20, 6, 0.3), ship(40, 45, 20, 6, -0.3))
    image(tmp_path / "made/files/AllImages/a.png", 64, 64)
    rule = {"format": "hrsc", "annotations": "Annotations/*.xml", "pictures": "AllImages/{stem}.png"}
    corpus = Corpus(tmp_path, {**BOXES, **rule})
    assert [entry["label"] for entry in corpus.records[0]["objects"]] == ["ship", "ship"]
    assert corpus.records[0]["gsd"] == 1.07
    assert corpus.false() == []


TRACKS = """\
0 10 20 40 25 0 0 0 0 "Biker"
0 11 20 41 25 1 0 0 1 "Biker"
0 12 20 42 25 30 0 0 1 "Biker"
7 1 1 9 9 30 1 0 1 "Car"
3 5 5 1 9 60 0 0 0 "Cart"
"""


def test_tracks_one_frame_a_second_without_lost_objects(tmp_path: Path) -> None:
    first, second, third = drone_tracks.read(text(tmp_path / "coupa/video0/annotations.txt", TRACKS))
    assert [content.picture for content in (first, second, third)] == [f"coupa_video0_0000{n}.jpg" for n in ("00", "30", "60")]
    (biker,) = second.objects
    assert (biker.label, *biker.corners[0], *biker.corners[2]) == ("Biker", 12, 20, 42, 25)
    assert (third.objects[0].where, third.objects[0].fault.reason) == ("line 5", "box is inside out")


@pytest.mark.parametrize("line", ["0 1 2 3 4", '0 1 2 3 4 x 0 0 0 "Car"', '0 1 2 3 4 -30 0 0 0 "Car"', '0 1 2 3 4 5 0 0 0 "Car', "1 " * 11])
def test_tracks_of_another_layout_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(DataError, match=r"annotations\.txt, line 1: "):
        drone_tracks.read(text(tmp_path / "a/b/annotations.txt", line))


def test_tracks_captions_name_their_frame(tmp_path: Path) -> None:
    for video, lines in (("video0", TRACKS), ("video1", '1 2 2 20 20 0 0 0 0 "Cart"\n1 30 30 50 50 0 0 0 0 "Cart"\n')):
        text(tmp_path / f"made/files/annotations/coupa/{video}/annotations.txt", lines)
    for name in ("video0_000000", "video0_000030", "video0_000060", "video1_000000"):
        image(tmp_path / f"made/files/frames/coupa_{name}.jpg", 64, 64)
    rule = {"format": "tracks", "annotations": "annotations/*/*/annotations.txt", "pictures": "frames/{name}", "scene": r"^(.*)_\d+$"}
    corpus = Corpus(tmp_path, {**BOXES, **rule})
    assert {record["id"]: record["scene"] for record in corpus.records} == {
        "tiny-coupa_video0_000000": "tiny-coupa_video0",
        "tiny-coupa_video0_000030": "tiny-coupa_video0",
        "tiny-coupa_video1_000000": "tiny-coupa_video1",
    }
    assert corpus.false() == []


ISPRS = ("#ff0000", "#ffffff", "#0000ff", "#00ffff", "#00ff00", "#ffff00")
MASKS = {
    "kind": "masks", "source": "made", "prefix": "tiny", "annotations": "labels/*", "suffix": "_label",
    "pictures": "pictures/{stem}_RGB.png", "shares": {"validation": 0.0}, "colours": list(ISPRS),
    "classes": {"2": "building", "4": "tree"}, "m2b": {"minimum_area": 4, "nested": True},
}  # fmt: skip


def painted() -> np.ndarray:
    """64 x 64 pixels of streets with two buildings, a tree, and a colour that no class has."""
    pixels = np.full((64, 64, 3), 255, np.uint8)
    pixels[4:14, 4:14] = pixels[40:50, 40:60] = (0, 0, 255)
    pixels[20:30, 20:30] = (0, 255, 0)
    pixels[60:, 60:] = (0, 0, 254)
    return pixels


def as_tiff(path: Path, bands: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path, "w", driver="GTiff", width=64, height=64, count=len(bands), dtype="uint8") as file:
        file.write(bands)
    return path


def as_png(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_colours_become_values(tmp_path: Path, ending: str) -> None:
    pixels = painted()
    path = as_png(tmp_path / "a.png", pixels) if ending == "png" else as_tiff(tmp_path / "a.tif", np.moveaxis(pixels, -1, 0))
    mask = load_mask(path, ISPRS)
    assert np.bincount(mask.ravel(), minlength=7).tolist() == [0, 64 * 64 - 300 - 100 - 16, 300, 0, 100, 0, 16]


def test_a_raster_of_one_band_has_no_colours(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="mask has no colours: 1 bands"):
        load_mask(as_tiff(tmp_path / "a.tif", np.zeros((1, 64, 64), np.uint8)), ISPRS)


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_captions_from_masks_in_colour(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "made/files"
    if ending == "png":
        as_png(folder / "labels/a_label.png", painted())
    else:
        as_tiff(folder / "labels/a_label.tif", np.moveaxis(painted(), -1, 0))
    image(folder / "pictures/a_RGB.png", 64, 64)
    corpus = Corpus(tmp_path, MASKS)
    assert sorted(entry["label"] for entry in corpus.records[0]["objects"]) == ["building", "building", "tree"]
    assert corpus.false() == []
    captions = corpus.records[0]["captions"]
    place = next(number for number, caption in enumerate(captions) if "2 buildings" in caption)
    assert corpus.with_caption(corpus.records[0]["id"], place, "2 buildings", "4 buildings")


@pytest.mark.parametrize("colour", ["0000ff", "#00f", "#0000FF", "blue"])
def test_colours_are_written_one_way(tmp_path: Path, colour: str) -> None:
    (tmp_path / "made/files").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="colours"):
        Corpus(tmp_path, {**MASKS, "colours": [colour]})
