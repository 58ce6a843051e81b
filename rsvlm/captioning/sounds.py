"""Whether English words, abbreviations and numbers begin with a vowel when they are spoken."""

import re

# Letters whose names begin with a vowel: an F-16, an SUV.
_VOWEL_NAMES = frozenset("AEFHILMNORSX")
# Abbreviations of three letters that are spoken as words, and longer ones with vowels that are spelled out.
_SPOKEN = frozenset(("SAR", "GIS", "SAM", "BIM", "PAN"))
_SPELLED = frozenset(("NDVI", "NDWI", "NDBI", "MNDWI", "UTM"))
_LEADING = re.compile(r"""^[\s"'(\[“‘]+""")
_NUMBER = re.compile(r"\d[\d,]*")
_LETTERS = re.compile(r"[A-Za-z]+")
_SILENT_H = ("hour", "honest", "heir", "honour", "honor")
_CONSONANT_SOUND = re.compile(
    r"eu|ewe|unan|uni(?!n|m|dentif|ll|rr)|us[aeu]|using|uti[ln]|utop|ute[nr]|ubiq|uran|uri|urea|ufo\b|one(?![a-z])|once"
)


def begins_with_vowel(phrase: str) -> bool:
    """Say whether a phrase begins with a vowel sound.

    Digits are spoken as numbers (`8`, `11`, `18`, `80`, `8,000`), single letters, letters with digits, and abbreviations
    in capitals by the names of their letters, other words by their usual sound.
    """
    text = _LEADING.sub("", phrase)
    if number := _NUMBER.match(text):
        return _number_begins_with_vowel(number[0])
    letters = _LETTERS.match(text)
    if letters is None:
        return False
    word, following = letters[0], text[letters.end() : letters.end() + 2]
    if _is_spelled(word, following):
        return word[0].upper() in _VOWEL_NAMES
    lower = text.lower()
    if lower.startswith(_SILENT_H):
        return True
    return not _CONSONANT_SOUND.match(lower) and lower[0] in "aeiou"


def _number_begins_with_vowel(digits: str) -> bool:
    figures = digits.replace(",", "").lstrip("0")
    group = figures[: len(figures) % 3 or 3]
    return group[:1] == "8" or group in ("11", "18")


def _is_spelled(word: str, following: str) -> bool:
    if len(word) == 1:
        return word not in ("a", "A", "I") or following[:1].isdigit() or following[:1] == "-"
    if following[:1].isdigit() or (following[:1] == "-" and following[1:].isdigit()):
        return word.isupper() and len(word) < 4
    stem = word[:-1] if word[-1] == "s" and word[:-1].isupper() else word
    if not stem.isupper() or stem in _SPOKEN:
        return False
    return len(stem) < 4 or stem in _SPELLED or not set(stem) & set("AEIOUY")
