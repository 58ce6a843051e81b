import pyarrow as pa
import pytest

from rsvlm.errors import LeakError
from rsvlm.records.index import INDEX
from rsvlm.records.leaks import find_leaks, refuse_leaks


def table(*rows):
    found = []
    for number, row in enumerate(rows):
        base = dict.fromkeys(INDEX.names)
        name = row.get("id", f"{id(rows)}-{number}")
        # Hashes of different rows differ in many bits unless a test says otherwise.
        own = f"{(0x9E3779B97F4A7C15 * (sum(map(ord, name)) + 7919 * number)) % 2**64:016x}"
        found.append({**base, "id": name, "image_sha256": f"sha-{name}", "phash": own, **row})
    return pa.Table.from_pylist(found, schema=INDEX)


def kinds(training, evaluation):
    return [(leak.kind, leak.evaluation, leak.training) for leak in find_leaks(training, evaluation)]


def bounds(west, south, east, north):
    return {"west": west, "south": south, "east": east, "north": north}


def test_clean_splits_have_no_leaks():
    refuse_leaks(table({"id": "a"}, {"id": "b"}), table({"id": "c"}, {"id": "d"}))


def test_each_planted_leak_is_found_and_named():
    training = table(
        {"id": "same-id", "phash": "00000000ffffffff", "image_sha256": "other"},
        {"id": "t-bytes", "image_sha256": "abc", "phash": "0f0f0f0f0f0f0f0f"},
        {"id": "t-near", "phash": "123456789abcdef0"},
        {"id": "t-ground", "phash": "aaaaaaaaaaaaaaaa", **bounds(32.0, 0.0, 32.2, 0.2)},
    )
    evaluation = table(
        {"id": "same-id", "phash": "ffffffff00000000"},
        {"id": "e-bytes", "image_sha256": "abc", "phash": "f0f0f0f0f0f0f0f0"},
        {"id": "e-near", "phash": "123456789abcdef1"},
        {"id": "e-ground", "phash": "5555555555555555", **bounds(32.1, 0.1, 32.3, 0.3)},
        {"id": "e-clean", "phash": "0123012301230123", **bounds(32.2, 0.2, 32.4, 0.4)},
    )
    assert kinds(training, evaluation) == [
        ("near copy", "e-near", "t-near"),
        ("overlapping ground", "e-ground", "t-ground"),
        ("same bytes", "e-bytes", "t-bytes"),
        ("same id", "same-id", "same-id"),
    ]
    with pytest.raises(LeakError, match=r"4 evaluation samples are in the training data \(near copy: 1, .*first: e-near is t-near"):
        refuse_leaks(training, evaluation)


def test_two_differing_bits_are_no_copy():
    assert kinds(table({"id": "a", "phash": "0000000000000000"}), table({"id": "b", "phash": "0000000000000003"})) == []


def test_ground_across_the_antimeridian_overlaps():
    west_of_it = table({"id": "a", "phash": "00000000ffffffff", **bounds(179.0, -17.0, -179.5, -16.0)})
    east_of_it = table({"id": "b", "phash": "ffffffff00000000", **bounds(-179.8, -16.5, -179.0, -16.2)})
    far = table({"id": "c", "phash": "ffffffff00000000", **bounds(0.0, -16.5, 1.0, -16.2)})
    assert [kind for kind, *_ in kinds(west_of_it, east_of_it)] == ["overlapping ground"]
    assert [kind for kind, *_ in kinds(east_of_it, west_of_it)] == ["overlapping ground"]
    assert kinds(west_of_it, far) == []


def test_tiles_that_touch_share_no_ground():
    left = table({"id": "a", "phash": "00000000ffffffff", **bounds(0.0, 0.0, 1.0, 1.0)})
    right = table({"id": "b", "phash": "ffffffff00000000", **bounds(1.0, 0.0, 2.0, 1.0)})
    assert kinds(left, right) == []


def test_unknown_places_overlap_nothing():
    assert kinds(table({"id": "a"}), table({"id": "bcd"})) == []
