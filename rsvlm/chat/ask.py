"""Ask a chat model: requests in, answers out in the same order, each paid once.

Requests are read as answers are taken, a bounded number ahead. What was answered before comes from the kept answers; what
is asked twice at a time is sent once; every answer is kept as soon as it is there.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field

from rsvlm.chat.answers import Answers
from rsvlm.chat.exchange import Answer, Request, key_of
from rsvlm.chat.models import Places, Said, Settings, identity_of, sampling_of
from rsvlm.chat.workers import Team, team
from rsvlm.progress import Progress
from rsvlm.records.unfit import Unfit

Pair = tuple[Request, Answer | Unfit]


def ask(requests: Iterable[Request], settings: Settings, places: Places, answers: Answers) -> Iterator[Pair]:
    """Yield every request with its answer, or with why there is none, in the order given.

    Args:
        requests: read a bounded number ahead of what is taken.
        settings: which model, and how it is asked.
        places: where models are.
        answers: those that are kept; its counts go on.

    Raises:
        ConfigurationError: the model cannot be asked as the settings say.
        IntegrityError: a model's files are missing or changed.
        RsvlmError: an address stays silent, or an answer cannot be written.
    """
    identity, sampling = identity_of(settings, places), sampling_of(settings)
    progress = Progress("ask", unit="requests")
    with team(settings, places) as people:
        desk = _Desk(people, answers)
        try:
            for request in requests:
                try:
                    desk.add(request, key_of(request, identity, sampling))
                except UnicodeEncodeError:
                    desk.refuse(request, Unfit("question is not text", "it holds half a character"))
                yield from _counted(progress, desk.take(to_the_last=False))
            yield from _counted(progress, desk.take(to_the_last=True))
        finally:
            desk.close()
    progress.finish()


def _counted(progress: Progress, pairs: Iterable[Pair]) -> Iterator[Pair]:
    for pair in pairs:
        progress.advance()
        yield pair


@dataclass
class _Slot:
    """A place for one answer, shared by all requests that wait for it; `paid`: the first of them has yet to take it."""

    key: str
    outcome: Answer | Unfit | None = None
    paid: bool = False


@dataclass
class _Desk:
    """What was read and not yet handed out."""

    people: Team
    answers: Answers
    waiting: deque[tuple[Request, _Slot]] = field(default_factory=deque)  # in order
    slots: dict[str, _Slot] = field(default_factory=dict)  # not yet answered, by key
    block: list[tuple[_Slot, Request]] = field(default_factory=list)  # not yet sent
    sent: dict["Future[Said]", list[_Slot]] = field(default_factory=dict)

    def add(self, request: Request, key: str) -> None:
        """Take one more request, and send a block when there is one."""
        slot = self.slots.get(key)
        if slot is None:
            slot = _Slot(key, self.answers.get(key))
            if slot.outcome is None:
                self.slots[key] = slot
                self.block.append((slot, request))
        self.waiting.append((request, slot))
        if len(self.block) == self.people.block:
            self._send()

    def refuse(self, request: Request, unfit: Unfit) -> None:
        """Take a request that cannot be asked."""
        self.waiting.append((request, _Slot("", unfit)))

    def take(self, *, to_the_last: bool) -> Iterator[Pair]:
        """Yield what is answered at the front; wait for answers only where no further request may be read.

        Args:
            to_the_last: go on until nothing waits; otherwise stop when there is room for another request.
        """
        self._take_done(wait_for_one=False)
        while self.waiting:
            request, slot = self.waiting[0]
            if slot.outcome is not None:
                self.waiting.popleft()
                self._count(slot)
                yield request, slot.outcome
            elif not to_the_last and len(self.waiting) < self.people.ahead and len(self.sent) < self.people.open_blocks:
                return
            else:
                if self.block and (to_the_last or not self.sent):
                    self._send()
                self._take_done(wait_for_one=True)

    def close(self) -> None:
        """Ask for nothing more, and keep what is answered meanwhile though nobody takes it."""
        self.people.leave()
        for future in self.sent:
            future.cancel()
        for future, slots in self.sent.items():
            if not future.cancelled() and future.exception() is None:
                self._keep(slots, future.result())
        self.sent.clear()

    def _send(self) -> None:
        future = self.people.submit([(slot.key, request) for slot, request in self.block])
        self.sent[future] = [slot for slot, _ in self.block]
        self.block = []

    def _take_done(self, *, wait_for_one: bool) -> None:
        """Keep the answers of the blocks that are done."""
        if not self.sent:
            return
        done, _ = wait(self.sent, None if wait_for_one else 0, FIRST_COMPLETED)
        failed = [future for future in done if future.exception() is not None]
        for future in done:
            slots = self.sent.pop(future)
            if future not in failed:
                self._keep(slots, future.result())
        for future in failed:
            future.result()

    def _keep(self, slots: list[_Slot], said: Said) -> None:
        for slot, outcome in zip(slots, said, strict=True):
            slot.outcome = outcome
            del self.slots[slot.key]
            if isinstance(outcome, Answer):
                self.answers.put(slot.key, outcome)
                self.answers.counts.asked.add(outcome)
                slot.paid = True

    def _count(self, slot: _Slot) -> None:
        """Count an answer that is handed out without having been paid now."""
        if isinstance(slot.outcome, Unfit):
            self.answers.counts.failed += 1
        elif isinstance(slot.outcome, Answer) and not slot.paid:
            self.answers.counts.kept.add(slot.outcome)
        slot.paid = False
