"""FIT-RS's forms of words: boxes, references and relations in tags, lists that stop after so many boxes, the answer of absence.

Answers of detection are those of the published tool, letter by letter: no full stop, and angles cut to whole degrees.

A class in an answer is written as its annotation has it, underscores and all, for the public scorers compare names letter by
letter; its plural is always the name and an s, as the published tool writes it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rsvlm.conversations.formats.form import encode
from rsvlm.conversations.formats.oriented import FIT_RS
from rsvlm.conversations.formats.shapes import Geometry, smallest_rectangle
from rsvlm.data.graphs import Graph, Shown, Triple
from rsvlm.data.kinds.graphs import GraphRules
from rsvlm.records.unfit import Unfit

ABSENT = "I'm sorry, I cannot answer as the given image does not contain any given objects."
NOT_LISTED = ", and due to the context length, the remaining {what} are not listed."
SIZES = ("small", "medium", "large", "giant")
_PARTS = {"centre": "central"}
_EXACT = 1e-4  # degrees: 44.999999 is 45


def _cut(geometry: Geometry) -> str:
    upright_or_refused = FIT_RS.write(geometry)
    centre, width, height, angle = smallest_rectangle(geometry)
    if min(angle, 90 - angle) < _EXACT:
        return upright_or_refused
    side = max(geometry.width, geometry.height)
    numbers = "".join(f"<{round(value / side * 100, 2):.2f}>" for value in (*centre, width, height))
    return f"{{{numbers}|<{math.floor(angle + _EXACT)}>}}"


# The format `fit-rs`, which texts are converted to and from, rounds angles; the published tool cuts them: 89.7 degrees are
# <89>, 0.4 are <0>, and upright boxes have <90>.
_FIT_RS_CUT = replace(FIT_RS, name="fit-rs-cut", write=_cut)


def rbox(shown: Sequence[Shown], graph: Graph) -> str:
    """Return the boxes of objects: `<rbox>({<cx><cy><w><h>|<angle>}, ...)</rbox>`, percent of the tile's longer side.

    Raises:
        Unfit: one of them cannot be written.
    """
    return encode(_FIT_RS_CUT, [Geometry(one.rectangle, graph.width, graph.height) for one in shown])


def writable(shown: Shown, graph: Graph, least_side: float) -> bool:
    """Say whether an object has a box in text and is not below the least side (pixels)."""
    (x1, y1), (x2, y2), (x3, y3), _ = shown.rectangle
    sides = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, ((x3 - x2) ** 2 + (y3 - y2) ** 2) ** 0.5
    if min(sides) < least_side:
        return False
    try:
        rbox([shown], graph)
    except Unfit:
        return False
    return True


def plural(name: str) -> str:
    """Return the name and an s."""
    return f"{name}s"


def counted(name: str, count: int) -> str:
    """Return `1 ship` or `3 ships`."""
    return f"1 {name}" if count == 1 else f"{count} {plural(name)}"


def reference(shown: Shown, graph: Graph) -> str:
    """Return `<ref>ship</ref><rbox>(...)</rbox>`."""
    return f"<ref>{shown.label}</ref>{rbox([shown], graph)}"


def relation(predicate: str) -> str:
    """Return `<rel>adjacent</rel>`."""
    return f"<rel>{predicate}</rel>"


def detected(name: str, shown: Sequence[Shown], graph: Graph, most: int, *, isolated: bool = False) -> str:
    """Return `There are 3 ships in the image: <rbox>(...)</rbox>`; of more than `most` the first so many, with the true number.

    What is isolated is a sentence among others (`There is 1 isolated ship in the image: ....`) and has a full stop.
    """
    kind = f"isolated {name}" if isolated else name
    be = "is" if len(shown) == 1 else "are"
    end = NOT_LISTED.format(what="objects") if len(shown) > most else "." if isolated else ""
    return f"There {be} {counted(kind, len(shown))} in the image: {rbox(shown[:most], graph)}{end}"


def grouped(shown: Sequence[Shown], graph: Graph, most: int) -> str:
    """Return objects by class in the order of their first: `1 dock<rbox>(...)</rbox>, 2 ships<rbox>(...)</rbox>`."""
    kept, parts = shown[:most], []
    for label in dict.fromkeys(one.label for one in kept):
        same = [one for one in kept if one.label == label]
        parts.append(f"{counted(label, len(same))}{rbox(same, graph)}")
    return ", ".join(parts) + (NOT_LISTED.format(what="objects") if len(shown) > most else ".")


def related(first: str, second: str, predicates: Sequence[str]) -> str:
    """Return `There are 2 relationships between ship and dock: ship <over> dock, ship <adjacent> dock`.

    The public scorer takes every pair of angle brackets in this answer for a relation, so there are no tags, and no full stop.
    """
    count = "is 1 relationship" if len(predicates) == 1 else f"are {len(predicates)} relationships"
    return f"There {count} between {first} and {second}: {', '.join(f'{first} <{word}> {second}' for word in predicates)}"


def reasoned(first: str, second: str, predicate: str) -> str:
    """Return `subject: ship, object: dock, relationship: <rel>adjacent</rel>`, the three marks that the public scorer looks for."""
    return f"subject: {first}, object: {second}, relationship: {relation(predicate)}"


def triples(found: Sequence[Triple], graph: Graph, most: int) -> str:
    """Return `1 ship<rbox>(...)</rbox> <rel>adjacent</rel> 1 dock<rbox>(...)</rbox>, ...`, at most so many."""
    nodes = {one.node.index: f"1 {one.label}{rbox([one], graph)}" for one in graph.shown if _named(one, found)}
    text = ", ".join(f"{nodes[triple.subject]} {relation(triple.predicate)} {nodes[triple.object]}" for triple in found[:most])
    return text + (NOT_LISTED.format(what="relationships") if len(found) > most else ".")


def _named(shown: Shown, found: Sequence[Triple]) -> bool:
    return any(shown.node.index in (triple.subject, triple.object) for triple in found)


def size_of(shown: Shown, rules: GraphRules) -> str | None:
    """Return small, medium, large or giant, by the area that shows; None near a limit."""
    if any(abs(shown.area - limit) <= rules.size_margin * limit for limit in rules.sizes):
        return None
    return SIZES[sum(shown.area >= limit for limit in rules.sizes)]


def part_of(place: str) -> str:
    """Return `on the top left part of the image` for a place."""
    return f"on the {_PARTS.get(place, place)} part of the image"


def described(shown: Shown, size: str, place: str) -> str:
    """Return `a small ship, fully visible, on the top left part of the image`."""
    seen = "fully visible" if shown.whole else "partly visible"
    return f"a {size} {shown.label}, {seen}, {part_of(place)}"


def by_label(shown: Sequence[Shown]) -> Mapping[str, list[Shown]]:
    """Return objects by class, classes in alphabetical order."""
    found: dict[str, list[Shown]] = {}
    for one in shown:
        found.setdefault(one.label, []).append(one)
    return dict(sorted(found.items()))
