"""Faults of an answer that show without knowing any fact: refusals, markup, echoes, repetition, another language, a cut end."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from rsvlm.chat.lexicon import ENGLISH, LANGUAGES
from rsvlm.chat.wording import Phrases, Token, tokens_of, words_of

REFUSAL = "answer is a refusal"
MARKUP = "answer holds markup"
ECHO = "answer repeats the prompt"
REPEATED = "answer repeats itself"
LANGUAGE = "answer is in another language"
CUT = "answer is cut off"
FORBIDDEN = "answer holds a forbidden word"
_REFUSALS = re.compile(
    "|".join((
        r"\bas an? (?:ai|artificial|large|language|text|virtual|assistant)\b",
        r"\blanguage model\b|\bopenai\b",
        r"\bi(?: am|'m)? (?:cannot|can't|can not|could not|unable|not able|sorry|afraid|apologi[sz]e)\b",
        r"\bi (?:do not|don't|did not) (?:have|see|know|think)\b",
        r"\b(?:unable|impossible) to (?:see|view|describe|determine|process|provide|answer|help|assist)\b",
        r"\bno (?:image|picture|photo) (?:was |has been |is )?(?:provided|attached|given)\b",
        r"\b(?:how can|let me know if) i\b|\bhere(?: is|'s) (?:a|the|your)\b",
    )),
    re.IGNORECASE,
)  # fmt: skip
_MARKUP = re.compile(
    r"<\s*[a-z/!?|]|\|>|```|\*\*|^#{1,6}\s|https?://|\bwww\.|\[/?inst\]|\\[a-z]+\{|[{}]|&[a-z#0-9]{2,8};|^\s*(?:user|human|assistant|system|ai)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
_ENDS = (".", "!", "?", '."', ".'", ".)", ".\u201d")
_ECHO_WORDS = 8
_LOOP_WORDS, _LOOP_TIMES = 4, 4
_SHORTEST_JUDGED = 6
_LONGEST_WITHOUT = 12


def refusal_faults(text: str) -> list[tuple[str, str]]:
    """Return a fault where the model speaks of itself instead of answering."""
    found = _REFUSALS.search(text.replace("\u2019", "'"))
    return [(REFUSAL, found[0].lower())] if found else []


def markup_faults(text: str) -> list[tuple[str, str]]:
    """Return a fault for the first tag, fence, address, template mark or brace."""
    found = _MARKUP.search(unicodedata.normalize("NFKC", text))
    return [(MARKUP, repr(found[0].strip()))] if found else []


def ending_faults(text: str) -> list[tuple[str, str]]:
    """Return a fault where running text does not end as a sentence does."""
    stripped = text.rstrip()
    return [] if stripped.endswith(_ENDS) else [(CUT, f"ends with {stripped[-20:]!r}")]


def forbidden_faults(tokens: Sequence[Token], forbidden: Iterable[str]) -> list[tuple[str, str]]:
    """Return a fault for every forbidden word or phrase, in whatever case."""
    return [(FORBIDDEN, " ".join(span.phrase)) for span in Phrases(forbidden).find(tokens)]


def echo_faults(text: str, told: Iterable[str]) -> list[tuple[str, str]]:
    """Return a fault where eight words in a row, or all words, are those of a text that the model was told.

    Args:
        text: the answer.
        told: instructions and the answers of examples; not the facts, which an answer has to repeat.
    """
    said = words_of(text)
    runs = _runs(said, min(_ECHO_WORDS, len(said)))
    for other in told:
        words = words_of(other)
        size = min(_ECHO_WORDS, len(said))
        common = runs & _runs(words, size) if size >= 3 else set()
        if common:
            return [(ECHO, " ".join(min(common)))]
    return []


def repetition_faults(text: str) -> list[tuple[str, str]]:
    """Return a fault where a sentence stands twice, or four words in a row four times."""
    sentences = [" ".join(words) for part in re.split(r"[.!?\n]+(?:\s|$)", text) if len(words := words_of(part)) >= 3]
    for sentence, times in Counter(sentences).items():
        if times > 1:
            return [(REPEATED, f"{times} times: {sentence[:80]}")]
    words = words_of(text)
    loops = Counter(tuple(words[start : start + _LOOP_WORDS]) for start in range(len(words) - _LOOP_WORDS + 1))
    found = next((run for run, times in loops.items() if times >= _LOOP_TIMES), None)
    return [(REPEATED, f"{loops[found]} times: {' '.join(found)}")] if found else []


def language_faults(text: str, granted: Phrases) -> list[tuple[str, str]]:
    """Return a fault where an answer is not English: letters of another script, or another language's small words.

    Args:
        text: the answer.
        granted: phrases that may stand in any script, such as names that were given.
    """
    tokens = tokens_of(text)
    taken = {place for span in granted.find(tokens) for place in range(span.start, span.stop)}
    words = [token for place, token in enumerate(tokens) if token.is_word and place not in taken]
    for token in words:
        if strange := next((c for c in token.text if c.isalpha() and not unicodedata.name(c, "").startswith("LATIN")), ""):
            return [(LANGUAGE, f"{unicodedata.name(strange, 'a letter without a name').lower()} in {token.text[:40]!r}")]
    plain = [token.plain for token in words]
    english = sum(word in ENGLISH for word in plain)
    if len(plain) >= _SHORTEST_JUDGED:
        name, most = max(((name, sum(word in own for word in plain)) for name, own in LANGUAGES.items()), key=lambda pair: pair[1])
        if most > english:
            return [(LANGUAGE, f"{most} words of {name}, {english} of English")]
    return [(LANGUAGE, f"{len(plain)} words, none of them English")] if len(plain) >= _LONGEST_WITHOUT and not english else []


def _runs(words: Sequence[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + size]) for start in range(len(words) - size + 1)} if size else set()
