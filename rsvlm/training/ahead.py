"""Make the next batches while the present one is trained on."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def ahead(makers: Iterable[Callable[[], Made]], depth: int = 2) -> Iterator[Made]:
    """Yield what each maker returns, in order; up to `depth` further ones are made meanwhile by one thread."""
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:
        try:
            for maker in makers:
                waiting.append(pool.submit(maker))
                if len(waiting) > depth:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
