"""Map elements of a picture by what they are called, and how many of each there are."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import shapely
from shapely.geometry.base import BaseGeometry

from rsvlm.data.osm_words import hidden_tags, main_tag, noun_of_tag
from rsvlm.maps.elements import Element
from rsvlm.quality.balance import Tag


@dataclass
class Group:
    """Elements that go by one noun.

    Attributes:
        noun: in the singular.
        tags: their telling tags.
        elements: (element, shape in pixels), in order.
    """

    noun: str
    tags: set[Tag] = field(default_factory=set)
    elements: list[tuple[Element, BaseGeometry]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many there are: points and areas as the map has them; lines that go on in one another are one, and so is one in pieces."""
        lines = [shape for element, shape in self.elements if element.kind == "line"]
        return len(self.elements) - len(lines) + (min(len(lines), pieces(lines)) if lines else 0)

    @property
    def weight(self) -> tuple[float, float]:
        """Area and length in pixels, by which groups are ordered."""
        lengths = (shape.length for element, shape in self.elements if element.kind == "line")
        return sum(shape.area for _, shape in self.elements), sum(lengths)


def pieces(lines: Iterable[BaseGeometry]) -> int:
    """Return how many lines there are once those that go on in one another are joined."""
    return len(shapely.get_parts(shapely.line_merge(shapely.union_all(list(lines)))))


def groups(shown: Iterable[tuple[Element, BaseGeometry]]) -> list[Group]:
    """Return the elements that can be named and seen, by noun: the largest area first, then the longest line, then by name.

    Args:
        shown: elements with their visible shapes in pixels.
    """
    hidden = hidden_tags()
    found: dict[str, Group] = {}
    for element, shape in shown:
        tag = main_tag(element.tags)
        if tag is None or tag in hidden:
            continue
        noun = noun_of_tag(*tag)
        group = found.setdefault(noun, Group(noun))
        group.tags.add(tag)
        group.elements.append((element, shape))
    return sorted(found.values(), key=lambda group: (-group.weight[0], -group.weight[1], group.noun))
