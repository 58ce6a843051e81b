"""Conversations from boxes: grounded descriptions, referring, region naming, presence, counting and colour.

Each statement follows from the annotation of the image at hand: counts are those of its objects, phrases name exactly the
objects that have the phrase's attributes, `no` is said only of classes of which nothing shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from rsvlm.captioning.grammar import article, counted, listed, plural, sentence
from rsvlm.captioning.scenes import Chip
from rsvlm.conversations import boxes, geochat
from rsvlm.conversations.attributes import Described, Phrase, SizeLimits, describe
from rsvlm.conversations.relations import Relation
from rsvlm.conversations.settings import RegionBuilder
from rsvlm.conversations.talk import Talk
from rsvlm.records.models import LabelledObject, Polygon
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class Boxed:
    """An object, its attributes, and its box text where it has one."""

    described: Described
    text: str | None

    @property
    def label(self) -> str:
        """The object's class."""
        return self.described.labelled.label

    @property
    def polygon(self) -> Polygon:
        """The object's corners."""
        return self.described.labelled.polygon


def box_text(labelled: LabelledObject, width: int, height: int, least_side: float) -> str | None:
    """Return an object's box text, or None where it is too small or the format cannot hold it."""
    try:
        _, long, high, _ = boxes.rectangle_of(labelled.polygon)
        if min(long, high) * boxes.UNITS < least_side * max(width, height):
            return None
        return boxes.encode(labelled.polygon, width, height)
    except Unfit:
        return None


def _by_label(found: Sequence[Boxed]) -> dict[str, list[Boxed]]:
    grouped: dict[str, list[Boxed]] = {}
    for boxed in found:
        grouped.setdefault(boxed.label, []).append(boxed)
    return dict(sorted(grouped.items()))


def _texts(found: Sequence[Boxed]) -> list[str]:
    """Return the box texts of objects that all have one."""
    return [boxed.text for boxed in found if boxed.text is not None]


def _groundable(found: Sequence[Boxed], most: int) -> bool:
    return 0 < len(found) <= most and all(boxed.text is not None for boxed in found)


def _shared_relation(members: Sequence[Boxed]) -> str:
    """Return the relation that all objects have, with a space before it, or nothing."""
    first, *others = {boxed.described.relation.text for boxed in members}
    return f" {first}" if first and not others else ""


def grounding(found: Sequence[Boxed], cut: frozenset[str], most: int) -> list[Talk]:
    """Return the grounded description of a picture: every class that can be grounded completely, with all its boxes.

    A class of which one more object shows at the border, too little to count, is named without a number. A relation is told
    where all objects of a class have it.
    """
    classes = {label: members for label, members in _by_label(found).items() if _groundable(members, most)}
    if not classes:
        return []
    names = [
        (plural(label) if label in cut and len(members) > 1 else counted(label, len(members))) + _shared_relation(members)
        for label, members in classes.items()
    ]
    parts = [boxes.grounded(name, _texts(members)) for name, members in zip(names, classes.values(), strict=True)]
    be = "is" if len(next(iter(classes.values()))) == 1 else "are"
    reply = f"There {be} {listed(parts)}."
    polygons = tuple(boxed.polygon for members in classes.values() for boxed in members)
    return [Talk("grounding", geochat.grounding_question(), reply, reply, polygons)]


def phrases_of(found: Sequence[Boxed], most: int, *, sure: bool = False) -> list[tuple[Phrase, list[Boxed]]]:
    """Return phrases with all the objects they name: for each set of objects that can be grounded, the shortest.

    The shortest with a relation comes beside it: a relation is worth asking for where fewer words would do, too.

    Args:
        found: the objects.
        most: sets of more are left out.
        sure: leave out phrases with a colour that may mean an object whose colour is not known.
    """
    best: dict[tuple[tuple[int, ...], bool], Phrase] = {}
    for use_size, use_colour, use_place, use_relation in product((False, True), repeat=4):
        named: dict[Phrase, list[int]] = {}
        for position, boxed in enumerate(found):
            has = boxed.described
            if (use_size and not has.size) or (use_colour and not has.colour) or (use_relation and not has.relation.text):
                continue  # it would be the shorter phrase again
            phrase = Phrase(
                boxed.label,
                has.size if use_size else None,
                has.colour if use_colour else None,
                has.place if use_place else None,
                has.relation.text if use_relation else None,
            )
            named.setdefault(phrase, []).append(position)
        for phrase, positions in named.items():
            key = tuple(positions), use_relation
            if (use_relation and _in_doubt(phrase, found)) or (sure and use_colour and _colour_in_doubt(phrase, found)):
                continue
            if key not in best or _rank(phrase) < _rank(best[key]):
                best[key] = phrase
    chosen = [(phrase, [found[position] for position in positions]) for (positions, _), phrase in sorted(best.items())]
    return [(phrase, members) for phrase, members in chosen if _groundable(members, most)]


def _in_doubt(phrase: Phrase, found: Sequence[Boxed]) -> bool:
    """Say whether the phrase may name one more object, whose relation is not certain."""
    unrelated = replace(phrase, relation=None)
    return any(boxed.described.relation.doubtful and unrelated.fits(boxed.described) for boxed in found)


def _colour_in_doubt(phrase: Phrase, found: Sequence[Boxed]) -> bool:
    uncoloured = replace(phrase, colour=None)
    return any(boxed.described.colour is None and uncoloured.fits(boxed.described) for boxed in found)


def _rank(phrase: Phrase) -> tuple[int, str]:
    words = [word for word in (phrase.size, phrase.colour, phrase.place, phrase.relation) if word]
    return len(words), " ".join(words)


def refer(found: Sequence[Boxed], count: int, most: int, generator: np.random.Generator, *, sure: bool = False) -> list[Talk]:
    """Return referring conversations: a phrase in, the boxes of all objects that it names out."""
    candidates = phrases_of(found, most, sure=sure)
    talks = []
    for position in sorted(generator.permutation(len(candidates))[:count].tolist()):
        phrase, members = candidates[position]
        reply = boxes.joined(_texts(members))
        question = geochat.refer_question(phrase.text(many=len(members) > 1))
        talks.append(Talk("refer", question, reply, reply, tuple(boxed.polygon for boxed in members)))
    return talks


def identify(found: Sequence[Boxed], count: int, generator: np.random.Generator) -> list[Talk]:
    """Return region naming conversations: a box in, the object's class and attributes out."""
    candidates = [boxed for boxed in found if boxed.text is not None]
    talks = []
    for position in sorted(generator.permutation(len(candidates))[:count].tolist()):
        boxed = candidates[position]
        described = boxed.described
        text = Phrase(boxed.label, described.size, described.colour, described.place, described.relation.text).text()
        reply = sentence(f"{article(text)} {text}")
        talks.append(Talk("identify", geochat.identify_question(boxed.text or ""), reply, reply))
    return talks


def presence(labels: Sequence[str], absent: Sequence[str], generator: np.random.Generator) -> list[Talk]:
    """Return one question answered by yes and, where a class is known to be absent, one answered by no."""
    talks = []
    for nouns, answer in ((labels, "yes"), (absent, "no")):
        if nouns:
            noun = nouns[int(generator.integers(len(nouns)))]
            talks.append(Talk("presence", geochat.vqa_question(f"Is there {article(noun)} {noun} in the image?"), answer, answer))
    return talks


def counting(counts: Mapping[str, int], generator: np.random.Generator) -> list[Talk]:
    """Return a counting question about one of the classes."""
    if not counts:
        return []
    noun = sorted(counts)[int(generator.integers(len(counts)))]
    answer = str(counts[noun])
    return [Talk("counting", geochat.vqa_question(f"How many {plural(noun)} are there in the image?"), answer, answer)]


def colour(found: Sequence[Boxed], generator: np.random.Generator) -> list[Talk]:
    """Return a question for the colour of an object that class and place alone single out."""
    candidates = []
    for boxed in found:
        phrase = Phrase(boxed.label, place=boxed.described.place)
        named = [other for other in found if phrase.fits(other.described)]
        if len(named) == 1 and boxed.described.colour:
            candidates.append((phrase, boxed.described.colour))
    if not candidates:
        return []
    phrase, answer = candidates[int(generator.integers(len(candidates)))]
    return [Talk("attribute", geochat.vqa_question(f"What is the colour of the {phrase.text()} of the image?"), answer, answer)]


def talks_of(
    chip: Chip,
    limits: Mapping[str, SizeLimits],
    builder: RegionBuilder,
    generator: np.random.Generator,
    relations: Sequence[Relation] = (),
) -> list[Talk]:
    """Return all talks about one annotated picture.

    Args:
        chip: the picture with its objects.
        limits: of sizes, from the training scenes.
        builder: how many of which.
        generator: makes all random choices.
        relations: of the picture's objects, in their order; empty where none are stated.
    """
    width, height = chip.picture.size
    described = describe(chip.picture, chip.objects, limits, builder.attributes, relations)
    found = [Boxed(one, box_text(one.labelled, width, height, builder.least_side)) for one in described]
    counts = {label: len(members) for label, members in _by_label(found).items()}
    certain = {label: count for label, count in counts.items() if label not in chip.cut and count <= builder.most_counted}
    absent = [noun for noun in builder.absent if noun not in counts and noun not in chip.cut]
    return [
        *grounding(found, chip.cut, builder.most_boxes),
        *refer(found, builder.refer, builder.most_boxes, generator, sure=builder.attributes.sure),
        *identify(found, builder.identify, generator),
        *presence(sorted(counts), absent, generator),
        *counting(certain, generator),
        *colour(found, generator),
    ]
