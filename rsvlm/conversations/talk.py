"""Conversations while they are built: turns, what they are scored against, and mixes of several."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rsvlm.records.models import Polygon

_MOST_MIXED = 4


@dataclass(frozen=True)
class Talk:
    """One question with its answer.

    Attributes:
        task: as in `rsvlm.records.models.Task`.
        question: the user's turn.
        reply: the assistant's turn.
        answer: what the reply is scored against, as text.
        polygons: true corners in pixels, where boxes are asked for.
    """

    task: str
    question: str
    reply: str
    answer: str | None = None
    polygons: tuple[Polygon, ...] | None = None


def _turns(talks: Sequence[Talk]) -> list[dict[str, str]]:
    pairs = ((("user", talk.question), ("assistant", talk.reply)) for talk in talks)
    return [{"role": role, "text": text} for pair in pairs for role, text in pair]


def as_conversations(name: str, talks: Sequence[Talk]) -> list[dict[str, Any]]:
    """Return one single-turn conversation a talk, with ids `<name>-<task>-<number>`."""
    found, numbers = [], dict.fromkeys((talk.task for talk in talks), 0)
    for talk in talks:
        polygons = talk.polygons and [[[round(x, 2), round(y, 2)] for x, y in polygon] for polygon in talk.polygons]
        found.append(
            {
                "id": f"{name}-{talk.task}-{numbers[talk.task]}",
                "task": talk.task,
                "turns": _turns([talk]),
                "answer": talk.answer,
                "polygons": list(polygons) if polygons else None,
            }
        )
        numbers[talk.task] += 1
    return found


def mixed(name: str, talks: Sequence[Talk], generator: np.random.Generator) -> dict[str, Any] | None:
    """Return one conversation of two to four talks of different tasks about the same image, or None where there is one task."""
    tasks = sorted({talk.task for talk in talks})
    if len(tasks) < 2:
        return None
    size = int(generator.integers(2, min(_MOST_MIXED, len(tasks)) + 1))
    chosen = []
    for position in generator.permutation(len(tasks))[:size].tolist():
        same = [talk for talk in talks if talk.task == tasks[position]]
        chosen.append(same[int(generator.integers(len(same)))])
    return {"id": f"{name}-mixed-0", "task": "mixed", "turns": _turns(chosen), "answer": None, "polygons": None}
