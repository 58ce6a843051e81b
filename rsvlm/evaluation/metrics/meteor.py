"""METEOR 1.5 (Denkowski and Lavie 2014), by its own Java program; without Java there is no METEOR.

The program is the one that COCO's evaluation ships (package `pycocoevalcap`): English, exact, stem, synonym and paraphrase
matches. A matcher of ours without the synonym and paraphrase tables would give another number under the same name.
"""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsvlm.errors import RsvlmError
from rsvlm.evaluation.metrics.tokens import tokenise

ABSENT = "METEOR is left out: it needs Java and the package pycocoevalcap"
_MEMORY = "-Xmx1G"
_CHUNKS = 20  # of the 23 counts: lengths of answer and reference come first, words matched in both last
_ENDED = "METEOR's Java program ended before it answered; it needs about 1 GiB of memory"


def meteor_command() -> list[str] | None:
    """Return the command that starts the scorer, or None where Java or the program is missing."""
    java = shutil.which("java")
    package = importlib.util.find_spec("pycocoevalcap")
    folders = list(package.submodule_search_locations or ()) if package else []
    programs = [path for folder in folders if (path := Path(folder, "meteor", "meteor-1.5.jar")).is_file()]
    if java is None or not programs:
        return None
    return [java, _MEMORY, "-jar", str(programs[0]), "-", "-", "-stdio", "-l", "en", "-norm"]


def meteor(candidates: list[str], references: list[list[str]], draws: np.ndarray | None = None) -> tuple[float, np.ndarray]:
    """Return METEOR of the corpus, and of resamples of it.

    The program sums matches over images before it computes the score, so the score of a corpus is not the mean of its
    images' scores. A resample's sums are made here and scored by the program.

    Args:
        candidates: one answer an image.
        references: all captions of each image.
        draws: (r, k) image indices of resamples; None: no resamples.

    Returns:
        The score, and (r,) scores of the resamples.

    Raises:
        RsvlmError: the scorer is missing, or it ended without an answer.
    """
    command = meteor_command()
    if command is None:
        raise RsvlmError(ABSENT)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as scorer:
        counts = [_ask(scorer, " ||| ".join(("SCORE", *map(_line, r), _line(c)))) for c, r in zip(candidates, references, strict=True)]
        value = _corpus(scorer, counts)
        table = _summable(counts)
        drawn = [_corpus(scorer, [" ".join(map(repr, table[draw].sum(0).tolist()))]) for draw in ([] if draws is None else draws)]
    return value, np.array(drawn)


def _summable(counts: list[str]) -> NDArray[np.float64]:
    """Return the program's counts of each image as numbers whose sums are its counts of a corpus.

    Only the number of chunks is no plain sum: an answer that is one of its references word for word adds none.
    """
    table = np.array([[float(number) for number in line.split()] for line in counts])
    chunks, matched, matched_reference = table[:, _CHUNKS], table[:, _CHUNKS + 1], table[:, _CHUNKS + 2]
    chunks[(chunks == 1) & (matched == table[:, 0]) & (matched_reference == table[:, 1])] = 0
    return table


def _corpus(scorer: "subprocess.Popen[str]", counts: list[str]) -> float:
    """Return the score of summed counts: the last line, after one for each image."""
    answer = _ask(scorer, " ||| ".join(("EVAL", *counts)))
    for _ in counts:
        answer = _answer(scorer)
    return float(answer)


def _line(caption: str) -> str:
    return " ".join(tokenise(caption)).replace("|||", "")


def _ask(scorer: "subprocess.Popen[str]", line: str) -> str:
    """Send one line to the scorer and return its next answer."""
    assert scorer.stdin is not None
    try:
        scorer.stdin.write(line + "\n")
        scorer.stdin.flush()
    except BrokenPipeError:
        raise RsvlmError(_ENDED) from None
    return _answer(scorer)


def _answer(scorer: "subprocess.Popen[str]") -> str:
    assert scorer.stdout is not None
    line = scorer.stdout.readline()
    if not line:
        raise RsvlmError(_ENDED)
    return line.strip()
