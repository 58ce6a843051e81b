"""Ask a chat model about some of the records of a stream, and get the stream back in its order with the answers."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeVar

from rsvlm.chat.ask import ask
from rsvlm.chat.exchange import Answer, Request
from rsvlm.chat.models import Places
from rsvlm.chat.models import Settings as ModelSettings
from rsvlm.data.work import Work
from rsvlm.records.unfit import Unfit

Item = TypeVar("Item")
Asked = tuple[Item, list[Answer | Unfit]]


def asked(items: Iterable[tuple[Item, list[Request]]], model: ModelSettings, work: Work) -> Iterator[Asked[Item]]:
    """Yield every item with the answers to its requests, in order; no model is loaded where none has any.

    Args:
        items: each with its requests, often none.
        model: the chat model.
        work: knows where acquired models and kept answers are.

    Raises:
        ConfigurationError: the model cannot be asked as the settings say.
        IntegrityError: its files are missing or changed.
    """
    stream = iter(items)
    for item, requests in stream:
        if requests:
            yield from _with_answers(chain([(item, requests)], stream), model, work)
            return
        yield item, []


def _with_answers(items: Iterable[tuple[Item, list[Request]]], model: ModelSettings, work: Work) -> Iterator[Asked[Item]]:
    waiting: deque[tuple[Item, int]] = deque()

    def requests() -> Iterator[Request]:
        for item, wanted in items:
            waiting.append((item, len(wanted)))
            yield from wanted

    said: list[Answer | Unfit] = []
    for _, outcome in ask(requests(), model, Places(raw=work.raw), work.answers):
        while waiting[0][1] == 0:
            yield waiting.popleft()[0], []
        said.append(outcome)
        if len(said) == waiting[0][1]:
            yield waiting.popleft()[0], said
            said = []
    for item, _ in waiting:
        yield item, []
