"""English nouns and numbers for captions made by rule: plurals, articles, counts, lists, class names."""

import re
from collections.abc import Sequence

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_IRREGULAR = {
    "aircraft": "aircraft",
    "person": "people",
    "pedestrian": "pedestrians",
    "man": "men",
    "woman": "women",
    "child": "children",
    "foot": "feet",
    "leaf": "leaves",
    "sheep": "sheep",
    "people": "people",
    "farmland": "farmland",
    "railway": "railways",
}
_VOWEL_BUT_CONSONANT = ("uni", "use", "usa", "eu", "one", "once")
_SILENT_H = ("hour", "honest", "heir", "honour")
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def class_words(name: str) -> str:
    """Return a class name as words: `DenseResidential` -> `dense residential`, `large-vehicle` -> `large vehicle`."""
    spaced = _WORD_BREAK.sub(" ", name.replace("-", " ").replace("_", " "))
    return " ".join(spaced.lower().split())


def plural(noun: str) -> str:
    """Return the plural of a noun phrase; its last word changes."""
    *before, last = noun.split(" ")
    return " ".join([*before, _plural_word(last)])


def _plural_word(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("craft") or word in _IRREGULAR.values():
        return word
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in ("a", "e", "i", "o", "u", ""):
        return f"{word[:-1]}ies"
    return f"{word}s"


def article(phrase: str) -> str:
    """Return `a` or `an`, by the sound that the phrase begins with."""
    word = phrase.lower()
    if word.startswith(_SILENT_H):
        return "an"
    if word.startswith(_VOWEL_BUT_CONSONANT):
        return "a"
    return "an" if word[:1] in "aeiou" else "a"


def number(count: int, *, words: bool) -> str:
    """Return a count in words (up to ten) or digits."""
    return _NUMBERS[count] if words and count < len(_NUMBERS) else str(count)


def counted(noun: str, count: int, *, words: bool = False) -> str:
    """Return `a ship`, `3 ships` or `three ships`.

    Raises:
        ValueError: the count is below one.
    """
    if count < 1:
        raise ValueError(f"{count} {noun}: only what is there can be counted")
    return f"{article(noun)} {noun}" if count == 1 else f"{number(count, words=words)} {plural(noun)}"


def listed(phrases: Sequence[str]) -> str:
    """Join phrases as English does: `a`, `a and b`, `a, b and c`."""
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def sentence(text: str) -> str:
    """Return the text with its first letter upper case."""
    return text[:1].upper() + text[1:]
