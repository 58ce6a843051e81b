"""Hold the places that a text names against the class of its scene, which the picture's path tells."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rsvlm.captioning.grammar import plural
from rsvlm.data.statement import Statement, stated


def names_of(text: str, words: frozenset[str]) -> list[str]:
    """Return the words, in the singular, that a text names, in their order; where one is part of a longer one, the longer one alone.

    Args:
        text: any.
        words: to look for, in the singular.
    """
    spoken = re.findall(r"[^\W_]+", text.lower())
    forms = {tuple(re.findall(r"[^\W_]+", form.lower())): word for word in sorted(words) for form in (plural(word), word)}
    longest = max(map(len, forms), default=0)
    found, place = [], 0
    while place < len(spoken):
        length = next((size for size in range(longest, 0, -1) if tuple(spoken[place : place + size]) in forms), 0)
        if length:
            found.append(forms[tuple(spoken[place : place + length])])
        place += max(length, 1)
    return found


def check_scene(text: str, rule: Mapping[str, Any], picture: str) -> Iterator[Statement]:
    """Yield whether each place that a text names is the scene's class, and that it names one.

    Args:
        text: a caption.
        rule: pattern of the class and words of the classes, as the recipe has them.
        picture: path of the picture in its source.
    """
    match = re.search(rule["label"], picture)
    own = frozenset(rule["words"].get(match[1], ()) if match else ())
    named = names_of(text, frozenset(word for words in rule["words"].values() for word in words) | frozenset(rule["others"]))
    if not named:
        yield stated("presence", text, False, f"names no place; the scene is {match[1] if match else 'unknown'}")
    for word in dict.fromkeys(named):
        yield stated("presence", f"{word}: {text}", word in own, f"the scene is {match[1] if match else 'unknown'}")
