"""English nouns and numbers for captions made by rule: plurals, articles, counts, lists, agreement, class names."""

import functools
import re
from collections.abc import Sequence

from rsvlm.captioning.nouns import nouns
from rsvlm.captioning.numerals import cardinal
from rsvlm.captioning.sounds import begins_with_vowel

_MOST_WORDS = 10
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_MODEL = re.compile(r"[A-Z]{1,4}-?\d{1,4}[A-Z]?")
_AFTER_HEAD = re.compile(r" (?:of|with|per|for|in|on|under|without) ")
_SMALL_WORDS = frozenset(["a", "an", "and", "at", "by", "for", "in", "of", "on", "or", "per", "the", "to", "with"])
_CACHED = 4096


def class_words(name: str) -> str:
    """Return a class name as words: `DenseResidential` -> `dense residential`, `large-vehicle` -> `large vehicle`."""
    spaced = _WORD_BREAK.sub(" ", name.replace("-", " ").replace("_", " "))
    return " ".join(spaced.lower().split())


@functools.lru_cache(_CACHED)
def noun_of(name: str) -> str:
    """Return a class name as the noun of a sentence, in the singular where the class is one of single things.

    `baseballfield` -> `baseball field`, `Truck w/Box` -> `truck with box`, `Hut/Tent` -> `hut or tent`, `Boeing737` ->
    `Boeing 737`, `T junction` -> `T-junction`, `A220` stays.
    """
    if _MODEL.fullmatch(name):
        return name
    words = class_words(name)
    if words in nouns().names:
        return nouns().names[words]
    plain = " ".join(re.sub(r"\s*/\s*", " or ", re.sub(r"\bw/\s*", "with ", words)).split())
    return nouns().names.get(plain, plain)


@functools.lru_cache(_CACHED)
def is_countable(noun: str) -> bool:
    """Say whether a noun takes `a` and numbers: `ship`, but not `farmland`."""
    if noun.lower() in nouns().uncountable_names or noun.lower() in nouns().plural_names:
        return False
    return _head(noun).lower().rsplit(" ", 1)[-1] not in nouns().uncountable


@functools.lru_cache(_CACHED)
def is_plural(noun: str) -> bool:
    """Say whether a noun is in the plural: `pastures`, `permanent crops`, `people`; not `bus`, `overpass`, `aircraft`."""
    word = _head(noun).rsplit(" ", 1)[-1].lower()
    if word in nouns().plural_words or noun.lower() in nouns().plural_names:
        return True
    if word in nouns().irregular:
        return False
    return (word.endswith("s") and not _ends_as_singular(word)) or word in nouns().irregular.values()


def _ends_as_singular(word: str) -> bool:
    return word.endswith(("ss", "us", "is")) or word in nouns().singular_in_s


def _head(noun: str) -> str:
    return _AFTER_HEAD.split(noun, maxsplit=1)[0]


@functools.lru_cache(_CACHED)
def plural(noun: str) -> str:
    """Return the plural of a noun phrase; nouns without one, or in it already, stay.

    The last word before `of`, `with` and the like changes: `storage tanks`, `places of worship`.
    """
    if noun.lower() in nouns().plurals:
        return nouns().plurals[noun.lower()]
    if not is_countable(noun) or is_plural(noun):
        return noun
    head = _head(noun)
    *before, last = head.split(" ")
    return " ".join([*before, _plural_word(last)]) + noun[len(head) :]


def _plural_word(word: str) -> str:
    lower = word.lower()
    irregular = nouns().irregular.get(lower)
    if irregular is None and lower.endswith("man") and lower not in ("human", "ottoman"):
        irregular = f"{lower[:-3]}men"
    if irregular is not None:
        return irregular.capitalize() if word[:1].isupper() else irregular
    if lower.endswith("craft"):
        return word
    if lower.endswith("is") and len(lower) > 3:
        return f"{word[:-2]}es"
    if lower.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if lower.endswith("y") and lower[-2:-1] not in ("a", "e", "i", "o", "u", ""):
        return f"{word[:-1]}ies"
    return f"{word}s"


@functools.lru_cache(_CACHED)
def article(phrase: str) -> str:
    """Return `a` or `an`, by the sound that the phrase begins with: `an hour`, `a university`, `an F-16`, `an 8-lane road`."""
    return "an" if begins_with_vowel(phrase) else "a"


def indefinite(noun: str) -> str:
    """Return a noun with its indefinite article, if it takes one: `an airplane`, `farmland`, `permanent crops`."""
    return f"{article(noun)} {noun}" if is_countable(noun) and not is_plural(noun) else noun


def number(count: int, *, words: bool) -> str:
    """Return a count in words (up to ten) or digits; `numerals.cardinal` has words for all."""
    return cardinal(count) if words and count <= _MOST_WORDS else str(count)


def counted(noun: str, count: int, *, words: bool = False) -> str:
    """Return `a ship`, `3 ships` or `three ships`; of what has no number `an area of farmland`, `3 areas of farmland`.

    Raises:
        ValueError: the count is below one.
    """
    if count < 1:
        raise ValueError(f"{count} {noun}: only what is there can be counted")
    if not is_countable(noun) or (count == 1 and is_plural(noun)):
        noun = f"area of {noun}"
    return f"{article(noun)} {noun}" if count == 1 else f"{number(count, words=words)} {plural(noun)}"


def be(noun: str, count: int = 1) -> str:
    """Return `is` or `are`, as a noun and its count want it: the ship is, 3 ships are, farmland is, permanent crops are."""
    return "are" if count != 1 or is_plural(noun) else "is"


def verb(base: str, *, many: bool) -> str:
    """Return a verb in the present, third person: `verb("carry", many=False)` is `carries`; be and have are known."""
    if base == "be":
        return "are" if many else "is"
    if many:
        return base
    if base == "have":
        return "has"
    if base.endswith(("s", "x", "z", "ch", "sh", "o")):
        return f"{base}es"
    if base.endswith("y") and base[-2:-1] not in ("a", "e", "i", "o", "u", ""):
        return f"{base[:-1]}ies"
    return f"{base}s"


def listed(phrases: Sequence[str], *, conjunction: str = "and", oxford: bool = False) -> str:
    """Join phrases as English does: `a`, `a and b`, `a, b and c`; with the Oxford comma `a, b, and c`."""
    if len(phrases) < 2:
        return "".join(phrases)
    comma = "," if oxford and len(phrases) > 2 else ""
    return f"{', '.join(phrases[:-1])}{comma} {conjunction} {phrases[-1]}"


def sentence(text: str) -> str:
    """Return the text with its first letter upper case."""
    return text[:1].upper() + text[1:]


def title(text: str) -> str:
    """Return a text as a title: `Place of Worship`, `Boeing 737`, `T-Junction`; capitals inside words stay."""
    words = text.split()
    small = {position for position in range(1, len(words) - 1) if words[position] in _SMALL_WORDS}
    return " ".join(
        word if position in small else "-".join(sentence(part) for part in word.split("-")) for position, word in enumerate(words)
    )
