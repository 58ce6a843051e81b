import json
import math

import pytest

from rsvlm.errors import DataError
from rsvlm.records.readers import coco
from rsvlm.records.unfit import Unfit


def put(path, document):
    path.write_text(json.dumps(document))
    return path


def document(**changes):
    return {
        "info": {"year": 2020},
        "annotations": [
            {"id": 1, "image_id": 9, "category_id": 2, "bbox": [10, 20, 30, 5], "iscrowd": 0, "segmentation": [[10, 20, 40, 20, 40, 25]]},
            {
                "id": 2,
                "image_id": 4,
                "category_id": 1,
                "bbox": [0, 0, 4, 4],
                "iscrowd": 1,
                "segmentation": {"size": [9, 9], "counts": [81]},
            },
            {"id": 3, "image_id": 9, "category_id": 1, "bbox": [1.5, 2, 3, 4]},
        ],
        "images": [
            {"id": 9, "file_name": "b.png", "width": 100, "height": 50},
            {"id": 4, "file_name": "a.png"},
            {"id": 11, "file_name": "empty.png"},
        ],
        "categories": [{"id": 1, "name": "ship"}, {"id": 2, "name": "harbour"}],
    } | changes


def test_pictures_come_by_id_with_their_objects_and_outlines(tmp_path):
    first, second, third = coco.read(put(tmp_path / "a.json", document()))
    assert [(picture.id, picture.annotation.picture, picture.width) for picture in (first, second, third)] == [
        (4, "a.png", None),
        (9, "b.png", 100),
        (11, "empty.png", None),
    ]
    harbour, ship = second.annotation.objects
    assert (harbour.where, harbour.label, harbour.corners) == ("annotations[0]", "harbour", ((10, 20), (40, 20), (40, 25), (10, 25)))
    assert ship.corners == ((1.5, 2), (4.5, 2), (4.5, 6), (1.5, 6))
    assert second.outlines == ((((10, 20), (40, 20), (40, 25)),), ())
    assert [raw.difficult for raw in (*first.annotation.objects, harbour)] == [True, False]
    assert (first.outlines, third.annotation.objects) == (((),), [])


@pytest.mark.parametrize(("turn", "angle"), [(1.0, math.pi / 2), (math.pi / 180, 90), (-math.pi / 180, -90)])
def test_a_box_of_five_numbers_is_turned_about_its_centre(tmp_path, turn, angle):
    annotations = [{"image_id": 4, "category_id": 1, "bbox": [50, 40, 20, 10, angle]}]
    _, picture, _ = sorted(coco.read(put(tmp_path / "a.json", document(annotations=annotations)), turn=turn), key=lambda p: p.id != 9)
    # A quarter turn clockwise: the corner up and to the left goes up and to the right, and 20 x 10 becomes 10 x 20.
    assert picture.annotation.objects[0].corners == tuple(pytest.approx(point) for point in ((55, 30), (55, 50), (45, 50), (45, 30)))


def test_faults_stay_with_their_object_or_are_told_without_a_picture(tmp_path):
    annotations = [
        {"image_id": 4, "category_id": 7, "bbox": [0, 0, 1, 1]},
        {"image_id": 4, "category_id": 1, "bbox": [0, 0, 0, 1]},
        {"image_id": 4, "category_id": 1, "bbox": [0, 0, float("nan"), 1]},
        {"image_id": 4, "category_id": 1, "bbox": [0, 0, 1]},
        {"image_id": 4, "category_id": 1, "bbox": "0 0 1 1"},
        {"image_id": 4, "category_id": 1, "bbox": [0, 0, 2, 2], "segmentation": [[1, 2, 3]]},
        {"image_id": 5, "category_id": 1, "bbox": [0, 0, 1, 1]},
        {"image_id": "4"},
        [],
    ]
    images = [{"id": 4, "file_name": "a.png"}, {"id": 5.5, "file_name": "b.png"}, {"id": 6, "file_name": ""}]
    found = list(coco.read(put(tmp_path / "a.json", document(annotations=annotations, images=images))))
    assert [str(unfit) for unfit in found if isinstance(unfit, Unfit)] == [
        "field has another type: annotations[7].image_id is str, not a whole number",
        "field has another type: annotations[8] is list, not an object",
        "field has another type: images[1].id is float, not a whole number",
        "object belongs to no picture: annotations[6]",
        "text is empty or not allowed: images[2].file_name of 0 characters",
    ]
    (picture,) = [found for found in found if not isinstance(found, Unfit)]
    assert [raw.fault and str(raw.fault).split(";")[0] for raw in picture.annotation.objects] == [
        "object has no class: annotations[0].category_id is 7",
        "box is inside out: x 0 to 0, y 0 to 1",
        "number is not finite: annotations[2].bbox[2]",
        "object has no box: annotations[3].bbox has 3 numbers",
        "field has another type: annotations[4].bbox is str, not a list",
        None,
    ]
    assert picture.outlines[5] == ()


def test_ids_that_are_not_unique_make_the_file_unusable(tmp_path):
    with pytest.raises(DataError, match=r"a.json: images\[0\] and images\[2\] have one id"):
        list(coco.read(put(tmp_path / "a.json", document(images=[{"id": 1}, {"id": 2}, {"id": 1}], annotations=[]))))
    with pytest.raises(DataError, match=r"categories\[1\] has the id 1 of another category"):
        list(coco.read(put(tmp_path / "a.json", document(categories=[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]))))
    with pytest.raises(DataError, match="holds no list 'annotations'"):
        list(coco.read(put(tmp_path / "a.json", {"images": [], "categories": []})))
    assert list(coco.read(put(tmp_path / "a.json", {"images": [], "categories": [], "annotations": []}))) == []


def test_a_large_file_gives_what_a_naive_reading_gives(tmp_path):
    annotations = [{"image_id": n * 7 % 211, "category_id": n % 3, "bbox": [n, n / 3, 5, 6], "note": "é"} for n in range(4_000)]
    images = [{"id": n * 5 % 211, "file_name": f"{n}.png"} for n in range(211)]
    categories = [{"id": n, "name": "abc"[n]} for n in range(3)]
    path = put(tmp_path / "a.json", {"annotations": annotations, "images": images, "categories": categories})
    expected = [
        (image["file_name"], [("abc"[a["category_id"]], a["bbox"][0]) for a in annotations if a["image_id"] == image["id"]])
        for image in sorted(images, key=lambda image: image["id"])
    ]
    found = [(p.annotation.picture, [(raw.label, raw.corners[0][0]) for raw in p.annotation.objects]) for p in coco.read(path)]
    assert found == expected
