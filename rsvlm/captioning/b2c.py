"""Box-to-caption (B2C): five captions from the boxes of one picture, as RemoteCLIP's data engine makes them.

Caption 1 speaks of the objects whose box centre lies in the central area, caption 2 of the others, captions 3 to 5 of
classes drawn at random, with their counts and no position. Counts above a limit become vague quantities. Where one of
the first two has no objects, it speaks of all objects with the other's words. The paper gives the procedure and a few
phrases; the size of the central area, the phrases and the number of drawn classes are ours, and settings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from rsvlm.captioning.grammar import counted, listed, plural, sentence
from rsvlm.captioning.settings import B2CSettings
from rsvlm.records.models import LabelledObject
from rsvlm.seeds import Draws

CAPTIONS = 5
_CACHED = 4096


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
    # The centre as `LabelledObject.centre` has it; every object of a corpus comes by here, and sorting takes half the time.
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = labelled.polygon
    across = [x1, x2, x3, x4]
    across.sort()
    if abs((across[0] + across[3]) / 2 / width - 0.5) > share / 2:
        return False
    down = [y1, y2, y3, y4]
    down.sort()
    return abs((down[0] + down[3]) / 2 / height - 0.5) <= share / 2


@lru_cache(_CACHED)
def phrases(noun: str, count: int, vague_above: int, number_words: bool) -> tuple[str, ...]:
    """Return what may stand for a number of objects: `a ship`, `3 ships`, or `many ships` and its like above the limit."""
    if count <= vague_above:
        return (counted(noun, count, words=number_words),)
    many = plural(noun)
    crowd = (words().crowd,) if many.split(" ")[-1] in words().people else ()
    return tuple(f"{quantity} {many}" for quantity in (*words().quantities, *crowd))


def _fill(template: str, nouns: Iterable[str], counts: Mapping[str, int], settings: B2CSettings, draws: Draws) -> str:
    """Fill a template with sorted nouns and their counts, the most frequent first."""
    ordered = sorted(nouns, key=counts.__getitem__, reverse=True)
    vague_above, number_words = settings.vague_above, settings.number_words
    objects = []
    for noun in ordered:
        found = phrases(noun, counts[noun], vague_above, number_words)
        objects.append(found[0] if len(found) == 1 else draws.choose(found))
    be = "is" if counts[ordered[0]] == 1 else "are"
    return sentence(template.replace("{be}", be).replace("{objects}", listed(objects)))


def _somewhere(nouns: Sequence[str], counts: Mapping[str, int], settings: B2CSettings, draws: Draws) -> str:
    """Caption of classes drawn at random from all nouns, each with the number of all its objects."""
    most = min(settings.most_classes, len(nouns))
    least = min(settings.least_classes, most)
    drawn = sorted(draws.sample(nouns, least + draws.below(most - least + 1)))
    if len(drawn) == 2 and counts[drawn[0]] > 1 and counts[drawn[1]] > 1 and draws.below(2):
        first, second = map(plural, drawn)
        return sentence(draws.choose(words().both).format(first=first, second=second))
    return _fill(draws.choose(words().anywhere), drawn, counts, settings, draws)


def captions(objects: Sequence[LabelledObject], width: int, height: int, settings: B2CSettings, draws: Draws) -> list[str]:
    """Return the five captions of one picture.

    Args:
        objects: labels are nouns in the singular; boxes in pixels.
        width: of the picture, pixels.
        height: of the picture, pixels.
        settings: the numbers of the rule.
        draws: makes all random choices.

    Raises:
        ValueError: there is no object to speak of.
    """
    if not objects:
        raise ValueError("no objects; a picture without boxes has no caption")
    share = settings.central_share
    central: dict[str, int] = {}
    others: dict[str, int] = {}
    for labelled in objects:
        counts = central if is_central(labelled, width, height, share) else others
        counts[labelled.label] = counts.get(labelled.label, 0) + 1
    nouns = sorted({**central, **others})
    everything = {noun: central.get(noun, 0) + others.get(noun, 0) for noun in nouns}
    middle, edge = central or everything, others or everything
    first = _fill(draws.choose(words().middle if central else words().edge), sorted(middle), middle, settings, draws)
    second = _fill(draws.choose(words().edge if others else words().middle), sorted(edge), edge, settings, draws)
    return [first, second, *[_somewhere(nouns, everything, settings, draws) for _ in range(CAPTIONS - 2)]]
