"""Who answers: threads that send requests, one thread with a model, or Ray actors that each hold one.

All look the same to the caller: blocks of requests go in, futures come out, and so many blocks may be open at a time.
"""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from rsvlm.chat.models import Block, Opener, Places, Said, Settings, opener_of
from rsvlm.chat.settings import ServedSettings

_BATCHES = 4  # of a block: enough to find prompts of the same width
_AHEAD = 8  # requests a sender: one slow answer does not hold up the others


@dataclass(frozen=True)
class Team:
    """Answers blocks.

    Attributes:
        submit: takes a block, returns the future of its answers in order.
        block: requests that one block should have.
        open_blocks: blocks that may be open at a time.
        ahead: requests that may be read before the first of them is answered.
        leave: says that no further answers are wanted.
    """

    submit: Callable[[Block], "Future[Said]"]
    block: int
    open_blocks: int
    ahead: int
    leave: Callable[[], None] = lambda: None


@contextlib.contextmanager
def team(settings: Settings, places: Places) -> Iterator[Team]:
    """Yield who answers; a model is loaded at the first block. At the end open blocks are waited for, waiting ones dropped.

    Raises:
        ConfigurationError: a place that this kind needs is not given, the key of an address is not set, or the cluster is
            too small.
    """
    if isinstance(settings, ServedSettings):
        with _senders(settings) as senders:
            yield senders
        return
    opener = opener_of(settings, places)
    if settings.workers == 1:
        with _one_thread(opener) as submit:
            yield _in_blocks(submit, settings.batch * _BATCHES, 2)
    else:
        from rsvlm.chat.actors import actors  # Ray takes seconds to import

        with actors(opener, places.address) as submit:
            yield _in_blocks(submit, settings.batch * _BATCHES, 2 * settings.workers)


def _in_blocks(submit: Callable[[Block], "Future[Said]"], block: int, open_blocks: int) -> Team:
    return Team(submit, block, open_blocks, block * (open_blocks + 1))


@contextlib.contextmanager
def _senders(settings: ServedSettings) -> Iterator[Team]:
    """Threads that each wait for one answer of the server."""
    from rsvlm.chat.served import Served

    served = Served(settings)

    def answer(block: Block) -> Said:
        return [served.ask(key, request) for key, request in block]

    threads = ThreadPoolExecutor(settings.concurrent, "chat")
    try:
        yield Team(lambda block: threads.submit(answer, block), 1, 2 * settings.concurrent, _AHEAD * settings.concurrent, served.leave)
    finally:
        threads.shutdown(cancel_futures=True)
        served.close()


@contextlib.contextmanager
def _one_thread(opener: Opener) -> Iterator[Callable[[Block], "Future[Said]"]]:
    """One thread of this process that holds the model, beside the one that reads and writes."""
    import torch

    held: list[Callable[[Block], Said]] = []

    def answer(block: Block) -> Said:
        if not held:
            held.append(opener.open())
        return held[0](block)

    before = torch.get_num_threads()
    thread = ThreadPoolExecutor(1, "chat")
    try:
        yield lambda block: thread.submit(answer, block)
    finally:
        thread.shutdown(cancel_futures=True)
        torch.set_num_threads(before)
