"""Every statement of the real conversations, derived again from the published annotations by other code."""

import json
import re
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shapely import Polygon, box

from rsvlm.conversations import boxes
from rsvlm.conversations.settings import InstructSettings
from rsvlm.conversations.stage import make_conversations
from rsvlm.files import write_manifest
from rsvlm.recipes.yaml import read_yaml
from rsvlm.records.leaks import find_leaks
from rsvlm.records.shards import Shards
from rsvlm.settings import validate

pytestmark = pytest.mark.integration
COLUMNS = ("gsd", "west", "south", "east", "north")
COLOURS = ["white", "black", "gray", "red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown"]
CELLS = {
    (0, 0): "top left",
    (0, 1): "top",
    (0, 2): "top right",
    (1, 0): "left",
    (1, 1): "centre",
    (1, 2): "right",
    (2, 0): "bottom left",
    (2, 1): "bottom",
    (2, 2): "bottom right",
}
PLURALS = {"ships": "ship", "harbors": "harbor", "large vehicles": "large vehicle", "small vehicles": "small vehicle"}
SHARE = 0.6
RELATION = re.compile(r" (anchored|parked) at (the|a) harbor")
# The recipe's limit: a ship is at a harbor up to a gap of half its beam.
NEAR = 0.5


def link_source(mirror, raw, name):
    (raw / name).mkdir(parents=True)
    (raw / name / "files").symlink_to(mirror / name)
    files = sorted(path.relative_to(mirror / name).as_posix() for path in (mirror / name).rglob("*") if path.is_file())
    schema = pa.schema([("file", pa.string()), ("licence", pa.string()), *((column, pa.float64()) for column in COLUMNS)])
    rows = [{"file": file, "licence": "see SOURCE.txt", **dict.fromkeys(COLUMNS)} for file in files]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), raw / name / "index.parquet")


@pytest.fixture(scope="module")
def shards(mirror, root, tmp_path_factory):
    """The laptop recipe's conversations."""
    folder = tmp_path_factory.mktemp("geochat")
    for name in ("aid150-rsicd", "detection", "choice-subset"):
        link_source(mirror, folder / "raw", name)
    write_manifest(folder / "raw", {})
    section = read_yaml(root / "recipes/instruction/geochat.yaml")["instruct"]["geochat"]
    scenes, *others = section["builders"]
    settings = validate(InstructSettings, {**section, "builders": [{**scenes, "mixed_share": 0.9}, *others]}, "geochat")
    make_conversations(settings, folder / "raw", folder / "out", scratch=folder / "scratch", seed=7, threads=2, rejected_share=0.05)
    return Shards(folder / "out")


@pytest.fixture(scope="module")
def records(shards):
    return [shards.fields(row) for row in range(len(shards))]


@pytest.fixture(scope="module")
def dota(mirror):
    """Picture name -> [(class words, polygon)], by a parser of its own."""
    found = defaultdict(list)
    for name in ("P0706", "P1888"):
        for line in (mirror / f"detection/dota-sample/labelTxt/{name}.txt").read_text().splitlines():
            if ":" not in line:
                *numbers, label, _ = line.split()
                values = list(map(float, numbers))
                found[name.lower()].append((label.replace("-", " "), Polygon(zip(values[::2], values[1::2], strict=True))))
    return found


def of_source(records, prefix):
    return [record for record in records if record["id"].startswith(prefix)]


def talks(records, task):
    return [(record, talk) for record in records for talk in record["conversations"] if talk["task"] == task]


def visible(dota, record):
    """Return (class, share visible, whole inside) of everything that shows in a chip, from the label file and the chip's place."""
    name, x, y = re.fullmatch(r"dota-(p\d+)-(\d+)_(\d+)", record["id"]).groups()
    window = box(int(x), int(y), int(x) + record["width"], int(y) + record["height"])
    shares = [(label, polygon.intersection(window).area / polygon.area) for label, polygon in dota[name]]
    return [(label, share) for label, share in shares if share > 0]


def window_of(record):
    """Return the picture of a chip and the chip's rectangle in it."""
    name, x, y = re.fullmatch(r"dota-(p\d+)-(\d+)_(\d+)", record["id"]).groups()
    return name, box(int(x), int(y), int(x) + record["width"], int(y) + record["height"])


def annotated(dota, record, polygon, label):
    """Return the annotated shape, in the whole picture, of which a chip's object is the visible part."""
    name, window = window_of(record)
    x, y, *_ = window.bounds
    own = np.array(Polygon(polygon).bounds) + np.array([x, y, x, y])
    shapes = [shape for other, shape in dota[name] if other == label and shape.intersects(window)]
    apart = [np.abs(np.array(shape.intersection(window).bounds) - own).max() for shape in shapes]
    assert min(apart) < 0.1, (record["id"], label, min(apart))
    return shapes[int(np.argmin(apart))]


def harbors_of(dota, record):
    return [shape for label, shape in dota[window_of(record)[0]] if label == "harbor"]


def moored(ship, harbors):
    """Say, from whole annotated shapes, whether a ship is at one of the harbors."""
    corners = list(ship.minimum_rotated_rectangle.exterior.coords)
    beam = min(np.hypot(*np.subtract(corners[0], corners[1])), np.hypot(*np.subtract(corners[1], corners[2])))
    return any(ship.distance(harbor) <= NEAR * beam for harbor in harbors)


def related_boxes(question, reply):
    """Return (word, article, box texts) of every relation that a question with its reply states."""
    if "[grounding]" in question:
        phrases = re.findall(r"<p>([^<]*)</p> ((?:\{[^}]*\}(?:<delim>)?)*)", reply)
    else:
        phrases = [(question, reply), (reply, question)]
    return [(found[1], found[2], boxed) for phrase, boxed in phrases if (found := RELATION.search(phrase))]


def object_under(record, shape, label):
    """Return the object of a class that a box lies on, in a list of one."""
    shape = Polygon(shape)
    candidates = [Polygon(one["polygon"]) for one in record["objects"] if one["label"] == label]
    overlaps = [one.intersection(shape).area / one.union(shape).area for one in candidates]
    return [candidates[int(np.argmax(overlaps))].exterior.coords[:-1]] if max(overlaps, default=0) >= 0.5 else []


def singular(phrase):
    for many, one in PLURALS.items():
        if phrase.endswith(many):
            return phrase.removesuffix(many) + one
    return phrase


def cell(polygon, record):
    x1, y1, x2, y2 = Polygon(polygon).bounds
    x, y = (x1 + x2) / 2 / record["width"], (y1 + y2) / 2 / record["height"]
    return CELLS[min(int(y * 3), 2), min(int(x * 3), 2)]


def test_objects_of_chips_are_those_of_the_label_files(records, dota):
    chips = of_source(records, "dota-")
    assert len(chips) > 50
    for record in chips:
        expected = Counter(label for label, share in visible(dota, record) if share >= SHARE + 0.01)
        found = Counter(labelled["label"] for labelled in record["objects"])
        possible = Counter(label for label, share in visible(dota, record) if share >= SHARE - 0.01)
        # A box that reaches over the border by at most two pixels stays whole, whatever its share.
        assert all(expected[label] <= found[label] for label in expected), record["id"]
        assert sum((found - possible).values()) <= 1, record["id"]


def test_counts_and_presence_are_those_of_the_label_files(records, dota):
    checked = 0
    for task in ("counting", "presence"):
        for record, talk in talks(of_source(records, "dota-"), task):
            shown = visible(dota, record)
            asked = re.search(r"How many (.+) are there|Is there an? (.+) in the image", talk["turns"][0]["text"])
            noun = singular(asked[1]) if asked[1] else asked[2]
            number = sum(label == noun for label, _ in shown)
            assert talk["answer"] == (str(number) if asked[1] else "yes" if number else "no"), (record["id"], talk)
            checked += 1
    assert checked > 80


def test_referring_answers_are_all_objects_that_fit_the_phrase(shards, records, dota):
    limits = json.loads((shards.folder / "size_limits.json").read_text())
    chips, checked = of_source(records, "dota-"), 0
    for record, talk in talks(chips, "refer"):
        phrase = re.search(r"<p> (.+) </p>", talk["turns"][0]["text"])[1]
        relation = RELATION.search(phrase)
        phrase = singular_phrase = RELATION.sub("", phrase)
        place = next((name for name in sorted(CELLS.values(), key=len, reverse=True) if re.search(rf" (at|in) the {name}$", phrase)), None)
        if place:
            singular_phrase = re.sub(rf" (at|in) the {place}$", "", phrase)
        words = singular(singular_phrase)
        size = next(
            (word for word in ("large", "small") if words.startswith(f"{word} ") and words not in ("large vehicle", "small vehicle")), None
        )
        words = words.removeprefix(f"{size} ") if size else words
        colour = next((word for word in COLOURS if words.startswith(f"{word} ")), None)
        label = words.removeprefix(f"{colour} ") if colour else words
        fitting = []
        for labelled in record["objects"]:
            area = Polygon(labelled["polygon"]).area
            x1, y1, x2, y2 = Polygon(labelled["polygon"]).bounds
            cut = x1 <= 0 or y1 <= 0 or x2 >= record["width"] or y2 >= record["height"]
            limit = limits.get(labelled["label"])
            own = None if cut or limit is None else "small" if area < limit["small"] else "large" if area > limit["large"] else None
            if (
                labelled["label"] == label
                and (place is None or cell(labelled["polygon"], record) == place)
                and (size is None or own == size)
                and (relation is None or moored(annotated(dota, record, labelled["polygon"], label), harbors_of(dota, record)))
            ):
                fitting.append(labelled["polygon"])
        if colour:
            assert all(polygon in fitting for polygon in talk["polygons"]), (record["id"], phrase)
        else:
            assert sorted(talk["polygons"]) == sorted(fitting), (record["id"], phrase)
        checked += 1
    assert checked > 100


def test_box_texts_lie_on_the_objects_they_are_said_of(records):
    overlaps = []
    for task in ("refer", "grounding"):
        for record, talk in talks(records, task):
            found = boxes.decode(talk["answer"], record["width"], record["height"])
            assert len(found) == len(talk["polygons"])
            for answer, truth in zip(map(Polygon, found), map(Polygon, talk["polygons"]), strict=True):
                overlaps.append(answer.intersection(truth).area / answer.union(truth).area)
    assert len(overlaps) > 500
    assert np.mean(overlaps) > 0.85
    assert np.mean(np.array(overlaps) >= 0.5) == 1.0


def test_described_numbers_are_the_numbers_of_boxes(records):
    for record, talk in talks(records, "grounding"):
        total = 0
        for phrase, found in boxes.phrases(talk["answer"], record["width"], record["height"]):
            number = re.match(r"(\d+|an?) ", phrase)
            if number:
                assert len(found) == (int(number[1]) if number[1].isdigit() else 1), (record["id"], phrase)
            else:
                assert len(found) > 1
            total += len(found)
        assert total == len(talk["polygons"])


def test_named_regions_are_the_objects_under_them(records):
    for record, talk in talks(of_source(records, "dota-"), "identify"):
        (asked,) = boxes.decode(talk["turns"][0]["text"], record["width"], record["height"])
        shape = Polygon(asked)
        under = max(
            record["objects"], key=lambda o: Polygon(o["polygon"]).intersection(shape).area / Polygon(o["polygon"]).union(shape).area
        )
        assert under["label"] in talk["answer"]
        assert RELATION.sub("", talk["answer"]).endswith(cell(under["polygon"], record))


def test_every_stated_relation_holds_between_the_annotated_shapes(records, dota):
    stated = Counter()
    for record in of_source(records, "dota-"):
        for talk in record["conversations"]:
            texts = [turn["text"] for turn in talk["turns"]]
            for question, reply in zip(texts[::2], texts[1::2], strict=True):
                for relation, article, boxed in related_boxes(question, reply):
                    _, window = window_of(record)
                    showing = [part for harbor in harbors_of(dota, record) if (part := harbor.intersection(window)).area > 0]
                    assert (len(showing) == 1) == (article == "the")
                    for asked in boxes.decode(boxed, record["width"], record["height"]):
                        (ship,) = object_under(record, asked, "ship")
                        shape = annotated(dota, record, ship, "ship")
                        assert moored(shape, harbors_of(dota, record)), (record["id"], question, reply)
                        assert moored(shape, showing), "the harbor is out of sight"
                        stated[talk["task"], relation] += 1
    assert {task for task, _ in stated} == {"grounding", "refer", "identify", "mixed"}
    assert {relation for _, relation in stated} == {"anchored", "parked"}
    assert stated.total() > 200


def test_no_other_relation_is_stated_of_these_pictures(records):
    # Of the rules' classes these pictures have ships at harbors only; vehicles have neither bridge nor road here.
    found = {
        match
        for record in of_source(records, "dota-")
        for talk in record["conversations"]
        for turn in talk["turns"]
        for match in re.findall(
            r"(?:surrounded by|passing through|inside|containing|(?:anchored|parked) at) (?:the|an?) [a-z ]+", turn["text"]
        )
    }
    assert {re.sub(r".* (?:the|a) ", "", match).strip() for match in found} == {"harbor"}


def test_size_limits_come_from_the_training_scene_alone(shards, dota):
    limits = json.loads((shards.folder / "size_limits.json").read_text())
    # P1888 with its vehicles is a test scene; all ships and harbours are in P0706.
    assert "large vehicle" not in limits
    areas = [polygon.area for label, polygon in dota["p0706"] if label == "ship"]
    assert limits["ship"]["small"] == pytest.approx(np.percentile(areas, 20), rel=0.02)
    assert limits["ship"]["large"] == pytest.approx(np.percentile(areas, 80), rel=0.02)


def test_quadrilaterals_of_choice_keep_their_place(records, mirror):
    published = {}
    for number, item in enumerate(json.loads((mirror / "choice-subset/visual_grounding/visual_grounding.json").read_text())):
        published[item["image_path"].split("/")[-1].split(".")[0]] = item["answer"]
        assert number < 20
    found = [(record, talk) for record, talk in talks(of_source(records, "choice-visual_grounding"), "refer")]
    assert len(found) == 20
    for record, talk in found:
        expected = [(x * record["width"], y * record["height"]) for x, y in published[record["id"].rsplit("-", 1)[1]]]
        assert np.allclose(talk["polygons"][0], expected, atol=0.01)


def test_labels_and_captions_are_the_data_sets_own_and_test_scenes_are_its_test_split(records, mirror):
    lines = map(json.loads, (mirror / "aid150-rsicd/pairs.jsonl").read_text().splitlines())
    published = {f"aid-{line['image'].split('/')[-1].split('.')[0].lower()}": line for line in lines}
    scenes = of_source(records, "aid-")
    assert len(scenes) == 3127
    for record in scenes:
        line = published[record["id"]]
        assert (record["split"] == "test") == (line["split"] == "test")
        for talk in record["conversations"]:
            if talk["task"] == "classification":
                assert talk["answer"].replace(" ", "") == line["label"].lower()
            elif talk["task"] == "caption":
                assert re.sub(r"\s", "", talk["answer"]) in {re.sub(r"\s", "", text) for text in line["captions"]}
    assert Counter(record["split"] for record in scenes)["test"] == 1027
    assert all(talk["task"] != "mixed" for record in records if record["split"] != "train" for talk in record["conversations"])


def test_no_scene_and_no_near_copy_is_on_both_sides(shards, records):
    sides = defaultdict(set)
    for record in records:
        sides[record["scene"]].add(record["split"])
    assert all(len(splits) == 1 for splits in sides.values())
    training, rest = (shards.index.take(rows) for rows in (shards.rows("train"), shards.rows("test") + shards.rows("validation")))
    assert find_leaks(training, rest) == []
