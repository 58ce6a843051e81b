"""RSTeller's revisions: a base caption said again in several tones, with no fact that it does not hold.

A revision is kept if its numbers, compass words, capitalised words and class nouns are among those of the base. Every image
has one base caption and one to four revisions.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rsvlm.chat.exchange import Request
from rsvlm.chat.facts import Vocabulary
from rsvlm.chat.lexicon import COMPASS
from rsvlm.chat.objects import mentions_of
from rsvlm.chat.prompts import Prompt
from rsvlm.chat.quantities import quantities_of
from rsvlm.chat.validate import Fault, Rules, form_faults, unclean
from rsvlm.chat.wording import Phrases, Token, plain, tokens_of
from rsvlm.records.text import text_id

REVISION = Path(__file__).with_name("revision.yaml")
# Which tones RSTeller asked for is not published; these are our own.
TONES: Mapping[str, str] = {
    "formal": "in a formal tone, as in a technical report",
    "casual": "in a casual tone, as one would tell a friend",
    "brief": "as briefly as possible, in one short sentence",
    "vivid": "in a lively tone, in other words and another order",
}
ADDED = "revision adds to its base"
SAME = "revision says the same as another"
_ENDINGS = ("ern", "ward", "wards")


def revision_requests(id_: str, base: str, prompt: Prompt, tones: Mapping[str, str] = TONES) -> list[Request]:
    """Return one request for each tone, in the tones' order, with ids `<id>-<tone>`.

    Args:
        id_: of the base caption.
        base: the base caption.
        prompt: with slots `caption` and `tone`, as in `REVISION`.
        tones: name to the words that stand in the slot.

    Raises:
        Unfit: the base caption holds control characters or is too long.
    """
    return [Request(f"{id_}-{name}", prompt.messages({"caption": base, "tone": words})) for name, words in tones.items()]


def revision_faults(base: str, revision: str, vocabulary: Vocabulary, rules: Rules) -> list[Fault]:
    """Return what a revision says that its base does not, and faults of form; an empty list: it keeps the base's facts.

    Args:
        base: the base caption.
        revision: what a model made of it.
        vocabulary: names of objects and places.
        rules: what it must keep to.
    """
    if faults := unclean(revision, rules):
        return faults
    faults = form_faults(revision, rules, Phrases(_names(tokens_of(base), every=True)))
    before, after = _said(base, vocabulary, every=True), _said(revision, vocabulary, every=False)
    return faults + [Fault(ADDED, f"{kind} {word}") for kind in after for word in sorted(after[kind] - before[kind])]


def keep_revisions(
    base: str, revisions: Sequence[str], vocabulary: Vocabulary, rules: Rules, most: int = 4
) -> tuple[list[str], list[tuple[str, Fault]]]:
    """Return the first `most` revisions that keep the base's facts and differ from it and each other, and the others with a fault.

    Args:
        base: the base caption.
        revisions: in order.
        vocabulary: names of objects and places.
        rules: what each must keep to.
        most: how many are kept; further good ones are left out without a fault.
    """
    kept: list[str] = []
    refused: list[tuple[str, Fault]] = []
    seen = {text_id(base)}
    for revision in revisions:
        faults = revision_faults(base, revision, vocabulary, rules)
        if not faults and text_id(revision) in seen:
            faults = [Fault(SAME, revision[:80])]
        if faults:
            refused.append((revision, faults[0]))
        elif len(kept) < most:
            kept.append(revision)
            seen.add(text_id(revision))
    return kept, refused


def _said(text: str, vocabulary: Vocabulary, *, every: bool) -> dict[str, set[str]]:
    """Return what a text says, by kind; `every`: count a sentence's first word as a name where it could be one."""
    tokens = tokens_of(text)
    mentions = mentions_of(tokens, vocabulary, set())
    places = {" ".join(span.phrase) for span in vocabulary.known_places.find(tokens)}
    nouns = {place for mention in mentions for place in range(mention.span.start, mention.span.stop)}
    others = [token for place, token in enumerate(tokens) if place not in nouns]
    return {
        "number": {f"{quantity.value:g}" for quantity in quantities_of(tokens) if not quantity.bare and not quantity.rough},
        "direction": {_direction(token.plain) for token in tokens if token.plain in COMPASS},
        "name": {plain(name) for name in _names(others, every=every)} | places,
        "object": {noun for mention in mentions for noun in mention.nouns},
    }


def _names(tokens: Sequence[Token], *, every: bool) -> list[str]:
    return [token.text for token in tokens if token.text[0].isupper() and token.text != "I" and (every or not token.first)]


def _direction(word: str) -> str:
    return next((word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)), word)
