"""Questions that a set of visual question answering brings, by picture, and what is done to their words."""

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from rsvlm.captioning.grammar import indefinite, sentence
from rsvlm.conversations.choice import counting_talk, presence_talk
from rsvlm.conversations.geochat import VQA_SUFFIX
from rsvlm.data.kinds.tasks import GivenQuestions
from rsvlm.data.work import Work
from rsvlm.errors import ConfigurationError
from rsvlm.records.readers import choice, crsvqa, floodnet, rsvqa
from rsvlm.records.text import clean_text
from rsvlm.records.unfit import Unfit

_NOTHING_NAMED = re.compile(r"(?i)^how many\s+(?:are|in|can)\b|\bof the\s+in\b|\bcontain\s*\?|\bcontain (?:an?|the)\s*\?")
_CONTAINS = re.compile(r"(?i)^does this (picture|image) contain (?:an? )?(.+)\?$")
_RANGES = ((0, "0"), (10, "between 1 and 10"), (100, "between 11 and 100"), (1000, "between 101 and 1000"))
LARGEST_RANGE = "more than 1000"
LONGEST_QUESTION = 500
NAMES_NOTHING = "question names nothing"


@dataclass(frozen=True)
class Given:
    """A question with its answer as they are written, its kind (the set's own word), and the answer as the set has it."""

    question: str
    answer: str
    kind: str
    original: str


def key_of(picture: str) -> str:
    """Return what pictures and questions are joined by: the file's stem in lower case, for endings differ between the two."""
    return PurePosixPath(picture).stem.casefold()


def count_range(answer: str) -> str:
    """Return the range of a count that RSVQA's low-resolution answers are scored in.

    Raises:
        Unfit: the answer is no whole number.
    """
    if not re.fullmatch(r"\d{1,9}", answer):
        raise Unfit("count is no whole number", answer[:40])
    return next((text for most, text in _RANGES if int(answer) <= most), LARGEST_RANGE)


def written(question: str, answer: str, kind: str, rule: GivenQuestions) -> Given:
    """Return a question as it is told: cleaned, an article where one is needed, an upper-case letter first.

    Raises:
        Unfit: it names nothing (`How many  in the picture?`), or one of the texts is not allowed.
    """
    asked, reply = clean_text(question, longest=LONGEST_QUESTION), clean_text(answer, longest=LONGEST_QUESTION)
    asked = re.sub(r"\s+\?", "?", asked)
    if _NOTHING_NAMED.search(asked):
        raise Unfit(NAMES_NOTHING, asked[:80])
    if match := _CONTAINS.fullmatch(asked):
        asked = f"Does this {match[1].lower()} contain {indefinite(match[2])}?"
    if kind == "count" and rule.counts == "ranges":
        reply = count_range(reply)
    return Given(sentence(asked), reply, kind, answer)


class Questions:
    """All questions of a set by picture: twenty bytes each, and every different text once."""

    def __init__(self, rule: GivenQuestions, work: Work, source: str) -> None:
        self._keys: dict[str, int] = {}
        texts: dict[str, int] = {}
        columns = tuple(array("i") for _ in range(5))
        for found in _read(rule, work, source):
            try:
                if isinstance(found, Unfit):
                    raise found
                if rule.asked and found.kind not in rule.asked:
                    work.rejected.leave_out(source, "kind of question that is not asked for")
                    continue
                told = written(found.question, found.answer, found.kind, rule)
            except Unfit as unfit:
                where = unfit.detail if isinstance(found, Unfit) else f"{found.picture} {found.where}"
                work.drop(where[:100], source, unfit, kind="screened" if unfit.reason == NAMES_NOTHING else "record")
                continue
            key = found.picture if rule.layout == "choice" else key_of(found.picture)
            columns[0].append(self._keys.setdefault(key, len(self._keys)))
            for column, text in zip(columns[1:], (told.question, told.answer, told.kind, told.original), strict=True):
                column.append(texts.setdefault(text, len(texts)))
        table = np.array([np.array(column, np.int32) for column in columns])
        self._table = table[:, np.argsort(table[0], kind="stable")]
        self._texts = list(texts)

    def of(self, key: str) -> list[Given]:
        """Return the questions of a picture (`key_of` its name; of CHOICE, its path), in the files' order."""
        number = self._keys.get(key)
        if number is None:
            return []
        first, last = np.searchsorted(self._table[0], [number, number + 1])
        return [Given(*(self._texts[place] for place in row)) for row in self._table[1:, first:last].T.tolist()]


def questions_of(rule: GivenQuestions, work: Work, source: str) -> Questions:
    """Return the questions of a set for the split that is being made; those without splits are read once for all."""
    source = rule.source or source
    split = work.split if rule.layout == "rsvqa" else ""
    return work.once(("given questions", source, rule.model_dump_json(), split), lambda: Questions(rule, work, source))


def some(found: Sequence[Given], rule: GivenQuestions, work: Work, name: str) -> list[Given]:
    """Return at most as many questions of a picture as the rule wants, drawn, in their order; each question once."""
    once = list({given.question: given for given in reversed(found)}.values())[::-1]
    places = work.generator("given questions", name).permutation(len(once))[: rule.most]
    return [once[place] for place in sorted(places.tolist())]


def _read(rule: GivenQuestions, work: Work, source: str) -> Iterator[rsvqa.Question | Unfit]:
    raw = work.source(source)
    if rule.layout == "rsvqa":
        files = rule.splits.get(work.split)
        if files is not None:
            paths = [raw.path(name) for name in (files.images, files.questions, files.answers)]
            yield from rsvqa.read(*paths, picture=rule.picture)
        return
    if not rule.files:
        raise ConfigurationError(f"source '{source}': questions in the layout '{rule.layout}' need `files`")
    for file in rule.files:
        if rule.layout == "crsvqa":
            yield from crsvqa.read([raw.path(name) for name in raw.find(file)])
        else:
            yield from _READ[rule.layout](raw.path(file))


def _choice(path: Path) -> Iterator[rsvqa.Question | Unfit]:
    for record in choice.read(path):
        try:
            if isinstance(record, Unfit):
                raise record
            if isinstance(record, choice.ChoiceGrounding):
                raise Unfit("question has an unknown form", f"{record.where}: it asks for a box")
            counts = bool(re.fullmatch(r"\d+", record.answer))
            talk = counting_talk(record) if counts else presence_talk(record)
        except Unfit as unfit:
            yield unfit
            continue
        kind = "count" if counts else "presence"
        yield rsvqa.Question(record.image, talk.question.removesuffix(VQA_SUFFIX), talk.reply, kind, record.where)


_READ: dict[str, Callable[[Path], Iterator[rsvqa.Question | Unfit]]] = {
    "choice": _choice,
    "floodnet": floodnet.read,
    "rsivqa": rsvqa.read_text,
}
