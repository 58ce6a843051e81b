"""Questions drawn from template pools, behind the task identifier of a system's style."""

from collections.abc import Sequence

import numpy as np

from rsvlm.captioning.grammar import listed
from rsvlm.data.kinds.tasks import Style
from rsvlm.data.wording import drawn, wording

_POOLS = "task-pools"


def tagged(style: Style, task: str, question: str) -> str:
    """Return a question behind the identifier of its task, and before what the style asks of its answer, if it has such."""
    table = wording(_POOLS)["styles"][style]
    tag, ending = table["tags"].get(task, ""), table.get("endings", {}).get(task, "")
    return f"{tag} {question}{ending}" if tag else f"{question}{ending}"


def classes_named(style: Style, names: Sequence[str]) -> str:
    """Return classes to choose from as a style lists them: with commas alone, or `and` before the last."""
    joined = wording(_POOLS)["styles"][style].get("classes") == "and"
    return listed(names, oxford=True) if joined else ", ".join(names)


def asked(style: Style, task: str, generator: np.random.Generator, **words: str) -> str:
    """Return a question drawn from a task's pool, its gaps filled with `words`, behind the task's identifier."""
    table = wording(_POOLS)
    pool = table["styles"][style].get("pools", {}).get(task) or table["pools"][task]
    return tagged(style, task, drawn(pool, generator).format(**words))
