"""Paragraphs that a chat model writes from the statistics of a patch's land cover, and what they must keep to.

Beside the checks of every answer (one clean paragraph, no forbidden word, no refusal), it may name only land cover that
the patch has, and must name the type that covers most of each region.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from rsvlm.chat.exchange import Answer, Request
from rsvlm.chat.facts import Facts, Forms, Vocabulary
from rsvlm.chat.manners import FORBIDDEN
from rsvlm.chat.objects import mentions_of
from rsvlm.chat.prompts import Prompt
from rsvlm.chat.validate import Fault, check_answer, rules_of
from rsvlm.chat.wording import tokens_of
from rsvlm.data.cover_words import portion, told_of
from rsvlm.data.kinds.land_cover import LandCover, Rewriting
from rsvlm.data.work import Work
from rsvlm.maps.cover import CLASSES, REGIONS, counts
from rsvlm.records.unfit import Unfit

MISSING = "answer leaves out a dominant type"
PARAGRAPHS = "answer is not one paragraph"
# How land cover is called, beside the class's own name; plurals are made by rule.
_FORMS = {
    "water": ("lake", "river", "sea", "ocean", "pond", "water body"),
    "developed area": ("developed", "building", "urban area", "town", "city", "settlement", "built-up area", "road"),
    "tree": ("forest", "woodland", "tree cover"),
    "shrub": ("shrubland", "bush"),
    "grass": ("grassland", "meadow", "pasture"),
    "crop": ("cropland", "field", "farmland"),
    "bare land": ("bare", "bare soil", "sand", "rock", "desert"),
    "snow": ("ice", "glacier"),
    "wetland": ("marsh", "swamp"),
    "mangroves": ("mangrove",),
    "moss": ("lichen",),
}
VOCABULARY = Vocabulary({each.name: Forms(singular=_FORMS[each.name]) for each in CLASSES[1:]})


def statistics(mask: NDArray[np.uint8], settings: LandCover, generator: np.random.Generator) -> dict[str, str]:
    """Return the slots of the prompt: all types by falling area, and a sentence for each region.

    Args:
        mask: the patch's land cover.
        settings: what is told of it.
        generator: draws the noun of each portion.
    """
    lines = []
    for region in REGIONS:
        told = [f"{name} ({portion(share, settings.cuts, generator)})" for name, share in told_of(mask, region, settings)]
        if told:
            several = f"{', '.join(told[:-1])}{',' if len(told) > 2 else ''} and {told[-1]}" if len(told) > 1 else told[0]
            lines.append(f"The {region} mainly contains the following land cover types, in descending order of content: {several}.")
    return {"overall": "; ".join(name for name, _ in told_of(mask, None, settings)), "regions": "\n".join(lines)}


def request_of(name: str, mask: NDArray[np.uint8], settings: LandCover, prompt: Prompt, work: Work) -> list[Request]:
    """Return the request for a record's paragraph; none where enough were asked for already, or nothing can be told."""
    rewriting = settings.rewriting
    if rewriting is None or not told_of(mask, None, settings):
        return []
    tally: Counter[str] = work.once(("rewriting", settings.prefix), Counter)
    if rewriting.most is not None and tally["asked"] >= rewriting.most:
        return []
    tally["asked"] += 1
    return [Request(name, prompt.messages(statistics(mask, settings, work.generator("land cover request", name))))]


def paragraph_of(answer: Answer, mask: NDArray[np.uint8], settings: LandCover, rewriting: Rewriting, prompt: Prompt) -> str:
    """Return an answer's paragraph.

    Raises:
        Unfit: it breaks a rule; the first one is named.
    """
    rules = rules_of(prompt, fewest_words=rewriting.fewest_words)
    present = {name: count for name, count in counts(mask).items() if name != "background"}
    faults = check_answer(answer, Facts(objects=present), VOCABULARY, rules)
    text = answer.text.strip()
    if "\n" in text:
        faults.append(Fault(PARAGRAPHS, f"{len(text.splitlines())} lines"))
    words = set(text.lower().replace(",", " ").replace(".", " ").split())
    faults += [Fault(FORBIDDEN, word) for word in rewriting.forbidden if word in words]
    named = {noun for mention in mentions_of(tokens_of(text), VOCABULARY, set()) for noun in mention.nouns}
    first = {told[0][0] for region in REGIONS if (told := told_of(mask, region, settings))}
    faults += [Fault(MISSING, name) for name in sorted(first - named)]
    if faults:
        raise faults[0].unfit()
    return text


def said_or_raised(outcome: Answer | Unfit) -> Answer:
    """Return an answer, or raise why there is none."""
    if isinstance(outcome, Unfit):
        raise outcome
    return outcome
