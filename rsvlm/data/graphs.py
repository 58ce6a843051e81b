"""Scene graphs of whole pictures, and of the tiles cut from them: objects that show enough, and relations between two such."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rsvlm.conversations.boxes import corners, rectangle_of
from rsvlm.records.chips import Window
from rsvlm.records.geometry import area, clip
from rsvlm.records.models import LabelledObject, Point, Polygon

_ROUNDING = 1e-9
_EDGE = 2.0  # annotations reach over the border by rounding; as in `rsvlm.records.geometry`


@dataclass(frozen=True)
class Node:
    """An object of a picture.

    Attributes:
        index: its place in the annotation, so that relations can name it.
        label: its class as the texts have it.
        polygon: convex corners in pixels of the whole picture.
    """

    index: int
    label: str
    polygon: Polygon


@dataclass(frozen=True)
class Shown:
    """An object as a tile shows it.

    Attributes:
        node: the object.
        visible: its part in the tile, pixels of the tile.
        rectangle: the smallest rectangle around that part, pixels of the tile; its corners may leave the tile.
        whole: nothing of it is cut off.
    """

    node: Node
    visible: tuple[Point, ...]
    rectangle: Polygon
    whole: bool

    @property
    def label(self) -> str:
        """Its class."""
        return self.node.label

    @property
    def centre(self) -> Point:
        """The centre of its rectangle."""
        (x1, y1), _, (x2, y2), _ = self.rectangle
        return (x1 + x2) / 2, (y1 + y2) / 2

    @property
    def area(self) -> float:
        """The area of its visible part, square pixels."""
        return abs(area(self.visible))


@dataclass(frozen=True)
class Triple:
    """A relation from one object to another, by their places in the annotation."""

    subject: int
    predicate: str
    object: int


@dataclass(frozen=True)
class Graph:
    """The graph of a tile.

    Attributes:
        shown: objects that show enough, in the annotation's order.
        triples: relations between two of them.
        cut: classes of objects that show, but not enough.
        width: of the tile, pixels.
        height: of the tile, pixels.
    """

    shown: tuple[Shown, ...]
    triples: tuple[Triple, ...]
    cut: frozenset[str]
    width: int
    height: int

    def of(self, index: int) -> Shown:
        """Return an object by its place in the annotation."""
        return next(one for one in self.shown if one.node.index == index)


Relate = Callable[[Sequence[Shown]], list[Triple]]


def show(node: Node, window: Window) -> Shown | None:
    """Return what a tile shows of an object, or None where it shows nothing."""
    x1, y1 = window.x, window.y
    x2, y2 = x1 + window.width, y1 + window.height
    xs, ys = [x for x, _ in node.polygon], [y for _, y in node.polygon]
    if max(xs) <= x1 or min(xs) >= x2 or max(ys) <= y1 or min(ys) >= y2:
        return None
    whole = min(xs) >= x1 - _EDGE and max(xs) <= x2 + _EDGE and min(ys) >= y1 - _EDGE and max(ys) <= y2 + _EDGE
    part = clip(node.polygon, x1, y1, x2, y2)
    if abs(area(part)) < 1e-6:
        return None
    visible = tuple((x - x1, y - y1) for x, y in part)
    return Shown(node, visible, corners(*rectangle_of(visible)), whole)


def cut(nodes: Sequence[Node], window: Window, visible_share: float, relate: Relate) -> Graph:
    """Return the graph of a tile.

    Args:
        nodes: all objects of the picture.
        window: the tile.
        visible_share: the least share of an object's area in the tile.
        relate: gives the relations between shown objects.
    """
    shown, hidden = [], set()
    for node in nodes:
        found = show(node, window)
        if found is None:
            continue
        if found.whole or found.area >= (visible_share - _ROUNDING) * abs(area(node.polygon)):
            shown.append(found)
        else:
            hidden.add(node.label)
    return Graph(tuple(shown), tuple(relate(shown)), frozenset(hidden), window.width, window.height)


def stored(shown: Sequence[Shown], width: int, height: int) -> list[LabelledObject]:
    """Return the shown objects as records keep them: corners as annotated, or the upright box around the part of a cut one."""
    return [LabelledObject(one.label, _inside(one, width, height)) for one in shown]


def _inside(one: Shown, width: int, height: int) -> Polygon:
    points = one.visible
    if len(points) != 4:
        xs, ys = [x for x, _ in points], [y for _, y in points]
        points = ((min(xs), min(ys)), (max(xs), min(ys)), (max(xs), max(ys)), (min(xs), max(ys)))
    first, second, third, fourth = ((min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))) for x, y in points)
    return first, second, third, fourth


def listed_triples(triples: Sequence[tuple[int, str, int]], shown: Sequence[Shown]) -> list[Triple]:
    """Return an annotation's relations between objects that are both shown, in its order, each once."""
    indices = {one.node.index for one in shown}
    return [Triple(*triple) for triple in dict.fromkeys(triples) if triple[0] in indices and triple[2] in indices]
