"""Labels of three levels for the tags of map elements (`templates/place-labels.yaml`)."""

from functools import cache

from rsvlm.data.wording import wording
from rsvlm.quality.balance import Tag

Label = tuple[str, str, str]


@cache
def labels() -> dict[Tag, Label]:
    """Return the labels of the first, second and third level by tag."""
    found: dict[Tag, Label] = {}
    for first, below in wording("place-labels")["tree"].items():
        for second, thirds in below.items():
            for third, tags in thirds.items():
                for tag in tags:
                    key, _, value = tag.partition("=")
                    found[key, value] = (first, second, third)
    return found


@cache
def levels() -> tuple[str, ...]:
    """Return the labels of the first level, in their order."""
    return tuple(wording("place-labels")["tree"])


def synonym_of(noun: str) -> str:
    """Return another word for a noun, empty where the table has none."""
    return str(wording("place-labels")["synonyms"].get(noun, ""))
