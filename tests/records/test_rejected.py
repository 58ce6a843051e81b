import json

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
