"""Check an answer against the facts that the model was given, and against what no answer may be.

What is checked: objects by the names of a vocabulary, their counts and all other numbers, names of places; not colours,
positions or relations. Capitalised words are names unless they were given; the first word of a sentence is one only if the
vocabulary lists it as a place. Checks are strict: an answer that cannot be read as true is faulty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rsvlm.chat import manners
from rsvlm.chat.exchange import Answer
from rsvlm.chat.facts import Facts, Vocabulary
from rsvlm.chat.objects import mentions_of, object_faults
from rsvlm.chat.outputs import texts_of
from rsvlm.chat.prompts import Prompt
from rsvlm.chat.quantities import quantities_of
from rsvlm.chat.wording import Phrases, Token, tokens_of
from rsvlm.records.text import clean_text
from rsvlm.records.unfit import Unfit

PLACE = "place is not among the facts"
SHORT = "answer is too short"


@dataclass(frozen=True)
class Fault:
    """Something wrong with an answer: why, in a few fixed words, and the particulars."""

    reason: str
    detail: str

    def unfit(self) -> Unfit:
        """Return the fault as what sets a record aside."""
        return Unfit(self.reason, self.detail)


@dataclass(frozen=True)
class Rules:
    """What an answer must keep to beside the facts.

    Attributes:
        output: its form; each line and each JSON string is checked by itself.
        longest: most characters of one text.
        fewest_words: of one text.
        forbidden: words and phrases that it may not hold.
        told: texts that it may not repeat.
    """

    output: Literal["text", "lines", "json"] = "text"
    longest: int = 2_000
    fewest_words: int = 1
    forbidden: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def rules_of(prompt: Prompt, longest: int = 2_000, fewest_words: int = 1) -> Rules:
    """Return the rules that a prompt sets: form and forbidden words, and neither its words nor its examples repeated."""
    told = (*prompt.instructions, *(example.assistant for example in prompt.examples))
    return Rules(prompt.output, longest, fewest_words, prompt.forbidden, told)


def check_answer(answer: Answer, facts: Facts, vocabulary: Vocabulary, rules: Rules) -> list[Fault]:
    """Return the faults of an answer, in a fixed order; an empty list: it is fit to be kept.

    Args:
        answer: what a model said.
        facts: what it was given.
        vocabulary: names of objects and places; every noun of the facts must be in it.
        rules: what it must keep to.

    Raises:
        ValueError: a noun of the facts is not in the vocabulary, so nobody could tell whether it is named.
    """
    if strange := sorted(set(facts.objects) - set(vocabulary.nouns)):
        raise ValueError(f"the vocabulary has no noun {strange[0]!r}")
    if not answer.finished:
        return [Fault(manners.CUT, f"after {answer.tokens_out} tokens")]
    try:
        texts = texts_of(answer.text, rules.output)
    except Unfit as unfit:
        return [Fault(unfit.reason, unfit.detail)]
    return list(dict.fromkeys(fault for text in texts for fault in check_text(text, facts, vocabulary, rules)))


def check_text(text: str, facts: Facts, vocabulary: Vocabulary, rules: Rules) -> list[Fault]:
    """Return the faults of one text; see `check_answer`."""
    if faults := unclean(text, rules):
        return faults
    tokens = tokens_of(text)
    taken = {place for span in facts.granted.find(tokens) for place in range(span.start, span.stop)}
    found = [*object_faults(tokens, facts, vocabulary, taken), *place_faults(tokens, vocabulary, taken)]
    return form_faults(text, rules, facts.granted) + [Fault(reason, detail) for reason, detail in dict.fromkeys(found)]


def unclean(text: str, rules: Rules) -> list[Fault]:
    """Return why a text is no text that a record may hold: empty, too long, with characters that nobody should see."""
    try:
        clean_text(text, longest=rules.longest)
    except Unfit as unfit:
        return [Fault(unfit.reason, unfit.detail)]
    return []


def form_faults(text: str, rules: Rules, granted: Phrases) -> list[Fault]:
    """Return the faults that a text has whatever the facts are.

    Args:
        text: one clean text of an answer.
        rules: what it must keep to.
        granted: phrases that may stand in any script.
    """
    tokens = tokens_of(text)
    words = sum(token.is_word or token.is_number for token in tokens)
    found = [
        *([(SHORT, f"{words} words; {rules.fewest_words} needed")] if words < rules.fewest_words else ()),
        *manners.refusal_faults(text),
        *manners.markup_faults(text),
        *manners.language_faults(text, granted),
        *manners.forbidden_faults(tokens, rules.forbidden),
        *manners.echo_faults(text, rules.told),
        *manners.repetition_faults(text),
        *(manners.ending_faults(text) if rules.output == "text" else ()),
    ]
    return [Fault(reason, detail) for reason, detail in found]


def place_faults(tokens: Sequence[Token], vocabulary: Vocabulary, taken: set[int]) -> list[tuple[str, str]]:
    """Return (reason, detail) for every name that was not given.

    Args:
        tokens: of the answer.
        vocabulary: names of objects, which are no places, and places, which are in any case.
        taken: places of tokens that are granted.
    """
    known = vocabulary.known_places.find(tokens, taken)
    spans = [(span.start, span.stop) for span in (*known, *(mention.span for mention in mentions_of(tokens, vocabulary, taken)))]
    spans += [(quantity.start, quantity.stop) for quantity in quantities_of(tokens)]
    passed = taken | {place for start, stop in spans for place in range(start, stop)}
    capitals = [token.text for place, token in enumerate(tokens) if place not in passed and _is_name(token)]
    return [(PLACE, name) for name in (*(" ".join(span.phrase) for span in known), *capitals)]


def _is_name(token: Token) -> bool:
    return not token.first and token.text != "I" and token.text[0].isupper()
