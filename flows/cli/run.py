"""`rsvlm run`: plan, take the workspace, run what is not up to date through Prefect, and say what came out."""

import os
import sys
import time
from pathlib import Path

from flows.cli.console import print_json, print_table, say
from flows.lock import workspace_lock
from flows.models import tracking_address
from flows.pipeline import wanted_stages
from flows.reproduce import CURRENT, Children
from flows.results import Result, result_of
from flows.work import Work
from rsvlm.errors import RsvlmError
from rsvlm.recipes.load import load_recipe
from rsvlm.recipes.parameters import load_parameters

INTERRUPTED = 130


def run_recipes(root: Path, names: list[str], profile: str, *, until: str | None, force: bool, as_json: bool) -> None:
    """Run recipes and print a table of what came out; ends the process with 0, 1, 2 or 130.

    Raises:
        RsvlmError: a recipe or argument is wrong (before any work), or the workspace cannot be used.
    """
    names = list(dict.fromkeys(names))
    _check(root, names, profile, until)
    started = time.monotonic()
    with workspace_lock(root, f"rsvlm run {' '.join(names)} --profile {profile}", say):
        code, states, errors = _run(root, names, profile, until, force=force)
    try:
        _show(root, names, profile, states, time.monotonic() - started, as_json=as_json)
    finally:  # whatever became of the results, why a stage failed is said, and last, where a person sees it
        for error in errors:
            say(f"rsvlm: error: {error}")
    sys.exit(code)


def _show(root: Path, names: list[str], profile: str, states: dict[str, str], seconds: float, *, as_json: bool) -> None:
    results = [result_of(root, load_recipe(root, name), profile, states) for name in names]
    if as_json:
        print_json([result.as_json() for result in results])
    else:
        print_results(results)
        print(f"{seconds:.1f} s in all")
    sys.stdout.flush()  # the errors that follow may go to the same file


def _check(root: Path, names: list[str], profile: str, until: str | None) -> None:
    """Refuse a wrong call, or a mirror that is not there, before anything is started or written."""
    parameters = load_parameters(root)
    for name in names:
        wanted_stages(load_recipe(root, name), profile, until)
    from rsvlm.sources.fetch import mirror_folder  # what it imports would slow the line about a wrong name

    mirror_folder(root, os.environ.get("RSVLM_MIRROR", "") or parameters.mirror)


def _run(root: Path, names: list[str], profile: str, until: str | None, *, force: bool) -> tuple[int, dict[str, str], list[RsvlmError]]:
    """Run what is not up to date; return the exit code, the state of every stage by address, and what failed."""
    children = Children()
    work = Work(root, lambda address, line: say(f"{address} | {line}"), children)
    work.plan(names, profile, until, force=force)
    waiting = work.waiting()
    if not waiting:
        return 0, dict.fromkeys(work.order, CURRENT), []
    say(f"{len(work.order) - len(waiting)} stages up to date, {len(waiting)} to look at: {', '.join(waiting)}")
    _through_prefect(root, work, names, profile)
    states = {address: _state(work, address) for address in work.order}
    if children.stopping:
        again = " ".join(["rsvlm run", *names, "--profile", profile, *(["--until", until] if until else [])])
        say(f"rsvlm: stopped; finished stages and saved work are kept. To go on: {again}")
        return INTERRUPTED, states, []
    errors = list(work.failures.values())
    return max((error.exit_code for error in errors), default=0), states, errors


def _through_prefect(root: Path, work: Work, names: list[str], profile: str) -> None:
    from flows.server import prefect_server

    say("starting Prefect ...")
    with prefect_server(root) as address:
        say(f"Prefect is at {address.removesuffix('/api')}")
        from flows.survey import run_survey  # Prefect reads its settings when it is imported

        run_survey(work, names, profile)


def _state(work: Work, address: str) -> str:
    if address in work.outcomes:
        return work.outcomes[address].state
    if address in work.failures:
        return "stopped" if work.children.stopping else "failed"
    return "skipped"


def print_results(results: list[Result]) -> None:
    """Print the table of results, and how to open the three views."""
    columns = ["recipe", "stages", "main metric", "value", "baseline", "version", "alias", "report"]
    print_table("", columns, [result.row() for result in results])
    print("MLflow   .venv/bin/mlflow ui --backend-store-uri " + tracking_address(Path.cwd()))
    print("Prefect  PREFECT_HOME=.rsvlm/prefect .venv/bin/prefect server start")
    print("DVC      .venv/bin/dvc dag; .venv/bin/dvc status; .venv/bin/dvc metrics show")
