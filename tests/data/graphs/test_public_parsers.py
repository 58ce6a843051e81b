"""The builder's answers read by parsers that follow the public scorers' rules: every box, relation and count comes back.

Rules (om-ai-lab/ImageRAG, `codebase/inference/FIT_Eval`): of detection the class stands between the number and `in the image`,
its s dropped; a box is what stands in braces, five numbers in angle brackets, those with a side below 2 are dropped; of relation
detection every pair of angle brackets is a relation; of relation reasoning `subject: ...,`, `object: ...,` and what the tags
`<rel>` hold. Graphs of regions and images are read by the form that the project's sheet of SkySenseGPT has: triples
`1 car<rbox>...</rbox> <rel>...</rel> 1 ...`, then what is isolated in detection's form.
"""

import json
import re

import numpy as np
import pytest

from tests.data.tinyraw import Made, make, png, write_source

BUILDER = {
    "kind": "scene-graphs", "source": "star", "prefix": "star", "annotations": "*.json", "pictures": "{name}",
    "shares": {"test": 0.0, "validation": 0.0},
    "rules": {"mixed_share": 0.0, "detections": 48, "pairs": 20, "reasonings": 20, "regions": 20},
}  # fmt: skip

Box = tuple[float, ...]
# Class, left, upper, across, down: pixels of 512.
THINGS = [
    ("tank", 64, 64, 32, 48),
    ("tank", 160, 64, 48, 32),
    ("car_parking", 288, 288, 128, 96),
    ("car", 320, 320, 32, 16),
    ("gas_station", 16, 400, 32, 64),
    ("gas_station", 96, 400, 64, 32),
]
TOLD = [
    (0, "within danger distance of", 1),
    (1, "within danger distance of", 0),
    (0, "co-storage with", 1),
    (3, "parallelly parked on", 2),
]
ALONE = [4, 5]


def box(index: int) -> Box:
    """Percent of 512 by the rules: centre, the side that goes down (upright is 90 degrees), the one across."""
    _, x, y, across, down = THINGS[index]
    return (*(round(value / 5.12, 2) for value in (x + across / 2, y + down / 2, down, across)), 90.0)


def boxes_in(text: str) -> list[Box]:
    found = [tuple(float(number) for number in re.findall(r"<(.*?)>", item)) for item in re.findall(r"\{(.+?)\}", text)]
    assert all(len(each) == 5 for each in found)
    return [each for each in found if min(each[2:4]) >= 2]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Made:
    raw = tmp_path_factory.mktemp("star")
    objects = [{"category": name, "polygon": [x, y, x + a, y, x + a, y + d, x, y + d]} for name, x, y, a, d in THINGS]
    graphs = [{"filename": "0000.png", "width": 512, "height": 512, "objects": objects, "relations": TOLD}]
    write_source(raw, "star", {"graphs.json": json.dumps(graphs).encode(), "0000.png": png(np.zeros((512, 512)))})
    return make(raw, BUILDER)


def asked(corpus: Made, task: str) -> list[tuple[str, str]]:
    found = [(talk["turns"][0]["text"], talk["turns"][1]["text"]) for talk in corpus.talks if talk["task"] == task]
    assert found
    return found


@pytest.mark.system("fit-rs", 2)
def test_every_class_count_and_box_of_detection_comes_back(corpus: Made) -> None:
    found = {}
    for _, reply in asked(corpus, "detection"):
        match = re.search(r"There (?:is|are) (\d+) (.+?)s? in the image", reply)
        if match:
            found[match[2].rstrip("s")] = boxes_in(reply)
            assert int(match[1]) == len(found[match[2].rstrip("s")])
    names = {name for name, *_ in THINGS}
    assert found == {name: [box(index) for index, thing in enumerate(THINGS) if thing[0] == name] for name in names}


@pytest.mark.system("fit-rs", 2)
def test_every_relation_between_two_objects_comes_back(corpus: Made) -> None:
    found = set()
    for question, reply in asked(corpus, "relation"):
        first, second = (box_of(each) for each in boxes_in(question))
        words = re.findall(r"<(.*?)>", reply)
        assert int(re.findall(r"\d+", reply)[0]) == len(words)
        found |= {(first, word, second) for word in words}
    assert found == set(TOLD)


def box_of(found: Box) -> int:
    return [box(index) for index in range(len(THINGS))].index(found)


@pytest.mark.system("fit-rs", 2)
def test_every_subject_object_and_relation_of_reasoning_comes_back(corpus: Made) -> None:
    reasoned, others = set(), set()
    for question, reply in asked(corpus, "reasoning"):
        if "<rel>" in question:
            (word,) = re.findall(r"<rel>(.*?)</rel>", question)
            (first,) = boxes_in(question)
            others |= {(box_of(first), word, box_of(each)) for each in boxes_in(reply)}
            continue
        first, second = (box_of(each) for each in boxes_in(question))
        assert re.findall(r"subject: (.+?),", reply) == [THINGS[first][0]]
        assert re.findall(r"object: (.+?),", reply) == [THINGS[second][0]]
        (word,) = re.findall(r"<rel>(.*?)</rel>", reply)
        reasoned.add((first, word, second))
    # Two relations hold from the first tank to the second, so nobody is asked for the one.
    assert reasoned == {TOLD[1], TOLD[3]}
    assert others == set(TOLD)


ONE = re.compile(r"1 (\w+)<rbox>\((.*?)\)</rbox> <rel>(.*?)</rel> 1 (\w+)<rbox>\((.*?)\)</rbox>")


def triples_in(text: str) -> set[tuple[int, str, int]]:
    found = set()
    for name, first, word, other, second in ONE.findall(text):
        subject, target = box_of(boxes_in(first)[0]), box_of(boxes_in(second)[0])
        assert (THINGS[subject][0], THINGS[target][0]) == (name, other)
        found.add((subject, word, target))
    return found


@pytest.mark.system("fit-rs", 2)
def test_every_triple_of_a_graph_and_what_is_isolated_comes_back(corpus: Made) -> None:
    regions = 0
    for question, reply in asked(corpus, "scene_graph"):
        places = boxes_in(question)
        if places:
            place, regions = box_of(places[0]), regions + 1
            assert (
                re.search(r"(small|medium|large|giant) (\w+), .* on the .* part of the image", reply.split(".")[0])[2] == THINGS[place][0]
            )
            assert triples_in(reply) == {each for each in TOLD if place in (each[0], each[2])}
            continue
        assert triples_in(reply) == set(TOLD)
        (alone,) = re.findall(r"There are 2 isolated gas_stations in the image: (.*)", reply)
        assert [box_of(each) for each in boxes_in(alone)] == ALONE
    assert regions


def test_no_statement_is_false(corpus: Made) -> None:
    assert corpus.false() == []
