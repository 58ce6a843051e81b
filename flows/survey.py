"""The survey flow: recipes end to end, one Prefect task for each DVC stage.

DVC's graph gives the order and decides what is up to date; Prefect gives retries, time limits, logs, progress, artifacts
and a history. What is done stands in `dvc.lock` and in the manifests, never in Prefect's database: a run that was
killed goes on because its stages are found up to date, whatever the database says.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogHandler
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner

from components import environment
from flows.artifacts import ProgressArtifact, publish_result
from flows.lock import workspace_lock
from flows.reproduce import CURRENT, Children, Outcome, StageError, reproduce
from flows.work import Work
from rsvlm.errors import RsvlmError
from rsvlm.recipes.load import item_of

RETRY_SECONDS = (5.0, 30.0)
_FLUSH_SECONDS = 5.0
_WORK: ContextVar[Work | None] = ContextVar("rsvlm_work", default=None)


def _may_help(stage: Any, run: TaskRun, state: State[Any]) -> bool:
    """Try again only what another try can change: a busy lock, a killed process; never a fault in a recipe."""
    try:
        state.result()
    except StageError as failure:
        return failure.transient
    except Exception:
        return False
    return False


@task(
    name="stage",
    task_run_name="{address}",
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=list(RETRY_SECONDS),
    retry_condition_fn=_may_help,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def stage_task(work: Work, address: str) -> State[Any]:
    """Reproduce one stage and say in the task's state what became of it."""
    if work.settled(address):
        outcome = Outcome(address, CURRENT, 0.0)
    else:
        logger = get_run_logger()
        progress = ProgressArtifact(address)

        def say(line: str) -> None:
            logger.info("%s", line)
            progress.follow(line)
            work.say(address, line)

        with work.turns.turn(work.order.index(address)):
            work.failures.pop(address, None)
            try:
                outcome = reproduce(work.root, address, work.children, say, force=address in work.forced, timeout=work.limit)
            except RsvlmError as error:
                work.failures[address] = error
                raise
    work.outcomes[address] = outcome
    return Completed(name=outcome.state.capitalize(), message=f"{outcome.state} in {outcome.seconds:.0f} s")


@flow(name="survey", flow_run_name="{names} ({profile})", task_runner=ThreadPoolTaskRunner(), persist_result=False)
def survey(names: list[str], profile: str = "laptop", until: str | None = None, force: bool = False) -> None:
    """Run recipes end to end in the present folder.

    Args:
        names: the recipes.
        profile: laptop, full or smoke.
        until: the last stage to run; all by default.
        force: run the recipes' own stages although they are up to date.

    Raises:
        StageError: a stage failed. What does not need it was still run.
    """
    given = _WORK.get()
    if given is not None:
        _reproduce_all(given, names, profile)
        return
    environment.apply()
    say = get_run_logger().info
    with workspace_lock(Path.cwd(), f"a Prefect deployment: {' '.join(names)} ({profile})", say):
        work = Work(Path.cwd(), lambda address, line: None, Children())
        work.plan(names, profile, until, force=force)
        _reproduce_all(work, names, profile)


def _reproduce_all(work: Work, names: list[str], profile: str) -> None:
    """Submit every stage with what it needs, wait, and leave results to look at."""
    with stop_in_order(work.children):
        futures: dict[str, Any] = {}
        for address in work.order:
            needs = [futures[name] for name in work.upstream[address] if name in futures]
            futures[address] = stage_task.submit(work, address, wait_for=needs)
        for future in futures.values():
            future.wait()
    for item in (item_of(name, profile) for name in names):
        if any(address.endswith(f"@{item}") and outcome.state != CURRENT for address, outcome in work.outcomes.items()):
            try:
                publish_result(work.root, item)
            except Exception as error:  # a view only; the work is done
                get_run_logger().warning("no artifacts of %s: %s", item, error)
    if work.failures:
        raise next(iter(work.failures.values()))


@contextlib.contextmanager
def stop_in_order(children: Children) -> Iterator[None]:
    """While inside, Ctrl-C and SIGTERM ask the stages to stop and save; a second one kills them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        children.stop()

    before = {signum: signal.signal(signum, stop) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def run_survey(work: Work, names: list[str], profile: str) -> None:
    """Run planned work as a Prefect flow; what became of the stages is in `work.outcomes` and `work.failures`.

    Raises:
        RsvlmError: Prefect itself failed, so that some stages were never looked at.
    """
    token = _WORK.set(work)
    try:
        state = survey(names, profile, return_state=True)
        if not state.is_completed() and not work.failures:
            raise RsvlmError(f"Prefect ended the run: {' '.join(str(state.message or state.name).split())}")
    finally:
        _WORK.reset(token)
        # What Prefect still holds must reach a server that ends with this run; else its exit handlers wait for it in vain.
        APILogHandler().flush()
        EventsWorker.drain_all(timeout=_FLUSH_SECONDS)
