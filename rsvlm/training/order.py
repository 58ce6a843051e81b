"""Which samples a step trains on: a pure function, so that nothing about the order needs to be saved.

Samples come as one endless row of epochs, each a permutation of all of them; step `s` takes places `s * batch` to
`(s + 1) * batch` of it. Workers share a step in order, so a run on one worker and on many sees the same steps.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsvlm.errors import ConfigurationError
from rsvlm.seeds import numpy_generator


@dataclass(frozen=True)
class Worker:
    """One of the processes that train together: its number (from 0), and how many there are."""

    rank: int = 0
    size: int = 1


@functools.lru_cache(maxsize=2)
def permutation(samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the order of one epoch: a permutation of 0 .. samples - 1."""
    return numpy_generator(seed, "order", epoch).permutation(samples)


def rows_of_step(samples: int, batch: int, seed: int, step: int) -> list[int]:
    """Return the samples of one step, over all workers; each epoch visits every sample once."""
    start, stop = step * batch, (step + 1) * batch
    rows: list[int] = []
    while start < stop:
        epoch, place = divmod(start, samples)
        taken = min(stop - start, samples - place)
        rows.extend(permutation(samples, seed, epoch)[place : place + taken].tolist())
        start += taken
    return rows


def micro_batches(rows: Sequence[int], accumulate: int, worker: Worker) -> list[list[int]]:
    """Return one worker's share of a step, cut into its micro-batches.

    Raises:
        ConfigurationError: the step cannot be shared out evenly.
    """
    parts = accumulate * worker.size
    if len(rows) % parts:
        raise ConfigurationError(f"optimisation.batch: {len(rows)} is no multiple of {accumulate} micro-batches x {worker.size} workers")
    size = len(rows) // parts
    first = worker.rank * accumulate
    return [list(rows[part * size : (part + 1) * size]) for part in range(first, first + accumulate)]
