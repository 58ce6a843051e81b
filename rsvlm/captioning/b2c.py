"""Box-to-caption (B2C): five captions from the boxes of one picture, as RemoteCLIP's data engine makes them.

Caption 1 speaks of the objects whose box centre lies in the central area, caption 2 of the others, captions 3 to 5 of
classes drawn at random, with their counts and no position. Counts above a limit become vague quantities. Where one of
the first two has no objects, it speaks of all objects with the other's words. The paper gives the procedure and a few
phrases; the size of the central area, the phrases and the number of drawn classes are ours, and settings.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from rsvlm.captioning.grammar import counted, listed, plural, sentence
from rsvlm.captioning.settings import B2CSettings
from rsvlm.records.models import LabelledObject

CAPTIONS = 5


@dataclass(frozen=True)
class Words:
    """Templates and quantity words, as `b2c.yaml` lists them."""

    middle: tuple[str, ...]
    edge: tuple[str, ...]
    anywhere: tuple[str, ...]
    both: tuple[str, ...]
    quantities: tuple[str, ...]
    crowd: str
    people: tuple[str, ...]


@cache
def words() -> Words:
    """Return the templates that travel with the package."""
    text = resources.files("rsvlm.captioning").joinpath("b2c.yaml").read_text("utf-8")
    table: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    lists = {key: tuple(value) for key, value in table.items() if key != "crowd"}
    return Words(crowd=table["crowd"], **lists)


def is_central(labelled: LabelledObject, width: int, height: int, share: float) -> bool:
    """Say whether a box centre lies in the central area: the middle `share` of width and of height, its border included."""
    x, y = labelled.centre
    return abs(x / width - 0.5) <= share / 2 and abs(y / height - 0.5) <= share / 2


def _draw(options: Sequence[str], generator: np.random.Generator) -> str:
    return options[int(generator.integers(len(options)))]


def phrase(noun: str, count: int, settings: B2CSettings, generator: np.random.Generator) -> str:
    """Return `a ship`, `3 ships`, or `many ships` above the limit."""
    if count <= settings.vague_above:
        return counted(noun, count, words=settings.number_words)
    many = plural(noun)
    quantities = words().quantities
    if many.split(" ")[-1] in words().people:
        quantities = (*quantities, words().crowd)
    return f"{_draw(quantities, generator)} {many}"


def _fill(template: str, counts: Mapping[str, int], settings: B2CSettings, generator: np.random.Generator) -> str:
    nouns = sorted(counts, key=lambda noun: (-counts[noun], noun))
    objects = listed([phrase(noun, counts[noun], settings, generator) for noun in nouns])
    be = "is" if counts[nouns[0]] == 1 else "are"
    return sentence(template.format(objects=objects, be=be))


def _somewhere(counts: Mapping[str, int], nouns: Sequence[str], settings: B2CSettings, generator: np.random.Generator) -> str:
    """Caption of classes drawn at random from the sorted nouns, each with the number of all its objects."""
    most = min(settings.most_classes, len(nouns))
    size = int(generator.integers(min(settings.least_classes, most), most + 1))
    drawn = [nouns[position] for position in sorted(generator.choice(len(nouns), size=size, replace=False).tolist())]
    if len(drawn) == 2 and all(counts[noun] > 1 for noun in drawn) and generator.integers(2):
        first, second = map(plural, drawn)
        return sentence(_draw(words().both, generator).format(first=first, second=second))
    return _fill(_draw(words().anywhere, generator), {noun: counts[noun] for noun in drawn}, settings, generator)


def captions(
    objects: Sequence[LabelledObject], width: int, height: int, settings: B2CSettings, generator: np.random.Generator
) -> list[str]:
    """Return the five captions of one picture.

    Args:
        objects: labels are nouns in the singular; boxes in pixels.
        width: of the picture, pixels.
        height: of the picture, pixels.
        settings: the numbers of the rule.
        generator: makes all random choices.

    Raises:
        ValueError: there is no object to speak of.
    """
    if not objects:
        raise ValueError("no objects; a picture without boxes has no caption")
    central: list[str] = []
    others: list[str] = []
    for labelled in objects:
        (central if is_central(labelled, width, height, settings.central_share) else others).append(labelled.label)
    everything = Counter(labelled.label for labelled in objects)
    nouns = sorted(everything)
    first = _fill(
        _draw(words().middle if central else words().edge, generator), Counter(central) if central else everything, settings, generator
    )
    second = _fill(
        _draw(words().edge if others else words().middle, generator), Counter(others) if others else everything, settings, generator
    )
    return [first, second, *(_somewhere(everything, nouns, settings, generator) for _ in range(CAPTIONS - 2))]
