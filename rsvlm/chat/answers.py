"""Answers that were given once and are kept: one small file an answer, named by the hash of all that it depends on.

A file is written beside its place and renamed, so several processes may share the folder and none meets half an answer.
Each file carries the hash of what it says; one that does not prove itself is asked again.
"""

import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rsvlm.chat.exchange import Answer
from rsvlm.files import canonical_json, sha256_of, write_atomic

logger = logging.getLogger("rsvlm.chat")
_MILLION = 1_000_000


@dataclass
class Tally:
    """Answers, and the tokens that they took."""

    answers: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def add(self, answer: Answer) -> None:
        """Count one more answer."""
        self.answers += 1
        self.tokens_in += answer.tokens_in
        self.tokens_out += answer.tokens_out

    def cost(self, price_in: float, price_out: float) -> float:
        """Return what they cost, at prices for a million tokens, in the prices' currency."""
        return (self.tokens_in * price_in + self.tokens_out * price_out) / _MILLION


@dataclass
class Counts:
    """How often a model was asked.

    Attributes:
        asked: answers that the model gave now.
        kept: answers that were there already; nothing was paid for them now.
        failed: requests that got no answer.
        broken: kept answers that did not prove themselves, and were asked again.
    """

    asked: Tally = field(default_factory=Tally)
    kept: Tally = field(default_factory=Tally)
    failed: int = 0
    broken: int = 0

    def total(self) -> Tally:
        """Return asked and kept together: the same in every run over the same requests, however often it was cut off."""
        both = zip(asdict(self.asked).values(), asdict(self.kept).values(), strict=True)
        return Tally(*(asked + kept for asked, kept in both))


class Answers:
    """A folder of kept answers, and the counts of what was asked through it."""

    def __init__(self, folder: Path) -> None:
        """Keep answers below a folder, which is made when the first one is written."""
        self.folder = folder
        self.counts = Counts()

    def path(self, key: str) -> Path:
        """Return the file of an answer."""
        return self.folder / key[:2] / f"{key}.json"

    def get(self, key: str) -> Answer | None:
        """Return the answer under a key; None where there is none, or none that proves itself."""
        path = self.path(key)
        try:
            answer = _checked(json.loads(path.read_bytes()), key)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            self.counts.broken += 1
            logger.warning("%s: a kept answer is broken (%s); asking again", path, str(error)[:200])
            return None
        return answer

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer, whole or not at all.

        Raises:
            RsvlmError: the disk is full or the folder may not be written.
        """
        said = asdict(answer)
        write_atomic(self.path(key), canonical_json({"key": key, "answer": said, "sha256": sha256_of([key, said])}))


def _checked(stored: Any, key: str) -> Answer:
    """Return the answer of an entry.

    Raises:
        ValueError: the entry belongs to another key, or its bytes changed.
        TypeError: it has another form.
        KeyError: a part is missing.
    """
    if stored["key"] != key:
        raise ValueError("it belongs to another question")
    if stored["sha256"] != sha256_of([key, stored["answer"]]):
        raise ValueError("its bytes changed since it was written")
    return Answer(**stored["answer"])
