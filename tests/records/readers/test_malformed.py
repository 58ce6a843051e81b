"""Every reader ends in a `DataError` for the file or a fault for the record, whatever the file holds."""

import copy
import dataclasses
import json
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rsvlm.errors import DataError
from rsvlm.records.readers import captions, coco, fmow, grounding, qfabric, rsvqa, star, temporal_examples, voc, xbd
from rsvlm.records.unfit import Unfit

BOX = [1, 1, 9, 1, 9, 9, 1, 9]
RING = [[0, 0], [4, 0], [4, 3], [0, 0]]
ENTRIES = {"images": [{"id": 1}], "answers": [{"id": 5, "answer": "yes"}]}
SAMPLES = {
    "coco": {
        "images": [{"id": 1, "file_name": "a.png", "width": 9, "height": 9}],
        "annotations": [{"image_id": 1, "category_id": 2, "bbox": [0, 0, 3, 3], "iscrowd": 0}],
        "categories": [{"id": 2, "name": "ship"}],
    },
    "captions": {"images": [{"filename": "a.tif", "split": "train", "sentences": [{"raw": "A ship ."}]}]},
    "nwpu": {"port": [{"filename": "a.jpg", "split": "val", "raw": "A port ."}]},
    "rsvqa": {"questions": [{"id": 3, "img_id": 1, "type": "presence", "question": "Is it?", "answers_ids": [5], "active": True}]},
    "xbd": {
        "features": {"xy": [{"properties": {"uid": "u", "subtype": "destroyed"}, "wkt": "POLYGON ((0 0, 4 0, 4 3, 0 0))"}]},
        "metadata": {"img_name": "a.png", "width": 9, "height": 9, "disaster": "d", "gsd": 1.5, "capture_date": "2018-03-28"},
    },
    "qfabric": {
        "features": [
            {
                "properties": {"change_type": "Road", "urban_type": "Rural", "date1": "01-02-2018", "change_status_date1": "Greenland"},
                "geometry": {"type": "Polygon", "coordinates": [RING]},
            }
        ]
    },
    "fmow": {
        "gsd": 2.1,
        "img_width": 9,
        "img_height": 9,
        "timestamp": "2016-09-26T14:05:02Z",
        "cloud_cover": 3,
        "utm": "21J",
        "bounding_boxes": [{"category": "airport", "box": [0, 0, 3, 3]}],
    },
    "star": [
        {
            "filename": "a.png",
            "width": 9,
            "height": 9,
            "objects": [{"category": "car", "polygon": BOX}, {"category": "truck", "polygon": BOX}],
            "relations": [[0, "over", 1]],
        }
    ],
    "temporal": [{"images": ["fMoW_1.png", "fMoW_2.png"], "prompt": "Which?", "answer": "dam"}],
}
TEXTS = {
    "rsivqa": "1.tif:is it a port?yes\n2.tif: how many?two\n",
    "voc": "<annotation><filename>a.jpg</filename><object><name>dam</name><robndbox><cx>5</cx><cy>4</cy><w>2</w><h>1</h>"
    "<angle>0.5</angle></robndbox></object></annotation>",
    "grounding": "<annotation><filename>a.jpg</filename><object><name>dam</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax>"
    "<ymax>4</ymax></bndbox><description>the dam</description></object></annotation>",
}


def read_rsvqa(path):
    beside = {}
    for name, records in ENTRIES.items():
        beside[name] = path.with_name(f"{name}.json")
        beside[name].write_text(json.dumps({name: records}))
    return rsvqa.read(beside["images"], path, beside["answers"])


READERS = {
    "coco": coco.read,
    "captions": captions.read,
    "nwpu": captions.read_nwpu,
    "rsvqa": read_rsvqa,
    "xbd": xbd.read,
    "qfabric": qfabric.read,
    "fmow": fmow.read,
    "star": star.read,
    "temporal": temporal_examples.read,
    "rsivqa": rsvqa.read_text,
    "voc": voc.read,
    "grounding": grounding.read,
}
# Every field that a reader needs, by what it must be; `?` may be null or blank.
FIELDS = {
    "coco": {
        "images.0.id": "whole",
        "images.0.file_name": "text",
        "images.0.width": "whole?",
        "annotations.0.image_id": "whole",
        "annotations.0.category_id": "whole",
        "annotations.0.bbox": "list",
        "annotations.0.bbox.2": "number",
        "annotations.0.iscrowd": "whole?",
        "categories.0.id": "whole",
        "categories.0.name": "text",
        "categories": "list",
    },
    "captions": {"images.0.filename": "text", "images.0.split": "text", "images.0.sentences": "list", "images": "list"},
    "nwpu": {"port.0.filename": "text", "port.0.split": "text", "port.0.raw": "text", "port.0": "object"},
    "rsvqa": {
        "questions.0.id": "whole",
        "questions.0.img_id": "whole",
        "questions.0.question": "text",
        "questions.0.type": "text",
        "questions.0.answers_ids": "list",
        "questions.0.answers_ids.0": "whole",
        "questions": "list",
    },
    "xbd": {
        "features": "object",
        "features.xy": "list",
        "features.xy.0.properties": "object",
        "features.xy.0.properties.uid": "text",
        "features.xy.0.properties.subtype": "text?",
        "features.xy.0.wkt": "text",
        "metadata.img_name": "text",
        "metadata.width": "whole",
        "metadata.gsd": "number?",
        "metadata.capture_date": "text?",
    },
    "qfabric": {
        "features.0.properties": "object",
        "features.0.properties.change_type": "text",
        "features.0.properties.date1": "text",
        "features.0.geometry": "object",
        "features.0.geometry.coordinates": "list",
        "features.0.geometry.coordinates.0.1": "list",
        "features.0.geometry.coordinates.0.1.0": "number",
    },
    "fmow": {
        "gsd": "number?",
        "img_width": "whole",
        "timestamp": "text",
        "cloud_cover": "number?",
        "utm": "text?",
        "bounding_boxes.0": "object",
        "bounding_boxes.0.category": "text",
        "bounding_boxes.0.box": "list",
        "bounding_boxes.0.box.3": "number",
    },
    "star": {
        "0.filename": "text",
        "0.width": "whole",
        "0.objects": "list",
        "0.objects.0.category": "text",
        "0.objects.0.polygon": "list",
        "0.objects.0.polygon.4": "number",
        "0.relations": "list",
        "0.relations.0.0": "whole",
        "0.relations.0.1": "text",
        "0": "object",
    },
    "temporal": {"0.images": "list", "0.images.1": "text", "0.prompt": "text", "0.answer": "text?"},
}
DEEP: list = []
for _ in range(40):
    DEEP = [DEEP]
HOSTILE = {
    "null": (None, "object list text whole number"),
    "true": (True, "object list text number"),
    "a number": (1.5, "object list text whole whole?"),
    "text": ("x", "object list number number? whole whole?"),
    "no text": (" \t ", "text"),
    "NUL": ("a\0b", "text text?"),
    "half a pair": ("\ud800", "text text?"),
    "a list": ([{}], "object text text? whole whole? number number?"),
    "an object": ({"a": 1}, "list text text? whole whole? number number?"),
    "NaN": (math.nan, "object list text text? whole whole? number number?"),
    "infinity": (-math.inf, "object list text text? whole whole? number number?"),
    "a huge number": (10**5000, "object list text text? whole whole? number number?"),
    "depth": (DEEP, "object list text text? whole whole? number number?"),
}


def put(path, value):
    with path.open("w") as stream:
        if hasattr(value, "startswith"):
            stream.write(value)
        else:
            stream.write(dumped(value))
    return path


def dumped(value):
    """JSON as Python writes it, with numbers of more digits than Python turns into text."""
    if isinstance(value, int) and value > 10**30:
        return "1" + "0" * 5000
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {dumped(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumped, value)) + "]"
    return json.dumps(value)


def changed(document, path, value):
    found = copy.deepcopy(document)
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    place = found
    for part in parents:
        place = place[part]
    place[last] = value
    return found


def faults(value) -> Iterator[Exception]:
    """Every fault in what a reader returned, however deep."""
    if isinstance(value, Unfit | DataError):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from faults(getattr(value, field.name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from faults(inner)


def outcome(name, path):
    """The faults of reading a file, whole; a reader that raises anything else fails the test."""
    try:
        found = READERS[name](path)
        return list(faults(list(found) if isinstance(found, Iterator) else found))
    except DataError as error:
        return [error]


CASES = [
    (name, path, label)
    for name, wanted in FIELDS.items()
    for path, kind in wanted.items()
    for label, (_, kinds) in HOSTILE.items()
    if kind in kinds.split()
]


def test_there_are_many_cases():
    assert len(CASES) > 400
    assert set(READERS) == set(SAMPLES) | set(TEXTS)


@pytest.mark.parametrize("name", sorted(READERS))
def test_the_samples_have_no_fault(tmp_path, name):
    assert outcome(name, put(tmp_path / "a", SAMPLES.get(name) or TEXTS[name])) == []


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_field_of_another_kind_is_told_in_a_bounded_line(tmp_path, name):
    for _, path, label in (case for case in CASES if case[0] == name):
        found = outcome(name, put(tmp_path / "a", changed(SAMPLES[name], path, HOSTILE[label][0])))
        assert found, f"{name}: {path} = {label} passed"
        assert all(len(str(fault)) < 500 for fault in found)


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_field_that_is_missing_is_told(tmp_path, name):
    for path, kind in FIELDS[name].items():
        *_, last = path.split(".")
        if last.isdecimal() or kind.endswith("?"):
            continue
        document = changed(SAMPLES[name], path, None)
        text = json.dumps(document).replace(f'"{last}": null', '"other": null', 1)
        assert outcome(name, put(tmp_path / "a", text)), f"{name}: without {path} passed"


BROKEN = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "no end": lambda data: data[:-2],
    "NUL": lambda data: data[:20] + b"\0" + data[20:],
    "not UTF-8": lambda data: data[:20] + b"\xff\xfe" + data[20:],
    "twice": lambda data: data + data,
    "depth of lists": lambda data: b"[" * 200_000,
    "depth of objects": lambda data: b'{"images":' * 100_000,
    "Latin-1": lambda data: data[:20] + "é".encode("latin-1") + data[20:],
    "a picture": lambda data: b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
}


@pytest.mark.parametrize("name", sorted({*READERS} - {"rsivqa"}))
def test_a_broken_file_is_named(tmp_path, name):
    data = (dumped(SAMPLES[name]) if name in SAMPLES else TEXTS[name]).encode()
    for label, broken in BROKEN.items():
        path = tmp_path / "a"
        path.write_bytes(broken(data))
        found = outcome(name, path)
        assert [type(fault) for fault in found[-1:]] == [DataError], f"{name}: {label}"
        assert str(found[-1]).startswith(str(path))
    assert "no such file" in str(outcome(name, tmp_path / "none")[0])
    assert "cannot be read" in str(outcome(name, tmp_path)[0])


@pytest.mark.parametrize("name", sorted(READERS))
def test_random_damage_never_ends_in_another_error(tmp_path, name):
    data = (dumped(SAMPLES[name]) if name in SAMPLES else TEXTS[name]).encode()
    generator = np.random.default_rng(7)
    told = 0
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(int(generator.integers(1, 4))):
            at, kind = int(generator.integers(len(damaged))), int(generator.integers(4))
            if kind == 0:
                damaged[at] = int(generator.integers(256))
            elif kind == 1:
                del damaged[at : at + int(generator.integers(1, 20))]
            elif kind == 2:
                damaged[at:at] = [b"null", b"[]", b"{", b'"', b"-1e999", b"<x>", b"&a;", b"\n", b"\xe2\x80\xae"][int(generator.integers(9))]
            else:
                start = int(generator.integers(len(damaged)))
                damaged[at:at] = damaged[start : start + 12]
            damaged = damaged or bytearray(b" ")
        path = tmp_path / "a"
        path.write_bytes(bytes(damaged))
        told += bool(outcome(name, path))
    assert told > 40  # the others hit a text or a field that is not needed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("name", sorted(FIELDS))
@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_json_in_any_place_is_read_or_told(tmp_path, name, data):
    path = data.draw(st.sampled_from(sorted(FIELDS[name])))
    value = data.draw(JSON)
    outcome(name, put(tmp_path / "a", json.dumps(changed(SAMPLES[name], path, value))))
    outcome(name, put(tmp_path / "a", json.dumps(value)))
