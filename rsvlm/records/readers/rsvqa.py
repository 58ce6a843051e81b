"""Visual question answering: RSVQA's three JSON files, joined by id, and RSIVQA's text."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rsvlm.errors import DataError
from rsvlm.records.readers import fields
from rsvlm.records.readers.json_files import elements
from rsvlm.records.readers.lines import text_lines
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class Question:
    """A question about a picture with its answer.

    Attributes:
        picture: file name as the source has it; RSIVQA's is without an extension in places.
        question: as it stands.
        answer: as it stands.
        kind: what is asked: RSVQA's own word (`presence`, `count`, `comp`, `area`, `rural_urban`); for RSIVQA and CRSVQA
            `presence`, `count`, `theme` or `other`, from the words; for FloodNet `presence`, `count` or `condition`.
        where: its place in the file.
    """

    picture: str
    question: str
    answer: str
    kind: str
    where: str


def read(images: Path, questions: Path, answers: Path, *, picture: str = "{id}.tif") -> Iterator[Question | Unfit]:
    """Yield the active questions of RSVQA-LR or -HR in the order of the questions' file; others as their fault.

    Entries whose `active` is false belong to another split and are passed over; a question whose picture or answer is
    inactive or absent is a fault. Memory holds the ids and each different answer once.

    Args:
        images: `{"images": [{"id", "active"}]}`.
        questions: `{"questions": [{"id", "img_id", "type", "question", "answers_ids", "active"}]}`; the first answer counts.
        answers: `{"answers": [{"id", "answer", "active"}]}`.
        picture: the picture's file name, `{id}` standing for its id.

    Raises:
        DataError: a file has another layout or is not JSON, or an id appears twice; the file and its line or id are named.
    """
    pictures = {id for id, _ in _active(images, "images")}
    known = _Answers(answers)
    yield from known.faults
    for element in elements(questions, "questions"):
        where = element.where
        try:
            fields.whole(element.value, "id", where)
            if fields.flag(element.value, "active", where, absent=True):
                yield _joined(element.value, where, pictures, known, picture)
        except Unfit as unfit:
            yield unfit


def _active(path: Path, key: str) -> Iterator[tuple[int, tuple[Any, str]]]:
    """Yield (id, (record, place)) of the active entries of one of the files.

    Raises:
        DataError: an entry has no id, for then nothing can be joined.
    """
    for element in elements(path, key):
        try:
            id = fields.whole(element.value, "id", element.where)
            if fields.flag(element.value, "active", element.where, absent=True):
                yield id, (element.value, element.where)
        except Unfit as unfit:
            raise DataError(f"{path}: {unfit}") from None


class _Answers:
    """The answers by id: sorted ids, for each the number of its text, and the different texts."""

    def __init__(self, path: Path) -> None:
        ids, numbers, texts = array("q"), array("q"), dict[str, int]()
        self.faults: list[Unfit] = []
        for id, (record, where) in _active(path, "answers"):
            try:
                text = fields.text(record, "answer", where)
            except Unfit as unfit:
                self.faults.append(unfit)
                continue
            ids.append(id)
            numbers.append(texts.setdefault(text, len(texts)))
        order = np.argsort(np.frombuffer(ids, np.int64), kind="stable")
        self._ids, self._numbers = np.frombuffer(ids, np.int64)[order], np.frombuffer(numbers, np.int64)[order]
        self._texts = list(texts)
        if (same := np.flatnonzero(np.diff(self._ids) == 0)).size:
            raise DataError(f"{path}: two answers have the id {self._ids[same[0]]}")

    def text(self, id: int, where: str) -> str:
        """Return an answer's text.

        Raises:
            Unfit: no active answer has that id.
        """
        place = int(np.searchsorted(self._ids, id))
        if place == len(self._ids) or self._ids[place] != id:
            raise Unfit("question has no answer", f"{where}: no active answer has the id {id}")
        return self._texts[self._numbers[place]]


def _joined(record: Any, where: str, pictures: set[int], answers: _Answers, picture: str) -> Question:
    image = fields.whole(record, "img_id", where)
    if image not in pictures:
        raise Unfit("question has no picture", f"{where}: no active picture has the id {image}")
    ids = fields.members(record, "answers_ids", where)
    if not ids:
        raise Unfit("question has no answer", f"{where}.answers_ids is empty")
    answer = answers.text(fields.whole({"answers_ids[0]": ids[0]}, "answers_ids[0]", where), where)
    question, kind = fields.text(record, "question", where), fields.text(record, "type", where)
    return Question(picture.replace("{id}", str(image)), question, answer, kind, where)


def read_text(path: Path) -> Iterator[Question | Unfit]:
    """Yield the questions of an RSIVQA file, lines such as `00001: question?answer` or `1.tif:question?answer`.

    Raises:
        DataError: the file is not text.
    """
    for number, line in text_lines(path):
        picture, _, rest = line.partition(":")
        question, _, answer = rest.partition("?")
        picture, question, answer = picture.strip(), question.strip(), answer.strip()
        if picture and question and answer:
            yield Question(picture, f"{question}?", answer, kind_of(question, answer), f"line {number}")
        else:
            yield Unfit("line is not a question", f"line {number}: {line[:60]!r}; picture:question?answer is needed")


def kind_of(question: str, answer: str) -> str:
    """Return what is asked, from the words: `presence`, `count`, `theme` or `other`."""
    words = question.casefold()
    if answer.casefold() in ("yes", "no"):
        return "presence"
    if words.startswith(("how many", "what is the number of")):
        return "count"
    return "theme" if "theme" in words else "other"
