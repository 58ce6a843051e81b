"""Ask a model through Ray: Ray Data hands blocks of records to a pool of actors that each hold the model.

Finished blocks lie in the scratch folder, so a killed run goes on where it was. An actor that dies is started again and
its block redone; a block that kills three actors is set aside in a dead-letter file and fails the run. Folders must be
visible to every worker, which they are on one machine and on a cluster with shared storage.
"""

import contextlib
import json
import logging
import os
import queue
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

import rsvlm
from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.evaluation.blocks import Block, Request, read_answers, split_blocks
from rsvlm.evaluation.settings import WorkerSettings
from rsvlm.evaluation.worker import DEAD, DONE, Worker
from rsvlm.files import canonical_json, write_atomic
from rsvlm.progress import Progress

logger = logging.getLogger(__name__)
CPU_SHARE = 0.5  # logical CPUs of one actor: a pool that takes them all leaves none for the data and hangs
_SPARE_CPUS = 2
_OBJECT_STORE = 128 << 20
_LAST_WORDS = 20.0  # seconds that a driver gets to see that its Ray is gone


@dataclass(frozen=True)
class Pool:
    """Where predictions run; Ray starts at the first block that is not finished, and once.

    Attributes:
        settings: workers, threads, block size, time-out.
        scratch: where finished blocks are kept.
        address: a running cluster; empty: this machine.
    """

    settings: WorkerSettings
    scratch: Path
    address: str = ""
    session: str = field(default_factory=lambda: uuid.uuid4().hex)


@contextlib.contextmanager
def worker_pool(settings: WorkerSettings, scratch: Path, address: str = "") -> Iterator[Pool]:
    """Yield a pool; Ray, if it was started, is stopped at the end."""
    try:
        yield Pool(settings, scratch, address)
    finally:
        _ray().shutdown()


def predict(pool: Pool, requests: Sequence[Request]) -> list[pa.Table]:
    """Return the answers to each request, in the order of its rows, by one pass of one pool over all of them.

    The same rows, settings and models give the same tables whatever the number of workers, and after any number of kills.

    Raises:
        ConfigurationError: the cluster is too small for the pool.
        RsvlmError: an answer failed, a block killed its workers, or nothing finished within the time-out.
    """
    split = [split_blocks(request, pool.settings.block, pool.scratch / "blocks") for request in requests]
    blocks = {block.key: block for part in split for block in part}
    waiting = [block for block in blocks.values() if not block.path.is_file()]
    progress = Progress("predict", len(blocks), "blocks")
    progress.start_at(len(blocks) - len(waiting))
    if waiting:
        _start(pool)
        _run(pool, waiting, progress)
    progress.finish()
    return [read_answers(part, request.predictor.schema()) for request, part in zip(requests, split, strict=True)]


def check_resources(settings: WorkerSettings, resources: Mapping[str, float], where: str) -> None:
    """Refuse a cluster on which the pool would wait for ever.

    Raises:
        ConfigurationError: too few logical CPUs or GPUs.
    """
    needed = {"CPU": settings.workers * CPU_SHARE + 1, "GPU": settings.workers * settings.gpus}
    for name, count in needed.items():
        if resources.get(name, 0) < count:
            raise ConfigurationError(
                f"{where}: {resources.get(name, 0):g} logical {name}s, but {settings.workers} workers need {count:g}; lower pool.workers"
            )


def _ray() -> Any:
    """Import Ray, with what it reads from the environment as it is imported."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its warnings name no cause that a user could remove
    # Ray Data cancels what is left when it is shut down; that call would start another Ray, whose end then ends this process.
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")
    import ray

    return ray


def _start(pool: Pool) -> None:
    """Start Ray on this machine or connect to a cluster, once."""
    ray = _ray()
    if ray.is_initialized():
        return
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    environment = {"OMP_NUM_THREADS": str(pool.settings.threads), "TOKENIZERS_PARALLELISM": "false"}
    if pool.address:
        ray.init(address=pool.address, runtime_env={"env_vars": environment}, **quiet)
    else:
        own = str(Path(next(iter(rsvlm.__path__))).parent)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH", ""))))
        logical = int(pool.settings.workers * CPU_SHARE) + 1 + _SPARE_CPUS
        local = {"num_cpus": logical, "object_store_memory": _OBJECT_STORE, "include_dashboard": False}
        ray.init(runtime_env={"env_vars": environment}, **local, **quiet)
    check_resources(pool.settings, ray.cluster_resources(), pool.address or "this machine")


def _run(pool: Pool, blocks: Sequence[Block], progress: Progress) -> None:
    """Have all blocks answered, and watch that they are."""
    reports: queue.Queue[dict[str, Any] | BaseException | None] = queue.Queue()
    driver = threading.Thread(target=_drive, args=(pool, blocks, reports), name="ray-data", daemon=True)
    driver.start()
    dead: list[Block] = []
    by_key = {block.key: block for block in blocks}
    while (report := _next_report(reports, pool.settings.timeout, driver)) is not None:
        if isinstance(report, BaseException):
            raise RsvlmError(f"evaluate: Ray gave up: {str(report).strip().splitlines()[-1][:300]}") from report
        block = by_key[report["key"]]
        if report["status"] == DEAD:
            dead.append(block)
        elif report["status"] != DONE:
            raise RsvlmError(f"{block.request.what}: {report['status']}")
        progress.advance(note=block.request.what)
    if dead:
        _dead_letter(pool, dead)


def _next_report(reports: "queue.Queue[Any]", timeout: float, driver: threading.Thread) -> Any:
    """Return the next report, or stop Ray and fail when none comes in time."""
    try:
        return reports.get(timeout=timeout)
    except queue.Empty:
        _ray().shutdown()
        driver.join(_LAST_WORDS)
        raise RsvlmError(
            f"evaluate: no block finished in {timeout:g} s; raise pool.timeout or lower pool.block (finished blocks are kept)"
        ) from None


def _drive(pool: Pool, blocks: Sequence[Block], reports: "queue.Queue[Any]") -> None:
    """Push the blocks through Ray Data and pass on what comes back; None at the end."""
    import ray.data

    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        predictors = list(dict.fromkeys(block.request.predictor for block in blocks))
        places = [predictors.index(block.request.predictor) for block in blocks]
        texts = [json.dumps([dict(row) for row in block.rows]) for block in blocks]
        parts = zip(blocks, places, texts, strict=True)
        rows = [{"key": block.key, "predictor": place, "rows": text} for block, place, text in parts]
        settings = pool.settings
        answered = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            Worker,
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=min(settings.workers, len(rows)), max_tasks_in_flight_per_actor=1),
            num_cpus=CPU_SHARE,
            num_gpus=settings.gpus or None,
            fn_constructor_args=(predictors, str(blocks[0].path.parent), pool.session, settings.threads, bool(settings.gpus)),
        )
        for report in answered.iter_rows():
            reports.put(report)
        reports.put(None)
    except BaseException as error:  # the main thread must hear of anything that ends this one
        reports.put(error)


def _dead_letter(pool: Pool, dead: list[Block]) -> None:
    """Write the ids of blocks that killed their workers, and fail."""
    path = pool.scratch / "dead-letter.jsonl"
    dead.sort(key=lambda block: (block.request.what, block.ids))
    write_atomic(path, b"".join(canonical_json({"block": block.key, "ids": block.ids, "what": block.request.what}) for block in dead))
    what, first, count = dead[0].request.what, dead[0].ids[0], sum(len(block.rows) for block in dead)
    raise RsvlmError(f"{what}: {len(dead)} blocks ({count} records, first {first}) each killed their worker three times; ids in {path}")
