"""What the real pairs say, derived again from the published annotations by other code."""

import json
import re
from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
from PIL import Image
from scipy.ndimage import label as label_regions
from shapely import Polygon, box
from shapely.geometry import shape

from rsvlm.captioning.settings import CaptionSettings
from rsvlm.captioning.stage import make_pairs
from rsvlm.files import sha256_file, write_manifest
from rsvlm.recipes.yaml import read_yaml
from rsvlm.records.leaks import find_leaks
from rsvlm.records.shards import Shards
from rsvlm.settings import validate

pytestmark = pytest.mark.integration
COLUMNS = ("gsd", "west", "south", "east", "north")
PLURALS = {
    "ship": "ships", "harbor": "harbors", "large vehicle": "large vehicles", "small vehicle": "small vehicles", "plane": "planes",
    "tree": "trees", "dead tree": "dead trees", "living tree": "living trees", "building": "buildings", "new building": "new buildings",
    "changed building": "changed buildings", "changed area": "changed areas", "road": "roads",
}  # fmt: skip
VAGUE = "many|a lot of|lots of|a quantity of"


def link_source(mirror, raw, name):
    (raw / name).mkdir(parents=True)
    (raw / name / "files").symlink_to(mirror / name)
    files = sorted(path.relative_to(mirror / name).as_posix() for path in (mirror / name).rglob("*") if path.is_file())
    schema = pa.schema([("file", pa.string()), ("licence", pa.string()), *((column, pa.float64()) for column in COLUMNS)])
    rows = [{"file": file, "licence": "see SOURCE.txt", **dict.fromkeys(COLUMNS)} for file in files]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), raw / name / "index.parquet")


@pytest.fixture(scope="module")
def made(mirror, root, tmp_path_factory):
    """A function that makes the laptop recipe's pairs, of all builders, with a tenth of the samples or all."""
    folder = tmp_path_factory.mktemp("remoteclip")
    for name in ("aid150-rsicd", "detection", "change", "spacenet-geotiff"):
        link_source(mirror, folder / "raw", name)
    write_manifest(folder / "raw", {})
    section = read_yaml(root / "recipes/contrastive/remoteclip.yaml")["caption"]["remoteclip"]

    def make(output, **change):
        settings = validate(CaptionSettings, {**section, **change}, "remoteclip")
        out = folder / output
        make_pairs(settings, folder / "raw", out, scratch=folder / f"{output}-scratch", seed=7, threads=2, rejected_share=0.05)
        return Shards(out)

    return make


@pytest.fixture(scope="module")
def shards(made):
    return made("all")


@pytest.fixture(scope="module")
def records(shards):
    return [shards.fields(row) for row in range(len(shards))]


def of_source(records, prefix):
    return [record for record in records if record["id"].startswith(prefix)]


def stated(caption):
    """Noun -> number said, `vague`, or `some`."""
    found = {}
    for noun, many in sorted(PLURALS.items(), key=lambda item: -len(item[0])):
        match = re.search(rf"(?i)\b(?:({VAGUE}|\d+) {many}|(an?) {noun}|{many})\b", caption)
        if match:
            caption = caption.replace(match[0], "", 1)
            said = (match[1] or "").lower()
            found[noun] = int(said) if said.isdigit() else "vague" if said else 1 if match[2] else "some"
    return found


@pytest.mark.system("remoteclip", 2)
def test_captions_three_to_five_state_the_counts_of_the_annotation(records):
    checked = 0
    for record in records:
        if record["method"] == "native":
            continue
        counts = Counter(labelled["label"] for labelled in record["objects"])
        assert len(record["captions"]) == 5
        for caption in record["captions"][2:]:
            said = stated(caption)
            assert said, caption
            for noun, value in said.items():
                allowed = {"vague", "some"} if counts[noun] > 10 else {counts[noun], "some" if counts[noun] > 1 else 0}
                assert value in allowed, (record["id"], caption, counts)
                checked += 1
    assert checked > 500


def test_boxes_of_chips_are_those_of_the_label_files(records, mirror):
    truth = defaultdict(list)
    for name in ("P0706", "P1888"):
        for line in (mirror / f"detection/dota-sample/labelTxt/{name}.txt").read_text().splitlines():
            if ":" not in line:
                *numbers, label, _ = line.split()
                values = list(map(float, numbers))
                truth[name.lower()].append((label.replace("-", " "), Polygon(zip(values[::2], values[1::2], strict=True))))
    for record in of_source(records, "dota-p"):
        name, x, y = re.fullmatch(r"dota-(p\d+)-(\d+)_(\d+)", record["id"]).groups()
        window = box(int(x), int(y), int(x) + record["width"], int(y) + record["height"])
        sure = Counter(label for label, polygon in truth[name] if polygon.intersection(window).area >= 0.51 * polygon.area)
        assert sure <= Counter(o["label"] for o in record["objects"]), record["id"]


def test_regions_of_masks_are_those_of_the_mask_files(records, mirror):
    checked = 0
    for record in of_source(records, "whu-"):
        mask = np.asarray(Image.open(mirror / f"change/whu512/label/{record['id'].removeprefix('whu-')}.png")) == 255
        regions, count = label_regions(mask, np.ones((3, 3)))
        expected = []
        for number in range(1, count + 1):
            ys, xs = np.nonzero(regions == number)
            if len(ys) >= 16:
                expected.append((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
        found = [(*o["polygon"][0], *o["polygon"][2]) for o in record["objects"]]
        assert sorted(found) == sorted(expected)
        checked += 1
    assert checked >= 5


def test_footprints_lie_where_their_coordinates_are(records, mirror):
    folder = mirror / "spacenet-geotiff/atlanta-buildings"
    with rasterio.open(folder / "pan.tif") as raster:
        left, top, pixel = raster.bounds.left, raster.bounds.top, raster.res[0]
    polygons = [shape(f["geometry"]) for f in json.loads((folder / "buildings.geojson").read_text())["features"]]
    chips = of_source(records, "atlanta-")
    assert len(chips) > 3
    for record in chips:
        x, y = map(int, record["id"].rsplit("-", 1)[1].split("_"))
        area = box(left + x * pixel, top - (y + record["height"]) * pixel, left + (x + record["width"]) * pixel, top - y * pixel)
        whole = sum(box(*polygon.bounds).within(area.buffer(-0.1)) for polygon in polygons)
        touched = sum(box(*polygon.bounds).intersects(area) for polygon in polygons)
        assert whole <= len(record["objects"]) <= touched


def test_overlapping_tiles_of_levir_are_one_scene(records):
    splits = defaultdict(set)
    for record in of_source(records, "levir-"):
        splits[record["scene"]].add(record["split"])
    assert {"levir-test_7", "levir-test_102", "levir-test_2"} <= set(splits)
    assert all(len(found) == 1 for found in splits.values())


def test_the_test_split_is_the_data_sets_own_and_nothing_leaks(shards, records, mirror):
    lines = map(json.loads, (mirror / "aid150-rsicd/pairs.jsonl").read_text().splitlines())
    published = {f"aid-{line['image'].split('/')[-1].split('.')[0].lower()}" for line in lines if line["split"] == "test"}
    assert {record["id"] for record in records if record["split"] == "test"} == published
    training, rest = (shards.index.take(rows) for rows in (shards.rows("train"), shards.rows("test") + shards.rows("validation")))
    assert find_leaks(training, rest) == []
    planted = shards.index.slice(0, 1)
    assert {leak.kind for leak in find_leaks(pa.concat_tables([training, planted]), rest)} == {"same id", "same bytes", "near copy"}


def test_equal_captions_have_equal_ids(records):
    repeated = [record for record in of_source(records, "aid-") if len(set(record["caption_ids"])) == 1]
    assert len(repeated) == 1153, "the count that the data set's description gives"


def test_a_subset_is_drawn_by_hash_and_is_stable(made, shards):
    part = made("part", subset={"train": 0.1, "evaluation": 0.1})
    whole = set(shards.index.column("id").to_pylist())
    drawn = set(part.index.column("id").to_pylist())
    assert drawn <= whole
    assert 0.06 < len(drawn) / len(whole) < 0.14
    again = made("part-again", subset={"train": 0.1, "evaluation": 0.1})
    assert {p.name: sha256_file(p) for p in part.folder.iterdir()} == {p.name: sha256_file(p) for p in again.folder.iterdir()}
