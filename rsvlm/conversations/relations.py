"""Relations between annotated objects: `ship anchored at the harbor`. Source: GeoChat, a5 (the fifth attribute of its data).

GeoChat names the pairs of classes and the words; the geometric tests and their limits are ours. A relation is decided on the
oriented boxes as annotated, before a picture is cut: a chip's own boxes become upright where its border cuts them, and a long
pier then covers water on both sides. It is said of a chip only where the part of both objects that shows there suffices for
it. A cut makes overlaps smaller and gaps wider, so what holds for the visible parts holds for the whole objects too.

Between what holds and what surely does not lies a doubt, and nothing is said that depends on it.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from rsvlm.captioning.grammar import article
from rsvlm.conversations.boxes import rectangle_of
from rsvlm.conversations.settings import RelationSettings
from rsvlm.records.chips import Window, objects_in
from rsvlm.records.geometry import area, clip, rectangle
from rsvlm.records.models import LabelledObject, Point, Polygon

_VEHICLES = frozenset({"small vehicle", "large vehicle", "vehicle"})
_SHIPS = frozenset({"ship"})


@dataclass(frozen=True)
class Rule:
    """A row of the table: the first object, in words, the second.

    Attributes:
        first: nouns of the first object.
        words: what stands between the two; of several, all mean the same test.
        second: nouns of the second object.
        test: the first lies `inside` the second, lies `beside` (or over) it, or `holds` it inside itself.
    """

    first: frozenset[str]
    words: tuple[str, ...]
    second: frozenset[str]
    test: Literal["inside", "beside", "holds"]


# DOTA's nouns, then how other data sets (DIOR, FAIR1M) or a segmentation call the same. DOTA has no road and no building.
RULES = (
    Rule(_SHIPS, ("anchored at", "parked at"), frozenset({"harbor", "harbour"}), "beside"),
    Rule(
        frozenset({"soccer ball field", "soccer field", "football field"}),
        ("surrounded by", "inside"),
        frozenset({"ground track field", "groundtrackfield"}),
        "inside",
    ),
    Rule(_VEHICLES, ("passing through",), frozenset({"bridge", "road", "street"}), "inside"),
    Rule(_VEHICLES, ("parked at",), frozenset({"building"}), "beside"),
    Rule(frozenset({"plane", "airplane"}), ("parked at",), frozenset({"airport"}), "inside"),
    Rule(_SHIPS, ("containing",), frozenset({"helipad"}), "holds"),
)
FIRST = frozenset(noun for rule in RULES for noun in rule.first)


def overlap(shape: Sequence[Point], other: Sequence[Point]) -> list[Point]:
    """Return the part of a convex polygon inside another convex one (Sutherland and Hodgman), possibly empty."""
    sign = 1.0 if area(other) >= 0 else -1.0
    kept = list(shape)
    for position, (x2, y2) in enumerate(other):
        x1, y1 = other[position - 1]
        source, kept = kept, []
        sides = [sign * ((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)) for x, y in source]
        for index, ((x, y), side) in enumerate(zip(source, sides, strict=True)):
            before, (before_x, before_y) = sides[index - 1], source[index - 1]
            if (side >= 0) != (before >= 0):
                share = before / (before - side)
                kept.append((before_x + share * (x - before_x), before_y + share * (y - before_y)))
            if side >= 0:
                kept.append((x, y))
    return kept


def _to_edge(point: Point, start: Point, end: Point) -> float:
    """Return the distance from a point to a line segment, pixels."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    squared = along_x**2 + along_y**2
    share = ((point[0] - start[0]) * along_x + (point[1] - start[1]) * along_y) / squared if squared else 0.0
    share = min(max(share, 0.0), 1.0)
    return math.dist(point, (start[0] + share * along_x, start[1] + share * along_y))


def gap(shape: Sequence[Point], other: Sequence[Point]) -> float:
    """Return the distance between two convex polygons in pixels; 0 where they touch or overlap."""
    if abs(area(overlap(shape, other))) > 0:
        return 0.0
    # Of two that are apart, a corner of one is nearest to the other.
    return min(
        _to_edge(corner, edges[position - 1], edges[position])
        for corners, edges in ((shape, other), (other, shape))
        for corner in corners
        for position in range(len(edges))
    )


@dataclass(frozen=True)
class Seen:
    """An object of a picture as a window of that picture shows it.

    Attributes:
        label: its noun.
        whole: its corners as annotated, pixels of the picture.
        visible: the part inside the window, pixels of the picture; empty where nothing shows.
        exact: the corners are the annotation's own, not an upright box around what the picture's border left.
    """

    label: str
    whole: Polygon
    visible: tuple[Point, ...]
    exact: bool

    @property
    def area(self) -> float:
        """The area of the whole, square pixels."""
        return abs(area(self.whole))


def seen(labelled: LabelledObject, window: Window, width: int, height: int) -> Seen:
    """Return an object of a picture as a window shows it.

    Args:
        labelled: the object, pixels of the picture.
        window: what is shown.
        width: of the picture, pixels.
        height: of the picture, pixels.
    """
    x1, y1, x2, y2 = labelled.box
    visible = clip(labelled.polygon, window.x, window.y, window.x + window.width, window.y + window.height)
    # What the picture's border cut became upright (`rsvlm.records.geometry`); a turned box is as annotated.
    upright = {*labelled.polygon} == {*rectangle(x1, y1, x2, y2)}
    at_border = x1 <= 0 or y1 <= 0 or x2 >= width or y2 >= height
    return Seen(labelled.label, labelled.polygon, tuple(visible) if abs(area(visible)) > 0 else (), not (upright and at_border))


def verdict(test: Literal["inside", "beside", "holds"], first: Seen, second: Seen, settings: RelationSettings) -> bool | None:
    """Say whether a test holds between two objects (True), surely does not (False), or neither (None).

    Args:
        test: as in `Rule`; shares are of the area, gaps in shorter sides, of the object that is inside or beside.
        first: the first object.
        second: the second object.
        settings: the limits.
    """
    if test == "holds":
        return verdict("inside", second, first, settings)
    showing = bool(first.visible and second.visible) and first.exact and second.exact
    if test == "inside":
        if showing and abs(area(overlap(first.visible, second.visible))) >= settings.inside * first.area:
            return True
        return False if abs(area(overlap(first.whole, second.whole))) <= settings.outside * first.area else None
    _, long, high, _ = rectangle_of(first.whole)
    side = min(long, high)
    if showing and gap(first.visible, second.visible) <= settings.near * side:
        return True
    return False if gap(first.whole, second.whole) >= settings.far * side else None


@dataclass(frozen=True)
class Relation:
    """What the rules say of one object.

    Attributes:
        text: `anchored at the harbor`; None where no relation is certain.
        doubtful: a relation may hold that is not stated.
    """

    text: str | None = None
    doubtful: bool = False


UNRELATED = Relation()


def relation_of(first: Seen, objects: Collection[Seen], settings: RelationSettings, wording: int = 0) -> Relation:
    """Return the one relation of an object with others of its picture; two kinds at once are a doubt.

    The second object is `the harbor` where one of its class shows, and `a harbor` where several do.

    Args:
        first: the object.
        objects: all of the picture.
        settings: the limits.
        wording: which of a rule's words to take, any number.
    """
    texts, doubtful = [], False
    for rule in RULES:
        for label in sorted(rule.second) if first.label in rule.first else ():
            others = [other for other in objects if other.label == label]
            verdicts = [verdict(rule.test, first, other, settings) for other in others]
            if any(verdicts):
                one = sum(bool(other.visible) for other in others) == 1
                texts.append(f"{rule.words[wording % len(rule.words)]} {'the' if one else article(label)} {label}")
            doubtful = doubtful or (None in verdicts and not any(verdicts))
    if len(texts) == 1 and not doubtful:
        return Relation(texts[0])
    return Relation(None, doubtful or bool(texts))


def relations_in(
    window: Window,
    objects: Sequence[LabelledObject],
    width: int,
    height: int,
    visible_share: float,
    settings: RelationSettings,
    wording: int = 0,
) -> list[tuple[LabelledObject, Relation]]:
    """Return the objects in a window, as `rsvlm.records.chips.objects_in` gives them, each with its relation.

    Args:
        window: of the picture.
        objects: all of the picture, in its pixels.
        width: of the picture, pixels.
        height: of the picture, pixels.
        visible_share: as the window was cut with.
        settings: the limits.
        wording: which of a rule's words to take, any number.
    """
    all_seen = [seen(labelled, window, width, height) for labelled in objects]
    kept = [(objects_in([labelled], window, visible_share)[0], one) for labelled, one in zip(objects, all_seen, strict=True)]
    return [(found[0], relation_of(one, all_seen, settings, wording)) for found, one in kept if found]
