"""Relations between the objects of a picture that geometry alone decides, under the limits of `GeometrySettings`.

All tests are made on what the picture shows of the objects. A cut makes overlaps smaller and gaps wider, so that contact
between visible parts is contact between the objects; `inside` asks for a share of the whole object.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rsvlm.conversations.boxes import rectangle_of
from rsvlm.conversations.relations import gap, overlap
from rsvlm.data.graphs import Shown, Triple
from rsvlm.data.kinds.graphs import GeometrySettings
from rsvlm.records.geometry import area

_ROUNDING = 1e-6


@dataclass(frozen=True)
class Extent:
    """A shown object with the numbers that its relations depend on: box x1, y1, x2, y2, sides (pixels), axis (degrees)."""

    shown: Shown
    box: tuple[float, float, float, float]
    short: float
    long: float
    axis: float

    @property
    def centre(self) -> tuple[float, float]:
        """The centre of the upright box."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


def extent_of(shown: Shown) -> Extent:
    """Return the extent of an object's visible part; the axis is that of its longer side, 0 to 180 degrees."""
    _, width, height, angle = rectangle_of(shown.visible)
    xs, ys = [x for x, _ in shown.visible], [y for _, y in shown.visible]
    axis = angle if width >= height else angle + 90
    return Extent(shown, (min(xs), min(ys), max(xs), max(ys)), min(width, height), max(width, height), axis % 180)


def relations(shown: Sequence[Shown], settings: GeometrySettings) -> list[Triple]:
    """Return all relations between shown objects, by subject and object in the annotation's order."""
    extents = [extent_of(one) for one in shown]
    contacts = {
        (first.shown.node.index, second.shown.node.index): found
        for first, second in _pairs(extents, settings)
        if (found := _contact(first, second, settings))
    }
    labels = {one.node.index: one.label for one in shown}
    triples = []
    for first, second in _pairs(extents, settings):
        key = (first.shown.node.index, second.shown.node.index)
        if key in contacts:
            triples.append(Triple(key[0], _alongside(key, contacts, labels, settings) or contacts[key], key[1]))
        if side := _direction(first, second, settings):
            triples.append(Triple(key[0], side, key[1]))
    return triples


def _pairs(extents: Sequence[Extent], settings: GeometrySettings) -> Iterator[tuple[Extent, Extent]]:
    """Yield ordered pairs whose upright boxes are near enough for any relation."""
    for first in extents:
        for second in extents:
            far = max(settings.reach * min(first.long, second.long), settings.near * min(first.short, second.short)) + 1.0
            (x1, y1, x2, y2), (left, top, right, bottom) = first.box, second.box
            if first is not second and max(left - x2, x1 - right, top - y2, y1 - bottom) <= far:
                yield first, second


def _contact(first: Extent, second: Extent, settings: GeometrySettings) -> str | None:
    shared = abs(area(overlap(first.shown.visible, second.shown.visible)))
    mine, other = abs(area(first.shown.node.polygon)), abs(area(second.shown.node.polygon))
    if shared >= settings.inside * mine - _ROUNDING:
        return "inside"
    if shared > settings.overlap * min(mine, other) + _ROUNDING:
        return None
    if gap(first.shown.visible, second.shown.visible) > settings.near * min(first.short, second.short) + _ROUNDING:
        return None
    apart = abs(first.axis - second.axis)
    elongated = all(one.long >= settings.elongated * one.short - _ROUNDING for one in (first, second))
    return "parallel to" if elongated and min(apart, 180 - apart) <= settings.parallel + _ROUNDING else "adjacent"


def _alongside(
    key: tuple[int, int], contacts: Mapping[tuple[int, int], str], labels: Mapping[int, str], settings: GeometrySettings
) -> str | None:
    """Return the relation that stands for `parallel to` between two of a class."""
    if contacts[key] != "parallel to" or labels[key[0]] != labels[key[1]]:
        return None
    for rule in settings.alongside:
        if rule.noun == labels[key[0]]:
            places = [index for index, label in labels.items() if label == rule.at]
            beside = any((key[0], place) in contacts and (key[1], place) in contacts for place in places)
            if beside or not rule.at:
                return rule.words
    return None


def _direction(first: Extent, second: Extent, settings: GeometrySettings) -> str | None:
    if gap(first.shown.visible, second.shown.visible) > settings.reach * min(first.long, second.long) + _ROUNDING:
        return None
    across, down = first.centre[0] - second.centre[0], first.centre[1] - second.centre[1]
    shorter, longer = sorted((abs(across), abs(down)))
    if shorter > settings.straight * longer + _ROUNDING:
        return None
    (x1, y1, x2, y2), (left, top, right, bottom) = first.box, second.box
    if abs(across) > abs(down):
        return ("left of" if across < 0 else "right of") if x2 <= left + _ROUNDING or x1 >= right - _ROUNDING else None
    if abs(down) > abs(across):
        return ("above" if down < 0 else "below") if y2 <= top + _ROUNDING or y1 >= bottom - _ROUNDING else None
    return None
