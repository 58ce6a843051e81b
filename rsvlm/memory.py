"""How the process keeps memory that it has freed."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of glibc's malloc.h
_BYTES = 1 << 30


def keep_freed_memory() -> None:
    """Let the C library keep freed memory for the next tensor instead of giving it back to the system at once.

    Fresh pages are cleared by the kernel one by one; a network whose maps are tens of megabytes large spends a third of its
    time on that. One arena for all threads, since what a thread frees in its own one the others cannot use. Elsewhere than
    under glibc this does nothing.
    """
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is not None:
        for parameter, value in ((_MMAP_THRESHOLD, _BYTES), (_TRIM_THRESHOLD, _BYTES), (_ARENA_MAX, 1)):
            change(parameter, value)
