"""Calls to other people's servers: not too often, and again after failures that may pass."""

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from rsvlm.errors import SourceError
from rsvlm.sources.http import PATIENT, Patience

logger = logging.getLogger("rsvlm.maps")
Result = TypeVar("Result")


class Again(Exception):
    """A failure that may pass; `wait` is the least number of seconds that the server asked for."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class Pace:
    """Keeps calls at least `1 / per_second` seconds apart."""

    def __init__(self, per_second: float) -> None:
        """Start a pace.

        Args:
            per_second: most calls a second, above 0.
        """
        self._apart = 1.0 / per_second
        self._next = 0.0

    def wait(self) -> None:
        """Sleep until the next call may be made."""
        now = time.monotonic()
        if now < self._next:
            time.sleep(self._next - now)
        self._next = max(now, self._next) + self._apart


def patiently(call: Callable[[], Result], where: str, patience: Patience = PATIENT) -> Result:
    """Return what a call returns, made again with doubled, jittered waits while it raises `Again`.

    Raises:
        SourceError: it failed `patience.attempts` times, or waiting longer would exceed `patience.total` seconds.
    """
    started, wait = time.monotonic(), patience.first_wait
    for failures in range(1, patience.attempts + 1):
        try:
            return call()
        except Again as failure:
            pause = max(min(wait, patience.longest_wait) * random.uniform(0.5, 1.0), failure.wait)
            if failures == patience.attempts or time.monotonic() - started + pause > patience.total:
                raise SourceError(f"{where}: {str(failure)[:200]}; gave up after {failures} attempts") from None
            logger.info("%s: %s; trying again in %.1f s", where, failure, pause)
            time.sleep(pause)
            wait *= 2
    raise SourceError(f"{where}: no attempt allowed")
