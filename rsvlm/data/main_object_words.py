"""Sentences about a picture's main object: a base caption, and revisions of it by rule in three tones."""

import math
from collections.abc import Mapping

from rsvlm.captioning.grammar import indefinite, plural, sentence
from rsvlm.data.kinds.main_objects import Tone
from rsvlm.data.main_object import MainObject
from rsvlm.data.osm_words import is_number, main_tag, meaning_of_tag, noun_of_tag, properties, spoken_tags, words_of_value
from rsvlm.records.text import clean_text
from rsvlm.records.unfit import Unfit

LONGEST_NAME = 60
STRAIGHT, BENT = 1.05, 1.3
NARROW, SQUARE = 3.0, 1.3
WHOLE = 0.995


def rounded(value: float, digits: int = 3) -> str:
    """Return a quantity to so many significant digits, whole, with commas: 12,300."""
    step = 10 ** max(0, math.floor(math.log10(max(value, 1.0))) + 1 - digits)
    return f"{int(step * math.floor(value / step + 0.5)):,}"


def noun_of(tags: Mapping[str, str]) -> str:
    """Return what an element is, as a noun.

    Raises:
        Unfit: no tag says.
    """
    tag = main_tag(tags)
    if tag is None:
        raise Unfit("no tag says what the element is", ", ".join(tags)[:100])
    return noun_of_tag(*tag)


def base_caption(main: MainObject, *, names: bool) -> list[str]:
    """Return the sentences of the base caption.

    Raises:
        Unfit: no tag says what the element is.
    """
    tags = main.seen.element.tags
    first = sentence(indefinite(noun_of(tags)))
    tag = main_tag(tags)
    meaning = meaning_of_tag(*tag) if tag else ""
    subject = f"{first}, {meaning}," if meaning else first
    told = _area(main, subject) if main.task == 1 else _line(main, subject)
    return [*told, *_properties(tags), *(_name(tags) if names else [])]


def _area(main: MainObject, subject: str) -> list[str]:
    if main.share >= WHOLE:
        told = [f"{subject} covers all of the image."]
    else:
        told = [f"{subject} covers {percent(main.share)} of the image, around its {main.cells[0]}."]
    told.append(f"{'It' if main.whole else 'Its visible part'} measures about {rounded(main.size)} square metres.")
    if main.stretch >= NARROW:
        told.append("It is long and narrow." if main.whole else "That part is long and narrow.")
    return told


def _line(main: MainObject, subject: str) -> list[str]:
    if not main.cells:
        told = [f"{subject} passes through the image in several pieces."]
    elif main.cells[0] == main.cells[1]:
        told = [f"{subject} starts and ends in the {main.cells[0]} of the image."]
    else:
        told = [f"{subject} runs from the {main.cells[0]} to the {main.cells[1]} of the image."]
    direction = f" and runs {main.axis}" if main.axis else ""
    told.append(f"It is about {metres(main.size)} long within the image{direction}.")
    if main.cells and main.cells[0] != main.cells[1]:
        told.append("It is nearly straight." if main.stretch < STRAIGHT else "It bends slightly." if main.stretch < BENT else "It winds.")
    return told


def percent(share: float) -> str:
    """Return a share as a whole percentage: `22%`."""
    return f"{math.floor(100 * share + 0.5)}%"


def metres(length: float) -> str:
    """Return a length to three significant digits: `213 metres`, `1 metre`."""
    text = rounded(length)
    return f"{text} {'metre' if text == '1' else 'metres'}"


def _properties(tags: Mapping[str, str]) -> list[str]:
    told = []
    for key, value in spoken_tags(tags):
        words = properties().get(key, {})
        if "sentence" not in words:
            continue
        if not words.get("numeric"):
            told.append(str(words["sentence"]).replace("{value}", words_of_value(value)))
        elif is_number(value) and float(value) >= 1:
            # The noun stands in the plural in the table.
            text = str(words["sentence"])
            one = float(value) == 1
            for noun in ("lane", "level"):
                text = text.replace(f"{{{plural(noun)}}}", noun if one else plural(noun))
            told.append(text.replace("{value}", value))
    return told


def _name(tags: Mapping[str, str]) -> list[str]:
    """Return a sentence with the element's name, in whatever script; none where the name is no plain text."""
    try:
        name = clean_text(tags.get("name", ""), longest=LONGEST_NAME)
    except Unfit:
        return []
    return [] if '"' in name or "http" in name.lower() else [f'It is named "{name}".']


def revision(main: MainObject, tone: Tone) -> str:
    """Return the base caption's facts in another tone, fewer of them and none more.

    Raises:
        Unfit: no tag says what the element is.
    """
    thing = indefinite(noun_of(main.seen.element.tags))
    if main.task == 1:
        where = "all of the image" if main.share >= WHOLE else f"{percent(main.share)} of the image"
        size = f"{rounded(main.size)} square metres"
        return {
            "formal": f"The image shows {thing} with a visible extent of about {size}, which is {where}.",
            "casual": f"Have a look at {thing} that takes up {where}.",
            "brief": f"{sentence(thing)} of about {size}.",
        }[tone]
    size = metres(main.size)
    runs = f", running {main.axis}" if main.axis else ""
    return {
        "formal": f"The image shows {thing} with a visible length of about {size}{runs}.",
        "casual": f"Have a look at {thing} here{runs}, about {size} of it.",
        "brief": f"{sentence(thing)}, about {size} long.",
    }[tone]
