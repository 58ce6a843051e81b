"""What a task gets and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from rsvlm.evaluation.gallery import Exhibit
from rsvlm.evaluation.parallel import Pool
from rsvlm.evaluation.records import Data
from rsvlm.evaluation.scores import Score
from rsvlm.evaluation.settings import TaskSettings
from rsvlm.seeds import numpy_generator


@dataclass(frozen=True)
class Context:
    """What every task of a stage shares.

    Attributes:
        pool: where predictions run.
        data: the records.
        model: folder of the scored model.
        judge: folder of the model that scores its outputs.
        seed: of the workspace.
    """

    pool: Pool
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
