"""Texts that a chat model writes for records: asked in one stream, held against the facts, set aside where they invent.

A builder yields what is to be written about, each with its record in the making; it gets them back in the same order with
the text, or with why there is none. What a model invents is listed as screened, under the record's id.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Any, Generic, TypeVar

from rsvlm.chat.answers import Answers
from rsvlm.chat.ask import ask
from rsvlm.chat.exchange import Answer, Request
from rsvlm.chat.facts import Facts, Vocabulary
from rsvlm.chat.models import Places, identity_of
from rsvlm.chat.prompts import Prompt, load_prompt
from rsvlm.chat.settings import LocalSettings, RegisteredSettings, ServedSettings
from rsvlm.chat.validate import Fault, check_answer, rules_of
from rsvlm.data import prompts  # imported, so that a stage's fingerprint has the bytes of its files
from rsvlm.data.kinds.writer import Writer
from rsvlm.data.work import Work
from rsvlm.records.unfit import Unfit

logger = logging.getLogger("rsvlm.data")
Record = TypeVar("Record")


@dataclass(frozen=True)
class Subject(Generic[Record]):
    """What a model is asked to write about.

    Attributes:
        id: of the record.
        source: of its picture.
        slots: values of the prompt's slots.
        facts: what the answer may say.
        record: the builder's own, handed back as it is.
        picture: encoded bytes, for models that see.
        asked: whether the model is asked at all; the others come back as they are, in their place.
        further: returns why an answer is refused beyond the common checks, None where it is fine.
    """

    id: str
    source: str
    slots: Mapping[str, str]
    facts: Facts
    record: Record
    picture: bytes | None = None
    asked: bool = True
    further: Callable[[str], Unfit | None] = lambda _: None


@dataclass(frozen=True)
class Written(Generic[Record]):
    """A subject with what was written about it.

    Attributes:
        subject: as it was given.
        text: of the model; None where it was set aside or never asked for.
        generator: empty where it was never asked; otherwise for the record: model, hash of its files or its address, prompt with
            version, hash of the prompt.
    """

    subject: Subject[Record]
    text: str | None
    generator: dict[str, str]


@cache
def prompt_named(name: str) -> Prompt:
    """Return a prompt of the package.

    Raises:
        ConfigurationError: there is none of this name, or its file is malformed.
    """
    with resources.as_file(resources.files(prompts)) as folder:
        return load_prompt(Path(folder) / f"{name}.yaml")


def is_asked(writer: Writer | None, work: Work, name: str) -> bool:
    """Say whether a model is asked about a record."""
    return writer is not None and work.share(f"written {writer.prompt}", name) < writer.share


def written(
    subjects: Iterable[Subject[Record]], writer: Writer, work: Work, vocabulary: Vocabulary, *, longest: int | None = None
) -> Iterator[Written[Record]]:
    """Yield the subjects with what a model writes about them, in their order.

    Args:
        subjects: read a bounded number ahead.
        writer: the model and its prompt.
        work: the pass; what is refused is listed with its `rejected`.
        vocabulary: names of objects and places.
        longest: the most characters of a text; by default what a record may hold.

    Raises:
        ConfigurationError: there is no such prompt, or the model cannot be asked as the settings say.
        IntegrityError: a model's files are missing or changed.
        RsvlmError: an address stays silent.
    """
    stream = iter(subjects)
    for subject in stream:  # before the first that is asked no model is looked at
        if subject.asked:
            yield from _answered(chain([subject], stream), writer, work, vocabulary, longest or work.longest)
        else:
            yield Written(subject, None, {})


def _answered(
    subjects: Iterable[Subject[Record]], writer: Writer, work: Work, vocabulary: Vocabulary, longest: int
) -> Iterator[Written[Record]]:
    prompt, places = prompt_named(writer.prompt), _places(writer, work)
    rules = rules_of(prompt, longest, writer.fewest_words)
    answers = work.answers
    generator = generator_of(writer, prompt, places)
    waiting: deque[Subject[Record]] = deque()

    def requests() -> Iterator[Request]:
        for subject in subjects:
            try:
                request = Request(subject.id, prompt.messages(subject.slots), subject.picture) if subject.asked else None
            except Unfit as unfit:
                work.drop(subject.id, subject.source, unfit)
                continue
            waiting.append(subject)
            if request is not None:
                yield request

    def unasked() -> Iterator[Written[Record]]:
        while waiting and not waiting[0].asked:
            yield Written(waiting.popleft(), None, {})

    for _, answer in ask(requests(), writer.chat, places, answers):
        yield from unasked()
        subject = waiting.popleft()
        fault = _fault(answer, subject, lambda found, facts: check_answer(found, facts, vocabulary, rules))
        if fault is not None:
            work.screen_out(subject.id, subject.source, f"written text: {fault.reason}", fault.detail)
        text = None if fault is not None or not isinstance(answer, Answer) else answer.text.strip()
        yield Written(subject, text, generator)
    yield from unasked()
    _log(writer, answers)


def _fault(answer: Answer | Unfit, subject: Subject[Any], check: Callable[[Answer, Facts], list[Fault]]) -> Unfit | None:
    if isinstance(answer, Unfit):
        return answer
    faults = check(answer, subject.facts)
    return faults[0].unfit() if faults else subject.further(answer.text.strip())


def generator_of(writer: Writer, prompt: Prompt, places: Places) -> dict[str, str]:
    """Return what a record says of the model that wrote its texts."""
    chat, identity = writer.chat, identity_of(writer.chat, places)
    model = chat.source if isinstance(chat, LocalSettings) else chat.model
    found = {"model": model, "prompt": f"{prompt.name} {prompt.version}", "prompt_hash": prompt.hash}
    found |= {"address": chat.base_url} if isinstance(chat, ServedSettings) else {"model_hash": str(identity["sha256"])}
    return found


def _places(writer: Writer, work: Work) -> Places:
    if not isinstance(writer.chat, RegisteredSettings):
        return Places(raw=work.raw)

    def load(folder: Path, device: str) -> Any:
        from rsvlm.instruction.model import load as load_chat_model  # torch takes seconds to import

        return load_chat_model(folder, device)

    return Places(workspace=work.raw.parents[2], load=load)  # the raw folder is data/raw/<item> of the workspace


def _log(writer: Writer, answers: Answers) -> None:
    counts, chat = answers.counts, writer.chat
    total = counts.total()
    if total.answers:
        cost = f", cost {counts.asked.cost(chat.price_in, chat.price_out):.4f}" if isinstance(chat, ServedSettings) else ""
        logger.info(
            "%s: %d answers, %d of them now (%d kept, %d failed), %d tokens read and %d written in all%s",
            writer.prompt, total.answers, counts.asked.answers, counts.kept.answers, counts.failed,
            total.tokens_in, total.tokens_out, cost,
        )  # fmt: skip
