"""Ray actors that each hold one model: a pool that lives as long as the requests flow.

Ray Data's pools live for one data set; requests are a stream of unknown length, whose memory must stay bounded, and a model
is to be loaded once. An actor that dies is started again and its block redone; a block that kills three is set aside.
"""

import contextlib
import logging
import os
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import rsvlm
from rsvlm.chat.models import Block, Opener, Said
from rsvlm.errors import ConfigurationError
from rsvlm.records.unfit import Unfit

CPU_SHARE = 0.5  # logical CPUs of one actor: a pool that takes them all leaves none for Ray itself
_OBJECT_STORE = 128 << 20
_RETRIES = 2


class Actor:
    """Holds one model, loaded at its first block."""

    def __init__(self, opener: Opener) -> None:
        """Take what loads it."""
        self._opener = opener
        self._answer: Callable[[Block], Said] | None = None

    def answer(self, block: Block) -> Said:
        """Answer a block in its order."""
        if self._answer is None:
            self._answer = self._opener.open()
        return self._answer(block)


@contextlib.contextmanager
def actors(opener: Opener, address: str = "") -> Iterator[Callable[[Block], "Future[Said]"]]:
    """Start Ray, or join one that runs, and yield what submits blocks. A Ray that was started here is stopped at the end.

    Args:
        opener: loads the model; its settings say how many actors.
        address: a running cluster; empty: this machine.

    Raises:
        ConfigurationError: the cluster is too small.
    """
    ray = _ray()
    own = not ray.is_initialized()
    threads = ThreadPoolExecutor(opener.settings.workers, "chat")
    started: list[Any] = []
    try:
        if own:
            _start(ray, opener, address)
        _check_resources(opener, ray.cluster_resources(), address or "this machine")
        started += _started(ray, opener)
        yield _submitter(ray, started, threads)
    finally:
        threads.shutdown(cancel_futures=True)
        for actor in started:
            ray.kill(actor)
        if own:
            ray.shutdown()


def _ray() -> Any:
    """Import Ray, with what it reads from the environment as it is imported."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its warnings name no cause that a user could remove
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")
    import ray

    return ray


def _start(ray: Any, opener: Opener, address: str) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    environment = {"OMP_NUM_THREADS": str(opener.settings.threads), "TOKENIZERS_PARALLELISM": "false"}
    if address:
        ray.init(address=address, runtime_env={"env_vars": environment}, **quiet)
        return
    own = str(Path(next(iter(rsvlm.__path__))).parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH", ""))))
    logical = int(opener.settings.workers * CPU_SHARE) + 1
    local = {"num_cpus": logical, "object_store_memory": _OBJECT_STORE, "include_dashboard": False}
    ray.init(runtime_env={"env_vars": environment}, **local, **quiet)


def _check_resources(opener: Opener, resources: dict[str, float], where: str) -> None:
    """Refuse a cluster on which the actors would wait for ever."""
    workers, gpus = opener.settings.workers, opener.settings.gpus
    for name, needed in (("CPU", workers * CPU_SHARE), ("GPU", workers * gpus)):
        if resources.get(name, 0) < needed:
            raise ConfigurationError(f"{where}: {resources.get(name, 0):g} logical {name}s, but {workers} workers need {needed:g}")


def _started(ray: Any, opener: Opener) -> list[Any]:
    options = {"num_cpus": CPU_SHARE, "num_gpus": opener.settings.gpus, "max_restarts": -1, "max_task_retries": _RETRIES}
    kind = ray.remote(**options)(Actor)
    return [kind.remote(opener) for _ in range(opener.settings.workers)]


def _submitter(ray: Any, started: list[Any], threads: ThreadPoolExecutor) -> Callable[[Block], "Future[Said]"]:
    """Return what hands a block to the next idle actor: one at a time, so that no block dies with another."""
    idle: queue.Queue[Any] = queue.Queue()
    for actor in started:
        idle.put(actor)

    def answer(block: Block) -> Said:
        actor = idle.get()
        try:
            said: Said = ray.get(actor.answer.remote(block))
        except ray.exceptions.RayActorError:
            return [Unfit("model gave no answer", f"it ended its worker {_RETRIES + 1} times") for _ in block]
        except ray.exceptions.RayTaskError as error:
            raise (error.cause or error) from None
        finally:
            idle.put(actor)
        return said

    return lambda block: threads.submit(answer, block)
