"""What a task gets and what it gives back: requests to the worker pool first, then scores of their answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from rsvlm.evaluation.blocks import Request
from rsvlm.evaluation.gallery import Exhibit
from rsvlm.evaluation.records import Data
from rsvlm.evaluation.scores import Score
from rsvlm.evaluation.settings import TaskSettings
from rsvlm.seeds import numpy_generator


@dataclass(frozen=True)
class Context:
    """What every task of a stage shares.

    Attributes:
        data: the records.
        model: folder of the scored model.
        judge: folder of the model that scores its outputs.
        seed: of the workspace.
    """

    data: Data
    model: Path
    judge: Path
    seed: int

    def generator(self, task: TaskSettings, purpose: str) -> np.random.Generator:
        """Return the generator of one purpose of one task."""
        return numpy_generator(self.seed, "evaluate", task.name, purpose)


@dataclass(frozen=True)
class Result:
    """What a task found.

    Attributes:
        scores: by metric, for example `top1`.
        predictions: one row a sample; `id` first, then what was predicted and the per-sample scores.
        exhibits: examples to look at.
    """

    scores: Mapping[str, Score]
    predictions: pa.Table
    exhibits: tuple[Exhibit, ...] = field(default_factory=tuple)


Answers = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Task:
    """One kind of task.

    Attributes:
        requests: from settings and context to what must be asked, by name.
        score: from settings, context and the answers under the same names to the result; no model runs here.
    """

    requests: Callable[[Any, Context], dict[str, Request]]
    score: Callable[[Any, Context, Answers], Result]
