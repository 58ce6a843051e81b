"""All tasks of a section: check for leaks, ask and score, write the evidence."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rsvlm.evaluation.blocks import write_table
from rsvlm.evaluation.gallery import Exhibit, write_gallery
from rsvlm.evaluation.parallel import predict, worker_pool
from rsvlm.evaluation.records import open_data, refuse_training_data
from rsvlm.evaluation.scores import Score, flatten, summarise
from rsvlm.evaluation.settings import EvaluateSettings, Published
from rsvlm.evaluation.task import Context, Task
from rsvlm.evaluation.tasks import captioning, generation, grounding, retrieval, scene_chat, zero_shot
from rsvlm.files import readable_json, write_atomic

TASKS = {
    "zero_shot": Task(zero_shot.requests, zero_shot.score),
    "retrieval": Task(retrieval.requests, retrieval.score),
    "scene_chat": Task(scene_chat.requests, scene_chat.score),
    "captioning": Task(captioning.requests, captioning.score),
    "grounding": Task(grounding.requests, grounding.score),
    "generation": Task(generation.requests, generation.score),
}


@dataclass(frozen=True)
class Evaluation:
    """What a stage found: `metrics` is `metrics.json`, `facts` go into the evidence's manifest."""

    metrics: dict[str, float]
    facts: dict[str, Any] = field(default_factory=dict)


def evaluate(settings: EvaluateSettings, root: Path, output: Path, scratch: Path, seed: int, address: str = "") -> Evaluation:
    """Run every task of a section and fill an evidence folder.

    Args:
        settings: the recipe's section; its paths are relative to `root`.
        root: the workspace.
        output: an empty folder, published by the caller: predictions, `summary.json`, `gallery.json`, images.
        scratch: where finished blocks are kept over a kill.
        seed: of the workspace.
        address: of a Ray cluster; empty: this machine.

    Raises:
        LeakError: test images are in the training data.
        ConfigurationError: the cluster is too small for the pool.
        RsvlmError: a model failed on its questions.
    """
    data = open_data(root / settings.data)
    refuse_training_data(data)
    scores: dict[str, Score] = {}
    published: dict[str, Published] = {}
    exhibits: list[Exhibit] = []
    context = Context(data, root / settings.model, root / settings.judge, seed)
    plans = [TASKS[task.task].requests(task, context) for task in settings.tasks]
    with worker_pool(settings.pool, scratch, address) as pool:
        tables = iter(predict(pool, [request for plan in plans for request in plan.values()]))
    for task, plan in zip(settings.tasks, plans, strict=True):
        result = TASKS[task.task].score(task, context, {name: next(tables) for name in plan})
        write_table(output / f"predictions-{task.task}-{task.name}.parquet", result.predictions)
        scores |= {f"{task.task}/{task.name}/{metric}": found for metric, found in result.scores.items()}
        published |= {f"{task.task}/{task.name}/{metric}": number for metric, number in task.published.items()}
        exhibits.extend(result.exhibits)
    write_atomic(output / "summary.json", readable_json(summarise(scores, published)))
    write_gallery(exhibits, output)
    return Evaluation(flatten(scores, published), {"tasks": [f"{task.task}/{task.name}" for task in settings.tasks]})
