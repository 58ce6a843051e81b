"""Names of map elements in ids, and the nouns of map tags as a vocabulary that models' texts are held against."""

from functools import cache

from rsvlm.chat.facts import Forms, Vocabulary
from rsvlm.data.wording import wording
from rsvlm.maps.elements import Element

_LETTERS = {"area": "a", "line": "w", "point": "n"}


def element_name(element: Element) -> str:
    """Return an element's short name, as SkyScript's files have it: `a`, `w` or `n` for area, line or point, and its number."""
    return f"{_LETTERS[element.kind]}{''.join(c if c.isalnum() else '-' for c in element.id.partition('/')[2] or element.id)}"


@cache
def vocabulary() -> Vocabulary:
    """Return the nouns of map tags, as names of objects that a model's text may not invent."""
    nouns = sorted({str(entry["noun"]) for entry in wording("osm")["tags"].values()})
    return Vocabulary({noun: Forms() for noun in nouns})
