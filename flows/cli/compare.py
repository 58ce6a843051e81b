"""`rsvlm compare` and `rsvlm report`: results side by side, and where to look at them."""

from pathlib import Path
from typing import Any

from flows.cli.console import figure, print_json, print_table
from flows.pipeline import wanted_stages
from flows.results import PARTS, read_object
from rsvlm.errors import ConfigurationError
from rsvlm.recipes.load import item_of, load_recipe
from rsvlm.settings import nearest


def metrics_of(root: Path, name: str) -> dict[str, float]:
    """Return the metrics of a recipe item (`remoteclip`, `remoteclip-smoke`) or of a model version (`remoteclip/2`, `remoteclip@champion`).

    Raises:
        ConfigurationError: there is no such result; names those there are.
    """
    if "/" in name or "@" in name:
        from flows.models import version_metrics

        return version_metrics(root, name)
    known = sorted(path.parent.name for path in (root / "reports").glob("*/metrics.json"))
    if name not in known:
        raise ConfigurationError(f"no result of '{name}'; there are: {', '.join(known) or 'none yet, see rsvlm run'}{nearest(name, known)}")
    return read_object(root / "reports" / name / "metrics.json")


def compare_results(root: Path, first: str, second: str, *, as_json: bool) -> None:
    """Print the metrics that two results share, the difference, and whether their 95 % intervals are apart.

    Raises:
        ConfigurationError: one of them does not exist, or they share no metric.
    """
    left, right = metrics_of(root, first), metrics_of(root, second)
    shared = sorted(name for name in left.keys() & right.keys() if name.rsplit("/", 1)[-1] not in PARTS)
    if not shared:
        raise ConfigurationError(f"'{first}' and '{second}' share no metric; compare results of one family")
    rows = [_row(name, left, right) for name in shared]
    if as_json:
        print_json([dict(zip(("metric", "first", "second", "difference", "apart"), row, strict=True)) for row in rows])
        return
    shown = [[name, figure(a), figure(b), f"{difference:+.4g}", _words(apart)] for name, a, b, difference, apart in rows]
    print_table("", ["metric", first, second, "difference", "intervals apart"], shown)


def _row(name: str, left: dict[str, float], right: dict[str, float]) -> tuple[str, float, float, float, bool | None]:
    bounds = [values.get(f"{name}/{end}") for values in (left, right) for end in ("low", "high")]
    low_left, high_left, low_right, high_right = bounds
    apart = None
    if low_left is not None and high_left is not None and low_right is not None and high_right is not None:
        apart = high_left < low_right or high_right < low_left
    return name, left[name], right[name], right[name] - left[name], apart


def _words(apart: bool | None) -> str:
    return "unknown" if apart is None else "yes" if apart else "no"


def show_report(root: Path, name: str, profile: str, *, open_it: bool, as_json: bool) -> None:
    """Print where a recipe's report is and its figures; open it in the browser if asked.

    Raises:
        ConfigurationError: no such recipe or profile, or it has not been evaluated.
    """
    wanted_stages(load_recipe(root, name), profile)
    item = item_of(name, profile)
    report = root / "reports" / item / "report.html"
    if not report.is_file():
        raise ConfigurationError(f"no report of '{item}' yet; make it: rsvlm run {name} --profile {profile}")
    metrics = metrics_of(root, item)
    if as_json:
        print_json({"name": name, "item": item, "report": str(report), "metrics": metrics})
    else:
        print_table("", ["metric", "value", *PARTS], _metric_rows(metrics))
        print(report)
    if open_it:
        import webbrowser

        webbrowser.open(report.as_uri())


def _metric_rows(metrics: dict[str, float]) -> list[list[Any]]:
    names = sorted(name for name in metrics if name.rsplit("/", 1)[-1] not in PARTS)
    return [[name, figure(metrics[name]), *(figure(metrics.get(f"{name}/{part}")) for part in PARTS)] for name in names]
