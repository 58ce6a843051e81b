"""A text as words, numbers and marks, with what hides from the eye taken out, for checks of what it says."""

import functools
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"(?<![\w.])[-\u2212]\d+(?:,\d{3})*(?:\.\d+)?|\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|[^\W\d_]+(?:['\u2019][^\W\d_]+)*|\n|[^\w\s]"
)
_SENTENCE_ENDS = frozenset(".!?\n")
_OPENING = frozenset("\"'\u201c\u2018(*-\u2022")
_POSSESSIVE = re.compile("['\u2019]s$")
_HYPHENS = re.compile(r"(?<=\w)[-\u2010\u2011_/](?=[^\W\d_])|(?<=[^\W\d_])[-\u2010\u2011_/](?=\w)")


@dataclass(frozen=True)
class Token:
    """One word, number or mark.

    Attributes:
        text: as it stands, but in compatibility form.
        plain: without case and accents.
        first: whether it is the first word of a sentence.
    """

    text: str
    plain: str
    first: bool

    @property
    def is_word(self) -> bool:
        """Whether it is made of letters."""
        return self.text[0].isalpha()

    @property
    def is_number(self) -> bool:
        """Whether it is written in digits."""
        return self.text[-1].isdigit()


def plain(text: str) -> str:
    """Return a text in compatibility form without case, accents and invisible characters."""
    if text.isascii() and text.isprintable():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", _visible(text).casefold())
    return unicodedata.normalize("NFKC", "".join(c for c in decomposed if unicodedata.category(c) != "Mn"))


@functools.lru_cache(256)  # one answer is looked at by many checks, and instructions with every answer
def tokens_of(text: str) -> tuple[Token, ...]:
    """Return the words, numbers and marks of a text; hyphenated words count as several."""
    visible = unicodedata.normalize("NFKC", _visible(text)).replace("\r", "\n")
    found: list[Token] = []
    first = True
    for part in _TOKEN.findall(_HYPHENS.sub(" ", visible)):
        if part != "\n":
            found.append(Token(part, _POSSESSIVE.sub("", plain(part)), first))
        if part in _SENTENCE_ENDS:
            first = True
        elif part not in _OPENING:
            first = False
    return tuple(found)


def words_of(text: str) -> list[str]:
    """Return the words and numbers of a text in their plain form."""
    return [token.plain for token in tokens_of(text) if token.is_word or token.is_number]


def phrase_of(text: str) -> tuple[str, ...]:
    """Return a phrase as it is looked for: its words, numbers and marks in their plain form; empty where it has no word."""
    tokens = tokens_of(text)
    return tuple(token.plain for token in tokens) if any(token.is_word or token.is_number for token in tokens) else ()


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc") or c in "\n\r\t")


@dataclass(frozen=True)
class Span:
    """Tokens from `start` up to `stop`, and the phrase that they are."""

    start: int
    stop: int
    phrase: tuple[str, ...]


class Phrases:
    """Phrases to look for in a text, the longest first."""

    def __init__(self, phrases: Iterable[str]) -> None:
        """Take the phrases; those without a word are passed over."""
        self._known = {known for phrase in phrases if (known := phrase_of(phrase))}
        self._longest: dict[str, int] = {}  # by the first word
        for phrase in self._known:
            self._longest[phrase[0]] = max(len(phrase), self._longest.get(phrase[0], 0))

    def find(self, tokens: Sequence[Token], taken: Collection[int] = ()) -> list[Span]:
        """Return where phrases stand, without overlaps and outside the places that are `taken`."""
        found: list[Span] = []
        start = 0
        while start < len(tokens):
            span = self._at(tokens, start, taken)
            if span is not None:
                found.append(span)
            start = span.stop if span is not None else start + 1
        return found

    def _at(self, tokens: Sequence[Token], start: int, taken: Collection[int]) -> Span | None:
        for length in range(min(self._longest.get(tokens[start].plain, 0), len(tokens) - start), 0, -1):
            phrase = tuple(token.plain for token in tokens[start : start + length])
            if phrase in self._known and not any(place in taken for place in range(start, start + length)):
                return Span(start, start + length, phrase)
        return None
