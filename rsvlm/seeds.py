"""Random generators that depend on names, never on the order of calls or on a global state."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def seed_of(*parts: str | int) -> int:
    """Hash the parts (recipe, stage, record id, ...) into a seed in [0, 2**63)."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_generator(*parts: str | int) -> np.random.Generator:
    """Return a NumPy generator (PCG64) owned by the named purpose."""
    return np.random.Generator(np.random.PCG64(seed_of(*parts)))


def torch_generator(*parts: str | int, device: str = "cpu") -> "torch.Generator":
    """Return a torch generator owned by the named purpose."""
    import torch  # slow to import, and commands that only read recipes do without it

    return torch.Generator(device=device).manual_seed(seed_of(*parts))
