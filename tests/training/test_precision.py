from pathlib import Path

import pytest
import torch

from rsvlm.training.precision import arithmetic_type, has_bfloat16, in_bfloat16, working_type


@pytest.fixture
def flags() -> set[str]:
    """What the kernel says of this processor."""
    path = Path("/proc/cpuinfo")
    if not path.is_file() or "\nflags" not in (text := path.read_text()):
        pytest.skip("no x86 flags to read")
    return set(text.split("\nflags", 1)[1].split("\n", 1)[0].split(":", 1)[1].split())


def test_bfloat16_is_used_where_the_kernel_says_that_the_processor_has_it(flags: set[str]) -> None:
    assert has_bfloat16("cpu") == bool(flags & {"avx512_bf16", "amx_bf16"})


@pytest.mark.parametrize("has", [True, False])
def test_auto_follows_the_device_and_a_named_precision_does_not(monkeypatch: pytest.MonkeyPatch, has: bool) -> None:
    monkeypatch.setattr("rsvlm.training.precision.has_bfloat16", lambda device="cpu": has)
    assert in_bfloat16("auto") is has
    assert in_bfloat16("bfloat16") is True
    assert in_bfloat16("float32") is False
    assert arithmetic_type("auto") == (torch.bfloat16 if has else torch.float32)
    assert working_type(torch.bfloat16) == (torch.bfloat16 if has else torch.float32)
    assert working_type(torch.float16) == torch.float16
