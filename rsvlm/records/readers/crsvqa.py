"""CRSVQA's questions: one text file a picture, a line with a question, then a line with its answer."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rsvlm.records.readers.lines import text_lines
from rsvlm.records.readers.rsvqa import Question, kind_of
from rsvlm.records.unfit import Unfit


def read(paths: Sequence[Path]) -> Iterator[Question | Unfit]:
    """Yield the questions of some files; the picture has the file's stem.

    Some question marks are full-width; they become plain ones. A question whose answer's line is missing, or that has no
    question mark, is yielded as its fault.

    Raises:
        DataError: a file is not text.
    """
    for path in paths:
        lines = list(text_lines(path))
        for place in range(0, len(lines), 2):
            number, asked = lines[place]
            where = f"{path.name} line {number}"
            question, mark, _ = re.sub("\uff1f", "?", asked).partition("?")
            if place + 1 == len(lines) or not mark or not question.strip():
                yield Unfit("line is not a question", f"{where}: {asked[:60]!r}; a question and, on the next line, its answer are needed")
                break
            answer = lines[place + 1][1]
            yield Question(path.stem, f"{question.strip()}?", answer, kind_of(question, answer), where)
