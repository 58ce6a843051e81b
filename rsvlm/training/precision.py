"""Which arithmetic a device is good at: bfloat16 where it multiplies in it itself, float32 where it would only emulate it."""

import torch

from rsvlm.training.settings import Precision


def has_bfloat16(device: str = "cpu") -> bool:
    """Whether a device ("cpu", "cuda", ...) multiplies in bfloat16 itself; a processor that emulates it takes a hundred times as long."""
    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if not device.startswith("cpu"):
        return False
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def in_bfloat16(precision: Precision, device: str = "cpu") -> bool:
    """Whether work of this precision is done in bfloat16 on a device; `auto`: where the device has it."""
    return has_bfloat16(device) if precision == "auto" else precision == "bfloat16"


def arithmetic_type(precision: Precision, device: str = "cpu") -> torch.dtype:
    """Return the type that work of this precision is done in on a device."""
    return torch.bfloat16 if in_bfloat16(precision, device) else torch.float32


def working_type(stored: torch.dtype, device: str = "cpu") -> torch.dtype:
    """Return the type to hold stored weights in on a device: their own, but float32 for bfloat16 that it would only emulate."""
    return torch.float32 if stored == torch.bfloat16 and not has_bfloat16(device) else stored
