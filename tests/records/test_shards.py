import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tarfile
import textwrap
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pyarrow.parquet as pq
import pytest

from rsvlm.errors import DataError, IntegrityError, RsvlmError
from rsvlm.files import publish, sha256_file, write_manifest
from rsvlm.records.models import Sample
from rsvlm.records.near import NearIndex
from rsvlm.records.rejected import Rejected
from rsvlm.records.shards import Shards, facts_of
from rsvlm.records.writing import write_shards


def hashes(folder):
    return {path.name: sha256_file(path) for path in sorted(folder.iterdir())}


def write(folder, samples, **options):
    rejected = options.pop("rejected", None) or Rejected()
    folder.mkdir(parents=True, exist_ok=True)
    write_shards(samples, folder, rejected, **{"samples_per_shard": 4, **options})
    return rejected


@pytest.fixture
def published(tmp_path, make_many):
    final = tmp_path / "pairs"
    with publish(final, {}) as folder:
        write(folder, make_many(10, test=3))
    return final


def test_what_was_written_is_read_back(published, make_many):
    shards = Shards(published)
    assert len(shards) == 10
    assert shards.rows("test") == [0, 1, 2]
    assert shards.rows("train") == list(range(3, 10))
    assert shards.rows("validation") == []
    for row, sample in enumerate(make_many(10, test=3)):
        fields = shards.fields(row)
        assert shards.image(row) == sample.image
        assert fields == {**sample.fields, "id": sample.id, "width": 48, "height": 48}
        stored = {name: shards.index.column(name)[row].as_py() for name in ("id", "split", "scene", "source", "caption_count", "west")}
        assert stored == {**{k: fields[k] for k in ("id", "split", "scene", "source")}, "caption_count": 1, "west": None}
    assert [path.name for path in sorted(published.glob("*.tar"))] == [f"pairs-0000{number}.tar" for number in range(3)]
    assert not list(published.glob(".*"))


def test_few_files_are_open_at_a_time_and_none_after_the_last_use(published, make_many, monkeypatch):
    def held():
        links = [os.path.join("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
        return [target for target in map(os.path.realpath, links) if str(published) in target]

    monkeypatch.setattr("rsvlm.records.shards._MOST_OPEN", 2)
    shards = Shards(published)
    images = [sample.image for sample in make_many(10, test=3)]
    for row in (0, 9, 4, 1, 8, 5, 0):
        assert shards.image(row) == images[row]
        assert len(held()) <= 2
    shards.close()
    assert held() == []
    assert shards.image(7) == images[7]
    del shards
    assert held() == []


@pytest.mark.fault
def test_threads_read_their_own_rows_while_files_make_room_for_others(published, make_many, monkeypatch):
    monkeypatch.setattr("rsvlm.records.shards._MOST_OPEN", 1)
    shards, images = Shards(published), [sample.image for sample in make_many(10, test=3)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda number: shards.image(number % 10) == images[number % 10], range(2000)))


def test_webdataset_and_tarfile_read_the_same_shards(published):
    webdataset = pytest.importorskip("webdataset")
    path = published / "pairs-00000.tar"
    with tarfile.open(path) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == [f"p00{n}.{e}" for n in range(4) for e in ("jpg", "json")]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}
    found = list(webdataset.WebDataset(str(path), shardshuffle=False))
    assert [sample["__key__"] for sample in found] == ["p000", "p001", "p002", "p003"]
    assert json.loads(found[2]["json"]) == Shards(published).fields(2)


def test_bytes_depend_neither_on_the_run_nor_on_threads_nor_on_shard_order(tmp_path, make_many):
    write(tmp_path / "one", make_many(10, test=3), threads=1)
    write(tmp_path / "two", make_many(10, test=3), threads=5, scratch=tmp_path / "scratch")
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


class Killed(BaseException):
    pass


def killed_after(samples, count):
    for number, sample in enumerate(samples):
        if number == count:
            raise Killed
        yield sample


def spoiled(make_many):
    """Ten samples, some unfit, as a source may give them."""
    for number, sample in enumerate(make_many(10, test=3)):
        yield Sample(sample.id, b"\xff\xd8\xffnothing" if number in (1, 6) else sample.image, "jpg", sample.fields)


@pytest.mark.fault
@pytest.mark.parametrize("count", range(11))
def test_a_run_killed_at_any_sample_goes_on_to_the_same_bytes(tmp_path, make_many, count, monkeypatch):
    monkeypatch.setattr("rsvlm.records.writing._BATCH", 1)
    monkeypatch.setattr("rsvlm.records.writing._BATCHES_AHEAD", 1)
    write(tmp_path / "undisturbed", spoiled(make_many), copies=NearIndex())
    scratch = tmp_path / "scratch"
    if count < 10:
        with pytest.raises(Killed):
            write(tmp_path / "first", killed_after(spoiled(make_many), count), scratch=scratch, copies=NearIndex())
    rejected = write(tmp_path / "second", spoiled(make_many), scratch=scratch, copies=NearIndex())
    assert hashes(tmp_path / "second") == hashes(tmp_path / "undisturbed")
    assert len(rejected) == 2


@pytest.mark.fault
def test_a_process_killed_with_sigkill_goes_on_to_the_same_bytes(tmp_path, make_many):
    script = """
        import os, signal, sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[2])
        from conftest import many
        from rsvlm.records.rejected import Rejected
        from rsvlm.records.writing import write_shards

        def samples():
            for number, sample in enumerate(many(240)):
                if number == 200:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield sample

        folder = Path(sys.argv[1])
        (folder / "out").mkdir()
        write_shards(samples(), folder / "out", Rejected(), samples_per_shard=20, scratch=folder / "scratch")
    """
    here = os.path.dirname(__file__)
    result = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(tmp_path), here], check=False)
    assert result.returncode == -signal.SIGKILL
    assert len(list((tmp_path / "scratch").glob("*.json"))) >= 2, "finished shards were kept"
    write(tmp_path / "again", make_many(240), samples_per_shard=20, scratch=tmp_path / "scratch")
    write(tmp_path / "undisturbed", make_many(240), samples_per_shard=20)
    assert hashes(tmp_path / "again") == hashes(tmp_path / "undisturbed")


@pytest.mark.fault
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path, make_many):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount a small file system")
    try:
        with pytest.raises(RsvlmError, match=r"small.*: the disk is full; free some space"), publish(small / "out", {}) as folder:
            write(folder, make_many(200))
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.fault
def test_a_damaged_shard_in_scratch_is_made_again(tmp_path, make_many):
    scratch = tmp_path / "scratch"
    write(tmp_path / "one", make_many(10), scratch=scratch)
    shard = scratch / "pairs-00001.tar"
    data = bytearray(shard.read_bytes())
    data[700] ^= 1
    good = hashes(tmp_path / "one")
    shard.unlink()
    shard.write_bytes(data)
    write(tmp_path / "two", make_many(10), scratch=scratch)
    assert hashes(tmp_path / "two") == hashes(tmp_path / "one") == good


def bad_samples(picture, make_fields):
    good = make_fields()
    yield Sample("good", picture(1), "jpg", good)
    yield Sample("../../climbs", picture(2), "jpg", good)
    yield Sample("a.b", picture(2), "jpg", good)
    yield Sample("", picture(2), "jpg", good)
    yield Sample("good", picture(3), "jpg", good)
    yield Sample("payload", picture(2), "pth", good)
    yield Sample("empty-file", b"", "jpg", good)
    yield Sample("no-picture", b"\xff\xd8\xff" + b"rubbish" * 20, "jpg", good)
    yield Sample("half", picture(4)[:600], "jpg", good)
    yield Sample("wrong-name", picture(4), "png", good)
    yield Sample("no-caption", picture(5), "jpg", make_fields(captions=[]))
    yield Sample("empty-caption", picture(6), "jpg", make_fields(captions=["  "]))
    yield Sample("escape", picture(7), "jpg", make_fields(captions=["a \x1b[2J ship"]))
    yield Sample("long", picture(8), "jpg", make_fields(captions=["x" * 3000]))
    outside = {"label": "ship", "polygon": [[0, 0], [90, 0], [90, 9], [0, 9]], "difficult": False}
    yield Sample("outside", picture(9), "jpg", make_fields(objects=[outside]))
    yield Sample("nan", picture(9), "jpg", make_fields(gsd=float("nan")))
    yield Sample("split", picture(9), "jpg", make_fields(split="holdout"))
    yield Sample("unknown", picture(9), "jpg", make_fields(shell="rm"))
    yield Sample("chinese", picture(10), "jpg", make_fields(captions=["机场上停着许多飞机"]))


def test_bad_records_are_set_aside_with_reasons_and_good_ones_stay(tmp_path, picture, make_fields):
    final = tmp_path / "pairs"
    with publish(final, {}) as folder:
        rejected = write(folder, bad_samples(picture, make_fields))
    shards = Shards(final)
    assert shards.index.column("id").to_pylist() == ["good", "chinese"]
    assert shards.fields(1)["captions"] == ["机场上停着许多飞机"]
    reasons = {json.loads(line)["id"]: json.loads(line)["reason"] for line in (final / "rejected.jsonl").read_text().splitlines()}
    unsafe = "id is not safe as a file name"
    assert reasons == {
        "../../climbs": unsafe,
        "a.b": unsafe,
        "": unsafe,
        "good": "id is there twice",
        "payload": "picture format is not stored",
        "empty-file": "picture: empty",
        "no-picture": reasons["no-picture"],
        "half": reasons["half"],
        "wrong-name": "picture is not what its name says",
        "no-caption": "caption is empty",
        "empty-caption": "caption is empty",
        "escape": "caption holds a control character",
        "long": "caption is too long",
        "outside": "record is malformed",
        "nan": "record is malformed",
        "split": "record is malformed",
        "unknown": "record is malformed",
    }
    assert reasons["no-picture"].startswith("picture: ")
    assert reasons["half"].startswith("picture: ")
    with pytest.raises(DataError, match="17 of 19 records set aside"):
        rejected.check(0.05)


def test_nothing_fit_is_an_error(tmp_path, make_fields):
    with pytest.raises(DataError, match=r"not one sample was fit to write; set aside: record: picture: [^;]+ \(1\); first: a of made "):
        write(tmp_path / "none", [Sample("a", b"", "jpg", make_fields())])
    with pytest.raises(DataError, match="not one sample was fit to write; nothing was found to read"):
        write(tmp_path / "empty", [])


def test_near_copies_of_evaluation_pictures_do_not_train(tmp_path, picture, make_fields):
    samples = [
        Sample("held", picture(1), "jpg", make_fields("test", "a")),
        Sample("copy", picture(1) + b"\0", "jpg", make_fields("train", "b")),
        Sample("other", picture(2), "jpg", make_fields("train", "c")),
    ]
    rejected = write(tmp_path / "out", samples, copies=NearIndex())
    assert pq.read_table(tmp_path / "out" / "index.parquet").column("id").to_pylist() == ["held", "other"]
    entry = rejected.entries()[0]
    assert (entry.id, entry.kind, entry.detail) == ("copy", "duplicate", "held")
    with pytest.raises(DataError, match="came after training samples"):
        write(tmp_path / "wrong", reversed(samples), copies=NearIndex())


def test_facts_count_what_the_index_holds(published, tmp_path, picture, make_fields):
    assert facts_of(published) == {
        "samples": 10,
        "captions": 10,
        "splits": {"test": 3, "train": 7},
        "scenes": {"test": 3, "train": 7},
        "sources": {"made": {"test": 3, "train": 7}},
        "licences": {"made": ["CC0"]},
    }
    both = [Sample("a", picture(1), "jpg", make_fields("test", "s")), Sample("b", picture(2), "jpg", make_fields("train", "s"))]
    write(tmp_path / "mixed", both)
    with pytest.raises(DataError, match="scene 's' has records in test and in train"):
        facts_of(tmp_path / "mixed")


def test_conversations_get_a_table_of_their_own(tmp_path, picture, make_fields):
    talk = {"id": "c-0", "task": "caption", "turns": [{"role": "user", "text": "what?"}, {"role": "assistant", "text": "a ship"}]}
    fields = make_fields(captions=[], conversations=[talk, {**talk, "id": "c-1"}])
    wrong = make_fields(captions=[], conversations=[{**talk, "turns": talk["turns"][:1]}])
    samples = [Sample(f"i{n}", picture(n), "jpg", fields) for n in range(3)] + [Sample("odd", picture(9), "jpg", wrong)]
    final = tmp_path / "conversations"
    with publish(final, {}) as folder:
        rejected = write(folder, samples, prefix="conversations", samples_per_shard=2)
    shards = Shards(final)
    assert shards.conversations.select(["id", "row", "position"]).to_pylist() == [
        {"id": f"c-{position}", "row": row, "position": position} for row in range(3) for position in range(2)
    ]
    assert [entry.id for entry in rejected.entries()] == ["odd"]


def test_readers_travel_to_other_processes(published):
    copy = pickle.loads(pickle.dumps(Shards(published)))
    assert copy.fields(4) == Shards(published).fields(4)


@pytest.mark.fault
@pytest.mark.parametrize("harm", ["flip", "cut", "delete", "index"])
def test_damage_is_refused_before_anything_is_read(published, harm):
    path = published / ("index.parquet" if harm == "index" else "pairs-00001.tar")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    if harm == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif harm != "delete":
        path.write_bytes(data)
    with pytest.raises(IntegrityError, match=path.name):
        Shards(published)


@pytest.mark.fault
def test_a_cut_shard_with_a_new_manifest_is_refused_with_the_byte(published):
    path = published / "pairs-00001.tar"
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:5000])
    write_manifest(published, {})
    with pytest.raises(IntegrityError, match=r"pairs-00001.tar: byte [\d,]+: the archive is cut off"):
        Shards(published)


@pytest.mark.fault
def test_an_index_that_points_elsewhere_is_refused(published, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(published, other)
    shutil.copyfile(other / "pairs-00001.tar", tmp_path / "x")
    shutil.copyfile(other / "pairs-00000.tar", other / "pairs-00001.tar")
    shutil.copyfile(tmp_path / "x", other / "pairs-00000.tar")
    write_manifest(other, {})
    with pytest.raises(IntegrityError, match="its members are not those of the index"):
        Shards(other)


def test_memory_does_not_grow_with_the_number_of_records(tmp_path, picture, make_fields):
    image = picture(1, side=400)

    def peak(count):
        samples = (Sample(f"p{n}", image, "jpg", make_fields()) for n in range(count))
        tracemalloc.start()
        write(tmp_path / str(count), samples, samples_per_shard=50)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few = peak(200)
    assert 400 * len(image) > 6_000_000, "four hundred of them would not fit into the allowance"
    assert peak(600) < few + 2_000_000
