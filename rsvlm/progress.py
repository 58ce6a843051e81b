"""Progress of long work: records done, rate, time left, a line every few seconds."""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

logger = logging.getLogger("rsvlm.progress")
Item = TypeVar("Item")
_EVERY_SECONDS = 2.0


class Progress:
    """Counts work and says how it goes, at most every two seconds, and once at the end if it took longer than that."""

    def __init__(self, what: str, total: int | None = None, unit: str = "records") -> None:
        """Start counting.

        Args:
            what: what is being done, for the line ("decode", "train").
            total: how many units there are, where known.
            unit: what is counted.
        """
        self.what, self.total, self.unit = what, total, unit
        self.done = 0
        self._started = self._said = time.monotonic()
        self._first = 0

    def start_at(self, done: int) -> None:
        """Say that this many were done before (a resumed run); they do not count for the rate."""
        self.done = self._first = done

    def advance(self, count: int = 1, note: str = "") -> None:
        """Count more work as done; `note` is put at the end of a line, if one is due."""
        self.done += count
        now = time.monotonic()
        if now - self._said >= _EVERY_SECONDS:
            self._said = now
            logger.info("%s", self.line(now, note))

    def line(self, now: float, note: str = "") -> str:
        """Return the line for a moment: done, share, rate, time left."""
        rate = (self.done - self._first) / max(now - self._started, 1e-9)
        text = f"{self.what}: {self.done:,}"
        if self.total:
            left = (self.total - self.done) / rate if rate else float("inf")
            text += f" of {self.total:,} {self.unit} ({self.done / self.total:.0%}), {rate:,.1f}/s, {left:,.0f} s left"
        else:
            text += f" {self.unit}, {rate:,.1f}/s"
        return f"{text}{', ' + note if note else ''}"

    def finish(self) -> None:
        """Say the total, if lines were said before."""
        now = time.monotonic()
        if now - self._started >= _EVERY_SECONDS:
            logger.info("%s: %s %s in %.1f s", self.what, f"{self.done:,}", self.unit, now - self._started)


def track(items: Iterable[Item], what: str, total: int | None = None, unit: str = "records") -> Iterator[Item]:
    """Yield the items and report progress while they are consumed."""
    progress = Progress(what, total, unit)
    for item in items:
        yield item
        progress.advance()
    progress.finish()
