"""VHM's short questions about objects: counts, boxes, lengths in metres, classes in the picture, and its resolution.

Only what is certain is asked about: classes of which every object shows whole are counted and located; length and width are
the sides of the smallest rectangle around an object times the ground sample distance, the length being the longer one.
Pictures of unknown ground sample distance are not measured; how many is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rsvlm.captioning.grammar import plural
from rsvlm.captioning.scenes import Chip
from rsvlm.conversations.boxes import rectangle_of
from rsvlm.conversations.formats.form import encode
from rsvlm.conversations.formats.shapes import box_geometry
from rsvlm.conversations.formats.table import FORMATS
from rsvlm.conversations.talk import Talk
from rsvlm.conversations.vhm import GROUND, OTHER, asked
from rsvlm.data.certain import Certain, certain, labels_by_picture
from rsvlm.data.kinds.measured import MeasuredObjects, MeasuredRules
from rsvlm.data.positions import clear_place
from rsvlm.data.properties import property_talks, sensors
from rsvlm.data.samples import annotated_chips, chip_sample
from rsvlm.data.spots import spots
from rsvlm.data.wording import drawn, wording
from rsvlm.data.work import Work
from rsvlm.records.geometry import area
from rsvlm.records.models import LabelledObject, Sample
from rsvlm.records.unfit import Unfit


def sides(labelled: LabelledObject) -> tuple[float, float]:
    """Return the longer and the shorter side of the smallest rectangle around an object, pixels."""
    _, width, height, _ = rectangle_of(labelled.polygon)
    return max(width, height), min(width, height)


def box_of(labelled: LabelledObject, width: int, height: int) -> str | None:
    """Return an object's upright box in VHM's format, None where rounding leaves nothing of it."""
    try:
        return encode(FORMATS["vhm"], [box_geometry(*labelled.box, width, height)])
    except Unfit:
        return None


@dataclass(frozen=True)
class _Asker:
    chip: Chip
    seen: Certain
    rules: MeasuredRules
    generator: np.random.Generator

    def _talk(self, task: str, prefix: str, question: str, reply: str) -> Talk:
        return Talk(task, asked(prefix if self.rules.prefix else "", question), reply, reply)

    def counting(self) -> Iterator[Talk]:
        counts = {noun: len(objects) for noun, objects in self.seen.complete.items() if len(objects) <= self.rules.most_counted}
        if counts:
            noun = sorted(counts)[int(self.generator.integers(len(counts)))]
            question = drawn(wording("vhm")["counting"], self.generator).format(nouns=plural(noun))
            yield self._talk("counting", OTHER, question, str(counts[noun]))

    def grounding(self) -> Iterator[Talk]:
        width, height = self.chip.picture.size
        named = [(phrase, labelled) for phrase, labelled in self._named() if box_of(labelled, width, height)]
        if named:
            phrase, labelled = named[int(self.generator.integers(len(named)))]
            question = drawn(wording("vhm")["grounding"], self.generator).format(phrase=phrase)
            reply = box_of(labelled, width, height) or ""
            prefix = GROUND if self.rules.prefix else ""
            yield Talk("refer", asked(prefix, question), reply, reply, (labelled.polygon,))

    def _named(self) -> Iterator[tuple[str, LabelledObject]]:
        """Yield phrases that mean exactly one object: the only one, the largest one, the only one in its part of the image."""
        width, height = self.chip.picture.size
        for noun, objects in self.seen.complete.items():
            if len(objects) == 1:
                yield f"the {noun}", objects[0]
                continue
            ranked = sorted(objects, key=lambda one: abs(area(one.polygon)), reverse=True)
            if abs(area(ranked[0].polygon)) >= self.rules.larger * abs(area(ranked[1].polygon)):
                yield f"the largest {noun}", ranked[0]
            places = [clear_place(one, width, height, self.rules.cell_margin) for one in objects]
            for place, labelled in zip(places, objects, strict=True):
                if place and None not in places and places.count(place) == 1:
                    yield f"the {noun} {'in' if place == 'centre' else 'at'} the {place} of the image", labelled

    def measurement(self) -> Iterator[Talk]:
        width, height = self.chip.picture.size
        if not self.chip.gsd:
            return
        fit = [
            (noun, labelled)
            for noun, objects in self.seen.clear.items()
            for labelled in objects
            if sides(labelled)[1] >= self.rules.least_side and box_of(labelled, width, height)
        ]
        for position in self.generator.permutation(len(fit))[: self.rules.measured].tolist():
            noun, labelled = fit[position]
            length, breadth = (f"{side * self.chip.gsd:.{self.rules.decimals}f}" for side in sides(labelled))
            question = wording("vhm")["measurement"].format(noun=noun, box=box_of(labelled, width, height))
            reply = wording("vhm")["measured"].format(length=length, width=breadth)
            yield Talk("measurement", asked(OTHER if self.rules.prefix else "", question), reply, f"{length}, {breadth}")

    def multi_label(self) -> Iterator[Talk]:
        shown = sorted(self.seen.clear)
        if not shown or not self.seen.absent:
            return
        count = max(self.rules.listed - len(shown), 1)
        absent = [self.seen.absent[place] for place in self.generator.permutation(len(self.seen.absent))[:count].tolist()]
        names = [*shown, *absent]
        names = [names[place] for place in self.generator.permutation(len(names)).tolist()]
        question = wording("vhm")["multi_label"].format(classes=", ".join(names))
        yield self._talk("multi_label", OTHER, question, ", ".join(name for name in names if name in shown))


def questions(chip: Chip, seen: Certain, rules: MeasuredRules, generator: np.random.Generator) -> list[Talk]:
    """Return the questions about the objects of one picture.

    Args:
        chip: the picture with its objects.
        seen: what is certain about them.
        rules: of the recipe.
        generator: makes all random choices.
    """
    asker = _Asker(chip, seen, rules, generator)
    ways = {
        "counting": asker.counting,
        "grounding": asker.grounding,
        "measurement": asker.measurement,
        "multi-label": asker.multi_label,
    }
    return [talk for task in rules.tasks for talk in ways[task]()]


def build(settings: MeasuredObjects, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    labels = labels_by_picture(settings, work)
    index = sensors(work, settings.source)
    for chip in spots(settings, settings.spots, work) if settings.spots else annotated_chips(settings, work):
        generator = work.generator("measured", chip.id)
        if "measurement" in settings.measured.tasks and not chip.gsd:
            work.rejected.leave_out(settings.source, "no ground sample distance to measure with")
        talks = questions(chip, certain(chip, settings.known, labels), settings.measured, generator)
        about = index.get(chip.file, {})
        talks += property_talks(chip.gsd, about.get("sensor"), about.get("bands"), settings.properties, generator)
        if talks:
            yield chip_sample(
                work, settings.source, chip, method="template", builder=settings.kind, talks=talks, sensor=about.get("sensor")
            )
        else:
            work.rejected.leave_out(settings.source, "nothing can be asked that is beyond doubt")
