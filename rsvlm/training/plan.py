"""What training a model would need, worked out before any work: parameters and bytes per worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Precision = Literal["float32", "bfloat16"]
_MASTER_BYTES = 4


@dataclass(frozen=True)
class Block:
    """A named part of a model: how many parameters it has, and whether they are trained."""

    name: str
    parameters: int
    trainable: bool


@dataclass(frozen=True)
class MemoryPlan:
    """Bytes that one worker holds for a model and its optimiser; activations come on top and depend on the batch.

    Attributes:
        stage: ZeRO stage (0: everything on every worker).
        workers: processes that share the work.
        weights: the weights that are computed with, frozen ones included.
        gradients: one value for every trained parameter.
        optimiser: Adam's two moments in float32 and, where weights are not float32 themselves, their float32 master copy.
    """

    stage: int
    workers: int
    weights: int
    gradients: int
    optimiser: int

    @property
    def total(self) -> int:
        """Bytes of one worker."""
        return self.weights + self.gradients + self.optimiser


def memory_plan(
    blocks: Sequence[Block], *, stage: Literal[0, 1, 2, 3] = 0, workers: int = 1, precision: Precision = "float32"
) -> MemoryPlan:
    """Return the bytes per worker under a ZeRO stage.

    Stage 1 shares out the optimiser's states among the workers, 2 the gradients too, 3 the weights as well (Rajbhandari
    et al., ZeRO, figure 1: for mixed-precision Adam 2 + 2 + 12 bytes a parameter). `bfloat16` here means weights stored in
    bfloat16, as a ZeRO engine does; autocast keeps them in float32 and needs what `float32` says.
    """
    width = 4 if precision == "float32" else 2
    trained = sum(block.parameters for block in blocks if block.trainable)
    everything = sum(block.parameters for block in blocks)
    master = 0 if precision == "float32" else _MASTER_BYTES
    share = {kind: workers if stage >= first else 1 for kind, first in (("optimiser", 1), ("gradients", 2), ("weights", 3))}
    return MemoryPlan(
        stage,
        workers,
        weights=-(-everything * width // share["weights"]),
        gradients=-(-trained * width // share["gradients"]),
        optimiser=-(-trained * (2 * 4 + master) // share["optimiser"]),
    )
