"""One MLflow run for every stage, nested under its recipe's run; written after the work, and never the cause of a failure.

A run is made when a stage has ended, so a killed stage leaves none half-open. DVC writes a stage's own hashes into
`dvc.lock` only after the stage has ended; they are added to its run by the stages that come after it.
"""

import json
import logging
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rsvlm.files import MANIFEST, read_manifest
from rsvlm.lineage.dvc import stage_hashes
from rsvlm.lineage.record import git_state

if TYPE_CHECKING:
    from components.stage import Stage
    from rsvlm.registry.database import Tracking

logger = logging.getLogger("rsvlm.tracking")
_LONGEST_VALUE = 500
_BATCH = 900
_OUTPUTS = {
    "acquire": "data/raw/{item}",
    "caption": "data/pairs/{item}",
    "instruct": "data/conversations/{item}",
    "pretrain": "models/{item}/pretrain",
    "sft": "models/{item}/sft",
    "evaluate": "reports/{item}/evidence",
}


@dataclass(frozen=True)
class Ended:
    """How a stage ended: when it began (seconds since 1970), whether it finished, and the error's line if not."""

    started: float
    finished: bool
    error: str = ""


def record(stage: "Stage", ended: Ended) -> None:
    """Log one stage's run; where tracking does not work, say so in one line and go on.

    With the environment variable `RSVLM_TRACKING=none` nothing is logged.
    """
    if os.environ.get("RSVLM_TRACKING") == "none":
        return
    try:
        from rsvlm.registry.database import open_tracking  # seconds to import; the work is done by now

        tracking = open_tracking(stage.root, stage.parameters.tracking)
        _log(tracking, stage, ended)
    except Exception as error:  # whatever it is, the stage's own result stands
        line = (str(error).splitlines() or [type(error).__name__])[0]
        logger.warning("%s@%s: not tracked: %s", stage.stage, stage.item, line[:300])


def recipe_run(tracking: "Tracking", stage: "Stage") -> tuple[str, str]:
    """Return (experiment id, run id) of the recipe's run: one for an item at a commit, made if needed."""
    from mlflow.entities import RunStatus

    from rsvlm.registry.database import exclusive, experiment_of

    experiment = experiment_of(tracking, stage.section.system)
    commit = git_state(stage.root)["commit"] or "none"
    wanted = f"tags.`rsvlm.item` = '{stage.item}' and tags.`rsvlm.kind` = 'recipe' and tags.`git.commit` = '{commit}'"
    with exclusive(tracking.locks / "runs.lock"):
        found = tracking.client.search_runs([experiment], wanted, max_results=1)
        if found:
            return experiment, str(found[0].info.run_id)
        tags = {"rsvlm.item": stage.item, "rsvlm.kind": "recipe", "git.commit": commit, "mlflow.note.content": stage.about.summary}
        made = tracking.client.create_run(experiment, tags=tags, run_name=stage.item)
        tracking.client.set_terminated(made.info.run_id, RunStatus.to_string(RunStatus.FINISHED))
        return experiment, str(made.info.run_id)


def _log(tracking: "Tracking", stage: "Stage", ended: Ended) -> None:
    from mlflow.entities import Metric, Param, RunStatus, RunTag

    client = tracking.client
    experiment, parent = recipe_run(tracking, stage)
    begun = int(ended.started * 1000)
    run_id = client.create_run(experiment, start_time=begun, run_name=f"{stage.stage}@{stage.item}").info.run_id
    params = [Param(key, value) for key, value in sorted(parameters_of(stage).items())]
    tags = [RunTag(key, value) for key, value in sorted({**tags_of(stage, ended), "mlflow.parentRunId": parent}.items())]
    client.log_batch(run_id, params=params[:90], tags=tags[:90])
    metrics = [Metric(key, value, begun + step, step) for key, step, value in metrics_of(stage)] if ended.finished else []
    for start in range(0, len(metrics), _BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + _BATCH])
    status = RunStatus.to_string(RunStatus.FINISHED if ended.finished else RunStatus.FAILED)
    client.set_terminated(run_id, status, end_time=int(time.time() * 1000))
    _complete_earlier(tracking, experiment, parent, stage)


def parameters_of(stage: "Stage") -> dict[str, str]:
    """Return a stage's settings as flat parameters, with the seed and the threads."""
    flat = _flatten("", stage.section.model_dump(mode="json"))
    flat |= {"seed": stage.seed, "threads": stage.parameters.resources.threads}
    return {key: str(value)[:_LONGEST_VALUE] for key, value in flat.items()}


def _flatten(prefix: str, value: Any) -> dict[str, Any]:
    """Flatten mappings and lists of mappings; a list of plain values stays one value."""
    if isinstance(value, Mapping):
        return {key: leaf for name, inner in value.items() for key, leaf in _flatten(f"{prefix}{name}.", inner).items()}
    if isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        return _flatten(prefix, {str(index): inner for index, inner in enumerate(value)})
    return {prefix.rstrip("."): value}


def tags_of(stage: "Stage", ended: Ended) -> dict[str, str]:
    """Return a stage run's tags: item, stage, commit, code fingerprint, hash of its output, DVC's hashes as far as known."""
    git = git_state(stage.root)
    tags = {
        "rsvlm.item": stage.item,
        "rsvlm.stage": stage.stage,
        "rsvlm.kind": "stage",
        "rsvlm.code": stage.code,
        "git.commit": git["commit"] or "none",
        "git.dirty": str(git["dirty"]).lower(),
    }
    if ended.error:
        tags["rsvlm.error"] = ended.error[:_LONGEST_VALUE]
    output = stage.root / _OUTPUTS.get(stage.stage, "none").format(item=stage.item)
    if ended.finished and (output / MANIFEST).is_file():
        tags["manifest.sha256"] = read_manifest(output).sha256
    recorded = stage_hashes(stage.root, stage.item)
    for hashes in recorded.values():
        if hashes.stage != stage.stage:
            tags |= {f"dvc.{path}": digest for path, digest in hashes.outs.items()}
    return tags


def metrics_of(stage: "Stage") -> list[tuple[str, int, float]]:
    """Return (name, step, value) of what a stage measured: a training history, or the scores of an evaluation."""
    from rsvlm.registry.database import metric_key

    if stage.stage == "evaluate":
        scores: dict[str, float] = _json(stage.root / "reports" / stage.item / "metrics.json") or {}
        return [(metric_key(key), 0, float(value)) for key, value in sorted(scores.items())]
    history = _json(stage.root / _OUTPUTS.get(stage.stage, "none").format(item=stage.item) / "history.json") or []
    return [
        (metric_key(name), int(entry.get("step", index)), float(value))
        for index, entry in enumerate(history)
        for name, value in sorted(entry.items())
        if name != "step" and isinstance(value, int | float) and math.isfinite(value)
    ]


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes()) if path.is_file() else None


def _complete_earlier(tracking: "Tracking", experiment: str, parent: str, stage: "Stage") -> None:
    """Tag the newest run of each earlier stage with the hashes that DVC has recorded for its outputs meanwhile."""
    children = tracking.client.search_runs(
        [experiment], f"tags.`mlflow.parentRunId` = '{parent}' and attributes.status = 'FINISHED'", order_by=["attributes.start_time DESC"]
    )
    newest: dict[str, Any] = {}
    for run in children:
        newest.setdefault(run.data.tags.get("rsvlm.stage", ""), run)
    for name, hashes in stage_hashes(stage.root, stage.item).items():
        run = newest.get(name)
        if run is None or name == stage.stage:
            continue
        for path, digest in hashes.outs.items():
            if run.data.tags.get(f"dvc.{path}") != digest:
                tracking.client.set_tag(run.info.run_id, f"dvc.{path}", digest)
