"""Make the next batches while the present one is used."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def ahead(
    makers: Iterable[Callable[[], Made]], depth: int = 2, *, threads: int = 1, start: Callable[[], object] | None = None
) -> Iterator[Made]:
    """Yield what each maker returns, in order; up to `depth` further ones are made meanwhile.

    Args:
        makers: called in order, each once.
        depth: how many may be made or wait to be taken.
        threads: how many are made at one time.
        start: called once in each thread before it makes anything.
    """
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="batches", initializer=start) as pool:
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
