import gc
import json
import tracemalloc

import pytest

from rsvlm.errors import DataError
from rsvlm.records.rejected import Rejected


def test_lines_are_sorted_counted_and_said_once(tmp_path):
    rejected = Rejected()
    rejected.add("b", "s", "caption is empty")
    rejected.add("a", "s", "box outside the image", "line 3", kind="object")
    rejected.add("b", "s", "caption is empty")
    rejected.leave_out("s", "chip without an object", 4)
    rejected.write(tmp_path / "rejected.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_text().splitlines()]
    assert lines == [
        {"id": "a", "source": "s", "kind": "object", "reason": "box outside the image", "detail": "line 3"},
        {"id": "b", "source": "s", "kind": "record", "reason": "caption is empty", "detail": ""},
    ]
    assert rejected.facts() == {
        "rejected": {"object: box outside the image": 1, "record: caption is empty": 1},
        "left_out": {"s": {"chip without an object": 4}},
    }


@pytest.mark.parametrize(("kept", "refused"), [(95, False), (94, True), (0, True)])
def test_the_share_is_of_records_seen_and_exact(kept, refused):
    rejected = Rejected()
    rejected.keep(kept)
    for number in range(5):
        rejected.add(str(number), "s", "caption is empty")
    if refused:
        with pytest.raises(DataError, match=r"5 of \d+ records set aside.*0.05.*caption is empty \(5\)"):
            rejected.check(0.05)
    else:
        rejected.check(0.05)


def test_objects_count_apart_from_records_and_duplicates_not_at_all():
    rejected = Rejected()
    rejected.keep(1000)
    rejected.keep(1, kind="object")
    for number in range(500):
        rejected.add(str(number), "s", "near copy of an evaluation picture", kind="duplicate")
    rejected.check(0.05)
    rejected.add("x", "s", "box has no area", kind="object")
    with pytest.raises(DataError, match="1 of 2 objects"):
        rejected.check(0.05)


def test_an_empty_collector_is_one_all_the_same():
    rejected = Rejected()
    assert rejected
    assert (len(rejected), rejected.entries()) == (0, [])
    rejected.check(0.0)


def test_lines_are_in_the_order_of_their_texts_and_bytes_are_those_of_a_sorted_list(tmp_path):
    """Sources, ids and details of any script, one a prefix of another, and halves of surrogate pairs from file names."""
    names = ["b", "a", "a-1", "A", "", "港", "船", "é", "z", "\U0001f6a2", "a\x00b", "a\x00"]
    rejected = Rejected()
    expected = []
    for source in ("s", "ß"):
        for name in names:
            for kind in ("record", "duplicate", "screened", "object"):
                rejected.add(name, source, f"reason of {kind}", name[::-1], kind=kind)
                expected.append((source, name, kind, f"reason of {kind}", name[::-1]))
    rejected.write(tmp_path / "rejected.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "rejected.jsonl").read_bytes().splitlines()]
    assert [(line["source"], line["id"], line["kind"], line["reason"], line["detail"]) for line in lines] == sorted(expected)
    rejected.add("\udcff.png", "s", "file name is no text")
    assert rejected.entries()[0].id == ""
    assert "\udcff.png" in {entry.id for entry in rejected}


def test_memory_does_not_grow_with_what_is_set_aside():
    def grown(count):
        rejected = Rejected()
        rejected.add("first", "s", "caption is empty")
        tracemalloc.start()
        for number in range(count):
            rejected.add(f"a-rather-long-name-of-a-picture-{number}", "s", "near copy", "x" * 200, kind="duplicate")
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(rejected) == count + 1
        return held

    assert grown(5_000) < 8 * 5_000
