"""Hold a model's text against the sentences that it was given: no word beyond them, no claim in another combination.

Three rules, all strict. Every word is one of the given ones or one that says nothing. A sentence with words for place, colour,
shape, size or amount has all of them from one given sentence, and none of those is left out; only what is given of all objects
of one class may be put together (`there is a blue pool at the left`). Where it names several things, it names them in the order
of the given sentence, so that `the ship lies above the harbor` is not turned round.
"""

import re
from collections.abc import Collection, Sequence
from functools import cache

from rsvlm.captioning.grammar import plural
from rsvlm.data.wording import wording
from rsvlm.records.unfit import Unfit

BEYOND = "word is not among the given ones"
ELSEWHERE = "claim is not one of the given ones"
_WORD = re.compile(r"[^\W\d_]+(?:[-'\u2019][^\W\d_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_PARTLY = frozenset(["some", "most", "least", "one", "few", "many", "several", "largest", "smallest", "no", "not", "none"])
_ENDINGS = ("ies", "es", "s")


@cache
def _lexicon(name: str) -> frozenset[str]:
    return frozenset(wording("vouching")[name])


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text; a full stop inside a number ends none."""
    return [part for part in _SENTENCE.split(text.strip()) if part]


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, numbers left out."""
    return [word.replace("\u2019", "'").removesuffix("'s") for word in _WORD.findall(text.lower())]


def beyond(text: str, given: str) -> list[str]:
    """Return the words and numbers of a text that are neither given nor without meaning; singular and plural are the same.

    Args:
        text: of a model.
        given: the sentences that it was given.
    """
    known = {stem for word in words_of(given) for stem in _stems(word)}
    words = [word for word in words_of(text) if word not in _lexicon("generic") and not known & _stems(word)]
    return words + [number for number in _NUMBER.findall(text) if number not in _NUMBER.findall(given)]


def _stems(word: str) -> set[str]:
    found = {word}
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            found.add(word.removesuffix(ending) + ("y" if ending == "ies" else ""))
    return found


def claims(sentence: str) -> frozenset[str]:
    """Return the words and numbers of a sentence that claim a place, colour, shape, size or amount."""
    return (_lexicon("claims") & set(words_of(sentence))) | set(_NUMBER.findall(sentence))


def named(sentence: str, nouns: Collection[str]) -> list[str]:
    """Return the nouns that a sentence names, singular or plural, in their order."""
    forms = {form: noun for noun in nouns for form in (noun, plural(noun))}
    if not forms:
        return []
    pattern = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, forms), key=len, reverse=True))})\b")
    return [forms[form] for form in pattern.findall(sentence.lower())]


def _is_given(sentence: str, given: Sequence[str], nouns: Collection[str]) -> bool:
    """Say whether a given sentence makes the claims of this one, of the same things in the same order."""
    mine, things = claims(sentence), named(sentence, nouns)
    for other in given:
        order = named(other, nouns)
        if claims(other) == mine and order[: len(things)] == things:
            return True
    return len(set(things)) == 1 and mine <= _of_all(things[0], given, nouns)


def _of_all(noun: str, given: Sequence[str], nouns: Collection[str]) -> frozenset[str]:
    """Return the claims of the sentences that speak of all objects of one class and of nothing else."""
    alone = [claims(other) for other in given if set(named(other, nouns)) == {noun}]
    return frozenset().union(*(found for found in alone if not found & _PARTLY))


def vouched(text: str, given: Sequence[str], nouns: Collection[str]) -> Unfit | None:
    """Return why a text cannot be vouched for, None where it can.

    Args:
        text: of a model.
        given: the sentences that it was given.
        nouns: names of things, in the singular.
    """
    if strange := beyond(text, " ".join(given)):
        return Unfit(BEYOND, ", ".join(dict.fromkeys(strange))[:200])
    for sentence in sentences_of(text):
        if claims(sentence) and not _is_given(sentence, given, nouns):
            return Unfit(ELSEWHERE, sentence[:200])
    return None
