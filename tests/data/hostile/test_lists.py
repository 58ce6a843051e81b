"""Malformed entries of lists that builders and checkers each read for themselves: scene graphs, disasters, expressions, captions."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.data.hostile.bench import ALL_TRAIN, Hostile, Outcome, World, as_json, judge, outcome, picture
from tests.data.hostile.test_texts import LINES, pair

pytestmark = pytest.mark.integration

# -- scene graphs ----------------------------------------------------------------------------------------------------------

SQUARE = [100, 100, 200, 100, 200, 200, 100, 200]


def graph(name: str, *more: dict[str, Any], relations: Any = ((0, "co-storage with", 1),)) -> dict[str, Any]:
    objects = [{"category": "tank", "polygon": SQUARE}, {"category": "tank", "polygon": [corner + 150 for corner in SQUARE]}]
    return {"filename": f"{name}.png", "width": 512, "height": 512, "objects": [*objects, *more], "relations": [*map(list, relations)]}


GRAPHS = World(
    {**{f"{name}.png": picture(number, 512) for number, name in enumerate("abc")}, "graphs.json": as_json([graph(name) for name in "abc"])},
    {"kind": "scene-graphs", "annotations": "*.json", "pictures": "{name}", "shares": ALL_TRAIN, "rules": {"mixed_share": 0.0}},
)


def graphed(name: str, aside: str, *more: dict[str, Any], **changed: Any) -> Hostile:
    document = [graph("a"), graph("b"), {**graph("c"), **changed} if changed else graph("c", *more)]
    return Hostile(f"graph: {name}", {"graphs.json": as_json(document)}, aside=f"^object: {aside}$")


def triple(name: str, relation: Any, aside: str) -> Hostile:
    return graphed(name, aside, relations=[[0, "co-storage with", 1], relation])


def entry(name: str, value: Any, aside: str) -> Hostile:
    return Hostile(f"graph: {name}", {"graphs.json": as_json([*(graph(each) for each in "abc"), value])}, aside=f"^record: {aside}$")


GRAPH_CASES = [
    graphed("class that nobody knows", "object has no class", {"category": "__import__('os')", "polygon": SQUARE}),
    graphed("class that is a number", "field has another type", {"category": 7, "polygon": SQUARE}),
    # Of a class that the picture has: a faulty car would take the car out of the absent classes, and so change the draw.
    graphed("polygon of NaN", "number is not finite", {"category": "tank", "polygon": [float("nan"), *SQUARE[1:]]}),
    graphed("polygon of six numbers", "box has not four corners", {"category": "tank", "polygon": SQUARE[:6]}),
    graphed("polygon in words", "field has another type", {"category": "tank", "polygon": ["a", *SQUARE[1:]]}),
    graphed("polygon off the picture", "box outside the image", {"category": "tank", "polygon": [corner + 900 for corner in SQUARE]}),
    graphed("bow tie", "box corners are not in order", {"category": "tank", "polygon": [0, 0, 90, 90, 90, 0, 0, 90]}),
    triple("relation that nobody knows", [0, "{objects}", 1], "relation is unknown"),
    triple("relation of two", [0, 1], "relation is not a triple"),
    triple("relation to an object that is not there", [0, "co-storage with", 99], "relation has no object"),
    triple("relation to itself", [1, "co-storage with", 1], "relation has no object"),
    triple("relation counted from behind", [-1, "co-storage with", 0], "relation has no object"),
    triple("relation in words", ["tank", "co-storage with", "tank"], "field has another type"),
    entry("no name", {**graph("d"), "filename": None}, "field has another type"),
    entry("no size", {**graph("d"), "width": 0}, ".*"),
    entry("another size", {**graph("d"), "filename": "a.png", "width": 99}, "picture has another size than its annotation"),
    entry("no picture", graph("d"), "file is missing"),
    entry("a text", "graph", "field has another type"),
    Hostile("graph: not JSON", {"graphs.json": b"[{"}, error=r"graphs\.json"),
]

# -- disasters ---------------------------------------------------------------------------------------------------------------


def disaster(when: str, name: str, *more: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    house = {"properties": {"uid": "u1", "subtype": "destroyed"}, "wkt": "POLYGON ((10 10, 60 10, 60 60, 10 60, 10 10))"}
    about = {
        "img_name": f"{name}_{when}_disaster.png",
        "width": 128,
        "height": 128,
        "disaster": "flood",
        "disaster_type": "flooding",
        **metadata,
    }
    return {
        "features": {"xy": [house, *more]},
        "metadata": {"gsd": 1.5, "capture_date": f"2018-0{1 + (when == 'post')}-01T00:00:00Z", **about},
    }


def sequence(name: str, seed: int, after: Any = None) -> dict[str, bytes]:
    return {
        f"images/{name}_pre_disaster.png": picture(seed, 128),
        f"images/{name}_post_disaster.png": picture(seed + 100, 128),
        f"labels/{name}_pre_disaster.json": as_json(disaster("pre", name)),
        f"labels/{name}_post_disaster.json": after if isinstance(after, bytes) else as_json(after or disaster("post", name)),
    }


DISASTERS = World(
    {file: data for number, name in enumerate("abc") for file, data in sequence(name, number).items()},
    {
        "kind": "damage-sequences",
        "dataset": "xBD",
        "annotations": "labels/*_post_disaster.json",
        "pictures": "images/{name}",
        "shares": ALL_TRAIN,
    },
)


def struck(name: str, after: Any, aside: str, parts: int = 1) -> Hostile:
    files, whole = sequence("d", 50, after), "|^screened: sequence is not whole$" if parts > 1 else ""
    return Hostile(f"disaster: {name}", files, aside=f"^record: {aside}{whole}", parts=parts)


def changed(*path: str, to: Any) -> dict[str, Any]:
    document = copy.deepcopy(disaster("post", "d"))
    place = document
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = to
    return document


DISASTER_CASES = [
    struck("not JSON", b"{'features'", "annotation cannot be read"),
    struck("empty", b"", "annotation cannot be read"),
    struck("no features", {"metadata": disaster("post", "d")["metadata"]}, "annotation cannot be read"),
    struck("no width", changed("metadata", "width", to=None), "annotation cannot be read"),
    struck("width of NaN", changed("metadata", "width", to=float("nan")), "annotation cannot be read"),
    struck("dates the wrong way round", changed("metadata", "capture_date", to="2001-01-01T00:00:00Z"), "images are not in order of time"),
    struck("picture out of its folder", changed("metadata", "img_name", to="../../../etc/passwd"), "file name leaves its folder", parts=2),
    struck("picture that is not there", changed("metadata", "img_name", to="none.png"), "file is missing", parts=2),
    Hostile("disaster: nothing before it", {"labels/d_post_disaster.json": as_json(disaster("post", "d"))}, aside="^record: file is missing$"),  # noqa: E501
]  # fmt: skip

# -- expressions with boxes ------------------------------------------------------------------------------------------------


def expression(text: str = "the white ship", box: str = "<xmin>100</xmin><ymin>100</ymin><xmax>300</xmax><ymax>200</ymax>") -> str:
    return f"<object><name>ship</name><bndbox>{box}</bndbox><description>{text}</description></object>"


def expressions(name: str, *more: str) -> bytes:
    return f"<annotation><filename>{name}.png</filename>{expression()}{''.join(more)}</annotation>".encode()


GROUNDING = World(
    {f"{name}.png": picture(number, 400) for number, name in enumerate("abc")} | {f"{name}.xml": expressions(name) for name in "abc"},
    {"kind": "given-boxes", "style": "skyeyegpt", "layout": "xml", "files": "*.xml", "shares": ALL_TRAIN},
)


def expressed(name: str, one: str, aside: str) -> Hostile:
    return Hostile(f"expression: {name}", {"c.xml": expressions("c", one)}, aside=f"^object: {aside}")


GROUNDING_CASES = [
    expressed("empty", expression(""), "object has no description"),
    expressed("turned round", expression("the \u202epihs"), "caption holds an invisible format character"),
    expressed("endless", expression("ship " * 1_000), "caption is too long"),
    expressed("box in words", expression(box="<xmin>one</xmin><ymin>1</ymin><xmax>3</xmax><ymax>4</ymax>"), "line is not an object"),
    expressed("box of NaN", expression(box="<xmin>nan</xmin><ymin>1</ymin><xmax>3</xmax><ymax>4</ymax>"), "box coordinates are not finite"),
    expressed("box outside", expression(box="<xmin>900</xmin><ymin>1</ymin><xmax>930</xmax><ymax>4</ymax>"), "box outside the image"),
    expressed("no box", "<object><name>ship</name><description>the ship</description></object>", "object has no box"),
    Hostile("expression: no picture", {"d.xml": expressions("d")}, aside="^record: file is missing$"),
    Hostile("expression: entities", {"d.xml": b'<!DOCTYPE a [<!ENTITY x "y">]>' + expressions("d")}, error=r"d\.xml, line 1: document types"),  # noqa: E501
]  # fmt: skip

# -- lists of captions that a checker reads again --------------------------------------------------------------------------------

LISTED = {
    "d.png": picture(3),
    "pairs.jsonl": b"".join(pair(f"{name}.png", [f"Two ships lie near quay {name} ."], label="port") for name in "abc"),
}
PICTURES = {f"{name}.png": picture(number) for number, name in enumerate("abc")}
TASKS = World({**PICTURES, **LISTED}, {"kind": "picture-tasks", "style": "geochat", "listing": {"validation_share": 0.0}})
TALKS = World({**PICTURES, **LISTED}, {"kind": "caption-talks", "listing": {"validation_share": 0.0}})
AGAIN = [case for case in LINES if case.aside and not any(word in case.name for word in ("again", "no picture", "label"))]


def again(world: World) -> list[Hostile]:
    """The malformed lines of pairs once more, for another builder and its checker."""
    good = PICTURES_AND_LINES
    return [
        Hostile(case.name, {"pairs.jsonl": world.files["pairs.jsonl"] + case.files["pairs.jsonl"].removeprefix(good)}, aside="^record: ")
        for case in AGAIN
    ]


PICTURES_AND_LINES = b"".join(pair(f"{name}.png", [f"The ship {name} ."]) for name in "abc")
LABELS = [
    Hostile(
        f"label {name}", {"pairs.jsonl": LISTED["pairs.jsonl"] + pair("d.png", ["Two ships ."], label=label)}, aside=f"^record: {aside}"
    )
    for name, label, aside in (
        ("of a slot", "{classes}", "class name holds a character"),
        ("of markup", "<b>port</b>", "class name holds a character"),
        ("in Chinese", "\u6e2f\u53e3", "class name is not in Latin letters"),
        ("turned round", "\u202etrop", "label holds an invisible"),
        ("of punctuation", "--", "label is empty"),
    )
]

WORLDS: dict[str, tuple[World, list[Hostile]]] = {
    "graphs": (GRAPHS, GRAPH_CASES),
    "disasters": (DISASTERS, DISASTER_CASES),
    "grounding": (GROUNDING, GROUNDING_CASES),
    "tasks": (TASKS, again(TASKS) + LABELS),
    "talks": (TALKS, again(TALKS)),
}
CASES = [(name, hostile) for name, (_, cases) in WORLDS.items() for hostile in cases]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The corpora of the good files alone."""
    return {name: outcome(world, None, tmp_path_factory.mktemp(name)) for name, (world, _) in WORLDS.items()}


@pytest.mark.parametrize(("name", "hostile"), CASES, ids=[f"{name}: {hostile.name}" for name, hostile in CASES])
def test_entries_are_set_aside_and_files_named(name: str, hostile: Hostile, tmp_path: Path, good: dict[str, Outcome]) -> None:
    assert len(good[name].records) == (6 if name == "disasters" else 3), good[name]
    judge(hostile, outcome(WORLDS[name][0], hostile, tmp_path), good[name])
