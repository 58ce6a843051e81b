"""Sequences of pictures in shards: whole, or listed with a reason."""

import pytest

from rsvlm.files import sha256_file
from rsvlm.records.models import Sample
from rsvlm.records.near import NearIndex
from rsvlm.records.rejected import Rejected
from rsvlm.records.shards import Shards
from rsvlm.records.writing import write_shards

TALK = {"task": "change", "turns": [{"role": "user", "text": "What changed?"}, {"role": "assistant", "text": "Nothing."}]}


def write(folder, samples, **options):
    rejected = Rejected()
    folder.mkdir(parents=True)
    write_shards(iter(samples), folder, rejected, copies=NearIndex(), same_scene=True, **{"samples_per_shard": 4, **options})
    shards = Shards(folder, check=False)
    records = {fields["id"]: fields for fields in map(shards.fields, range(len(shards)))}
    return records, {entry.id: (entry.kind, entry.reason, entry.detail) for entry in rejected}


@pytest.fixture
def sequence(picture, make_fields):
    """Samples of a sequence, its main record first or last."""

    def make(name, seeds, *, first=False, split="train"):
        names = [f"{name}-{number}" for number in range(1, len(seeds))]
        names = [name, *names] if first else [*names, name]
        for one, seed in zip(names, seeds, strict=True):
            more = {"frames": names, "conversations": [{"id": name, **TALK}]} if one == name else {"part_of": name}
            yield Sample(one, picture(seed), "jpg", make_fields(split, f"scene of {name}", captions=[], **more))

    return make


@pytest.fixture
def evaluation(picture, make_fields):
    return [Sample(f"test-{seed}", picture(seed), "jpg", make_fields("test", "elsewhere")) for seed in (100, 101)]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_near_copy_takes_its_sequence_with_it(tmp_path, sequence, evaluation, first, place):
    seeds = [1, 2, 3]
    seeds[place] = 100
    records, aside = write(tmp_path / "out", [*evaluation, *sequence("a", seeds, first=first), *sequence("b", [4, 5, 6], first=first)])
    assert set(records) == {"test-100", "test-101", "b", "b-1", "b-2"}
    assert all(name in records for fields in records.values() for name in [*(fields.get("frames") or ()), fields.get("part_of", "b")])
    assert sorted(aside) == ["a", "a-1", "a-2"]
    (copy,) = [name for name, (kind, *_) in aside.items() if kind == "duplicate"]
    assert aside[copy] == ("duplicate", "near copy of an evaluation picture", "test-100")
    assert {fate for name, fate in aside.items() if name != copy} == {("screened", "sequence is not whole", f"without {copy}")}


def test_frames_that_were_never_made_or_cannot_be_read(tmp_path, sequence, evaluation):
    first, _, third = sequence("a", [1, 2, 3])
    broken, *others = sequence("b", [4, 5, 6], first=True)
    orphans = list(sequence("c", [7, 8]))[:1]
    given = [*evaluation, first, third, Sample(broken.id, b"\xff\xd8\xff", "jpg", broken.fields), *others, *orphans]
    records, aside = write(tmp_path / "out", given)
    assert set(records) == {"test-100", "test-101"}
    assert aside["a"] == aside["a-1"] == ("screened", "sequence is not whole", "without a-2")
    assert aside["b"][0] == "record"
    assert aside["b-1"] == aside["b-2"] == ("screened", "sequence is not whole", "without b")
    assert aside["c-1"] == ("screened", "sequence is not whole", "without c")


def test_a_companion_may_be_missing_where_no_record_names_it(tmp_path, picture, make_fields, evaluation):
    """An enlarged picture says whose it is; the tile does without it, but not it without the tile."""

    def tile(name, seed, enlarged):
        yield Sample(name, picture(seed), "jpg", make_fields(scene=name))
        yield Sample(f"{name}-enhanced", picture(enlarged), "jpg", make_fields(scene=name, captions=[], part_of=name))

    records, aside = write(tmp_path / "out", [*evaluation, *tile("a", 1, 100), *tile("b", 101, 2), *tile("c", 3, 3)])
    assert set(records) == {"test-100", "test-101", "a", "c", "c-enhanced"}
    assert {name: kind for name, (kind, *_) in aside.items()} == {"a-enhanced": "duplicate", "b": "duplicate", "b-enhanced": "screened"}


def test_the_same_id_twice_keeps_the_first(tmp_path, sequence, evaluation):
    frame, main = sequence("a", [1, 2])
    records, aside = write(tmp_path / "out", [*evaluation, frame, frame, main])
    assert {"a", "a-1"} < set(records)
    assert aside == {"a-1": ("record", "id is there twice", "a-1")}


class Killed(BaseException):
    pass


@pytest.mark.fault
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("count", range(2, 12, 3))
def test_a_run_killed_inside_a_sequence_goes_on_to_the_same_bytes(tmp_path, sequence, evaluation, monkeypatch, first, count):
    monkeypatch.setattr("rsvlm.records.writing._BATCH", 1)
    monkeypatch.setattr("rsvlm.records.writing._BATCHES_AHEAD", 1)
    given = [*evaluation]
    for name, seeds in (("a", [1, 2, 3]), ("b", [4, 100, 5]), ("c", [6, 7, 8])):
        given += sequence(name, seeds, first=first)

    def killed():
        yield from given[:count]
        raise Killed

    options = {"samples_per_shard": 2, "threads": 1}
    expected, aside = write(tmp_path / "undisturbed", given, **options)
    with pytest.raises(Killed):
        write(tmp_path / "killed", killed(), scratch=tmp_path / "scratch", **options)
    assert write(tmp_path / "again", given, scratch=tmp_path / "scratch", **options) == (expected, aside)
    assert {"a", "a-1", "a-2", "c", "c-1", "c-2"} < set(expected)
    files = [{path.name: sha256_file(path) for path in (tmp_path / name).iterdir()} for name in ("undisturbed", "again")]
    assert files[0] == files[1]
