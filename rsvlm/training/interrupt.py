"""Ctrl-C and preemption during training: the step in hand is finished and saved first."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether the process was asked to end; outside the main thread it never is.

    Once asked, a second signal ends the process in the way it did before.
    """
    asked = False
    previous: dict[int, object] = {}

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        restore()

    if threading.current_thread() is threading.main_thread():
        previous.update({number: signal.signal(number, note) for number in _SIGNALS})
    try:
        yield lambda: asked
    finally:
        restore()
