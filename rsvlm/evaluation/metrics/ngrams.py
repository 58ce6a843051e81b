"""Sentences as counted n-grams, counted once however often a caption repeats."""

from collections import Counter
from dataclasses import dataclass

from rsvlm.evaluation.metrics.tokens import tokenise

ORDERS = 4


@dataclass(frozen=True)
class Sentence:
    """One tokenised caption.

    Attributes:
        tokens: its tokens.
        counts: for n = 1..4 at index n-1, how often each n-gram occurs.
    """

    tokens: tuple[str, ...]
    counts: tuple[Counter[tuple[str, ...]], ...]


@dataclass(frozen=True)
class Described:
    """One image's answer and references."""

    candidate: Sentence
    references: tuple[Sentence, ...]


def count_ngrams(tokens: tuple[str, ...]) -> Sentence:
    """Return a sentence with its n-grams of orders 1 to 4."""
    shifted = [tokens[start:] for start in range(ORDERS)]
    return Sentence(tokens, tuple(Counter(zip(*shifted[: order + 1], strict=False)) for order in range(ORDERS)))


def describe(candidates: list[str], references: list[list[str]]) -> list[Described]:
    """Tokenise and count answers and references; equal captions share one object.

    Raises:
        ValueError: the lists differ in length, or an image has no reference.
    """
    if len(candidates) != len(references) or not all(references):
        raise ValueError(f"{len(candidates)} candidates for {len(references)} images, each with at least one reference")
    seen: dict[str, Sentence] = {}

    def sentence(caption: str) -> Sentence:
        if caption not in seen:
            seen[caption] = count_ngrams(tuple(tokenise(caption)))
        return seen[caption]

    return [
        Described(sentence(candidate), tuple(sentence(text) for text in texts))
        for candidate, texts in zip(candidates, references, strict=True)
    ]
