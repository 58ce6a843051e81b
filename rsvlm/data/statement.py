"""What a checker finds in a record's texts: statements, each of which holds or does not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rsvlm.data.evidence import Evidence

Kind = Literal["count", "presence", "position", "size", "relation", "place", "attribute", "share", "measure", "geometry", "format", "text"]


@dataclass(frozen=True)
class Statement:
    """One checkable statement of a text.

    Attributes:
        kind: what it is about; `text` for a sentence that the checker cannot read, which never holds.
        text: the words that state it.
        holds: whether the annotation agrees.
        why: what the annotation says instead, where it does not.
    """

    kind: Kind
    text: str
    holds: bool
    why: str = ""


Check = Callable[[Mapping[str, Any], Evidence], Iterator[Statement]]
"""A checker: from a record's JSON and the evidence to the statements of all its texts."""


def stated(kind: Kind, text: str, holds: bool, why: str = "") -> Statement:
    """Return a statement; `why` is kept only where it does not hold."""
    return Statement(kind, text[:300], bool(holds), "" if holds else why[:300])


def unread(text: str) -> Statement:
    """Return the statement that stands for a sentence which the checker has no reading of."""
    return Statement("text", text[:300], False, "the checker cannot read this sentence")
