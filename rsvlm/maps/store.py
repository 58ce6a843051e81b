"""Elements by place: what of a map lies in a chip."""

from collections.abc import Iterable
from dataclasses import dataclass

import shapely

from rsvlm.maps.elements import Element, joined
from rsvlm.maps.geometry import Bounds, boxes_of, clip, visible_share


@dataclass(frozen=True)
class Visible:
    """An element as a chip shows it.

    Attributes:
        element: with its geometry cut to the chip's bounds.
        visible_share: which share of its area, length or points that is, 0 to 1.
    """

    element: Element
    visible_share: float


class MapStore:
    """Elements in memory, found by place in time that hardly grows with their number."""

    def __init__(self, elements: Iterable[Element]) -> None:
        """Sort the elements by id, join pieces of one, and index them."""
        self.elements = tuple(joined(elements))
        self._tree = shapely.STRtree([element.geometry for element in self.elements])

    def within(self, bounds: Bounds) -> list[Visible]:
        """Return what lies in bounds, sorted by id: also areas that reach beyond them on all sides.

        Args:
            bounds: west, south, east, north in degrees; west > east crosses the antimeridian.

        Raises:
            ValueError: the bounds name no box.
        """
        numbers = sorted({int(number) for box in boxes_of(bounds) for number in self._tree.query(box, predicate="intersects")})
        found = []
        for element in map(self.elements.__getitem__, numbers):
            part = clip(element.geometry, element.kind, bounds)
            if part is not None:
                share = visible_share(element.geometry, part, element.kind)
                found.append(Visible(Element(element.id, element.kind, part, element.tags), share))
        return found
