"""DeepSpeed behind the training loop: ZeRO 0 to 3 with the verbs of `rsvlm.training.engine.Engine`.

DeepSpeed reads its checkpoints with pickle. They are therefore loaded only from folders whose manifest has just verified
(`rsvlm.training.checkpoints` does that), and what leaves a training leaves it as safetensors.
"""

import json
import logging
import os
import shutil
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, distributed, nn
from torch.nn import functional

from rsvlm.errors import ConfigurationError
from rsvlm.files import readable_json, remove, write_atomic
from rsvlm.training.deepspeed_settings import DeepSpeedSettings
from rsvlm.training.distributed import barrier, worker
from rsvlm.training.engine import parameter_groups
from rsvlm.training.precision import in_bfloat16
from rsvlm.training.settings import OptimisationSettings

_TAG = "state"
_ABOUT = "engine.json"
_TIMEOUT = timedelta(minutes=30)
_NEVER = 1_000_000_000


def configuration(optimisation: OptimisationSettings, deepspeed: DeepSpeedSettings, workers: int, device: str = "cpu") -> dict[str, Any]:
    """Return DeepSpeed's configuration: GeoChat's zero2.json or zero3.json with what `auto` stands for filled in.

    Raises:
        ConfigurationError: a step cannot be shared out evenly.
    """
    parts = workers * optimisation.accumulate
    if optimisation.batch % parts:
        raise ConfigurationError(
            f"optimisation.batch: {optimisation.batch} is no multiple of {optimisation.accumulate} micro-batches x {workers} workers"
        )
    zero: dict[str, Any] = {
        "stage": deepspeed.zero,
        "overlap_comm": False,  # there is no second stream on a CPU
        "contiguous_gradients": True,
        "sub_group_size": _NEVER,
        "reduce_bucket_size": deepspeed.bucket,
        "allgather_bucket_size": deepspeed.bucket,
    }
    if deepspeed.zero == 3:
        zero |= {
            "stage3_prefetch_bucket_size": deepspeed.bucket,
            "stage3_param_persistence_threshold": 10_000,
            "stage3_max_live_parameters": _NEVER,
            "stage3_max_reuse_distance": _NEVER,
            "stage3_gather_16bit_weights_on_model_save": True,
        }
    return {
        "train_batch_size": optimisation.batch,
        "train_micro_batch_size_per_gpu": optimisation.batch // parts,
        "gradient_accumulation_steps": optimisation.accumulate,
        "gradient_clipping": optimisation.clip or 0.0,
        **_precision(in_bfloat16(optimisation.precision, device), deepspeed.zero),
        "zero_optimization": zero,
        "steps_per_print": _NEVER,
    }


def _precision(bfloat16: bool, zero: int) -> dict[str, Any]:
    """Return the types to compute in.

    Without ZeRO, weights stay as they are and operations compute in bfloat16, as in the plain loop. With it, weights are
    bfloat16 beside a float32 master copy; DeepSpeed adds up gradients in float32 from stage 2 on only.
    """
    if zero == 0:
        return {"torch_autocast": {"enabled": bfloat16, "dtype": "bfloat16"}}
    types = {"data_types": {"grad_accum_dtype": "fp32"}} if bfloat16 and zero >= 2 else {}
    return {"bf16": {"enabled": bfloat16}, **types}


def start_process_group() -> None:
    """Join the workers' process group, or make one of this process alone, and hand it to DeepSpeed.

    DeepSpeed would compile a shared-memory reduction at its first start on a CPU, which takes a compiler and half a
    minute and is not used for training; it is told that the operation does not fit this machine.
    """
    os.environ.setdefault("DS_ACCELERATOR", "cpu")
    os.environ.setdefault("LOCAL_RANK", "0")
    logging.getLogger("DeepSpeed").setLevel(logging.WARNING)
    # It calls collectives by names that PyTorch has since changed.
    warnings.filterwarnings("ignore", r"`torch\.distributed\.\w+` is deprecated", FutureWarning)
    import deepspeed

    if not distributed.is_initialized():
        distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1, timeout=_TIMEOUT)
    if not deepspeed.comm.is_initialized():
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
        deepspeed.init_distributed(dist_backend="gloo", auto_mpi_discovery=False, verbose=False)


class DeepSpeedEngine:
    """A model trained by DeepSpeed.

    In bfloat16, weights and gradients are held in bfloat16 beside a float32 master copy of the trained ones, which every
    step goes to.

    Attributes:
        trained: after `finish`, the trained parameters by name, in float32.
    """

    def __init__(self, model: nn.Module, optimisation: OptimisationSettings, deepspeed: DeepSpeedSettings, incoming: Path) -> None:
        """Hand a model over to DeepSpeed.

        Args:
            model: trained are the parameters that require gradients.
            optimisation: as everywhere; `ema` is not offered here.
            deepspeed: ZeRO stage and workers.
            incoming: a folder that all workers write their parts of a checkpoint into.

        Raises:
            ConfigurationError: an average of the weights is asked for, or a step cannot be shared out.
        """
        if optimisation.ema is not None:
            raise ConfigurationError("optimisation.ema: not offered with DeepSpeed; leave it out")
        start_process_group()
        import deepspeed as library

        self._settings, self._zero, self._incoming = optimisation, deepspeed.zero, incoming
        self._plain = model
        self.trained: dict[str, Tensor] = {}
        self._micro = 0
        optimiser = torch.optim.AdamW(
            parameter_groups(model, optimisation), lr=optimisation.learning_rate, betas=optimisation.betas, eps=optimisation.epsilon
        )
        config = configuration(optimisation, deepspeed, worker().size)
        self._linear = functional.linear
        self._engine, *_ = library.initialize(model=model, optimizer=optimiser, config=config, dist_init_required=False)
        self.model: nn.Module = self._engine
        self._factors = [float(group["factor"]) for group in optimiser.param_groups]

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of one micro-batch; DeepSpeed divides by their number and reduces them over workers at the last."""
        self._micro += 1
        last = self._micro == self._settings.accumulate
        self._engine.set_gradient_accumulation_boundary(is_boundary=last)
        self._engine.backward(loss)
        if not last:
            self._engine.step()

    def step(self, rate: float) -> float | None:
        """Clip and update; return the gradient norm before clipping, or None if it was not finite and nothing changed."""
        self._micro = 0
        for group, factor in zip(self._engine.optimizer.param_groups, self._factors, strict=True):
            group["lr"] = rate * factor
        plain = self._plain_norm() if self._is_plain else None
        if plain is not None and not torch.isfinite(plain):
            return None
        self._engine.step()
        if not self._engine.was_step_applied():
            return None
        return float(plain if plain is not None else self._engine.get_global_grad_norm())

    @property
    def _is_plain(self) -> bool:
        """Whether the optimiser is PyTorch's own, which steps without looking at the gradients."""
        return self._zero == 0

    def _plain_norm(self) -> Tensor:
        return nn.utils.get_total_norm([p.grad for p in self._plain.parameters() if p.grad is not None])

    def discard(self) -> None:
        """Forget the gradients since the last step."""
        self._micro = 0
        self._engine.optimizer.zero_grad()
        self._plain.zero_grad(set_to_none=True)

    def gather(self) -> None:
        """On every worker: write this worker's part of a checkpoint, where `save` picks it up."""
        if worker().rank == 0:
            remove(self._incoming)
            self._incoming.mkdir(parents=True)
        barrier()
        self._engine.save_checkpoint(str(self._incoming), tag=_TAG, save_latest=False, exclude_frozen_parameters=True)
        barrier()

    def save(self, folder: Path) -> None:
        """Move the workers' parts into the folder."""
        shutil.move(self._incoming / _TAG, folder / _TAG)
        write_atomic(folder / _ABOUT, readable_json({"workers": worker().size, "zero": self._zero}))
        remove(self._incoming)

    def load(self, folder: Path) -> None:
        """Go on from a verified checkpoint.

        Raises:
            ConfigurationError: it was written by another number of workers or under another ZeRO stage.
        """
        about = json.loads((folder / _ABOUT).read_bytes())
        if about != {"workers": worker().size, "zero": self._zero}:
            raise ConfigurationError(
                f"{folder}: written by {about['workers']} workers under ZeRO {about['zero']}, not {worker().size} under {self._zero}; "
                f"go on with those settings, or remove {folder.parent} to start over"
            )
        self._engine.load_checkpoint(str(folder), tag=_TAG, load_module_strict=False)

    @torch.no_grad()
    def finish(self) -> None:
        """Collect the float32 weights in `trained`, whole on every worker, and end DeepSpeed's hold on the model.

        Under ZeRO 3 the model's own tensors are in pieces; take `trained` over into a fresh model.
        """
        from deepspeed.utils import safe_get_full_fp32_param

        for name, parameter in self._plain.named_parameters():
            if parameter.requires_grad:
                master = safe_get_full_fp32_param(parameter)
                self.trained[name] = (parameter if master is None else master).detach().float().clone()
        self._engine.destroy()
        # ZeRO 3 puts its own in this place and leaves it there; what this process computes next would round differently.
        functional.linear = self._linear


def consolidated(folder: Path) -> dict[str, Tensor]:
    """Return the trained weights of a verified checkpoint in float32, put together from all workers' parts (ZeRO 1 to 3)."""
    from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint

    state: dict[str, Tensor] = get_fp32_state_dict_from_zero_checkpoint(str(folder), tag=_TAG, exclude_frozen_parameters=True)
    return {name: value.detach().clone().contiguous() for name, value in state.items()}


def consolidate(folder: Path, path: Path) -> None:
    """Write the trained weights of a verified checkpoint as one safetensors file."""
    save_file(dict(sorted(consolidated(folder).items())), path)
