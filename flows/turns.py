"""Turns: at most so many at work at once, and of those that are ready the one that comes first in the plan."""

import contextlib
import threading
from collections.abc import Iterator


class Turns:
    """Gives out turns by rank, lowest first."""

    def __init__(self, at_once: int) -> None:
        """Allow this many turns at the same time."""
        self._at_once = at_once
        self._working = 0
        self._ready: set[int] = set()
        self._change = threading.Condition()

    @contextlib.contextmanager
    def turn(self, rank: int) -> Iterator[None]:
        """Wait for a turn, and hold it while inside."""
        with self._change:
            self._ready.add(rank)
            self._change.wait_for(lambda: self._working < self._at_once and rank == min(self._ready))
            self._ready.remove(rank)
            self._working += 1
            self._change.notify_all()
        try:
            yield
        finally:
            with self._change:
                self._working -= 1
                self._change.notify_all()
