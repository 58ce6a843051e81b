"""Whether a text names the class of its scene, and no other class."""

import re
from functools import lru_cache

from rsvlm.captioning.grammar import plural
from rsvlm.data.kinds.scene_words import SceneWords
from rsvlm.errors import DataError
from rsvlm.records.unfit import Unfit

SILENT = "text does not name the class of its scene"
ANOTHER = "text names another class than its scene's"


def misnamed(text: str, rule: SceneWords, file: str) -> Unfit | None:
    """Return why a text does not fit the class of its scene, None where it does.

    Args:
        text: a caption.
        rule: words of the classes.
        file: the picture's path, which tells the class.

    Raises:
        DataError: the path tells no class that the rule has words for.
    """
    match = re.search(rule.label, file)
    if match is None or match[1] not in rule.words:
        raise DataError(f"{file}: the recipe's pattern {rule.label!r} finds no class with words; there are {', '.join(sorted(rule.words))}")
    every = frozenset(word for words in rule.words.values() for word in words) | frozenset(rule.others)
    found = named(text, every)
    if others := [word for word in found if word not in rule.words[match[1]]]:
        return Unfit(ANOTHER, f"{match[1]}: {others[0]!r}")
    return None if found else Unfit(SILENT, match[1])


def named(text: str, words: frozenset[str]) -> list[str]:
    """Return the words, given in the singular, that a text names, in their order.

    A longer name takes its words away from a shorter one: a "baseball field" is no "field".
    """
    singular = _singular(words)
    return [singular[found] for found in _pattern(words).findall(text.lower())]


@lru_cache(64)
def _singular(words: frozenset[str]) -> dict[str, str]:
    """Return name in the plural or singular, in lower case -> word; a plural that is a word itself stands for itself."""
    return {plural(word).lower(): word for word in sorted(words)} | {word.lower(): word for word in sorted(words)}


@lru_cache(64)
def _pattern(words: frozenset[str]) -> re.Pattern[str]:
    names = sorted(_singular(words), key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")
