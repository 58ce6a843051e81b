import json

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rsvlm.errors import DataError
from rsvlm.records.pictures import load, load_mask, pixel_mapper
from rsvlm.records.readers import boxes_csv, choice, dota, footprints, hrsc, pairs, voc
from rsvlm.records.readers.annotation import Annotation, fit_objects
from rsvlm.records.readers.jsonlines import LONGEST_LINE, read_lines
from rsvlm.records.rejected import Rejected
from rsvlm.records.unfit import Unfit


def put(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_dota_lines_headers_and_faults(tmp_path):
    text = "imagesource:GoogleEarth\ngsd:0.25\r\n\n10 10 30 10 30 20 10 20 large-vehicle 1\n1 2 3 ship 0\n1 2 3 4 5 6 7 x ship 0\n"
    (annotation,) = dota.read(put(tmp_path / "a.txt", "\ufeff" + text))
    assert annotation.gsd == 0.25
    first, second, third = annotation.objects
    assert (first.label, first.difficult, first.corners) == ("large-vehicle", True, ((10, 10), (30, 10), (30, 20), (10, 20)))
    assert (second.where, str(second.fault)) == ("line 5", "line is not an object: 5 columns; x1 y1 ... x4 y4 class [difficult]")
    assert "column 8 is 'x', not a number" in str(third.fault)
    assert dota.read(put(tmp_path / "b.txt", "gsd:null\n"))[0].gsd is None


def test_objects_are_fitted_or_set_aside_with_their_line(tmp_path):
    text = "10 10 30 10 30 20 10 20 plane 0\nnan 10 30 10 30 20 10 20 plane 0\n200 10 230 10 230 20 200 20 plane 0\n"
    (annotation,) = dota.read(put(tmp_path / "a.txt", text))
    rejected = Rejected()
    kept = fit_objects(annotation, {"plane": "aircraft"}, 100, 100, id="a.png", source="s", rejected=rejected)
    assert [labelled.label for labelled in kept] == ["aircraft"]
    assert [(entry.kind, entry.reason, entry.detail[:6]) for entry in rejected.entries()] == [
        ("object", "box coordinates are not finite", "line 2"),
        ("object", "box outside the image", "line 3"),
    ]


VOC = """<annotation><filename>a.png</filename>
<object><name>Tree</name><difficult>1</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>12</ymax></bndbox></object>
<object><name>Tree</name><bndbox><xmin>9</xmin><ymin>2</ymin><xmax>1</xmax><ymax>12</ymax></bndbox></object>
<object><name>Tree</name></object>
</annotation>"""


@pytest.mark.parametrize(
    ("text", "difficult"),
    [("0", False), ("1", True), (" 2 ", True), ("true", True), ("false", False), ("", False), ("Unspecified", False)],
)
def test_voc_and_hrsc_objects_are_difficult_by_any_number_but_0(tmp_path, text, difficult):
    marked = f"<difficult>{text}</difficult>"
    (annotation,) = voc.read(put(tmp_path / "a.xml", VOC.replace("<difficult>1</difficult>", marked)))
    assert annotation.objects[0].difficult is difficult
    ship = "<mbox_cx>50</mbox_cx><mbox_cy>50</mbox_cy><mbox_w>20</mbox_w><mbox_h>5</mbox_h><mbox_ang>0.1</mbox_ang>"
    document = f"<HRSC_Image><HRSC_Objects><HRSC_Object>{marked}{ship}</HRSC_Object></HRSC_Objects></HRSC_Image>"
    (annotation,) = hrsc.read(put(tmp_path / "b.xml", document))
    assert (annotation.objects[0].difficult, annotation.objects[0].fault) == (difficult, None)


def test_faulty_objects_keep_their_class(tmp_path):
    (annotation,) = voc.read(put(tmp_path / "a.xml", VOC))
    assert [raw.label for raw in annotation.objects if raw.fault] == ["Tree", "Tree"]
    (annotation,) = dota.read(put(tmp_path / "a.txt", "1 1 9 1 9 x 1 9 ship 0\n1 1 9 1 9 9 1 9 plane 0 7\n1 2 3\n"))
    assert [(raw.label, raw.fault is None) for raw in annotation.objects] == [("ship", False), ("plane", False), ("", False)]


def test_voc_boxes_and_faults_have_lines(tmp_path):
    (annotation,) = voc.read(put(tmp_path / "a.xml", VOC))
    assert annotation.picture == "a.png"
    first, second, third = annotation.objects
    assert (first.label, first.difficult, first.corners) == ("Tree", True, ((1, 2), (11, 2), (11, 12), (1, 12)))
    assert (second.where, second.fault.reason) == ("line 3", "box is inside out")
    assert (third.where, third.fault.reason) == ("line 4", "object has no box")


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;</filename></annotation>',
        '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]><annotation>&y;</annotation>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><annotation/>',
    ],
)
def test_xml_with_entities_is_refused_unread(tmp_path, text):
    with pytest.raises(DataError, match="line 1: document types and entities are refused"):
        voc.read(put(tmp_path / "a.xml", text))


@pytest.mark.parametrize(("text", "words"), [("<annotation>", "line 1: not valid XML"), ("", "not valid XML"), ("<a/>", "not Pascal VOC")])
def test_xml_that_is_no_voc_is_named(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        voc.read(put(tmp_path / "a.xml", text))


def test_csv_columns_are_found_by_name(tmp_path):
    text = "image_path,xmin,xmax,ymin,ymax,label\na.tif,1,11,2,12,0\nb.tif,1,11,2,12,1\na.tif,5,4,2,12,0\na.tif,x,4,2,12,0\n"
    first, second = boxes_csv.read(put(tmp_path / "a.csv", text))
    assert (first.picture, second.picture) == ("a.tif", "b.tif")
    assert first.objects[0].corners == ((1, 2), (11, 2), (11, 12), (1, 12))
    assert [(o.where, o.fault.reason) for o in first.objects[1:]] == [("line 4", "box is inside out"), ("line 5", "line is not an object")]
    with pytest.raises(DataError, match=r"a.csv, line 1: no column ymax; needed"):
        boxes_csv.read(put(tmp_path / "a.csv", "image_path,xmin,xmax,ymin,label\n"))
    with pytest.raises(DataError, match="line 2: 2 columns instead of 6"):
        boxes_csv.read(put(tmp_path / "a.csv", "image_path,xmin,ymin,xmax,ymax,label\na,1\n"))


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"\xff\xfe1 2", "line 1: not UTF-8"), (b"1 2\n3\x004", "line 2: holds NUL"), (b"1" * 200_000, "line 1: holds 200,000 bytes")],
)
def test_annotation_files_that_are_no_text_name_the_line(tmp_path, data, words):
    with pytest.raises(DataError, match=words):
        dota.read(put(tmp_path / "a.txt", data))
    with pytest.raises(DataError, match="no such file"):
        dota.read(tmp_path / "none.txt")


LINES = [
    (b'{"a": 1}\r\n', {"a": 1}),
    (b"\n", None),
    (b'{"a": "\xff"}\n', "line is not UTF-8 text"),
    (b'{"a": "x\x00"}\n', "line is not JSON"),
    (b'{"a": NaN}\n', "line is not JSON"),
    (b'{"a": -Infinity}\n', "line is not JSON"),
    (b'{"a": ' + b"9" * 5000 + b"}\n", "line is not JSON"),
    (b"[" * 100_000 + b"\n", "line is not JSON"),
    (b'{"a": ' + b"[" * 25 + b"]" * 25 + b"}\n", "line is not JSON"),
    (b"[1]\n", "line is not a JSON object"),
    (b'{"a": "\\ud800"}\n', "line is not JSON"),
    (b'{"a": "\\ud83d\\ude00"}\n', {"a": "\N{GRINNING FACE}"}),
    (b'{"a": "' + b"x" * LONGEST_LINE + b'"}\n', "line is too long"),
    (b'{"b": 2}', {"b": 2}),
]


def test_json_lines_survive_every_bad_line_and_number_them(tmp_path):
    path = put(tmp_path / "a.jsonl", b"\xef\xbb\xbf" + b"".join(line for line, _ in LINES))
    found = [(number, value.reason if isinstance(value, Unfit) else value) for number, value in read_lines(path)]
    assert found == [(number, expected) for number, (_, expected) in enumerate(LINES, start=1) if expected is not None]


def test_pairs_say_what_a_line_lacks(tmp_path):
    lines = [
        {"image": "a.jpg", "label": "Port", "split": "val", "captions": ["x"]},
        {"image": "a.jpg", "split": "dev", "captions": []},
        {"image": 3, "split": "train", "captions": []},
    ]
    path = put(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines)))
    (_, first), (_, second), (number, third) = pairs.read(path)
    assert (first.label, first.split, first.captions) == ("Port", "validation", ("x",))
    assert "split 'dev'; allowed: train" in str(second)
    assert (number, third.reason) == (3, "line is not a pair")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"split": ["train"]}, "line is not a pair"),
        ({"split": {}}, "line is not a pair"),
        ({"label": "Port\x1b[2J"}, "label holds a control character"),
        ({"label": " "}, "label is empty"),
        ({"label": "x" * 101}, "label is too long"),
        ({"label": "\u202egnp.exe"}, "label holds an invisible format character"),
    ],
)
def test_pairs_with_a_hostile_field_are_set_aside(tmp_path, change, reason):
    line = {"image": "a.jpg", "label": "Port", "split": "train", "captions": ["x"]} | change
    ((_, found),) = pairs.read(put(tmp_path / "a.jsonl", json.dumps(line)))
    assert isinstance(found, Unfit)
    assert found.reason == reason


def test_choice_records_are_questions_groundings_or_faults(tmp_path):
    records = [
        {"image_path": "a.jpg", "question": "How many?\nA.3\nB. 5", "answer": "B"},
        {"image_path": "a.jpg", "question": "Where?", "answer": [[0, 0], [0.5, 0], [0.5, 0.5], [0, 0.5]]},
        {"image_path": "a.jpg", "question": "How many?\nA.3", "answer": "C"},
        {"image_path": "a.jpg", "question": "Where?", "answer": [[0, 0]]},
        {"question": "How many?"},
    ]
    one, two, three, four, five = choice.read(put(tmp_path / "a.json", json.dumps(records)))
    assert (one.answer, one.options) == ("5", {"A": "3", "B": "5"})
    assert two.corners == ((0, 0), (0.5, 0), (0.5, 0.5), (0, 0.5))
    assert [fault.reason for fault in (three, four, five)] == [
        "answer is none of the options",
        "box has not four corners",
        "record is not a CHOICE question",
    ]
    with pytest.raises(DataError, match=r"a.json: holds dict; a list is needed"):
        choice.read(put(tmp_path / "a.json", "{}"))


def raster(path, crs="EPSG:32616", dtype="uint16"):
    values = np.arange(100 * 80, dtype=np.uint32).reshape(80, 100) % 5000
    profile = {
        "driver": "GTiff",
        "width": 100,
        "height": 80,
        "count": 1,
        "dtype": dtype,
        "crs": crs,
        "transform": from_origin(500_000, 4_000_000, 0.5, 0.5),
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(values.astype(dtype), 1)
    return path


def collection(*rings, crs="urn:ogc:def:crs:EPSG::32616"):
    features = [{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}} for ring in rings]
    found = {"type": "FeatureCollection", "features": features}
    return {**found, "crs": {"type": "name", "properties": {"name": crs}}} if crs else found


def test_footprints_lie_where_the_raster_says(tmp_path):
    mapper = pixel_mapper(raster(tmp_path / "a.tif"))
    ring = [[500_005, 3_999_990], [500_010, 3_999_990], [500_010, 3_999_980], [500_005, 3_999_980], [500_005, 3_999_990]]
    path = put(tmp_path / "a.geojson", json.dumps(collection(ring)))
    annotation = footprints.read(path, "building", mapper)
    # 5 m east of the origin at 0.5 m a pixel is column 10; 10 m south of it is row 20.
    assert annotation.objects[0].corners == ((10, 20), (20, 20), (20, 40), (10, 40))


def test_footprints_in_degrees_are_projected_onto_the_raster(tmp_path):
    mapper = pixel_mapper(raster(tmp_path / "a.tif"))
    # 500,000 m east is the central meridian of zone 16, 87 degrees west; one pixel there is about 5.5e-6 degrees.
    x, y = mapper("EPSG:4326", [(-87.0, 36.14371)])[0]
    assert abs(x) < 1e-3
    xs = [mapper("EPSG:4326", [(-87.0 + step * 1e-5, 36.14371)])[0][0] for step in range(3)]
    assert xs[0] < xs[1] < xs[2]
    assert np.isfinite(y)


def test_footprints_that_are_none_are_faults_or_errors(tmp_path):
    mapper = pixel_mapper(raster(tmp_path / "a.tif"))
    document = collection([[0, 0], [1, 1], [0, 1]], [[1, 2]])
    document["features"] += [{"geometry": None}, {"geometry": {"type": "Point", "coordinates": [0, 0]}}, 7]
    annotation = footprints.read(put(tmp_path / "a.geojson", json.dumps(document)), "building", mapper)
    assert [o.fault and o.fault.reason for o in annotation.objects] == [None, "box is inside out", *["footprint is not a polygon"] * 3]
    for text, words in (("[]", "not a GeoJSON"), ("{", "not JSON"), (json.dumps(collection(crs="urn:x")), "crs 'urn:x' is not understood")):
        with pytest.raises(DataError, match=words):
            footprints.read(put(tmp_path / "b.geojson", text), "building", mapper)


@pytest.mark.parametrize("crs", [[], {"properties": None}, {"properties": [1]}, {"properties": {"name": 5}}])
def test_a_crs_member_of_another_shape_is_told(tmp_path, crs):
    path = put(tmp_path / "a.geojson", json.dumps({"type": "FeatureCollection", "features": [], "crs": crs}))
    with pytest.raises(DataError, match="is not understood; use EPSG codes"):
        footprints.read(path, "building", lambda name, points: points)


@pytest.mark.parametrize("crs", ["EPSG:999999", "EPSG:4978"])
def test_footprints_of_another_world_are_set_aside(tmp_path, crs):
    site = raster(tmp_path / "a.tif", crs='LOCAL_CS["site",UNIT["metre",1]]')
    path = put(tmp_path / "a.geojson", json.dumps(collection([[0, 0], [1, 0], [1, 1]], crs=crs)))
    annotation = footprints.read(path, "building", pixel_mapper(site))
    assert [o.fault.reason for o in annotation.objects] == ["footprint has no place on the raster"]


def test_a_raster_whose_pixels_have_no_area_takes_no_footprints(tmp_path):
    path = raster(tmp_path / "a.tif")
    with rasterio.open(path, "r+") as dataset:
        dataset.transform = rasterio.Affine(1, 1, 500_000, 1, 1, 4_000_000)
    with pytest.raises(DataError, match="gives pixels no area"):
        pixel_mapper(path)


def test_a_raster_without_crs_takes_no_footprints(tmp_path):
    with pytest.raises(DataError, match="has no CRS, so nothing can be placed on it; give it one"):
        pixel_mapper(raster(tmp_path / "a.tif", crs=None))


def test_sixteen_bit_rasters_are_stretched_and_masks_keep_their_values(tmp_path):
    picture = load(raster(tmp_path / "a.tif"), (0.0, 100.0))
    grey = np.asarray(picture)
    assert (picture.mode, picture.size) == ("RGB", (100, 80))
    assert (grey.min(), grey.max()) == (0, 255)
    assert np.array_equal(grey[..., 0], np.rint((np.arange(8000).reshape(80, 100) % 5000) * (255 / 4999)).astype(np.uint8))
    mask = load_mask(raster(tmp_path / "m.tif"))
    assert mask[0, 7] == 7
    with pytest.raises(Unfit, match="picture"):
        load(put(tmp_path / "b.tif", b"<VRTDataset/>"), (2.0, 98.0))


def test_an_annotation_without_objects_is_fine():
    assert fit_objects(Annotation(""), {}, 10, 10, id="a", source="s", rejected=Rejected()) == []
