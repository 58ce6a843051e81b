"""What a recipe has to show: stages, main metric against its trivial baseline, model version, report."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.models import version_of
from flows.reproduce import CURRENT, RAN, RESTORED
from rsvlm.recipes.load import Recipe, item_of

PARTS = ("low", "high", "baseline", "published", "n")


@dataclass(frozen=True)
class Result:
    """One recipe's latest result.

    Attributes:
        name: the recipe.
        item: the DVC item of the profile.
        states: the state of each of its own stages after the run, by stage.
        metric: the main metric's name; None before an evaluation, where the recipe names none.
        value: its value, and `baseline` the trivial one.
        version: of the registered model; None before a registration.
        alias: champion, challenger, or empty when a gate refused it.
        report: the report, relative to the workspace; None when there is none.
    """

    name: str
    item: str
    states: Mapping[str, str]
    metric: str | None
    value: float | None
    baseline: float | None
    version: str | None
    alias: str
    report: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {**vars(self), "states": dict(self.states)}

    def row(self) -> list[object]:
        """Return the cells of the table that ends a run."""
        from flows.cli.console import figure

        cells = [self.metric or "-", figure(self.value), figure(self.baseline), self.version or "-", self.alias or "-", self.report or "-"]
        return [self.name, self.stages(), *cells]

    def stages(self) -> str:
        """Say how many stages ran, were up to date, and so on; `2 ran, 3 up to date`."""
        counts = Counter(self.states.values())
        words = [f"{counts[state]} {state}" for state in (RAN, RESTORED, CURRENT, "skipped") if counts[state]]
        return ", ".join([*words, *(f"{stage} {state}" for stage, state in self.states.items() if state in ("failed", "stopped"))])


def result_of(root: Path, recipe: Recipe, profile: str, states: Mapping[str, str]) -> Result:
    """Read a recipe's latest result from its report folder; `states` is by stage address, of all stages of the run."""
    item = item_of(recipe.name, profile)
    folder = root / "reports" / item
    metrics = read_object(folder / "metrics.json")
    registration = read_object(folder / "registration.json")
    metric = getattr(recipe.sections[profile].get("register"), "metric", None) or main_metric(metrics)
    report = folder / "report.html"
    return Result(
        name=recipe.name,
        item=item,
        states={address.partition("@")[0]: state for address, state in states.items() if address.endswith(f"@{item}")},
        metric=metric,
        value=metrics.get(metric or ""),
        baseline=metrics.get(f"{metric}/baseline"),
        version=version_of(root, registration),
        alias=registration.get("alias") or "",
        report=str(report.relative_to(root)) if report.is_file() else None,
    )


def main_metric(metrics: Mapping[str, float]) -> str | None:
    """Return the first metric that has a trivial baseline beside it: what to show for a recipe that registers nothing."""
    names = sorted(name for name in metrics if name.rsplit("/", 1)[-1] not in PARTS)
    return next((name for name in names if f"{name}/baseline" in metrics), None)


def read_object(path: Path) -> dict[str, Any]:
    """Return a JSON file's mapping; an empty one where there is no file."""
    if not path.is_file():
        return {}
    stored: dict[str, Any] = json.loads(path.read_bytes())
    return stored
