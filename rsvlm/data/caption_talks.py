"""Questions whose answers stand in the captions of a picture: numbers, colours and neighbours that no other caption contradicts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from rsvlm.captioning.grammar import indefinite, plural, sentence
from rsvlm.conversations.talk import Talk
from rsvlm.data.kinds.caption_talks import Asked
from rsvlm.data.wording import drawn, wording

TASKS: Mapping[Asked, str] = {
    "caption": "caption",
    "again": "caption",
    "class": "classification",
    "number": "counting",
    "colour": "colour",
    "relation": "relation",
    "purpose": "reasoning",
}
_PREPOSITIONS = "near|next to|beside|surrounded by|adjacent to|close to"
_RELATION = re.compile(
    rf"(?P<subject>[a-z][a-z -]*?) (?P<be>is|are) (?P<preposition>{_PREPOSITIONS}) "
    r"(?P<object>(?:an?|the|some|many|several|two|three|four|five) [a-z][a-z ,-]*)\.?"
)
_EMPTY_SUBJECTS = frozenset(["there", "here", "it", "this", "that", "they", "which"])


@dataclass(frozen=True)
class Mention:
    """A thing in a caption: its noun, whether several are meant, and the words before it, at most three, the nearest last."""

    noun: str
    many: bool
    before: tuple[str, ...]


@cache
def _things() -> tuple[Mapping[str, str], re.Pattern[str]]:
    """Return form -> noun of all things, and what finds them, the longest first."""
    forms = {form: noun for noun in wording("caption-talks")["things"] for form in (plural(noun), noun)}
    return forms, re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, forms), key=lambda form: (-len(form), form)))})\b")


def mentions(caption: str) -> list[Mention]:
    """Return the things that a caption names, in order."""
    forms, pattern = _things()
    text, found, reached = caption.lower(), [], 0
    for match in pattern.finditer(text):
        words = re.findall(r"[a-z-]+|\d+|[,.;]", text[reached : match.start()])
        noun = forms[match[0]]
        found.append(Mention(noun, match[0] != noun, tuple(words[-3:])))
        reached = match.end()
    return found


def _number_of(mention: Mention) -> str | None:
    """Return the number word straight before a thing, or before one adjective of it; empty where it has another quantity."""
    table = wording("caption-talks")
    for word in mention.before[::-1][:2]:
        if word in table["numbers"]:
            return str(word)
        if word not in table["colours"] and word not in ("large", "small", "big", "tall"):
            return "" if word in ("many", "several", "some", "few", "a", "an", "no", "numerous", "of", "and") else None
    return None


def numbers(captions: Sequence[str]) -> dict[str, str]:
    """Return noun -> number word, of things that captions count: alike in all that count them, and as several in all others."""
    found: dict[str, set[str]] = {}
    contradicted: set[str] = set()
    for caption in captions:
        named = mentions(caption)
        for noun in {mention.noun for mention in named}:
            mine = [mention for mention in named if mention.noun == noun]
            word = _number_of(mine[0])
            if len(mine) > 1 or not mine[0].many or word == "":
                contradicted.add(noun)  # a part of them may be counted, or another caption sees more
            elif word:
                found.setdefault(noun, set()).add(word)
    return {
        noun: words.pop() for noun, words in sorted(found.items()) if len(words) == 1 and noun not in contradicted and "one" not in words
    }


def colours(captions: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Return noun -> (colour, whether several are meant) of things that all captions which colour them colour alike.

    A thing that one caption names twice, or in two colours, is left out: which of them is meant cannot be told.
    """
    found: dict[str, set[tuple[str, bool]]] = {}
    unclear: set[str] = set()
    for caption in captions:
        named = mentions(caption)
        for noun in {mention.noun for mention in named}:
            mine = [mention for mention in named if mention.noun == noun]
            words = [word for word in mine[0].before if word in wording("caption-talks")["colours"]]
            if len(mine) > 1 or len(words) > 1:
                unclear.add(noun)
            elif words and mine[0].before[-1] == words[0]:
                found.setdefault(noun, set()).add((words[0], mine[0].many))
    return {noun: next(iter(said)) for noun, said in sorted(found.items()) if len(said) == 1 and noun not in unclear}


def relations(captions: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """Return (subject, is or are, preposition, object) of captions that say nothing else."""
    found = []
    for caption in captions:
        match = _RELATION.fullmatch(caption.lower().strip().rstrip(" ."))
        if match and match["subject"] not in _EMPTY_SUBJECTS and " with " not in match["subject"] and "," not in match["object"]:
            found.append((match["subject"], match["be"], match["preposition"], match["object"]))
    return list(dict.fromkeys(found))


class _Asker:
    """Asks about one picture."""

    def __init__(self, captions: Sequence[str], label: str | None, generator: np.random.Generator) -> None:
        self.captions = list(dict.fromkeys(captions))
        self.place: Mapping[str, str] | None = wording("places").get(label) if label else None
        self.generator = generator
        self.order = [self.captions[place] for place in generator.permutation(len(self.captions)).tolist()]

    def ask(self, asked: Asked, reply: str, **words: str) -> Talk:
        return Talk(TASKS[asked], drawn(wording("caption-talks")["questions"][asked], self.generator).format(**words), reply, reply)

    def caption(self) -> Iterator[Talk]:
        yield self.ask("caption", self.order[0])

    def again(self) -> Iterator[Talk]:
        if len(self.order) > 1:
            yield self.ask("again", self.order[1])

    def number(self) -> Iterator[Talk]:
        for noun, word in numbers(self.captions).items():
            yield self.ask("number", f"{sentence(word)}.", nouns=plural(noun))

    def colour(self) -> Iterator[Talk]:
        for noun, (word, many) in colours(self.captions).items():
            named = plural(noun) if many else noun
            yield self.ask("colour", f"{sentence(word)}.", named=named, be="are" if many else "is", do="do" if many else "does")

    def relation(self) -> Iterator[Talk]:
        for subject, be, preposition, thing in relations(self.captions):
            yield self.ask("relation", f"{sentence(thing)}.", be=be, subject=subject, preposition=preposition)

    def kind(self) -> Iterator[Talk]:
        if self.place:
            yield self.ask("class", wording("caption-talks")["class"].format(place=indefinite(self.place["noun"])))

    def purpose(self) -> Iterator[Talk]:
        if self.place:
            caption = self.order[-1]
            text = wording("caption-talks")["purpose"].format(
                function=self.place["function"], caption=f"{caption[:1].lower()}{caption[1:]}"
            )
            yield self.ask("purpose", text)


def talks_of(captions: Sequence[str], label: str | None, asked: Sequence[Asked], generator: np.random.Generator) -> list[Talk]:
    """Return the questions about a picture, in the order of `asked`.

    Args:
        captions: of the picture, cleaned, with capitals and full stops.
        label: its class, where there is one.
        asked: which questions.
        generator: draws words and captions.
    """
    asker = _Asker(captions, label, generator)
    ways = {"caption": asker.caption, "again": asker.again, "class": asker.kind, "number": asker.number}
    ways |= {"colour": asker.colour, "relation": asker.relation, "purpose": asker.purpose}
    return [talk for one in asked for talk in ways[one]()]
