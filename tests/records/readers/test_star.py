import json
import re

import pytest

from rsvlm.errors import DataError
from rsvlm.records.readers import star
from rsvlm.records.readers.star_names import CATEGORIES, RELATIONS
from rsvlm.records.unfit import Unfit

BOX = [10, 10, 30, 10, 30, 20, 10, 20]


def put(path, document):
    path.write_text(json.dumps(document))
    return path


def graph(**changes):
    return {
        "filename": "0000__512__0___0.png",
        "width": 512,
        "height": 512,
        "objects": [{"category": "Airplane", "polygon": BOX}, {"category": "boarding-bridge", "polygon": BOX, "difficult": 1}],
        "relations": [[0, "parked alongside  with", 1]],
    } | changes


def test_a_scene_graph_has_objects_and_the_relations_between_them(tmp_path):
    (found,) = star.read(put(tmp_path / "a.json", [graph()]))
    plane, bridge = found.objects
    assert (plane.label, plane.corners, plane.difficult) == ("airplane", ((10, 10), (30, 10), (30, 20), (10, 20)), False)
    assert (bridge.label, bridge.difficult, bridge.where) == ("boarding_bridge", True, "[0].objects[1]")
    (relation,) = found.relations
    assert (relation.subject, relation.predicate, relation.object, relation.fault) == (0, "parked alongside with", 1, None)


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ([0, "above", 1], "relation is unknown: [0].relations[0] says 'above', none of STAR's 58"),
        ([0, "over", 2], "relation has no object: [0].relations[0]: object 2 of 2"),
        ([-1, "over", 1], "relation has no object: [0].relations[0]: object -1 of 2"),
        ([1, "over", 1], "relation has no object: [0].relations[0]: object 1 to itself"),
        ([0, "over"], "relation is not a triple: [0].relations[0]; [subject, predicate, object] is needed"),
        ([0.0, "over", 1], "field has another type: [0].relations[0].subject is float, not a whole number"),
        ({}, "relation is not a triple: [0].relations[0]; [subject, predicate, object] is needed"),
    ],
)
def test_a_relation_that_cannot_be_used_keeps_its_place(tmp_path, relation, message):
    (found,) = star.read(put(tmp_path / "a.json", [graph(relations=[relation, [1, "over", 0]])]))
    assert (str(found.relations[0].fault), found.relations[1].fault) == (message, None)


def test_objects_that_cannot_be_used_take_their_relations_with_them(tmp_path):
    objects = [{"category": "castle", "polygon": BOX}, {"category": "car", "polygon": BOX[:6]}, {"category": "car", "polygon": BOX}]
    (found,) = star.read(put(tmp_path / "a.json", [graph(objects=objects, relations=[[2, "over", 0]])]))
    assert [raw.fault and raw.fault.reason for raw in found.objects] == ["object has no class", "box has not four corners", None]
    assert str(found.relations[0].fault) == "relation has no object: [0].relations[0]: object 0 was set aside"


@pytest.mark.parametrize(
    ("difficult", "skipped"), [(0, False), (1, True), (2, True), (0.0, False), (True, True), (False, False), (None, False)]
)
def test_any_number_but_0_is_difficult(tmp_path, difficult, skipped):
    objects = [{"category": "car", "polygon": BOX, "difficult": difficult}]
    (found,) = star.read(put(tmp_path / "a.json", [graph(objects=objects, relations=[])]))
    assert (found.objects[0].difficult, found.objects[0].fault) == (skipped, None)


def test_what_cannot_be_used_keeps_its_class(tmp_path):
    faulty = [
        {"category": "Boarding bridge", "polygon": BOX[:6]},
        {"category": "ship", "polygon": BOX, "difficult": "yes"},
        {"category": "castle"},
    ]
    (found,) = star.read(put(tmp_path / "a.json", [graph(objects=faulty, relations=[])]))
    assert [(raw.label, raw.fault is None) for raw in found.objects] == [("boarding_bridge", False), ("ship", False), ("", False)]


def test_a_picture_without_a_graph_is_told(tmp_path):
    found = list(star.read(put(tmp_path / "a.json", [graph(width=-5), graph(objects={}), 7, graph()])))
    assert [str(each) for each in found if isinstance(each, Unfit)] == [
        "picture size is out of range: [0].width is -5; 1 to 999,999 pixels",
        "field has another type: [1].objects is dict, not a list",
        "field has another type: [2] is int, not an object",
    ]
    with pytest.raises(DataError, match=r"a.json, line 1: not JSON .\[ expected, found {"):
        list(star.read(put(tmp_path / "a.json", {})))


def test_the_vocabularies_have_the_published_sizes():
    assert (len(set(CATEGORIES)), len(CATEGORIES), len(set(RELATIONS)), len(RELATIONS)) == (48, 48, 58, 58)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in CATEGORIES)
    assert all(re.fullmatch(r"[a-z-]+( [a-z-]+)*", name) for name in RELATIONS)
