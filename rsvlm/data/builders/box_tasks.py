"""Tasks about boxes: finding and naming objects, describing with boxes, presence, counting, comparing.

All is said from what is certain about a picture's objects: `the ships` are all ships, so a class of which one object is cut,
difficult or has no text for its box is not asked for; a number is a number of whole objects with none in doubt.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rsvlm.captioning.grammar import counted, indefinite, listed, plural, sentence
from rsvlm.captioning.scenes import Chip
from rsvlm.conversations.formats.shapes import Geometry
from rsvlm.conversations.talk import Talk
from rsvlm.data.box_texts import box_text, fitted, frame_facts
from rsvlm.data.certain import Certain, certain, labels_by_picture
from rsvlm.data.given import Given, key_of, questions_of, some
from rsvlm.data.kinds.box_tasks import BoxTasks, FootprintTasks
from rsvlm.data.mixing import dialogues
from rsvlm.data.pools import asked, tagged
from rsvlm.data.positions import clear_place
from rsvlm.data.samples import annotated_chips, chip_sample
from rsvlm.data.spots import spots
from rsvlm.data.work import Work
from rsvlm.records.models import LabelledObject, Sample
from rsvlm.records.unfit import Unfit

_GIVEN_COUNT = re.compile(r"(?i)^how many (.+) are there in (?:this|the) (?:picture|image)\?$")
_GIVEN_PRESENCE = re.compile(r"(?i)^does (?:this|the) (?:picture|image) contain (?:an? )?(.+)\?$")
_WITH_BOXES = ("refer", "identify", "grounding")


@dataclass(frozen=True)
class Fitted:
    """An object with the box that its text can hold."""

    labelled: LabelledObject
    geometry: Geometry


@dataclass
class _Asker:
    """Asks about one chip.

    Attributes:
        shown: nouns of the whole picture, of which the chip may be a window.
        boxed: noun -> its objects with boxes; only classes of which every object is certain and has one.
        widened: boxes that were widened.
    """

    settings: BoxTasks | FootprintTasks
    chip: Chip
    seen: Certain
    shown: frozenset[str]
    work: Work
    generator: np.random.Generator
    boxed: dict[str, list[Fitted]] = field(default_factory=dict)
    widened: int = 0

    def __post_init__(self) -> None:
        rules = self.settings.rules
        width, height = self.chip.picture.size
        for noun, objects in self.seen.complete.items():
            try:
                found = [fitted(labelled.box, width, height, rules.boxes, rules.narrow) for labelled in objects]
            except Unfit as unfit:
                self.work.screen_out(f"{self.chip.id} {noun}", self.settings.source, unfit.reason, unfit.detail)
                continue
            self.widened += sum(widened for _, widened in found)
            self.boxed[noun] = [Fitted(labelled, geometry) for labelled, (geometry, _) in zip(objects, found, strict=True)]

    def ask(self, task: str, **words: str) -> str:
        return asked(self.settings.style, task, self.generator, **words)

    def text(self, found: Sequence[Fitted]) -> str:
        return box_text([one.geometry for one in found], self.settings.rules.boxes)

    def chosen(self, count: int, of: int) -> list[int]:
        return sorted(self.generator.permutation(of)[:count].tolist())

    # -- boxes ----------------------------------------------------------------------------------------------------

    def expressions(self) -> Iterator[tuple[str, list[Fitted]]]:
        """Yield what can be asked for: all objects of a class, or the only one in its ninth of the picture."""
        for noun, found in self.boxed.items():
            if len(found) == 1:
                yield noun, found
            elif len(found) <= self.settings.rules.most_boxes:
                yield plural(noun), found
            if len(found) > 1:
                yield from ((f"{noun} {_at(place)}", [one]) for place, one in self._placed(found))

    def _placed(self, found: Sequence[Fitted]) -> Iterator[tuple[str, Fitted]]:
        width, height = self.chip.picture.size
        margin = self.settings.rules.cell_margin
        for one in found:
            place = clear_place(one.labelled, width, height, margin)
            if place and not any(other is not one and _may_be(other.labelled, place, width, height, margin) for other in found):
                yield place, one

    def refer(self) -> Iterator[Talk]:
        candidates = list(self.expressions())
        for position in self.chosen(self.settings.rules.refer, len(candidates)):
            phrase, found = candidates[position]
            reply = self.text(found)
            question = self.ask("refer_many" if len(found) > 1 else "refer_one", phrase=phrase)
            yield Talk("refer", question, reply, reply, tuple(one.labelled.polygon for one in found))

    def identify(self) -> Iterator[Talk]:
        candidates = [(self.text([one]), noun) for noun, found in self.boxed.items() for one in found]
        nouns: dict[str, set[str]] = {}
        for text, noun in candidates:
            nouns.setdefault(text, set()).add(noun)
        single = [(text, noun) for text, noun in dict.fromkeys(candidates) if len(nouns[text]) == 1]
        for position in self.chosen(self.settings.rules.identify, len(single)):
            text, noun = single[position]
            reply = sentence(f"{indefinite(noun)}.")
            yield Talk("identify", self.ask("identify", box=text), reply, noun)

    def grounding(self) -> Iterator[Talk]:
        classes = {noun: found for noun, found in self.boxed.items() if len(found) <= self.settings.rules.most_boxes}
        if not classes:
            return
        parts = [f"<p>{counted(noun, len(found))}</p> {self.text(found)}" for noun, found in classes.items()]
        reply = f"The image shows {listed(parts)}."
        polygons = tuple(one.labelled.polygon for found in classes.values() for one in found)
        yield Talk("grounding", self.ask("grounding"), reply, reply, polygons)

    # -- questions ------------------------------------------------------------------------------------------------

    def presence(self) -> Iterator[Talk]:
        """Ask for one class that is there and one that is not: rather one that the picture shows outside this window."""
        here = {*self.seen.clear, *self.seen.doubtful}
        absent = [noun for noun in self.settings.known.nouns if noun not in here]
        outside = [noun for noun in absent if noun in self.shown]
        for nouns, answer in ((sorted(self.seen.clear), "yes"), (outside or absent, "no")):
            if nouns:
                noun = nouns[int(self.generator.integers(len(nouns)))]
                yield Talk("presence", self.ask("presence", one=indefinite(noun)), answer, answer)

    def _numbers(self) -> dict[str, int]:
        most = self.settings.rules.most_counted
        return {noun: len(objects) for noun, objects in self.seen.complete.items() if len(objects) <= most}

    def counting(self) -> Iterator[Talk]:
        numbers = self._numbers()
        if numbers:
            noun = list(numbers)[int(self.generator.integers(len(numbers)))]
            yield Talk("counting", self.ask("counting", nouns=plural(noun)), str(numbers[noun]), str(numbers[noun]))

    def comparison(self) -> Iterator[Talk]:
        numbers = self._numbers()
        if not numbers:
            return
        noun = list(numbers)[int(self.generator.integers(len(numbers)))]
        others = [other for other in (*numbers, *self.seen.absent) if numbers.get(other, 0) != numbers[noun]]
        if others:
            other = others[int(self.generator.integers(len(others)))]
            first, second = (noun, other) if self.generator.integers(2) else (other, noun)
            answer = "yes" if numbers.get(first, 0) > numbers.get(second, 0) else "no"
            yield Talk("question", self.ask("comparison", nouns=plural(first), others=plural(second)), answer, answer)

    def given(self) -> Iterator[Talk]:
        rule = self.settings.given
        uncut = self.settings.chips is None and self.settings.spots is None
        if rule is None or not uncut:
            return
        table = questions_of(rule, self.work, self.settings.source)
        for given in some(table.of(key_of(self.chip.file)), rule, self.work, self.chip.id):
            fault = contradiction(given, self.seen, {labelled.label for labelled in self.chip.objects})
            if fault:
                self.work.screen_out(
                    f"{self.chip.id} {given.question}", self.settings.source, "annotation does not bear the answer out", fault
                )
                continue
            yield Talk("question", tagged(self.settings.style, "question", given.question), given.answer, given.answer)


def contradiction(given: Given, seen: Certain, shown: set[str]) -> str:
    """Return why the boxes do not bear out a given answer, empty where they do.

    Args:
        given: a question in RSIVQA's forms; others are never borne out.
        seen: what is certain about the picture.
        shown: nouns of all its objects.
    """
    count, presence = _GIVEN_COUNT.match(given.question), _GIVEN_PRESENCE.match(given.question)
    if count:
        noun = next((noun for noun in seen.complete if count[1].lower() in (noun, plural(noun))), None)
        number = len(seen.complete[noun]) if noun else None
        return "" if number is not None and given.original == str(number) else f"answer {given.original!r}, certain number {number}"
    if presence:
        noun = presence[1].lower()
        truth = "yes" if noun in shown else "no" if noun in seen.absent else None
        return "" if truth == given.answer.lower() else f"answer {given.original!r}, certain {truth}"
    return f"no form that can be checked: {given.question[:80]!r}"


def _at(place: str) -> str:
    return f"{'in' if place == 'centre' else 'at'} the {place}"


def _may_be(labelled: LabelledObject, place: str, width: int, height: int, margin: float) -> bool:
    """Say whether the words for a place may mean an object: `left` anything in the left column, `top left` that ninth, or the margin."""
    rows, columns = {"top": 0, "bottom": 2}, {"left": 0, "right": 2}
    words = place.split()
    row = next((rows[word] for word in words if word in rows), None)
    column = next((columns[word] for word in words if word in columns), None)
    if place == "centre":
        row = column = 1
    x, y = labelled.centre
    limits = ((column, x, width), (row, y, height))
    return all(cell is None or cell / 3 - margin <= value / extent <= (cell + 1) / 3 + margin for cell, value, extent in limits)


def talks_of(settings: BoxTasks | FootprintTasks, chip: Chip, labels: Mapping[str, frozenset[str]], work: Work) -> tuple[list[Talk], int]:
    """Return all talks about a chip, and how many boxes were widened for them.

    Args:
        settings: of the builder.
        chip: with its objects.
        labels: from `labels_by_picture`.
        work: the pass.
    """
    seen = certain(chip, settings.known, labels)
    if len(seen.complete) < settings.rules.least_classes:
        return [], 0
    asker = _Asker(settings, chip, seen, labels.get(chip.file, frozenset()), work, work.generator("box tasks", chip.id))
    ways = {
        "refer": asker.refer,
        "identify": asker.identify,
        "grounding": asker.grounding,
        "presence": asker.presence,
        "counting": asker.counting,
        "comparison": asker.comparison,
    }
    return [talk for task in settings.rules.tasks for talk in ways[task]()] + list(asker.given()), asker.widened


def build(settings: BoxTasks | FootprintTasks, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    labels = labels_by_picture(settings, work)
    for chip in spots(settings, settings.spots, work) if settings.spots else annotated_chips(settings, work):
        talks, widened = talks_of(settings, chip, labels, work)
        if not talks:
            work.rejected.leave_out(settings.source, "nothing can be asked that is beyond doubt")
            continue
        told: dict[str, Any] = {"widened": widened} if widened else {}
        if any(talk.task in _WITH_BOXES for talk in talks):
            told |= frame_facts(settings.rules.boxes, *chip.picture.size)
        facts: dict[str, Any] = {"facts": told} if told else {}
        conversations = dialogues(chip.id, talks, settings.mix, work)
        yield chip_sample(work, settings.source, chip, method="template", builder=settings.kind, conversations=conversations, **facts)
