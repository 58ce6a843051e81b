"""Objects, counts and numbers that an answer names, against the facts.

A number belongs to the noun that follows it, with at most three words between (`three large white ships`), or to the one
before it (`ships: 3`). It must be that noun's count; two classes that go by one name count together. Any other number
must be a count or be among the numbers given. What cannot be read as true is a fault: better a true answer set aside than
a false one kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

from rsvlm.chat.facts import Facts, Vocabulary
from rsvlm.chat.lexicon import BEFORE_MEASURES, BREAKS, CONNECTORS, DETERMINERS, MEASURES, TAKES_OF
from rsvlm.chat.quantities import Quantity, quantities_of
from rsvlm.chat.wording import Span, Token

INVENTED = "object is not among the facts"
MISCOUNTED = "count differs from the facts"
NUMBER = "number is not among the facts"
_REACH = 3
_MOST_SUMMED = 6


@dataclass(frozen=True)
class Mention:
    """A name of objects in a text: where, which nouns it may stand for, one or several."""

    span: Span
    nouns: frozenset[str]
    singular: bool
    plural: bool


def mentions_of(tokens: Sequence[Token], vocabulary: Vocabulary, taken: set[int]) -> list[Mention]:
    """Return the names of objects in a text, outside the places that are `taken`."""
    found = []
    for span in vocabulary.phrases.find(tokens, taken):
        one, several = vocabulary.singular.get(span.phrase, frozenset()), vocabulary.plural.get(span.phrase, frozenset())
        found.append(Mention(span, one | several, bool(one), bool(several)))
    return found


def object_faults(tokens: Sequence[Token], facts: Facts, vocabulary: Vocabulary, taken: set[int]) -> list[tuple[str, str]]:
    """Return (reason, detail) for every object, count and number that the facts do not bear out.

    Args:
        tokens: of the answer.
        facts: what was given; a noun with count 0 may be denied, and not be claimed.
        vocabulary: names of objects.
        taken: places of tokens that are granted.
    """
    mentions = mentions_of(tokens, vocabulary, taken)
    numbers = [q for q in quantities_of(tokens) if q.start not in taken]
    owners = _owners(tokens, mentions, numbers)
    given = {mention.span.start: [q for q, owner in owners if owner is mention] for mention in mentions}
    faults = [fault for mention in mentions for fault in _mention_faults(mention, given[mention.span.start], facts)]
    free = [quantity for quantity, owner in owners if owner is None and not quantity.rough and not quantity.bare]
    allowed = {float(value) for value in (*facts.numbers, *facts.objects.values())}
    return faults + [(NUMBER, _shown(quantity.value)) for quantity in free if quantity.value not in allowed]


def _mention_faults(mention: Mention, numbers: Sequence[Quantity], facts: Facts) -> Iterable[tuple[str, str]]:
    name = " ".join(mention.span.phrase)
    counts = {noun: facts.objects[noun] for noun in sorted(mention.nouns) if noun in facts.objects}
    if not counts:
        return [(INVENTED, name)]
    possible = _sums(counts)
    exact = [quantity.value for quantity in numbers if not quantity.rough]
    if max(possible) == 0:
        return [] if exact and not any(exact) else [(INVENTED, name)]
    said = f"{name}, there are {' or '.join(_shown(value) for value in sorted(possible))}"
    wrong = [value for value in exact if value not in possible]
    faults = [(MISCOUNTED, f"{_shown(value)} {said}") for value in wrong]
    faults += [(MISCOUNTED, f"about {_shown(q.value)} or more {said}") for q in numbers if q.rough and max(possible) < q.value]
    if not numbers and not mention.singular and max(possible) == 1:
        faults.append((MISCOUNTED, f"several {said}"))
    return faults


def _sums(counts: Mapping[str, int]) -> set[float]:
    """Return what a name may count: one of its nouns, or several together."""
    values = list(counts.values())[:_MOST_SUMMED]
    groups = chain.from_iterable(combinations(values, size) for size in range(1, len(values) + 1))
    return {float(sum(group)) for group in groups} | {float(sum(counts.values()))}


def _owners(tokens: Sequence[Token], mentions: Sequence[Mention], numbers: Sequence[Quantity]) -> list[tuple[Quantity, Mention | None]]:
    """Return each number with the mention that it counts, or None."""
    starts = {mention.span.start: mention for mention in mentions}
    stops = {mention.span.stop: mention for mention in mentions}
    counting = {quantity.start for quantity in numbers}
    found: list[tuple[Quantity, Mention | None]] = []
    for quantity in numbers:
        owner = None
        if not _is_measure(tokens, quantity):
            owner = _following(tokens, quantity, starts, counting) or _preceding(tokens, quantity, stops)
        found.append((quantity, owner))
    return found


def _is_measure(tokens: Sequence[Token], quantity: Quantity) -> bool:
    following = [token.plain for token in tokens[quantity.stop : quantity.stop + 2]]
    return any(word in MEASURES for word in (following[1:] if following[:1] and following[0] in BEFORE_MEASURES else following[:1]))


def _following(tokens: Sequence[Token], quantity: Quantity, starts: Mapping[int, Mention], counting: set[int]) -> Mention | None:
    place, left = quantity.stop, _REACH
    if place < len(tokens) and tokens[place].plain == "of":
        part = place + 1 < len(tokens) and tokens[place + 1].plain in DETERMINERS
        if part and quantity.bare:  # `one of the ships`: nothing is counted
            return None
        place += 2 if part else tokens[quantity.stop - 1].plain in TAKES_OF
    while place < len(tokens) and left >= 0:
        if place in starts:
            return starts[place]
        token = tokens[place]
        if token.plain in BREAKS or place in counting or not (token.is_word or token.text in (",", "-", "\u00d7")):
            return None
        place, left = place + 1, left - token.is_word
    return None


def _preceding(tokens: Sequence[Token], quantity: Quantity, stops: Mapping[int, Mention]) -> Mention | None:
    place = quantity.start
    for _ in range(_REACH):
        if place in stops and place != quantity.start:
            return stops[place]
        if place == 0 or tokens[place - 1].plain not in CONNECTORS:
            return None
        place -= 1
    return stops.get(place)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value == int(min(max(value, -1e15), 1e15)) else f"{value:g}"
