"""`rsvlm run`: plan, take the workspace, run what is not up to date through Prefect, and say what came out."""

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
        code, states = _run(root, names, profile, until, force=force)
    results = [result_of(root, load_recipe(root, name), profile, states) for name in names]
    if as_json:
        print_json([result.as_json() for result in results])
    else:
        print_results(results)
        print(f"{time.monotonic() - started:.1f} s in all")
    sys.exit(code)


def _check(root: Path, names: list[str], profile: str, until: str | None) -> None:
    """Refuse a wrong call before anything heavy is imported or written."""
    load_parameters(root)
    for name in names:
        wanted_stages(load_recipe(root, name), profile, until)


def _run(root: Path, names: list[str], profile: str, until: str | None, *, force: bool) -> tuple[int, dict[str, str]]:
    """Run what is not up to date; return the exit code and the state of every stage by address."""
    children = Children()
    work = Work(root, lambda address, line: say(f"{address} | {line}"), children)
    work.plan(names, profile, until, force=force)
    waiting = work.waiting()
    if not waiting:
        return 0, dict.fromkeys(work.order, CURRENT)
    say(f"{len(work.order) - len(waiting)} stages up to date, {len(waiting)} to look at: {', '.join(waiting)}")
    _through_prefect(root, work, names, profile)
    states = {address: _state(work, address) for address in work.order}
    if children.stopping:
        again = " ".join(["rsvlm run", *names, "--profile", profile, *(["--until", until] if until else [])])
        say(f"rsvlm: stopped; finished stages and saved work are kept. To go on: {again}")
        return INTERRUPTED, states
    for error in work.failures.values():
        say(f"rsvlm: error: {error}")
    return max((error.exit_code for error in work.failures.values()), default=0), states


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
