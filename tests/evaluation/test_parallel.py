"""The worker pool against a real Ray: resuming, dying actors, poison, a hang, the same bytes however it went.

Workers import this module by its name below the repository, which is on their path.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.evaluation.blocks import Request, split_blocks, write_table
from rsvlm.evaluation.parallel import Pool, check_resources, predict, worker_pool
from rsvlm.evaluation.settings import WorkerSettings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Squares:
    """Squares numbers, and misbehaves at chosen ones."""

    notes: str
    die_once: tuple[int, ...] = ()
    die_always: tuple[int, ...] = ()
    fail: tuple[int, ...] = ()
    sleep: float = 0.0

    def key(self):
        return {"what": "squares"}

    def schema(self):
        return pa.schema([("id", pa.string()), ("square", pa.int64())])

    def open(self, device):
        assert device == "cpu"
        return self.answer

    def answer(self, rows):
        time.sleep(self.sleep)
        for row in rows:
            number = int(row["number"])
            self.misbehave(number)
            with open(os.path.join(self.notes, "asked"), "a") as stream:
                stream.write(f"{number}\n")
        return [{"id": row["id"], "square": int(row["number"]) ** 2} for row in rows]

    def misbehave(self, number):
        if number in self.fail:
            raise RsvlmError(f"number {number} is not wanted")
        mark = os.path.join(self.notes, f"died-{number}")
        if number in self.die_always or (number in self.die_once and not os.path.exists(mark)):
            open(mark, "w").close()
            os._exit(13)


def rows(count):
    return [{"id": f"r{number:03d}", "number": number} for number in range(count)]


def ask(pool, predictor, asked):
    return predict(pool, [Request(predictor, tuple(asked), "squares")])[0]


def blocks_of(predictor, count, size, folder):
    return split_blocks(Request(predictor, tuple(rows(count)), "squares"), size, folder)


def digest(table, folder):
    write_table(folder / "all.parquet", table)
    return hashlib.sha256((folder / "all.parquet").read_bytes()).hexdigest()


def settings(**changes):
    return WorkerSettings(**{"workers": 2, "block": 5, "timeout": 120.0, **changes})


@pytest.fixture(scope="module")
def ray_session(tmp_path_factory):
    """One Ray for the tests that leave it whole: starting it is most of their time."""
    with worker_pool(settings(), tmp_path_factory.mktemp("first")) as pool:
        ask(pool, Squares(str(pool.scratch)), rows(1))
        yield


@pytest.fixture
def notes(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


@pytest.fixture
def expected(tmp_path):
    table = pa.Table.from_pylist([{"id": row["id"], "square": row["number"] ** 2} for row in rows(33)], Squares("").schema())
    return digest(table, tmp_path)


@pytest.mark.integration
@pytest.mark.parametrize("workers", [1, 2])
def test_answers_are_the_same_bytes_for_any_number_of_workers(ray_session, tmp_path, notes, expected, workers):
    table = ask(Pool(settings(workers=workers), tmp_path / "scratch"), Squares(str(notes)), rows(33))
    assert digest(table, tmp_path) == expected
    assert sorted(map(int, (notes / "asked").read_text().split())) == list(range(33))


@pytest.mark.fault
@pytest.mark.integration
def test_f46_a_dying_actor_costs_time_not_answers(ray_session, tmp_path, notes, expected):
    table = ask(Pool(settings(), tmp_path / "scratch"), Squares(str(notes), die_once=(3, 12, 27)), rows(33))
    assert digest(table, tmp_path) == expected
    assert len(list(notes.glob("died-*"))) == 3


@pytest.mark.fault
@pytest.mark.integration
def test_f46_a_poison_block_is_set_aside_with_its_ids(ray_session, tmp_path, notes, expected):
    scratch = tmp_path / "scratch"
    with pytest.raises(RsvlmError, match=r"1 blocks \(5 records, first r010\) each killed their worker three times"):
        ask(Pool(settings(), scratch), Squares(str(notes), die_always=(12,)), rows(33))
    letter = (scratch / "dead-letter.jsonl").read_text()
    assert '"ids":["r010","r011","r012","r013","r014"]' in letter
    assert len(list((scratch / "blocks").glob("*.parquet"))) == 6
    (notes / "asked").unlink()  # the cause is gone: only that block is asked again
    table = ask(Pool(settings(), scratch), Squares(str(notes)), rows(33))
    assert digest(table, tmp_path) == expected
    assert sorted(map(int, (notes / "asked").read_text().split())) == [10, 11, 12, 13, 14]


@pytest.mark.integration
def test_an_error_is_told_once_and_clearly(ray_session, tmp_path, notes):
    with pytest.raises(RsvlmError, match="number 7 is not wanted"):
        ask(Pool(settings(workers=1), tmp_path / "scratch"), Squares(str(notes), fail=(7,)), rows(12))


@pytest.mark.fault
@pytest.mark.integration
def test_f45_a_pool_that_makes_no_progress_is_given_up(tmp_path, notes):
    with (
        worker_pool(settings(workers=1, timeout=15.0), tmp_path / "scratch") as pool,
        pytest.raises(RsvlmError, match="no block finished in 15 s"),
    ):
        ask(pool, Squares(str(notes), sleep=300), rows(5))


@pytest.mark.fault
def test_f45_a_cluster_too_small_is_refused_before_the_start():
    check_resources(settings(workers=2), {"CPU": 2.0}, "here")
    with pytest.raises(ConfigurationError, match=r"here: 2 logical CPUs, but 4 workers need 3"):
        check_resources(settings(workers=4), {"CPU": 2.0}, "here")
    with pytest.raises(ConfigurationError, match="0 logical GPUs"):
        check_resources(settings(gpus=0.5), {"CPU": 8.0}, "here")


@pytest.mark.fault
@pytest.mark.integration
def test_f47_a_killed_evaluator_goes_on_where_it_was(tmp_path, notes, expected):
    scratch = tmp_path / "scratch"
    script = f"""
from pathlib import Path
from tests.evaluation.test_parallel import Squares, ask, rows, settings, worker_pool
with worker_pool(settings(), Path({str(scratch)!r})) as pool:
    ask(pool, Squares({str(notes)!r}, sleep=1.0), rows(33))
"""
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 90
    while len(list(scratch.glob("blocks/*.parquet"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(1)
    kept = len(list(scratch.glob("blocks/*.parquet")))
    assert 2 <= kept < 7
    (notes / "asked").unlink()
    with worker_pool(settings(), scratch) as pool:
        table = ask(pool, Squares(str(notes)), rows(33))
    assert digest(table, tmp_path) == expected
    assert len((notes / "asked").read_text().split()) == 33 - sum(len(b.rows) for b in finished(scratch, kept))


def finished(scratch, count):
    blocks = blocks_of(Squares(""), 33, 5, scratch / "blocks")
    oldest = sorted(blocks, key=lambda block: block.path.stat().st_mtime_ns)
    return oldest[:count]


def test_finished_blocks_need_no_ray(tmp_path, notes):
    pool = Pool(settings(), tmp_path)
    predictor = Squares(str(notes))
    for block in blocks_of(predictor, 8, 5, tmp_path / "blocks"):
        write_table(block.path, pa.Table.from_pylist(predictor.answer(list(block.rows)), predictor.schema()))
    assert ask(pool, predictor, rows(8)).column("square").to_pylist() == [n * n for n in range(8)]


def test_blocks_are_named_by_what_their_answers_depend_on(tmp_path):
    first = blocks_of(Squares("a"), 10, 5, tmp_path)
    assert [block.key for block in first] == [block.key for block in blocks_of(Squares("b"), 10, 5, tmp_path)]
    assert not {block.key for block in first} & {block.key for block in blocks_of(Squares("a"), 10, 4, tmp_path)}
