"""Pictures of one place at several dates: xBD, QFabric, fMoW, change pairs and TEOChat's examples."""

import json
from collections import Counter
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsvlm.errors import DataError
from rsvlm.records.raw import RawSource
from rsvlm.records.readers import fmow, qfabric, s2looking, scenes, temporal_examples, xbd
from rsvlm.records.unfit import Unfit


def put(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def building(uid, damage=None, ring="0 0, 10 0, 10 8, 0 8, 0 0"):
    about = {"feature_type": "building", "uid": uid} | ({"subtype": damage} if damage else {})
    return {"properties": about, "wkt": f"POLYGON (({ring}))"}


def xbd_file(path, date, *buildings, **metadata):
    about = {
        "img_name": f"guatemala-volcano_00000000_{date}_disaster.png",
        "width": 1024,
        "height": 1024,
        "disaster": "guatemala-volcano",
        "disaster_type": "volcano",
        "sensor": "GEOEYE01",
        "gsd": 1.29,
        "capture_date": "2018-03-28T16:39:00.000Z",
    }
    return put(path, {"features": {"lng_lat": [], "xy": [*buildings]}, "metadata": about | metadata})


def test_buildings_before_and_after_are_joined_by_uid(tmp_path):
    before = xbd.read(xbd_file(tmp_path / "pre.json", "pre", building("a"), building("b"), building("c", ring="0 0, 1 1")))
    holes = "0 0, 10.5 0, 10 8, 0 0), (2 2, 3 3, 3 2, 2 2"
    after = xbd.read(
        xbd_file(tmp_path / "post.json", "post", building("b", "destroyed", holes), building("d", "no-damage"), building("a")),
    )
    assert (after.picture, after.date, after.gsd, after.sensor) == (
        "guatemala-volcano_00000000_post_disaster.png",
        "2018-03-28",
        1.29,
        "GEOEYE01",
    )
    found = xbd.joined(before, after)
    (pair,) = [each for each in found if not isinstance(each, Unfit)]
    assert (pair.before.uid, pair.after.damage, pair.after.outline) == ("b", "destroyed", ((0, 0), (10.5, 0), (10, 8)))
    assert pair.before.outline == ((0, 0), (10, 0), (10, 8), (0, 8))
    assert sorted(each.reason for each in found if isinstance(each, Unfit)) == [
        "building is on one date only",
        "damage is unknown",
        "outline is not a polygon",
    ]


@pytest.mark.parametrize(
    ("feature", "reason"),
    [
        (building("a", "burnt"), "damage is unknown"),
        (building("a", ring="1 nan, 2 2, 3 3"), "box coordinates are not finite"),
        (building("a", ring="1 x, 2 2, 3 3"), "outline is not a polygon"),
        (building("a", ring="1, 2, 3"), "outline is not a polygon"),
        ({"properties": {"uid": "a"}, "wkt": "POINT (1 2)"}, "outline is not a polygon"),
        ({"properties": {"uid": "a"}, "wkt": "POLYGON ((1 1, 2 2, 3 3)"}, "outline is not a polygon"),
        ({"properties": {"uid": 7}, "wkt": "POLYGON ((1 1, 2 2, 3 1))"}, "field has another type"),
        ({"wkt": "POLYGON ((1 1, 2 2, 3 1))"}, "field is missing"),
        ([], "field has another type"),
    ],
)
def test_a_building_that_cannot_be_used_keeps_its_element(tmp_path, feature, reason):
    first, second, repeated = xbd.read(xbd_file(tmp_path / "a.json", "post", feature, building("z"), building("z"))).buildings
    assert (first.where, first.fault.reason, second.fault) == ("features.xy[0]", reason, None)
    assert (repeated.where, repeated.fault.reason) == ("features.xy[2]", "building appears twice")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gsd": -1}, "ground sample distance is out of range: metadata.gsd is -1"),
        ({"gsd": float("nan")}, "number is not finite: metadata.gsd"),
        ({"width": 10**40}, "metadata.width is float, not a whole number"),
        ({"capture_date": "yesterday"}, "date cannot be read: metadata.capture_date is 'yesterday'"),
        ({"img_name": None}, "metadata.img_name is NoneType, not text"),
    ],
)
def test_xbd_metadata_that_is_wrong_names_file_and_field(tmp_path, change, words):
    with pytest.raises(DataError, match=f"a.json: .*{words}"):
        xbd.read(xbd_file(tmp_path / "a.json", "pre", **change))


def test_pictures_of_two_places_are_not_joined(tmp_path):
    one = xbd.read(xbd_file(tmp_path / "a.json", "pre"))
    with pytest.raises(DataError, match="are not one place"):
        xbd.joined(one, xbd.read(xbd_file(tmp_path / "b.json", "post", disaster="joplin-tornado")))


REGION = {
    "change_type": "Mega  Projects",
    "urban_type": "Urban Slum,Dense Urban",
    "geography_type": "N,A",
    "date0": "22-09-2016",
    "change_status_date0": "Operational",
    "date1": "09-12-2013",
    "change_status_date1": "Prior Construction",
    "date2": None,
    "change_status_date2": None,
    "date3": "22-07-2014",
    "change_status_date3": "Construction Started",
    "date4": "2015-02-01",
    "change_status_date4": "",
}
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 3], [0, 0]]]}


def test_the_statuses_of_a_region_are_put_in_order_of_time(tmp_path):
    features = [
        {"properties": REGION, "geometry": SQUARE},
        {
            "properties": {"change_type": "Road", "urban_types": "Rural", "date5": "01-02-2018", "change_status_date5": "Greenland"},
            "geometry": {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]},
        },
    ]
    first, second = qfabric.read(put(tmp_path / "a.json", {"type": "FeatureCollection", "features": features}))
    assert (first.change, first.urban, first.geography) == ("mega projects", ("urban slum", "dense urban"), ())
    assert first.moments == (
        ("2013-12-09", "prior construction"),
        ("2014-07-22", "construction started"),
        ("2016-09-22", "operational"),
    )
    assert first.outline == ((0, 0), (4, 0), (4, 3)) == second.outline
    assert (second.urban, second.moments) == (("rural",), (("2018-02-01", "greenland"),))


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ({"properties": REGION}, "field is missing: features[0].geometry"),
        ({"properties": REGION, "geometry": None}, "field has another type: features[0].geometry is NoneType, not an object"),
        ({"properties": REGION, "geometry": {"type": "Point", "coordinates": [0, 0]}}, "outline is not a polygon: features[0].geometry is"),
        ({"properties": REGION, "geometry": {"type": "Polygon", "coordinates": [[0, 0, 1]]}}, "outline is not a polygon: features[0].geo"),
        ({"properties": REGION, "geometry": {"type": "Polygon", "coordinates": []}}, "outline is not a polygon: features[0].geometry has"),
        ({"properties": REGION | {"date0": "31-02-2016"}, "geometry": SQUARE}, "date cannot be read: features[0].properties.date0 is '31"),
        ({"properties": REGION | {"date0": "9" * 99 + "-1-2016"}, "geometry": SQUARE}, "date cannot be read: features[0].properties.date"),
        ({"properties": {"change_type": "Road"}, "geometry": SQUARE}, "region has no dated status: features[0]"),
        ({"properties": REGION | {"change_type": 3}, "geometry": SQUARE}, "field has another type: features[0].properties.change_type"),
    ],
)
def test_a_region_that_cannot_be_used_is_told(tmp_path, feature, message):
    (found,) = qfabric.read(put(tmp_path / "a.json", {"features": [feature]}))
    assert isinstance(found, Unfit)
    assert str(found).startswith(message)


FMOW = {
    "gsd": 2.1,
    "img_width": 400,
    "img_height": 300,
    "utm": "21J",
    "country_code": "ARG",
    "cloud_cover": 4,
    "timestamp": "2016-09-26T14:05:02Z",
    "sensor_platform_name": "WORLDVIEW02",
    "bounding_boxes": [{"ID": -1, "category": "airport", "box": [10, 20, 100, 50]}],
}


def test_the_pictures_of_a_place_make_a_sequence_in_order_of_time(tmp_path):
    places = tmp_path / "airport"
    later = put(places / "airport_0" / "airport_0_0_rgb.json", FMOW)
    earlier = put(places / "airport_0" / "airport_0_1_rgb.json", FMOW | {"timestamp": "2016-09-26T09:05:02-04:00", "gsd": None})
    broken = put(places / "airport_0" / "airport_0_2_rgb.json", FMOW | {"timestamp": 5})
    other = put(
        places / "airport_1" / "airport_1_0_rgb.json", FMOW | {"bounding_boxes": FMOW["bounding_boxes"][0], "img_filename": "x.tif"}
    )
    first, second = fmow.sequences([other, later, broken, earlier])
    assert (first.place, [view.file for view in first.views]) == ("airport_0", [earlier, later])
    assert first.views[0].time == datetime(2016, 9, 26, 13, 5, 2, tzinfo=UTC)
    assert (first.views[0].annotation.gsd, first.views[1].annotation.gsd) == (None, 2.1)
    assert [str(fault).rpartition("/")[2] for fault in first.faults] == [
        "airport_0_2_rgb.json: field has another type: file.timestamp is int, not text"
    ]
    (view,) = second.views
    assert (view.annotation.picture, first.views[1].annotation.picture) == ("x.tif", "airport_0_0_rgb.jpg")
    (raw,) = view.annotation.objects
    assert (raw.label, raw.corners) == ("airport", ((10, 20), (110, 20), (110, 70), (10, 70)))
    assert (view.utm, view.country, view.cloud_cover, view.sensor) == ("21J", "ARG", 4, "WORLDVIEW02")


def test_fmow_boxes_that_are_none_are_faults_and_fields_errors(tmp_path):
    boxes = [{"category": "airport", "box": [0, 0, 1]}, {"category": "", "box": [0, 0, 1, 1]}, {"category": "a", "box": [0, 0, -1, 1]}, 5]
    view = fmow.read(put(tmp_path / "a.json", FMOW | {"bounding_boxes": boxes}))
    assert [(raw.where, raw.fault.reason) for raw in view.annotation.objects] == [
        ("bounding_boxes[0]", "object has no box"),
        ("bounding_boxes[1]", "text is empty or not allowed"),
        ("bounding_boxes[2]", "box is inside out"),
        ("bounding_boxes[3]", "field has another type"),
    ]
    for change, words in (({"cloud_cover": 101}, "cloud cover is out of range"), ({"img_width": 0}, "picture size is out of range")):
        with pytest.raises(DataError, match=f"a.json: {words}"):
            fmow.read(put(tmp_path / "a.json", FMOW | change))


@pytest.fixture
def source(tmp_path):
    """A source whose files are a folder that is linked in, or paths of empty files."""

    def make(files):
        folder = tmp_path / "source"
        folder.mkdir()
        if isinstance(files, list):
            for name in files:
                (folder / "files" / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / "files" / name).touch()
        else:
            (folder / "files").symlink_to(files)
        listed = [path.relative_to(folder / "files").as_posix() for path in (folder / "files").glob("**/*") if path.is_file()]
        rows = [{**dict.fromkeys(("gsd", "licence", "west", "south", "east", "north")), "file": name} for name in listed]
        pq.write_table(pa.Table.from_pylist(rows), folder / "index.parquet")
        return RawSource("made", folder)

    return make


def test_the_real_change_pairs_are_all_found(source, mirror):
    found = list(s2looking.pairs_in(source(mirror / "change")))
    assert [each for each in found if isinstance(each, Unfit)] == []
    assert Counter(pair.name.partition("/")[0] for pair in found) == {"levir256": 11, "levir512": 12, "dsifn256": 10, "whu512": 12}
    whu = next(pair for pair in found if pair.name == "whu512/000121_0512_0512")
    assert (whu.before, whu.after, whu.label) == tuple(
        f"whu512/{part}" for part in ("A/000121_0512_0512.jpg", "B/000121_0512_0512.jpg", "label/000121_0512_0512.png")
    )


def test_s2looking_folders_and_pictures_without_a_counterpart(source):
    raw = source(
        [
            "train/Image1/1.png",
            "train/Image2/1.png",
            "train/label/1.png",
            "train/label1/1.png",
            "train/label2/1.png",
            "val/Image1/2.png",
            "val/Image2/2.png",
            "val/Image1/3.PNG",
            "val/Image2/3.png",
            "val/label/3.png",
            "val/Image1/notes.txt",
        ]
    )
    first, second, third = s2looking.pairs_in(raw)
    assert (first.split, first.built, first.demolished) == ("train", "train/label1/1.png", "train/label2/1.png")
    assert str(second) == "picture has no counterpart: val/Image1/2.png: nothing of that stem in label"
    assert (third.name, third.split, third.before, third.built) == ("val/3", "validation", "val/Image1/3.PNG", None)


def test_a_source_without_pairs_or_classes_is_named(source):
    raw = source(["a/notes.txt"])
    with pytest.raises(DataError, match="source 'made': no folder A or Image1 with pictures"):
        list(s2looking.pairs_in(raw))
    with pytest.raises(DataError, match=r"source 'made': '\*/\*' matches no picture"):
        list(scenes.scenes_in(raw))


def test_the_real_scenes_have_their_folder_as_class(source, mirror):
    found = list(scenes.scenes_in(source(mirror / "rsscn7")))
    assert Counter(each.label for each in found) == dict.fromkeys(
        ("Field", "Forest", "Grass", "Industry", "Parking", "Resident", "RiverLake"), 40
    )
    assert [each.picture for each in found] == sorted(each.picture for each in found)


def test_a_class_folder_with_a_hostile_name_is_a_fault(source):
    good, bad = scenes.scenes_in(source(["\u202egnp/1.jpg", "a b/1.JPG", "a b/readme.md"]))
    assert bad.reason == "label holds an invisible format character"
    assert (good.label, good.picture) == ("a b", "a b/1.JPG")


def test_the_real_temporal_examples_have_their_pictures_and_data_set(mirror):
    folder = mirror / "temporal-demo"
    found = list(temporal_examples.read(folder / "examples.json"))
    assert [(len(each.pictures), each.dataset) for each in found] == [
        (1, ""),
        (1, "xBD"),
        (1, "AID"),
        (1, "RSVQA-HRBEN"),
        (4, "fMoW"),
        (2, "xBD"),
        (2, "xBD"),
        (2, "S2Looking"),
        (5, "QFabric"),
    ]
    assert found[8].question == "In which image was construction finished?"
    assert {each.answer for each in found} == {None}
    assert all((folder / picture).is_file() for each in found for picture in each.pictures)


def test_the_words_of_a_prompt_tell_resolution_and_sensor(tmp_path):
    prompt = "This is a sequence of low-resolution, optical satellite images from sentinel-2 capturing the same location: what is it?"
    records = [
        {"images": ["fMoW_1.png", "fMoW_2.png"], "prompt": prompt, "answer": "dam"},
        {"images": ["fMoW_1.png", "xBD_2.png"], "prompt": "What?"},
        {"images": [], "prompt": "What?"},
        {"images": ["a.png", 5], "prompt": "What?"},
        {"images": ["a.png"], "prompt": None},
        "x",
    ]
    first, *faults = temporal_examples.read(put(tmp_path / "a.json", records))
    assert (first.resolution, first.sensors, first.answer, first.where) == ("low", ("Sentinel-2",), "dam", "[0]")
    assert [str(fault) for fault in faults] == [
        "sequence mixes data sets: [1]: fMoW, xBD",
        "example has no sequence: [2].images has 0; 1 to 100 pictures",
        "field has another type: [3].images[1] is int, not text",
        "field has another type: [4].prompt is NoneType, not text",
        "field has another type: [5] is str, not an object",
    ]
