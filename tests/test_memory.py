"""Freed memory stays with the process: measured by the page faults that the kernel counts."""

import platform
import subprocess
import sys

import pytest

COUNT = """
import resource, sys
import torch
from rsvlm.memory import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
torch.empty(10_000_000).fill_(1.0)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.empty(10_000_000).fill_(1.0)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    return int(subprocess.run([sys.executable, "-c", COUNT, how], capture_output=True, text=True, check=True, timeout=120).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told")
def test_the_second_tensor_takes_the_memory_of_the_first() -> None:
    assert faults("kept") * 10 < faults("plain")
