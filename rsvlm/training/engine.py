"""What turns a loss into new weights, behind the loop: plain PyTorch here, DeepSpeed with the same four verbs elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rsvlm.errors import IntegrityError
from rsvlm.training.distributed import average_gradients
from rsvlm.training.settings import OptimisationSettings

_EMA_DELAY = 10


class Engine(Protocol):
    """The loop's view of an optimiser. `model` is what the objective is called with."""

    model: nn.Module

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of one micro-batch's mean loss, weighted so that a step's micro-batches are averaged."""

    def step(self, rate: float) -> float | None:
        """Update the weights; return the gradient norm before clipping, or None if it was not finite and nothing changed."""

    def discard(self) -> None:
        """Forget the gradients since the last step."""

    def gather(self) -> None:
        """On every worker, before `save`: bring what each of them holds to where the first one can write it."""

    def save(self, folder: Path) -> None:
        """On the first worker: write everything that `load` needs to go on exactly into an empty folder."""

    def load(self, folder: Path) -> None:
        """Go on from a saved folder."""

    def finish(self) -> None:
        """Leave the weights that training yields in the model (the average, where one is kept)."""


def parameter_groups(model: nn.Module, settings: OptimisationSettings) -> list[dict[str, object]]:
    """Return AdamW's groups: by learning-rate factor, and by whether a tensor decays."""
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            matches = [start for start in settings.rate_factors if name.startswith(start)]
            factor = settings.rate_factors[max(matches, key=len)] if matches else 1.0
            decay = settings.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((factor, decay), []).append(parameter)
    return [{"params": members, "weight_decay": decay, "factor": factor} for (factor, decay), members in sorted(groups.items())]


class TorchEngine:
    """AdamW on one or more workers that each hold the whole model."""

    def __init__(self, model: nn.Module, settings: OptimisationSettings) -> None:
        """Prepare the optimiser for the parameters that require gradients."""
        self.model = model
        self._settings = settings
        self._trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
        self._optimiser = torch.optim.AdamW(
            parameter_groups(model, settings), lr=settings.learning_rate, betas=settings.betas, eps=settings.epsilon
        )
        self._average = {name: p.detach().clone() for name, p in self._trained.items()} if settings.ema else {}
        self._updates = 0

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of one micro-batch."""
        (loss / self._settings.accumulate).backward()

    def step(self, rate: float) -> float | None:
        """Average gradients over workers, clip, update, and update the average of the weights."""
        average_gradients(self._trained.values())
        norm = nn.utils.get_total_norm([p.grad for p in self._trained.values() if p.grad is not None])
        if not torch.isfinite(norm):
            return None
        if self._settings.clip is not None:
            nn.utils.clip_grads_with_norm_(self._trained.values(), self._settings.clip, norm)
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        self._optimiser.step()
        self.discard()
        self._updates += 1
        self._move_average()
        return float(norm)

    @torch.no_grad()
    def _move_average(self) -> None:
        """Move the average towards the weights; it follows fast at first, so that the initial weights fade from it."""
        if self._settings.ema is not None:
            decay = min(self._settings.ema, (1 + self._updates) / (_EMA_DELAY + self._updates))
            for name, parameter in self._trained.items():
                self._average[name].lerp_(parameter, 1 - decay)

    def discard(self) -> None:
        """Forget the gradients since the last step."""
        self._optimiser.zero_grad(set_to_none=True)

    def _states(self) -> dict[str, Tensor]:
        found = {"updates": torch.tensor(self._updates)}
        for name, parameter in self._trained.items():
            for key, value in self._optimiser.state.get(parameter, {}).items():
                found[f"{key}/{name}"] = value
        return found

    def gather(self) -> None:
        """Nothing to do: every worker holds the same."""

    def save(self, folder: Path) -> None:
        """Write trained weights and buffers, their average, and the optimiser's tensors, all as safetensors."""
        save_file(_contiguous({**self._trained, **dict(self.model.named_buffers())}), folder / "weights.safetensors")
        save_file(_contiguous(self._states()), folder / "optimiser.safetensors")
        if self._average:
            save_file(_contiguous(self._average), folder / "average.safetensors")

    @torch.no_grad()
    def load(self, folder: Path) -> None:
        """Go on from a saved folder.

        Raises:
            IntegrityError: the folder holds other tensors than this model has.
        """
        _copy(load_file(folder / "weights.safetensors"), {**self._trained, **dict(self.model.named_buffers())}, folder)
        if self._average:
            _copy(load_file(folder / "average.safetensors"), self._average, folder)
        states = load_file(folder / "optimiser.safetensors")
        self._updates = int(states.pop("updates"))
        self._optimiser.state.clear()
        for key, value in states.items():
            kind, _, name = key.partition("/")
            parameter = self._trained[name]
            self._optimiser.state[parameter][kind] = value if kind == "step" else value.to(parameter.device)

    @torch.no_grad()
    def finish(self) -> None:
        """Put the average of the weights into the model, where one is kept."""
        for name, value in self._average.items():
            self._trained[name].copy_(value)


def _contiguous(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}


def _copy(saved: Mapping[str, Tensor], into: Mapping[str, Tensor], folder: Path) -> None:
    differing = sorted(set(saved) ^ set(into)) or [name for name in into if saved[name].shape != into[name].shape]
    if differing:
        raise IntegrityError(f"{folder}: the checkpoint is of another model ({differing[0]} differs); remove it to start over")
    for name, tensor in into.items():
        tensor.copy_(saved[name])
