"""Visual prompts from annotated chips: marks on objects, and questions whose answers have one line a mark.

A region is the upright box around an object, a point lies inside its object and outside every other one. Marks are numbered
in the order that they are drawn in; the mask that they make, in which each must stay visible, is drawn once to prove it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from rsvlm.captioning.grammar import counted, indefinite, listed
from rsvlm.captioning.scenes import Chip
from rsvlm.conversations.formats.marks import answer, draw, prompt, whole_image
from rsvlm.conversations.formats.shapes import Geometry, box_geometry
from rsvlm.conversations.relations import RULES, Seen, verdict
from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.builders.measured import sides
from rsvlm.data.certain import Certain, certain, labels_by_picture
from rsvlm.data.colours import clear_colour
from rsvlm.data.kinds.prompts import BoxPrompts, MaskPrompts, PromptRules
from rsvlm.data.positions import clear_place, direction
from rsvlm.data.samples import annotated_chips, chip_sample
from rsvlm.data.shapes import mask_shapes
from rsvlm.data.spots import spots
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.geometry import rectangle
from rsvlm.records.models import LabelledObject, Sample
from rsvlm.records.pictures import load_mask
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class Marked:
    """Marks with the turns that speak of them."""

    task: str
    level: str
    marks: tuple[Geometry, ...]
    turns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Thing:
    """An object that can be marked, and the shape that points must lie in."""

    labelled: LabelledObject
    shape: shapely.Polygon


def point_in(thing: Thing, others: Sequence[shapely.Polygon], clearance: float) -> tuple[float, float] | None:
    """Return a point of an object, its box centre if that will do, `clearance` pixels from its border and from other objects.

    None where there is no such point.
    """
    free = thing.shape.buffer(-clearance)
    for other in others:
        free = free.difference(other.buffer(clearance))
    if free.is_empty:
        return None
    x, y = thing.labelled.centre
    point = shapely.Point(x, y) if free.covers(shapely.Point(x, y)) else free.representative_point()
    return round(point.x, 2), round(point.y, 2)


@dataclass(frozen=True)
class _Asker:
    chip: Chip
    seen: Certain
    things: Sequence[Thing]
    everything: Sequence[shapely.Polygon]
    rules: PromptRules
    measured: bool
    generator: np.random.Generator

    def _drawn(self, most: int) -> list[Thing]:
        return [self.things[place] for place in self.generator.permutation(len(self.things))[:most].tolist()]

    def _region(self, thing: Thing) -> Geometry:
        x1, y1, x2, y2 = (round(value, 2) for value in thing.labelled.box)
        return box_geometry(x1, y1, x2, y2, *self.chip.picture.size)

    def _marked(self, task: str, level: str, things: Sequence[Thing], *turns: tuple[str, str]) -> Marked:
        return Marked(task, level, tuple(self._region(thing) for thing in things), turns)

    def region(self) -> Iterator[Marked]:
        things = self._drawn(self.rules.most_marks)
        if things:
            yield self._marked("identify", "region", things, self._names(things))

    def _names(self, things: Sequence[Thing]) -> tuple[str, str]:
        return wording("prompts")["region"], answer("Region", [thing.labelled.label for thing in things])

    def point(self) -> Iterator[Marked]:
        found = []
        for thing in self._drawn(self.rules.most_marks):
            others = [shape for shape in self.everything if shape is not thing.shape and shape.intersects(thing.shape)]
            if place := point_in(thing, others, self.rules.clearance):
                found.append((Geometry((place,), *self.chip.picture.size), thing.labelled.label))
        if found:
            turn = wording("prompts")["point"], answer("Mark", [label for _, label in found])
            yield Marked("point", "point", tuple(mark for mark, _ in found), (turn,))

    def region_caption(self) -> Iterator[Marked]:
        things = self._drawn(self.rules.most_marks)
        if things:
            turn = wording("prompts")["region_caption"], answer("Region", [self._description(thing.labelled) for thing in things])
            yield self._marked("region_caption", "region", things, turn)

    def _description(self, labelled: LabelledObject) -> str:
        width, height = self.chip.picture.size
        colour = clear_colour(self.chip.picture, labelled, self.rules.colours, self.rules.coloured)
        place = clear_place(labelled, width, height, self.rules.cell_margin)
        text = indefinite(" ".join(filter(None, (colour, labelled.label))))
        if place:
            text += f" {'in' if place == 'centre' else 'at'} the {place} of the image"
        if self.measured and self.chip.gsd:
            length, breadth = (f"{side * self.chip.gsd:.{self.rules.decimals}f}" for side in sides(labelled))
            text += wording("prompts")["measured"].format(length=length, width=breadth)
        return text

    def relation(self) -> Iterator[Marked]:
        things = self._drawn(self.rules.related)
        if text := self._relations(things):
            yield self._marked("relation", "region", things, (wording("prompts")["relation"], text))

    def _relations(self, things: Sequence[Thing]) -> str:
        """Return one sentence for each pair whose relation is beyond doubt, each citing its marks by number."""
        sentences = []
        for first, thing in enumerate(things):
            for second in range(first + 1, len(things)):
                other = things[second].labelled
                if side := direction(thing.labelled, other, self.rules.straight, self.rules.diagonal):
                    sentences.append(f"<Region {first + 1}> is {wording('prompts')['directions'][side]} <Region {second + 1}>.")
                for one, two in ((first, second), (second, first)):
                    if words := self._at(things[one].labelled, things[two].labelled):
                        sentences.append(f"<Region {one + 1}> is {words} <Region {two + 1}>.")
        return " ".join(sentences)

    def _at(self, first: LabelledObject, second: LabelledObject) -> str | None:
        """Return the words of the one relation that the first object has to the second, such as `anchored at`."""
        one, two = (Seen(labelled.label, labelled.polygon, labelled.polygon, True) for labelled in (first, second))
        held = [
            rule.words[0]
            for rule in RULES
            if first.label in rule.first and second.label in rule.second and verdict(rule.test, one, two, self.rules.near)
        ]
        return held[0] if len(held) == 1 else None

    def image_caption(self) -> Iterator[Marked]:
        counts = {noun: len(objects) for noun, objects in self.seen.complete.items()}
        if counts:
            things = listed([counted(noun, count) for noun, count in counts.items()])
            turn = wording("prompts")["image_caption"], answer("Region", [wording("prompts")["image"].format(things=things)])
            yield Marked("caption", "image", (whole_image(*self.chip.picture.size),), (turn,))

    def dialogue(self) -> Iterator[Marked]:
        things = self._drawn(self.rules.related)
        if len(things) > 1 and (text := self._relations(things)):
            yield self._marked("mixed", "region", things, self._names(things), (wording("prompts")["relation"], text))


def marked(
    chip: Chip,
    seen: Certain,
    things: Sequence[Thing],
    everything: Sequence[shapely.Polygon],
    rules: PromptRules,
    generator: np.random.Generator,
    *,
    measured: bool,
) -> list[Marked]:
    """Return the questions about one picture, those whose marks hide one another left out.

    Args:
        chip: the picture with its objects.
        seen: what is certain about them.
        things: objects that may be marked.
        everything: shapes of all objects, also of those that are not marked.
        rules: of the recipe.
        generator: makes all random choices.
        measured: lengths can be told.
    """
    asker = _Asker(chip, seen, things, everything, rules, measured, generator)
    ways = {
        "region": asker.region,
        "point": asker.point,
        "region-caption": asker.region_caption,
        "relation": asker.relation,
        "image-caption": asker.image_caption,
        "dialogue": asker.dialogue,
    }
    found = []
    for task in rules.tasks:
        for one in ways[task]():
            try:
                draw(one.marks, *chip.picture.size)
            except Unfit:  # one of the marks is hidden by others
                continue
            found.append(one)
    return found


def things_of(settings: BoxPrompts | MaskPrompts, work: Work, chip: Chip) -> tuple[list[Thing], list[shapely.Polygon]]:
    """Return the objects of a chip that may be marked, and the shapes of all."""
    width, height = chip.picture.size
    if isinstance(settings, MaskPrompts):
        window = chip.window
        mask = load_mask(work.source(settings.source).path(chip.annotation), settings.colours)
        part = mask[window.y : window.y + window.height, window.x : window.x + window.width]
        found = [
            Thing(LabelledObject(noun, rectangle(*shape.bounds)), shape)
            for value, noun in sorted(settings.classes.items())
            for shape in mask_shapes(part == int(value))
            if shape.area >= settings.m2b.minimum_area
        ]
        return found, [thing.shape for thing in found]
    found, everything = [], []
    for labelled in chip.objects:
        shape = shapely.Polygon(labelled.polygon)
        everything.append(shape)
        x1, y1, x2, y2 = labelled.box
        edge = settings.known.edge
        if not labelled.difficult and min(x1, y1, width - x2, height - y2) > edge:
            found.append(Thing(labelled, shape))
    return found, everything


def build(settings: BoxPrompts | MaskPrompts, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    labels = labels_by_picture(settings, work)
    for chip in spots(settings, settings.spots, work) if settings.spots else annotated_chips(settings, work):
        things, everything = things_of(settings, work, chip)
        measured = isinstance(settings, BoxPrompts) and settings.measured
        seen = certain(chip, settings.known, labels)
        generator = work.generator("prompts", chip.id)
        found = marked(chip, seen, things, everything, settings.prompts, generator, measured=measured)
        if not found:
            work.rejected.leave_out(settings.source, "nothing to mark")
            continue
        yield prompt_sample(work, settings.source, chip, settings.kind, found)


def prompt_sample(work: Work, source: str, chip: Chip, kind: str, found: Sequence[Marked]) -> Sample:
    """Return the sample of a chip: conversations, and for each its marks in pixels and its level under `facts`."""
    conversations = as_conversations(chip.id, [Talk(one.task, *one.turns[0], answer=one.turns[-1][1]) for one in found])
    for conversation, one in zip(conversations, found, strict=True):
        for question, reply in one.turns[1:]:
            conversation["turns"] += [{"role": "user", "text": question}, {"role": "assistant", "text": reply}]
    facts = {"prompts": [[prompt(mark) for mark in one.marks] for one in found], "levels": [one.level for one in found]}
    return chip_sample(work, source, chip, method="template", builder=kind, conversations=conversations, facts=facts)
