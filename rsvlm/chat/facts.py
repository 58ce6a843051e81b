"""What an answer may say: objects with their counts, places, numbers; and the words by which objects are called."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rsvlm.chat.wording import Phrases, phrase_of


@dataclass(frozen=True)
class Facts:
    """The facts that a model was given.

    Attributes:
        objects: class noun to how many there are; 0: known to be absent, so that `no ships` may be said.
        places: names of places that may be said.
        numbers: further numbers that may be said (sizes, shares, dates); counts may be said anyway.
        words: further words and phrases that may be said though they name an object, a place or a number.
    """

    objects: Mapping[str, int] = field(default_factory=dict)
    places: frozenset[str] = frozenset()
    numbers: frozenset[float] = frozenset()
    words: frozenset[str] = frozenset()

    @cached_property
    def granted(self) -> Phrases:
        """The phrases that are not looked at any further."""
        return Phrases((*self.places, *self.words))


@dataclass(frozen=True)
class Forms:
    """How a class of objects is called.

    Attributes:
        singular: names of one object, beside the class noun itself.
        plural: names of several, beside the regular plurals; a name may stand in both (`aircraft`).
    """

    singular: tuple[str, ...] = ()
    plural: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """Every class noun that counts as an object, and names of places that are known to be such.

    Attributes:
        nouns: class noun to its forms, synonyms among them; `vehicle` may be a form of several nouns.
        places: names to look for also where they are written small or begin a sentence.
    """

    nouns: Mapping[str, Forms]
    places: frozenset[str] = frozenset()

    @cached_property
    def singular(self) -> dict[tuple[str, ...], frozenset[str]]:
        """Names of one object, in words, to the nouns that they stand for."""
        return _by_phrase((noun, form) for noun, forms in self.nouns.items() for form in (noun, *forms.singular))

    @cached_property
    def plural(self) -> dict[tuple[str, ...], frozenset[str]]:
        """Names of several objects, in words, to the nouns that they stand for."""
        regular = ((noun, form) for phrase, nouns in self.singular.items() for form in _plurals(phrase) for noun in nouns)
        return _by_phrase((*((noun, form) for noun, forms in self.nouns.items() for form in forms.plural), *regular))

    @cached_property
    def phrases(self) -> Phrases:
        """All names, to be found in a text."""
        return Phrases(" ".join(phrase) for phrase in (*self.singular, *self.plural))

    @cached_property
    def known_places(self) -> Phrases:
        """The places, to be found in a text."""
        return Phrases(self.places)


def _by_phrase(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, ...], frozenset[str]]:
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for noun, form in pairs:
        phrase = phrase_of(form)
        if phrase:
            found[phrase] = found.get(phrase, frozenset()) | {noun}
    return found


def _plurals(phrase: tuple[str, ...]) -> list[str]:
    """Return what the regular plural may be, right or misspelled."""
    *before, last = phrase
    ends = [f"{last}s", f"{last}es", *([f"{last[:-1]}ies"] if last.endswith("y") else [])]
    return [" ".join([*before, end]) for end in ends]
