"""`rsvlm status`: what is up to date, what runs now, and what came out last."""

from pathlib import Path
from typing import Any

from flows.cli.console import figure, print_json, print_table
from flows.lock import holder
from flows.pipeline import Pipeline, wanted_stages
from flows.reproduce import CURRENT
from flows.results import result_of
from rsvlm.recipes.load import load_recipe, recipe_files

TO_RUN = "to run"


def show_status(root: Path, names: list[str], profile: str, *, as_json: bool) -> None:
    """Print every recipe's stages and latest figures; recipes without the profile are left out unless named.

    Raises:
        ConfigurationError: a recipe or profile is unknown, or a file has a fault.
    """
    recipes = [load_recipe(root, name) for name in names or recipe_files(root)]
    chosen = [recipe for recipe in recipes if names or profile in recipe.profiles]
    pipeline = Pipeline(root)
    try:
        states = stage_states(pipeline, [address for recipe in chosen for address in wanted_stages(recipe, profile)])
    finally:
        pipeline.close()
    results = [result_of(root, recipe, profile, states) for recipe in chosen]
    running = holder(root)
    if as_json:
        entries: list[dict[str, Any]] = [result.as_json() for result in results]
        print_json({"running": running or None, "recipes": entries})
        return
    columns = ["recipe", "up to date", "to run", "main metric", "value", "baseline", "version", "alias"]
    rows = [
        [
            result.name,
            ", ".join(stage for stage, state in result.states.items() if state == CURRENT) or "-",
            ", ".join(stage for stage, state in result.states.items() if state == TO_RUN) or "-",
            result.metric or "-",
            figure(result.value),
            figure(result.baseline),
            result.version or "-",
            result.alias or "-",
        ]
        for result in results
    ]
    print_table("", columns, rows)
    print(f"running: {running}" if running else "nothing is running")


def stage_states(pipeline: Pipeline, wanted: list[str]) -> dict[str, str]:
    """Return `up to date` or `to run` for the wanted stages and all they need, by address."""
    states: dict[str, str] = {}
    for address in pipeline.order(wanted):
        blocked = any(states.get(needed) == TO_RUN for needed in pipeline.upstream(address) if needed != "code")
        states[address] = TO_RUN if blocked or not pipeline.state(address).current else CURRENT
    return states
