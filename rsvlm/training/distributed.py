"""Several processes that train one model: who they are, and exchange of numbers, gradients and features.

Everything here works without process group too (one worker), so the callers need no second path.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, distributed

from rsvlm.training.order import Worker


def worker() -> Worker:
    """Return this process's place among those that train together (0 of 1 without a process group)."""
    if distributed.is_available() and distributed.is_initialized():
        return Worker(distributed.get_rank(), distributed.get_world_size())
    return Worker()


def mean(value: float) -> float:
    """Return the mean of a number over all workers."""
    size = worker().size
    if size == 1:
        return value
    box = torch.tensor([value], dtype=torch.float64)
    distributed.all_reduce(box)
    return float(box) / size


def average_gradients(parameters: Iterable[Tensor]) -> None:
    """Replace every gradient by its mean over all workers; a parameter without gradient counts as zero."""
    size = worker().size
    if size == 1:
        return
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        distributed.all_reduce(parameter.grad)
        parameter.grad /= size


class _Gather(torch.autograd.Function):
    """Rows of all workers; backwards, the sum over workers of the gradient of this worker's rows."""

    @staticmethod
    def forward(context: Any, rows: Tensor) -> Tensor:
        here = worker()
        context.place = (here.rank, rows.shape[0])
        parts = [torch.empty_like(rows) for _ in range(here.size)]
        distributed.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        rank, count = context.place
        total = gradients[0].contiguous().clone()
        distributed.all_reduce(total)
        return total[rank * count : (rank + 1) * count]


def gather(rows: Tensor) -> Tensor:
    """Return the rows of all workers, in order of rank, so that gradients flow back to the worker they came from.

    Every worker then computes the same loss over all rows. Its gradients are `size` times too large for the rows and as
    many times too small after `average_gradients`: together they are those of one process with the whole batch.

    Args:
        rows: (n, ...), the same n on every worker.

    Returns:
        (size * n, ...).
    """
    if worker().size == 1:
        return rows
    gathered: Tensor = _Gather.apply(rows)
    return gathered


def barrier() -> None:
    """Wait until every worker is here."""
    if worker().size > 1:
        distributed.barrier()
