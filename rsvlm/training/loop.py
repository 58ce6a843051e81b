"""The training loop of every family: what differs between them is the batch and the objective, both given as functions.

Nothing random is kept between steps: which samples a step takes, and every generator it hands out, follow from seed and
step. A run killed at any moment and started again therefore ends in the same bytes as one left alone.
"""

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from rsvlm.errors import RsvlmError
from rsvlm.progress import Progress
from rsvlm.seeds import seed_of, torch_generator
from rsvlm.training import checkpoints
from rsvlm.training.ahead import ahead
from rsvlm.training.distributed import barrier, mean, worker
from rsvlm.training.engine import Engine, TorchEngine
from rsvlm.training.interrupt import interruptible
from rsvlm.training.order import micro_batches, rows_of_step
from rsvlm.training.precision import in_bfloat16
from rsvlm.training.schedule import learning_rate
from rsvlm.training.settings import OptimisationSettings

Batch = TypeVar("Batch")
History = list[dict[str, Any]]


class TrainingError(RsvlmError):
    """Training cannot go on: its loss stays without a finite value."""


@dataclass(frozen=True)
class Place:
    """Where in a run a micro-batch stands, and the generator for everything random about it."""

    step: int
    micro: int
    generator: torch.Generator


def fit(
    model: nn.Module,
    objective: Callable[[nn.Module, Batch, Place], Tensor],
    batch: Callable[[Sequence[int], Place], Batch],
    *,
    samples: int,
    settings: OptimisationSettings,
    seed: int,
    scratch: Path,
    name: str = "train",
    engine: Engine | None = None,
) -> History:
    """Train the parameters that require gradients, going on from the newest checkpoint in `scratch` if there is one.

    Args:
        model: the model, in the mode (train or eval) that it shall be trained in.
        objective: returns the mean loss of a micro-batch, a scalar. PyTorch's global generator is seeded for each call.
        batch: makes a micro-batch from sample numbers; runs in a thread, ahead of the objective.
        samples: how many samples there are.
        settings: optimiser, schedule, precision, checkpoints.
        seed: with `name`, decides order and every generator.
        scratch: a folder of this very run; checkpoints are kept in `scratch/name`.
        name: what is trained, for progress and generators.
        engine: what applies the gradients; plain PyTorch if not given.

    Returns:
        The history: one entry each `log_every` steps, {step, loss (mean since the last entry), learning_rate,
        gradient_norm, skipped (steps with values that were not finite)}. `model` holds the trained weights.

    Raises:
        TrainingError: loss or gradient were not finite for `nonfinite_limit` steps in a row.
        KeyboardInterrupt: the process was asked to end; the state is saved.
    """
    engine = engine or TorchEngine(model, settings)
    run = _Run(engine, settings, scratch / name, name)
    run.resume()
    device = next(model.parameters()).device.type
    autocast = functools.partial(torch.autocast, device, torch.bfloat16, enabled=in_bfloat16(settings.precision, device))
    with interruptible() as asked:
        for place, made in _batches(batch, samples, settings, seed, name, run.done):
            torch.manual_seed(seed_of(seed, name, "global", place.step, place.micro, worker().rank))
            with autocast():
                loss = objective(engine.model, made, place)
            run.take(place, loss)
            if place.micro + 1 == settings.accumulate and asked():
                run.save()
                raise KeyboardInterrupt
    run.progress.finish()
    engine.finish()
    return run.history


def _batches(
    batch: Callable[[Sequence[int], Place], Batch], samples: int, settings: OptimisationSettings, seed: int, name: str, first: int
) -> Iterator[tuple[Place, Batch]]:
    """Yield every micro-batch of this worker from step `first` on, made ahead of time."""
    here = worker()

    def make(place: Place, rows: Sequence[int]) -> tuple[Place, Batch]:
        return place, batch(rows, place)

    def makers() -> Iterator[Callable[[], tuple[Place, Batch]]]:
        for step in range(first, settings.steps):
            rows = rows_of_step(samples, settings.batch, seed, step)
            for micro, part in enumerate(micro_batches(rows, settings.accumulate, here)):
                place = Place(step, micro, torch_generator(seed, name, step, micro, here.rank))
                yield functools.partial(make, place, part)

    return ahead(makers())


class _Run:
    """The state of one training: steps done, the history, losses since its last entry."""

    def __init__(self, engine: Engine, settings: OptimisationSettings, folder: Path, name: str) -> None:
        self.engine, self.settings, self.folder = engine, settings, folder
        self.done = 0
        self.history: History = []
        self.pending: dict[str, Any] = {"losses": [], "skipped": 0, "in_row": 0}
        self._micro: list[float] = []
        self.progress = Progress(name, settings.steps, "steps")

    def resume(self) -> None:
        """Go on from the newest checkpoint, where there is one."""
        found = checkpoints.latest(self.folder)
        if found is not None:
            path, state = found
            self.engine.load(path)
            self.done, self.history, self.pending = state["step"], state["history"], state["pending"]
            self.progress.start_at(self.done)
        barrier()

    def take(self, place: Place, loss: Tensor) -> None:
        """Use the loss of a micro-batch; with the last one of a step, update, note and save what is due."""
        self._micro.append(float(loss.detach()))
        if math.isfinite(self._micro[-1]):
            self.engine.backward(loss)
        if place.micro + 1 < self.settings.accumulate:
            return
        value = mean(sum(self._micro) / len(self._micro))
        self._micro.clear()
        rate = learning_rate(self.settings, place.step)
        norm = self.engine.step(rate) if math.isfinite(value) else None
        self._note(value, norm)
        self.done = place.step + 1
        if self.done % self.settings.log_every == 0 or self.done == self.settings.steps:
            self._log(rate, norm)
        self.progress.advance(1, f"loss {value:.4f}, rate {rate:.2e}")
        if self.done % self.settings.checkpoint_every == 0 or self.done == self.settings.steps:
            self.save()

    def _note(self, value: float, norm: float | None) -> None:
        """Count a step: its loss, or that it was skipped because something was not finite."""
        if norm is not None:
            self.pending["losses"].append(value)
            self.pending["in_row"] = 0
            return
        self.engine.discard()
        self.pending["skipped"] += 1
        self.pending["in_row"] += 1
        if self.pending["in_row"] >= self.settings.nonfinite_limit:
            count = self.settings.nonfinite_limit
            raise TrainingError(
                f"step {self.done}: loss or gradient not finite for {count} steps in a row; lower learning_rate, or set clip"
            )

    def _log(self, rate: float, norm: float | None) -> None:
        losses = self.pending["losses"]
        loss = sum(losses) / len(losses) if losses else None
        entry = {"step": self.done, "loss": loss, "learning_rate": rate, "gradient_norm": norm, "skipped": self.pending["skipped"]}
        self.history.append(entry)
        self.pending = {"losses": [], "skipped": 0, "in_row": self.pending["in_row"]}

    def save(self) -> None:
        """Publish a checkpoint of this moment (by the first worker)."""
        self.engine.gather()
        if worker().rank == 0:
            state = {"history": self.history, "pending": self.pending}
            checkpoints.save(self.folder, self.done, state, self.engine.save, self.settings.keep)
        barrier()
