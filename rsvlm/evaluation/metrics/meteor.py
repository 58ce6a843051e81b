"""METEOR 1.5 (Denkowski and Lavie 2014), by its own Java program; without Java there is no METEOR.

The program is the one that COCO's evaluation ships (package `pycocoevalcap`): English, exact, stem, synonym and paraphrase
matches. A matcher of ours without the synonym and paraphrase tables would give another number under the same name.
"""

import importlib.util
import shutil
import subprocess
from pathlib import Path

import numpy as np

from rsvlm.errors import RsvlmError
from rsvlm.evaluation.metrics.tokens import tokenise

ABSENT = "METEOR is left out: it needs Java and the package pycocoevalcap"
_MEMORY = "-Xmx1G"
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
    images' scores, and a resample is scored by the program too.

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
        drawn = [_corpus(scorer, [counts[index] for index in draw]) for draw in ([] if draws is None else draws.tolist())]
    return value, np.array(drawn)


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
