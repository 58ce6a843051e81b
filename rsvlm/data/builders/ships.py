"""Chains about ships by what an oriented box and its pixels tell: length, width, colour, mooring, and a class by length.

Each ship is in the centre of its window, and the class is named in the last turn only. A picture that is known to show no
ship has one turn, which says so; pictures that are not for training have their class, a caption and a question instead.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import shapely
from PIL import Image

from rsvlm.captioning.grammar import article, indefinite, sentence
from rsvlm.captioning.scenes import Chip, Place, places
from rsvlm.conversations.relations import seen, verdict
from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.builders.measured import sides
from rsvlm.data.certain import certain, labels_by_picture
from rsvlm.data.colours import clear_colour
from rsvlm.data.kinds.ships import ShipChains, ShipRules
from rsvlm.data.samples import chip_sample
from rsvlm.data.ship_table import NO_SHIP
from rsvlm.data.spots import cut_chip, placed_objects, spots
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.chips import Window
from rsvlm.records.geometry import shifted
from rsvlm.records.models import LabelledObject, Sample, safe_id
from rsvlm.records.unfit import Unfit

_HARBOURS = ("harbor", "harbour")
Turns = list[tuple[str, str]]


@dataclass(frozen=True)
class Ship:
    """A ship as its chain tells of it: metres, its class with the limits around it, and what else is certain."""

    length: float
    width: float
    size: str
    limits: tuple[float | None, float | None]
    colour: str | None
    moored: bool


def size_of(length: float, rules: ShipRules) -> tuple[str, tuple[float | None, float | None]] | None:
    """Return a length's class and the limits around it in metres; None where it is too near to a limit."""
    last: float | None = None
    for size in rules.sizes:
        if size.below is not None and abs(length - size.below) <= rules.margin * size.below:
            return None
        if size.below is None or length < size.below:
            return size.name, (last, size.below)
        last = size.below
    return None


def centred(labelled: LabelledObject, size: tuple[int, int], rules: ShipRules) -> Window | None:
    """Return the square window with an object in its centre, None where it leaves the picture."""
    x1, y1, x2, y2 = labelled.box
    side = max(rules.least_side, math.ceil(rules.around * max(x2 - x1, y2 - y1)))
    x, y = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
    return Window(x, y, side, side) if x >= 0 and y >= 0 and x + side <= size[0] and y + side <= size[1] else None


def is_central(labelled: LabelledObject, window: Window) -> bool:
    """Say whether an object of the whole picture covers the centre of a window."""
    x, y = window.x + window.width / 2, window.y + window.height / 2
    x1, y1, x2, y2 = labelled.box
    return x1 <= x <= x2 and y1 <= y <= y2 and bool(shapely.Polygon(labelled.polygon).covers(shapely.Point(x, y)))


def is_moored(labelled: LabelledObject, objects: Sequence[LabelledObject], window: Window, size: tuple[int, int], rules: ShipRules) -> bool:
    """Say whether a ship surely lies at the one harbor that shows in a window; all objects are those of the whole picture."""
    harbours = [seen(other, window, *size) for other in objects if other.label in _HARBOURS]
    shown = [harbour for harbour in harbours if harbour.visible]
    return len(shown) == 1 and verdict("beside", seen(labelled, window, *size), shown[0], rules.near) is True


def ship_of(chip: Chip, labelled: LabelledObject, moored: bool, rules: ShipRules) -> Ship | None:
    """Return what is certain about the ship of a chip; None without ground sample distance or near a limit of classes."""
    if not chip.gsd:
        return None
    length, breadth = (side * chip.gsd for side in sides(labelled))
    found = size_of(length, rules)
    if found is None:
        return None
    return Ship(length, breadth, found[0], found[1], clear_colour(chip.picture, labelled, rules.colours, rules.coloured), moored)


def chain(ship: Ship, rules: ShipRules) -> Turns:
    """Return the turns of a chain, four to six."""
    words = wording("ships")
    length, breadth = f"{ship.length:.{rules.decimals}f}", f"{ship.width:.{rules.decimals}f}"
    turns = [(words["presence"]["question"], words["presence"]["centre"])]
    ratio = f"{ship.length / ship.width:.1f}"
    turns.append((words["size"]["question"], words["size"]["answer"].format(length=length, width=breadth, ratio=ratio)))
    if ship.colour:
        turns.append((words["colour"]["question"], words["colour"]["answer"].format(colour=ship.colour)))
    if ship.moored:
        turns.append((words["mooring"]["question"], words["mooring"]["answer"]))
    last, limit = ship.limits
    form = words["reason"]["below" if last is None else "above" if limit is None else "between"]
    reason = form.format(length=length, last=_plain(last), limit=_plain(limit))
    turns.append((words["reason"]["question"], reason))
    turns.append((words["class"]["question"], words["class"]["answer"].format(one=indefinite(ship.size))))
    return turns


def _plain(limit: float | None) -> str:
    return "" if limit is None else f"{limit:g}"


def items(ship: Ship, rules: ShipRules) -> list[Talk]:
    """Return class, caption and question of a picture that is not for training."""
    words, length = wording("ships"), f"{ship.length:.{rules.decimals}f}"
    classes = ", ".join([*(size.name for size in rules.sizes), NO_SHIP])
    caption = words["caption"]["coarse"].format(One=sentence(f"{article(ship.size)} {ship.size}"), length=length)
    answer = words["length"]["answer"].format(length=length)
    return [
        Talk("classification", words["central"].format(classes=classes), ship.size, ship.size),
        Talk("caption", words["caption"]["question"], caption, caption),
        Talk("question", words["length"]["question"], answer, answer),
    ]


def _turned(name: str, task: str, turns: Turns) -> dict[str, Any]:
    conversation = as_conversations(name, [Talk(task, *turns[0], answer=turns[-1][1])])[0]
    for question, reply in turns[1:]:
        conversation["turns"] += [{"role": "user", "text": question}, {"role": "assistant", "text": reply}]
    return conversation


def _ships(settings: ShipChains, work: Work, place: Place, picture: Image.Image, objects: list[LabelledObject]) -> Iterator[Sample]:
    """Yield the samples of the ships of one picture."""
    rules = settings.ships
    for labelled in objects:
        window = centred(labelled, picture.size, rules) if labelled.label == settings.noun and not labelled.difficult else None
        if window is None or sum(is_central(other, window) for other in objects if other.label == settings.noun) != 1:
            continue
        name = safe_id(settings.prefix, PurePosixPath(place.picture).stem, f"{window.x}_{window.y}_{window.width}")
        if work.share("ships", name) >= rules.share or not work.wanted(name, settings.source):
            work.rejected.leave_out(settings.source, "outside the drawn share of ships")
            continue
        chip = cut_chip(settings, work, place, picture, objects, window, name)
        inside = replace(labelled, polygon=shifted(labelled.polygon, window.x, window.y))
        ship = ship_of(chip, inside, is_moored(labelled, objects, window, picture.size, rules), rules)
        if ship is None:
            work.rejected.leave_out(settings.source, "no ship of which all is certain")
        elif work.split == "train":
            yield _sample(settings, work, chip, ship.size, [_turned(name, "reasoning", chain(ship, rules))])
        else:
            yield _sample(settings, work, chip, ship.size, as_conversations(name, items(ship, rules)))


def _sample(settings: ShipChains, work: Work, chip: Chip, label: str, conversations: list[dict[str, Any]]) -> Sample:
    return chip_sample(work, settings.source, chip, method="template", builder=settings.kind, conversations=conversations, label=label)


def build(settings: ShipChains, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split: pictures with ships first, then those without."""
    labels = labels_by_picture(settings, work)
    for place in places(settings, work.source(settings.source)):
        if work.in_split(place.scene, settings.shares.as_mapping(), dict(settings.shares.scenes)):
            try:
                picture, objects = placed_objects(settings, work, place)
            except Unfit as unfit:
                work.drop(place.picture, settings.source, unfit)
                continue
            yield from _ships(settings, work, place, picture, objects)
    presence = wording("ships")["presence"]
    for chip in spots(settings, settings.spots, work):
        if settings.noun in certain(chip, settings.known, labels).absent:
            turn = _turned(chip.id, "reasoning", [(presence["question"], presence["no"])])
            yield _sample(settings, work, chip, NO_SHIP, [turn])
