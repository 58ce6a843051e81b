"""All tasks of a section: check for leaks, ask and score, write the evidence."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rsvlm.evaluation.blocks import write_table
from rsvlm.evaluation.gallery import Exhibit, write_gallery
from rsvlm.evaluation.parallel import worker_pool
from rsvlm.evaluation.records import open_data, refuse_training_data
from rsvlm.evaluation.scores import Score, flatten, summarise
from rsvlm.evaluation.settings import EvaluateSettings, Published
from rsvlm.evaluation.task import Context, Result
from rsvlm.evaluation.tasks import captioning, generation, grounding, retrieval, scene_chat, zero_shot
from rsvlm.files import readable_json, write_atomic

TASKS: dict[str, Callable[[Any, Context], Result]] = {
    "zero_shot": zero_shot.evaluate,
    "retrieval": retrieval.evaluate,
    "scene_chat": scene_chat.evaluate,
    "captioning": captioning.evaluate,
    "grounding": grounding.evaluate,
    "generation": generation.evaluate,
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
    with worker_pool(settings.pool, scratch, address) as pool:
        context = Context(pool, data, root / settings.model, root / settings.judge, seed)
        for task in settings.tasks:
            result = TASKS[task.task](task, context)
            write_table(output / f"predictions-{task.task}-{task.name}.parquet", result.predictions)
            scores |= {f"{task.task}/{task.name}/{metric}": score for metric, score in result.scores.items()}
            published |= {f"{task.task}/{task.name}/{metric}": number for metric, number in task.published.items()}
            exhibits.extend(result.exhibits)
    write_atomic(output / "summary.json", readable_json(summarise(scores, published)))
    write_gallery(exhibits, output)
    return Evaluation(flatten(scores, published), {"tasks": [f"{task.task}/{task.name}" for task in settings.tasks]})
