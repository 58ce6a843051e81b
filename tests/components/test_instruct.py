from components import instruct
from rsvlm.files import sha256_file
from rsvlm.records.shards import Shards

BOXES = {
    "source": "made", "prefix": "big", "format": "dota", "annotations": "labels/*.txt", "pictures": "pictures/{stem}.png",
    "shares": {"validation": 0.0}, "chips": {"size": 64, "stride": 48},
}  # fmt: skip
INSTRUCT = {
    "family": "instruction", "system": "made", "samples_per_shard": 5,
    "builders": [{"kind": "scenes", "source": "made", "prefix": "nat"}, {"kind": "regions", **BOXES, "absent": ["plane"]}],
}  # fmt: skip


def hashes(folder):
    return {path.name: sha256_file(path) for path in sorted(folder.iterdir())}


def test_raw_sources_become_conversations(made_workspace, made_stage):
    instruct.run(made_stage("instruct", INSTRUCT))
    shards = Shards(made_workspace / "data/conversations/made")
    tasks = set(shards.conversations.column("task").to_pylist())
    assert {"classification", "caption", "grounding", "refer", "identify", "presence"} <= tasks
    first = shards.fields(0)
    assert first["conversations"][0]["answer"] == "fishing port"
    assert first["conversations"][1]["answer"] in first["captions"]
    assert (made_workspace / "data/conversations/made/size_limits.json").is_file()


def test_a_second_run_and_other_threads_give_the_same_bytes(made_workspace, made_stage):
    instruct.run(made_stage("instruct", INSTRUCT))
    first = hashes(made_workspace / "data/conversations/made")
    instruct.run(made_stage("instruct", INSTRUCT, threads=4))
    assert hashes(made_workspace / "data/conversations/made") == first
