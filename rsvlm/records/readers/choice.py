"""CHOICE benchmark records: multiple-choice questions, and grounding answers as quadrilaterals in 0..1."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.records.models import Polygon
from rsvlm.records.readers.jsonlines import read_list
from rsvlm.records.unfit import Unfit

_OPTION = re.compile(r"^([A-Z])\.\s*(.+)$")


@dataclass(frozen=True)
class ChoiceQuestion:
    """One multiple-choice record.

    Attributes:
        where: its place in the file, for messages.
        image: path of the picture in the source.
        question: the first line.
        options: text by letter.
        answer: the right option's text.
    """

    where: str
    image: str
    question: str
    options: dict[str, str]
    answer: str


@dataclass(frozen=True)
class ChoiceGrounding:
    """One grounding record: the phrase to find and its quadrilateral, corners as shares of width and height."""

    where: str
    image: str
    question: str
    corners: Polygon


def _record(value: Any, where: str) -> ChoiceQuestion | ChoiceGrounding:
    if not isinstance(value, dict) or not isinstance(value.get("image_path"), str) or not isinstance(value.get("question"), str):
        raise Unfit("record is not a CHOICE question", f"{where}: needs image_path and question")
    answer = value.get("answer")
    if isinstance(answer, list):
        try:
            first, second, third, fourth = ((float(x), float(y)) for x, y in answer)
        except (TypeError, ValueError):
            raise Unfit("box has not four corners", f"{where}: {str(answer)[:60]}") from None
        return ChoiceGrounding(where, value["image_path"], value["question"], (first, second, third, fourth))
    question, *lines = value["question"].split("\n")
    options = {found[1]: found[2].strip() for line in lines if (found := _OPTION.match(line.strip()))}
    if not isinstance(answer, str) or answer not in options:
        raise Unfit("answer is none of the options", f"{where}: {str(answer)[:20]!r} of {', '.join(options) or 'none'}")
    return ChoiceQuestion(where, value["image_path"], question.strip(), options, options[answer])


def read(path: Path) -> list[ChoiceQuestion | ChoiceGrounding | Unfit]:
    """Read one task's file; a record that cannot be used is returned as its fault.

    Raises:
        DataError: the file is not a JSON list.
    """
    found: list[ChoiceQuestion | ChoiceGrounding | Unfit] = []
    for number, value in enumerate(read_list(path), start=1):
        try:
            found.append(_record(value, f"record {number}"))
        except Unfit as unfit:
            found.append(unfit)
    return found
