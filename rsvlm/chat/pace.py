"""When the next request may begin: so many a minute, and none while the server asked to wait."""

import email.utils
import random
import threading
import time
from datetime import UTC, datetime

LONGEST_WAIT = 60.0  # seconds that we choose to wait
LONGEST_ASKED = 600.0  # seconds that a server may ask us to wait


class Pace:
    """Shared by all threads that send requests."""

    def __init__(self, per_minute: float | None) -> None:
        """Allow so many requests to begin in a minute, evenly spread; None: no limit."""
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = time.monotonic()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def take(self) -> bool:
        """Sleep until this thread's request may begin, and say whether it may: no more once the pace is stopped."""
        while not self._stopped.is_set():
            with self._lock:
                now = time.monotonic()
                if now >= self._next:
                    self._next = now + self._gap
                    return True
                pause = self._next - now
            self.wait(pause)
        return False

    def hold(self, seconds: float) -> None:
        """Let no request begin for so long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def wait(self, seconds: float) -> None:
        """Sleep for so long, or until the pace is stopped."""
        self._stopped.wait(seconds)

    def stop(self) -> None:
        """Let no request begin any more, and wake all that sleep."""
        self._stopped.set()


def asked_to_wait(header: str) -> float:
    """Return the seconds that a `Retry-After` asks for, as a number or as a date; 0 where it says nothing that can be read."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def pause_before(attempt: int, first_wait: float) -> float:
    """Return the seconds to wait before a further attempt (1, 2, ...): doubled each time, with jitter."""
    return float(min(first_wait * 2 ** (attempt - 1), LONGEST_WAIT) * random.uniform(0.5, 1.0))
