"""Run a training function on one worker in this process, or on several through Ray Train.

Ray Train starts the whole group again when it loses a worker; the function then goes on from its last checkpoint, so steps
since that one are done twice and everything that it writes must stand that.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rsvlm
from rsvlm.errors import ConfigurationError, RsvlmError
from rsvlm.training.deepspeed_settings import DeepSpeedSettings

Job = TypeVar("Job")
logger = logging.getLogger(__name__)
# Logical CPUs of one worker: a group that takes all of them leaves none for what Ray itself has to do, and waits for ever.
CPU_SHARE = 0.5
_SPARE_CPUS = 2
_OBJECT_STORE = 128 << 20
_GROUP_SECONDS = 1800


def launch(function: Callable[[Job], None], job: Job, settings: DeepSpeedSettings, folder: Path) -> None:
    """Call `function(job)` on every worker and wait for all of them.

    Args:
        function: finds its place through `rsvlm.training.distributed.worker`; its results go to a folder all workers see.
        job: the same for all of them; must be picklable where there are several.
        settings: how many workers, and how often a group may be started again.
        folder: for Ray Train's own notes.

    Raises:
        RsvlmError: a worker's own error, or that the group failed more often than allowed.
        ConfigurationError: the cluster that RAY_ADDRESS names is too small.
    """
    if settings.workers == 1:
        function(job)
        return
    import ray

    begun = not ray.is_initialized()
    if begun:
        _start_ray(settings.workers)
    try:
        _check_resources(settings.workers, float(ray.cluster_resources().get("CPU", 0)))
        _fit(function, job, settings, folder)
    finally:
        if begun:
            ray.shutdown()


def _start_ray(workers: int) -> None:
    """Connect to the cluster that RAY_ADDRESS names, or start one here."""
    import ray

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    environment = {name: os.environ[name] for name in ("OMP_NUM_THREADS",) if name in os.environ}
    environment |= {"DS_ACCELERATOR": "cpu", "TOKENIZERS_PARALLELISM": "false"}
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.WARNING}
    if address := os.environ.get("RAY_ADDRESS"):
        ray.init(address=address, runtime_env={"env_vars": environment}, **quiet)
        return
    own = str(Path(next(iter(rsvlm.__path__))).parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH", ""))))
    logical = int(workers * CPU_SHARE) + 1 + _SPARE_CPUS
    ray.init(num_cpus=logical, object_store_memory=_OBJECT_STORE, include_dashboard=False, runtime_env={"env_vars": environment}, **quiet)


def _check_resources(workers: int, cpus: float) -> None:
    needed = workers * CPU_SHARE + 1
    if cpus < needed:
        raise ConfigurationError(f"engine.workers: {workers} workers need {needed:g} logical CPUs, the cluster has {cpus:g}; lower it")


def _fit(function: Callable[[Job], None], job: Job, settings: DeepSpeedSettings, folder: Path) -> None:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    trainer = TorchTrainer(
        _worker,
        train_loop_config={"function": function, "job": job},
        torch_config=TorchConfig(backend="gloo", timeout_s=_GROUP_SECONDS),
        scaling_config=ScalingConfig(num_workers=settings.workers, use_gpu=False, resources_per_worker={"CPU": CPU_SHARE}),
        run_config=RunConfig(
            name="workers", storage_path=str(folder.resolve()), failure_config=FailureConfig(max_failures=settings.failures)
        ),
    )
    try:
        result = trainer.fit()
    except Exception as error:
        raise RsvlmError(f"engine.workers: {_first_line(error)}") from error
    if result.error is not None:
        raise RsvlmError(f"engine.workers: {_first_line(result.error)}") from result.error


def _first_line(error: BaseException) -> str:
    """Return what went wrong in a worker, as one line: the error's own message, which Ray puts last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:300]


def _worker(config: dict[str, Any]) -> None:
    config["function"](config["job"])
