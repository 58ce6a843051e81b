"""Truthful and deceptive questions from annotated chips: presence, colour, absolute and relative position.

A question deceives when it asks for the colour or position of something that is not in the whole picture, or for a colour
on a panchromatic picture; its right answer says so. For every truthful question there are deceptive ones of the same task
in the recipe's proportion. What is in doubt (cut, difficult or unmarked objects) is not asked about.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from rsvlm.captioning.grammar import indefinite, plural
from rsvlm.captioning.scenes import Chip
from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.conversations.vhm import HONEST, LETTERS, asked, options
from rsvlm.data.certain import Certain, certain, labels_by_picture
from rsvlm.data.colours import clear_colour
from rsvlm.data.companions import Companions, companions_of
from rsvlm.data.kinds.honest import HonestFootprints, HonestMasks, HonestQuestions, HonestRules
from rsvlm.data.positions import ALL_PLACES, DIRECTIONS, clear_place, direction, rivals
from rsvlm.data.properties import sensors
from rsvlm.data.samples import annotated_chips, chip_sample
from rsvlm.data.spots import spots
from rsvlm.data.wording import drawn, wording
from rsvlm.data.work import Work
from rsvlm.records.models import LabelledObject, Sample


@dataclass(frozen=True)
class Honest:
    """A question with its answer, and for the facts of its record: which task, and by which draw or reason it deceives."""

    talk: Talk
    task: str
    deceives: str | None = None


def is_grey(picture: Image.Image, most: int) -> bool:
    """Say whether red, green and blue of every pixel differ by at most `most`."""
    pixels = np.asarray(picture).astype(np.int16)
    return int((pixels.max(axis=2) - pixels.min(axis=2)).max()) <= most


@dataclass(frozen=True)
class _Asker:
    """One chip with everything that its questions need."""

    chip: Chip
    seen: Certain
    rules: HonestRules
    companions: Companions
    generator: np.random.Generator

    def talk(self, task: str, question: str, reply: str, answer: str) -> Talk:
        return Talk(task, asked(HONEST if self.rules.prefix else "", question), reply, answer)

    def pick(self, names: Sequence[str]) -> str:
        return names[int(self.generator.integers(len(names)))]

    def draws(self) -> int:
        """How many deceptive questions stand beside a truthful one."""
        wanted = self.rules.deceptive_share / (1 - self.rules.deceptive_share)
        return int(wanted) + int(self.generator.random() < wanted - int(wanted))

    def absent(self) -> tuple[str, str] | None:
        """Draw (an absent class, by which mode); None where no class is known to be absent."""
        present = [*self.seen.clear, *self.seen.doubtful]
        found: dict[str, Sequence[str]] = {
            "random": self.seen.absent,
            "popular": self.companions.popular(self.seen.absent, self.rules.top),
            "adversarial": self.companions.adversarial(self.seen.absent, present, self.rules.top),
        }
        modes = [mode for mode in self.rules.modes if found[mode]]
        if not modes:
            return None
        mode = self.pick(modes)
        return self.pick(found[mode]), mode

    # -- presence -------------------------------------------------------------------------------------------------

    def presence(self) -> Iterator[Honest]:
        if not self.seen.clear or self.generator.random() >= self.rules.presence_share:
            return
        noun = self.pick(sorted(self.seen.clear))
        yield self._present(noun, "yes", None)
        for _ in range(self.draws()):
            if found := self.absent():
                yield self._present(found[0], "no", found[1])

    def _present(self, noun: str, answer: str, mode: str | None) -> Honest:
        question = drawn(wording("honest")["presence"], self.generator).format(one=indefinite(noun))
        return Honest(self.talk("presence", question, answer, answer), "presence", mode)

    # -- colour ---------------------------------------------------------------------------------------------------

    def colour(self) -> Iterator[Honest]:
        if is_grey(self.chip.picture, self.rules.grey):
            if self.seen.clear and self.generator.random() < self.rules.grey_share:
                noun = self.pick(sorted(self.seen.clear))
                yield self._no_colour(noun, len(self.seen.clear[noun]) > 1, "panchromatic")
            return
        colours = {noun: self._shared_colour(objects) for noun, objects in self.seen.complete.items()}
        named = sorted(noun for noun, colour in colours.items() if colour)
        if not named:
            return
        noun = self.pick(named)
        colour = colours[noun] or ""
        question = self._colour_question(noun, many=len(self.seen.clear[noun]) > 1)
        yield Honest(self.talk("colour", question, colour, colour), "colour")
        for _ in range(self.draws()):
            if found := self.absent():
                yield self._no_colour(found[0], bool(self.generator.integers(2)), found[1])

    def _shared_colour(self, objects: Sequence[LabelledObject]) -> str | None:
        first, *others = {clear_colour(self.chip.picture, labelled, self.rules.colours, self.rules.coloured) for labelled in objects}
        return None if others else first

    def _colour_question(self, noun: str, *, many: bool) -> str:
        pool = wording("honest")["colour"]["many" if many else "one"]
        return drawn(pool, self.generator).format(noun=noun, nouns=plural(noun))

    def _no_colour(self, noun: str, many: bool, why: str) -> Honest:
        key = f"{'panchromatic' if why == 'panchromatic' else 'absent'}{'_many' if many else ''}"
        reply = wording("honest")["refusal"][key].format(noun=noun, nouns=plural(noun))
        return Honest(self.talk("colour", self._colour_question(noun, many=many), reply, reply), "colour", why)

    # -- positions ------------------------------------------------------------------------------------------------

    def absolute(self) -> Iterator[Honest]:
        width, height = self.chip.picture.size
        places = {
            noun: clear_place(objects[0], width, height, self.rules.cell_margin)
            for noun, objects in self.seen.complete.items()
            if len(objects) == 1
        }
        known = sorted(noun for noun, place in places.items() if place)
        if not known:
            return
        noun = self.pick(known)
        yield self._choice("absolute", {"noun": noun}, places[noun], None)
        for _ in range(self.draws()):
            if found := self.absent():
                yield self._choice("absolute", {"noun": found[0]}, None, found[1])

    def relative(self) -> Iterator[Honest]:
        single = {noun: objects[0] for noun, objects in self.seen.complete.items() if len(objects) == 1}
        sides = {
            (noun, other): direction(single[noun], single[other], self.rules.straight, self.rules.diagonal)
            for noun in single
            for other in single
            if noun != other
        }
        known = sorted(pair for pair, side in sides.items() if side)
        if not known:
            return
        noun, other = known[int(self.generator.integers(len(known)))]
        yield self._choice("relative", {"noun": noun, "other": other}, sides[noun, other], None)
        for _ in range(self.draws()):
            if found := self.absent():
                yield self._choice("relative", {"noun": found[0], "other": other}, None, found[1])

    def _choice(self, task: str, names: dict[str, str], truth: str | None, mode: str | None) -> Honest:
        """Return a position question; without a truth its right option is the refusing one."""
        words = wording("honest")
        table, all_names = (words["places"], ALL_PLACES) if task == "absolute" else (words["directions"], DIRECTIONS)
        wrong = rivals(truth, all_names) if truth else self._apart(all_names)
        shown = [wrong[place] for place in self.generator.permutation(len(wrong))[: self.rules.options - 1 - bool(truth)].tolist()]
        texts = [table[name] for name in shown]
        right = table[truth] if truth else words["refusal"]["position"].format(**names)
        texts += [right] if not truth else [right, words["refusal"]["position"].format(**names)]
        texts = [texts[place] for place in self.generator.permutation(len(texts)).tolist()]
        letter = LETTERS[texts.index(right)]
        question = f"{drawn(words[task], self.generator).format(**names)}\n{options(texts)}\n{words['choose']}"
        kind = "position" if task == "absolute" else "relation"
        return Honest(self.talk(kind, question, f"{letter}. {right}", letter), task, mode)

    def _apart(self, names: Sequence[str]) -> list[str]:
        """Return names of which, beside one drawn at random, none is nearly the same: as truthful questions have them."""
        anchor = self.pick(names)
        return [anchor, *rivals(anchor, names)]


def questions(chip: Chip, seen: Certain, rules: HonestRules, companions: Companions, generator: np.random.Generator) -> list[Honest]:
    """Return the questions about one annotated picture.

    Args:
        chip: the picture with its objects.
        seen: what is certain about them.
        rules: of the recipe.
        companions: counts that absent classes are drawn by.
        generator: makes all random choices.
    """
    asker = _Asker(chip, seen, rules, companions, generator)
    ways = {"presence": asker.presence, "colour": asker.colour, "absolute": asker.absolute, "relative": asker.relative}
    found = [one for task in rules.tasks for one in ways[task]()]
    unique: dict[str, Honest] = {}
    for one in found:
        unique.setdefault(one.talk.question.partition("\n")[0], one)  # the same class may be drawn twice
    return list(unique.values())


def build(settings: HonestQuestions | HonestFootprints | HonestMasks, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    rules = settings.honest
    labels = labels_by_picture(settings, work)
    index = sensors(work, settings.source)
    companions = companions_of(settings, rules.companions, settings.known.nouns, work)
    chips = spots(settings, settings.spots, work) if settings.spots else annotated_chips(settings, work)
    for chip in chips:
        seen = certain(chip, settings.known, labels)
        found = questions(chip, seen, rules, companions, work.generator("honest", chip.id))
        if not found:
            work.rejected.leave_out(settings.source, "nothing can be asked that is beyond doubt")
            continue
        conversations = as_conversations(chip.id, [one.talk for one in found])
        facts: dict[str, Any] = {
            "questions": {talk["id"]: {"task": one.task, "deceives": one.deceives} for talk, one in zip(conversations, found, strict=True)}
        }
        yield chip_sample(
            work,
            settings.source,
            chip,
            method="template",
            builder=settings.kind,
            conversations=conversations,
            facts=facts,
            sensor=index.get(chip.file, {}).get("sensor"),
        )
