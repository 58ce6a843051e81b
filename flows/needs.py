"""What a recipe would need: parameters by block, memory by ZeRO stage and number of workers, disk."""

import importlib
import importlib.util
import shutil
from pathlib import Path
from typing import Any, Literal

from rsvlm.recipes.yaml import read_yaml
from rsvlm.settings import Section

Precision = Literal["float32", "bfloat16"]
# What a reader compares: all on one worker, as the loop trains (autocast keeps float32 weights), and a ZeRO engine's ways
# of sharing bfloat16 weights, gradients and optimiser states among the eight workers of a node.
_CHOICES: tuple[tuple[int, Literal[0, 1, 2, 3], Precision], ...] = (
    (1, 0, "float32"),
    (8, 1, "bfloat16"),
    (8, 2, "bfloat16"),
    (8, 3, "bfloat16"),
)


def model_needs(family: str, stage: str, section: Section) -> dict[str, Any] | None:
    """Return a training stage's parameters by block and its memory plans; None for a family that trains nothing.

    The model is built on the meta device: shapes only, no weights, whatever its size.
    """
    if importlib.util.find_spec(f"rsvlm.{family}") is None or importlib.util.find_spec(f"rsvlm.{family}.plan") is None:
        return None
    from rsvlm.training.plan import memory_plan

    blocks = importlib.import_module(f"rsvlm.{family}.plan").blocks(section)
    engine = getattr(section, "engine", None)
    own = ((engine.workers, engine.zero, "bfloat16"),) if engine is not None and engine.zero else ()
    choices = dict.fromkeys((*own, *_CHOICES))
    plans = [(precision, memory_plan(blocks, stage=zero, workers=workers, precision=precision)) for workers, zero, precision in choices]
    return {
        "stage": stage,
        "blocks": [{"name": b.name, "parameters": b.parameters, "trainable": b.trainable} for b in blocks],
        "parameters": sum(block.parameters for block in blocks),
        "trainable": sum(block.parameters for block in blocks if block.trainable),
        "memory": [
            {
                "workers": plan.workers,
                "zero": plan.stage,
                "precision": precision,
                "weights": plan.weights,
                "gradients": plan.gradients,
                "optimiser": plan.optimiser,
                "total": plan.total,
                "recipe": (plan.workers, plan.stage, precision) in own,
            }
            for precision, plan in plans
        ],
    }


def disk(root: Path, addresses: list[str]) -> dict[str, int]:
    """Return the bytes that the stages' outputs take, as dvc.lock records them wherever they were made, and the bytes that are free."""
    lock = root / "dvc.lock"
    stages = read_yaml(lock)["stages"] if lock.is_file() else {}
    made = sum(int(out.get("size", 0)) for address in addresses for out in stages.get(address, {}).get("outs", []))
    return {"made": made, "free": shutil.disk_usage(root).free}
