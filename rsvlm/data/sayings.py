"""What can be said of an annotated picture beyond doubt: single sentences, each of one kind, and paragraphs made of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from rsvlm.captioning.grammar import counted, indefinite, listed, plural, sentence
from rsvlm.captioning.quantities import decimal
from rsvlm.captioning.scenes import Chip
from rsvlm.conversations.boxes import rectangle_of
from rsvlm.data.certain import Certain
from rsvlm.data.colours import clear_colour
from rsvlm.data.kinds.described import Order, SayingKind, SayingRules
from rsvlm.data.positions import clear_place, direction
from rsvlm.data.wording import drawn, wording
from rsvlm.records.geometry import area
from rsvlm.records.models import LabelledObject

_IMAGE: tuple[SayingKind, ...] = ("image", "resolution")
_SCENE: tuple[SayingKind, ...] = ("scene",)
_OBJECTS: tuple[SayingKind, ...] = ("count", "position", "colour", "shape", "size", "largest", "relation")
_CONTEXT: tuple[SayingKind, ...] = ("layout", "function")
ORDERS: dict[Order, tuple[SayingKind, ...]] = {
    "principles": (*_IMAGE, *_SCENE, *_OBJECTS, "layout"),
    "blocks": (*_IMAGE, *_OBJECTS, *_SCENE, *_CONTEXT),
    "hierarchy": (*_OBJECTS, *_IMAGE, *_SCENE, *_CONTEXT),
}
LOCATED = frozenset(["position", "largest", "relation", "layout"])


@dataclass(frozen=True)
class Saying:
    """A sentence about a picture.

    Attributes:
        kind: what it says.
        text: the sentence.
        noun: the class that it is about, empty where it is about the whole.
        many: whether it is about several objects.
        other: the class that it is compared with.
        places: words for where, as the sentence has them; for checks of what a model makes of them.
    """

    kind: SayingKind
    text: str
    noun: str = ""
    many: bool = False
    other: str = ""
    places: frozenset[str] = field(default_factory=frozenset)


def at(place: str) -> str:
    """Return `at the top left`, `in the centre`."""
    return f"{'in' if place == 'centre' else 'at'} the {place}"


def is_grey(pixels: np.ndarray, most: int) -> bool:
    """Say whether red, green and blue of every pixel (height, width, 3) differ by at most `most`."""
    values = pixels.astype(np.int16)
    return int((values.max(axis=2) - values.min(axis=2)).max()) <= most


class _Speaker:
    """Speaks about one chip."""

    def __init__(self, chip: Chip, seen: Certain, rules: SayingRules, generator: np.random.Generator) -> None:
        self.chip, self.seen, self.rules, self.generator = chip, seen, rules, generator
        self.width, self.height = chip.picture.size
        complete = {noun: objects for noun, objects in seen.complete.items() if len(objects) <= rules.most_counted}
        self.classes = dict(sorted(complete.items(), key=lambda item: (-len(item[1]), item[0]))[: rules.most_classes])
        # Of what is in doubt, or too many to count, some can be told all the same.
        self.crowds = {noun: objects for noun, objects in seen.clear.items() if noun not in complete and len(objects) > 1}

    def say(self, kind: SayingKind, form: str = "", noun: str = "", many: bool = False, other: str = "", **words: str) -> Saying:
        template = drawn(wording("sayings")["sentences"][form or kind], self.generator)
        text = template.format(noun=noun, nouns=plural(noun) if noun else "", other=other, **words)
        places = frozenset(words[key] for key in ("place", "side", "half") if key in words)
        return Saying(kind, text, noun, many, other, places)

    # -- the whole ------------------------------------------------------------------------------------------------

    def image(self) -> Iterator[Saying]:
        grey = is_grey(np.asarray(self.chip.picture.convert("RGB")), self.rules.grey)
        tone = "a grey-scale" if grey else "a colour"
        yield self.say("image", tone=tone, width=str(self.width), height=str(self.height))

    def resolution(self) -> Iterator[Saying]:
        if self.chip.gsd:
            yield self.say("resolution", metres=decimal(self.chip.gsd, 2))

    def scene(self) -> Iterator[Saying]:
        if things := self._things():
            yield self.say("scene", things=listed(things))

    def _things(self) -> list[str]:
        found = []
        for noun, objects in self.seen.clear.items():
            if len(objects) > 1:
                found.append(plural(noun))
            elif noun not in self.seen.doubtful:
                found.append(indefinite(noun))
        return found

    # -- objects --------------------------------------------------------------------------------------------------

    def count(self) -> Iterator[Saying]:
        for noun, objects in self.classes.items():
            many = len(objects) > 1
            words = counted(noun, len(objects), words=True)
            form = "count_many" if many else "count"
            yield self.say("count", form, noun, many, be="is", counted=words, Counted=sentence(words))
        for noun, objects in self.crowds.items():
            words = counted(noun, least(len(objects)), words=True)
            yield self.say("count", "count_least", noun, True, counted=words)

    def position(self) -> Iterator[Saying]:
        for noun, objects in (*self.classes.items(), *self.crowds.items()):
            places = [clear_place(one, self.width, self.height, self.rules.cell_margin) for one in objects]
            certain = Counter(place for place in places if place).most_common(1)
            if not certain:
                continue
            place, most = certain[0]
            if len(objects) == 1:
                yield self.say("position", "position_one", noun, place=at(place))
            elif noun in self.classes and 2 * most > len(objects):
                yield self.say("position", "position_all" if most == len(objects) else "position_most", noun, True, place=at(place))
            else:
                yield self.say("position", "position_some" if most > 1 else "position_any", noun, True, place=at(place))

    def colour(self) -> Iterator[Saying]:
        if is_grey(np.asarray(self.chip.picture.convert("RGB")), self.rules.grey):
            return
        for noun, objects in self.classes.items():
            names = {clear_colour(self.chip.picture, one, self.rules.colours, self.rules.coloured) for one in objects}
            name = names.pop() if len(names) == 1 else None
            if name:
                many = len(objects) > 1
                yield self.say("colour", "colour_all" if many else "colour_one", noun, many, colour=name)

    def _single(self) -> Iterator[tuple[str, LabelledObject]]:
        yield from ((noun, objects[0]) for noun, objects in self.classes.items() if len(objects) == 1)

    def shape(self) -> Iterator[Saying]:
        for noun, one in self._single():
            short, long = _sides(one)
            if long >= self.rules.elongated * short:
                yield self.say("shape", "shape_long", noun)
            elif long <= self.rules.compact * short:
                yield self.say("shape", "shape_compact", noun)

    def size(self) -> Iterator[Saying]:
        gsd = self.chip.gsd
        for noun, one in self._single() if gsd else ():
            breadth, length = (side * (gsd or 0) for side in _sides(one))
            yield self.say("size", noun=noun, length=metres(length), breadth=metres(breadth))

    def largest(self) -> Iterator[Saying]:
        for noun, objects in self.classes.items():
            ordered = sorted(objects, key=lambda one: -abs(area(one.polygon)))
            if len(ordered) < 2 or abs(area(ordered[0].polygon)) < self.rules.largest * abs(area(ordered[1].polygon)):
                continue
            if place := clear_place(ordered[0], self.width, self.height, self.rules.cell_margin):
                yield self.say("largest", noun=noun, many=True, place=at(place))

    def relation(self) -> Iterator[Saying]:
        """Yield the side on which all objects of a class lie of the only one of another."""
        pairs: set[frozenset[str]] = set()
        for noun, objects in self.classes.items():
            for other, base in self._single():
                sides = {direction(one, base, self.rules.straight, self.rules.diagonal) for one in objects}
                side = sides.pop() if len(sides) == 1 else None
                if noun == other or side is None or frozenset((noun, other)) in pairs:
                    continue
                pairs.add(frozenset((noun, other)))
                many = len(objects) > 1
                words = wording("sayings")["sides"][side]
                yield self.say("relation", "relation_all" if many else "relation_one", noun, many, other, side=words)

    # -- context --------------------------------------------------------------------------------------------------

    def layout(self) -> Iterator[Saying]:
        for noun, objects in self.classes.items():
            if len(objects) < 4:
                continue
            centres = np.array([one.centre for one in objects]) / (self.width, self.height)
            left, upper = (centres < 0.5).mean(axis=0).tolist()
            shares = {"left": left, "right": 1 - left, "upper": upper, "lower": 1 - upper}
            half, share = max(shares.items(), key=lambda item: item[1])
            quarters = {(x < 0.5, y < 0.5) for x, y in centres.tolist()}
            if share >= self.rules.half:
                yield self.say("layout", "layout_half", noun, True, half=half)
            elif len(quarters) == 4:
                yield self.say("layout", "layout_spread", noun, True)

    def function(self) -> Iterator[Saying]:
        functions = wording("sayings")["functions"]
        yield from (Saying("function", functions[noun], noun, True) for noun in self.classes if noun in functions)


def _sides(labelled: LabelledObject) -> tuple[float, float]:
    _, first, second, _ = rectangle_of(labelled.polygon)
    return min(first, second), max(first, second)


def least(count: int) -> int:
    """Return a number below which a count is not: whole tens from twenty on."""
    return count - count % 10 if count >= 20 else count


def metres(value: float) -> str:
    """Return a length in metres: whole from 10 metres on, tenths below."""
    return decimal(value, 0 if value >= 10 else 1)


def sayings(chip: Chip, seen: Certain, rules: SayingRules, generator: np.random.Generator) -> list[Saying]:
    """Return everything that is said of a chip; nothing of classes in doubt.

    Args:
        chip: the picture with its objects.
        seen: what is certain of them.
        rules: what may be said.
        generator: draws among templates.
    """
    speaker = _Speaker(chip, seen, rules, generator)
    if not speaker.classes and not speaker.crowds:
        return []
    kinds: tuple[SayingKind, ...] = (*_IMAGE, *_SCENE, *_OBJECTS, "layout", "function")
    return [saying for kind in kinds for saying in getattr(speaker, kind)()]


def about_objects(said: Sequence[Saying]) -> list[Saying]:
    """Return the sentences about objects, class by class."""
    objects = [saying for saying in said if saying.kind in _OBJECTS]
    nouns = dict.fromkeys(saying.noun for saying in objects)
    return [saying for noun in nouns for saying in objects if saying.noun == noun]


def paragraph(said: Sequence[Saying], order: Order, objects: str | None = None) -> str:
    """Return the sentences of an order as one text.

    Args:
        said: the sentences.
        order: of what they say.
        objects: another wording of those about objects.
    """
    kinds = ORDERS[order]
    first_object = min(kinds.index(kind) for kind in _OBJECTS)
    before, after = kinds[:first_object], kinds[first_object + len(_OBJECTS) :]
    texts = [saying.text for kind in before for saying in said if saying.kind == kind]
    texts += [objects] if objects else [saying.text for saying in about_objects(said)]
    texts += [saying.text for kind in after for saying in said if saying.kind == kind]
    return " ".join(texts)


def question(saying: Saying, generator: np.random.Generator) -> str:
    """Return a question that a sentence answers."""
    template = drawn(wording("sayings")["questions"][saying.kind], generator)
    nouns = plural(saying.noun) if saying.noun else ""
    named = nouns if saying.many else saying.noun
    return template.format(nouns=nouns, named=named, other=saying.other, be="are" if saying.many else "is")
