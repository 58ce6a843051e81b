"""FloodNet's questions: one JSON object of numbered questions, each with its picture, answer and type."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rsvlm.records.readers import fields
from rsvlm.records.readers.json_files import read_whole
from rsvlm.records.readers.rsvqa import Question
from rsvlm.records.unfit import Unfit

_KINDS = {"Simple_Counting": "count", "Complex_Counting": "count", "Yes_No": "presence", "Condition_Recognition": "condition"}


def read(path: Path) -> Iterator[Question | Unfit]:
    """Yield the questions in the file's order; one without an answer, or of another form, as its fault.

    Counts are written as numbers there; of two conditions (`flooded,non flooded`) the comma gets a space.

    Args:
        path: `{"0": {"Image_ID", "Question", "Ground_Truth", "Question_Type"}}`. The published files of the validation and
            test pictures have no answers.

    Raises:
        DataError: the file has another layout or is not JSON.
    """
    for number, record in read_whole(path).items():
        where = f"question {number[:20]}"
        try:
            yield _question(record, where)
        except Unfit as unfit:
            yield unfit


def _question(record: Any, where: str) -> Question:
    picture, question = fields.text(record, "Image_ID", where), fields.text(record, "Question", where)
    kind = fields.text(record, "Question_Type", where)
    if kind not in _KINDS:
        raise Unfit("question has an unknown form", f"{where}.Question_Type is {kind[:40]!r}; one of {', '.join(_KINDS)}")
    if isinstance(fields.member(record, "Ground_Truth", where), str):
        answer = re.sub(r"\s*,\s*", ", ", fields.text(record, "Ground_Truth", where).strip())
    else:
        answer = str(fields.whole(record, "Ground_Truth", where))
    return Question(picture, question, answer, _KINDS[kind], where)
