"""Freed memory stays with the process: measured by the page faults that the kernel counts."""

import platform
import subprocess
import sys

import pytest

COUNT = """
import ctypes, resource, sys
from rsvlm.memory import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()
library = ctypes.CDLL(None)
library.malloc.restype, library.malloc.argtypes, library.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def use(size):
    place = library.malloc(size)
    ctypes.memset(place, 1, size)
    library.free(place)

use(40_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    use(40_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    return int(subprocess.run([sys.executable, "-c", COUNT, how], capture_output=True, text=True, check=True, timeout=120).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is told")
def test_memory_that_was_freed_is_used_again() -> None:
    assert faults("kept") * 10 < faults("plain")
