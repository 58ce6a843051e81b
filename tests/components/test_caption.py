import json
import logging

import pytest

from components import caption
from rsvlm.errors import DataError, IntegrityError
from rsvlm.files import sha256_file
from rsvlm.records.shards import Shards

BOXES = {
    "source": "made", "prefix": "big", "format": "dota", "annotations": "labels/*.txt", "pictures": "pictures/{stem}.png",
    "shares": {"validation": 0.0}, "chips": {"size": 64, "stride": 48},
}  # fmt: skip
MASKS = {
    "kind": "masks", "source": "made", "prefix": "mask", "annotations": "masks/*.png", "pictures": "after/{stem}.png",
    "classes": {"255": "new building"}, "shares": {"validation": 0.0}, "m2b": {"minimum_area": 4},
}  # fmt: skip
CAPTION = {
    "family": "contrastive", "system": "made", "samples_per_shard": 5,
    "builders": [{"kind": "native", "source": "made", "prefix": "nat", "validation_share": 0.3}, {"kind": "boxes", **BOXES}, MASKS],
}  # fmt: skip


def hashes(folder):
    return {path.name: sha256_file(path) for path in sorted(folder.iterdir())}


def test_raw_sources_become_pairs(made_workspace, made_stage):
    caption.run(made_stage("caption", CAPTION))
    shards = Shards(made_workspace / "data/pairs/made")
    records = [shards.fields(row) for row in range(len(shards))]
    by_method = {method: [record for record in records if record["method"] == method] for method in ("native", "b2c", "m2b")}
    assert len(by_method["native"]) == 10
    assert [record["split"] for record in records] == sorted((r["split"] for r in records), key=["test", "validation", "train"].index)
    assert by_method["native"][0]["captions"][::2] == ["many ships are in the port.", "港口里有许多船"]
    assert {len(record["captions"]) for record in by_method["b2c"] + by_method["m2b"]} == {5}
    (masked,) = by_method["m2b"]
    assert [tuple(map(tuple, o["polygon"][::2])) for o in masked["objects"]] == [((5, 5), (15, 15)), ((20, 20), (25, 30))]
    assert all("building" in text for text in masked["captions"])
    assert {record["scene"] for record in by_method["b2c"]} == {"big-large"}
    assert {record["gsd"] for record in by_method["b2c"]} == {0.5}
    assert not list((made_workspace / ".rsvlm/scratch").iterdir())


def test_a_second_run_and_other_threads_give_the_same_bytes(made_workspace, made_stage):
    caption.run(made_stage("caption", CAPTION))
    first = hashes(made_workspace / "data/pairs/made")
    caption.run(made_stage("caption", CAPTION, threads=4))
    assert hashes(made_workspace / "data/pairs/made") == first


def test_a_changed_raw_folder_is_refused(made_workspace, made_stage):
    (made_workspace / "data/raw/made/made/files/after/m1.png").write_bytes(b"other")
    with pytest.raises(IntegrityError, match=r"m1.png"):
        caption.run(made_stage("caption", CAPTION))
    assert not (made_workspace / "data/pairs").exists()


def spoil(workspace, seal, count):
    path = workspace / "data/raw/made/made/files/pairs.jsonl"
    lines = path.read_text().splitlines()
    bad = [{"image": "../../../../etc/passwd", "label": None, "split": "train", "captions": ["x"]}]
    bad += [{"image": "images/Port/port_0.jpg", "label": None, "split": "train", "captions": [""]}] * (count - 1)
    path.write_text("\n".join([*lines, *map(json.dumps, bad)]))
    seal(workspace)


def test_too_many_bad_records_fail_the_stage_and_leave_nothing(made_workspace, made_stage, seal_workspace):
    spoil(made_workspace, seal_workspace, 4)
    with pytest.raises(
        DataError, match=r"4 of \d+ records set aside, more than gates.rejected_share = 0.05 allows: caption is empty \(3\)"
    ):
        caption.run(made_stage("caption", CAPTION))
    assert not (made_workspace / "data/pairs/made").exists()


def test_a_few_bad_records_are_listed(made_workspace, made_stage, seal_workspace, caplog):
    caplog.set_level(logging.INFO)
    spoil(made_workspace, seal_workspace, 1)
    section = {**CAPTION, "builders": [{**CAPTION["builders"][0]}, {**CAPTION["builders"][1], "chips": {"size": 32, "stride": 8}}]}
    caption.run(made_stage("caption", section))
    lines = [json.loads(line) for line in (made_workspace / "data/pairs/made/rejected.jsonl").read_text().splitlines()]
    assert [(line["id"], line["reason"]) for line in lines] == [("pairs.jsonl line 11", "file name leaves its folder")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"annotations": "nowhere/*.txt"}, "nothing matches 'nowhere/\\*.txt'; check the recipe's pattern"),
        ({"scene": "^(x)$"}, "scene pattern .* does not match"),
        ({"source": "other"}, "other"),
    ],
)
def test_recipes_that_point_nowhere_say_where(made_workspace, made_stage, change, words):
    section = {**CAPTION, "builders": [{"kind": "boxes", **BOXES, **change}]}
    with pytest.raises(DataError, match=words):
        caption.run(made_stage("caption", section))
