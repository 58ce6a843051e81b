"""Which classes are frequent in a set of pictures, and which are seen together: for absent classes that sound likely.

The three draws are those of POPE: `random` (any absent class), `popular` (the most frequent of the absent ones) and
`adversarial` (those of them that are seen together with the present ones most often).
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rsvlm.captioning.grammar import plural
from rsvlm.captioning.settings import AnnotatedPictures
from rsvlm.data.certain import labels_by_picture
from rsvlm.data.kinds.honest import CompanionSettings
from rsvlm.data.work import Work
from rsvlm.records.readers import pairs
from rsvlm.records.unfit import Unfit


@dataclass
class Companions:
    """Counts of pictures.

    Attributes:
        alone: class -> pictures that show it.
        together: two classes in alphabetical order -> pictures that show both.
    """

    alone: Counter[str] = field(default_factory=Counter)
    together: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, labels: Iterable[str]) -> None:
        """Count a picture."""
        names = sorted(set(labels))
        self.alone.update(names)
        self.together.update((first, second) for place, first in enumerate(names) for second in names[place + 1 :])

    def popular(self, absent: Sequence[str], top: int) -> list[str]:
        """Return the most frequent absent classes, at most `top`; none that no picture shows."""
        return self._first({noun: self.alone[noun] for noun in absent}, top)

    def adversarial(self, absent: Sequence[str], present: Iterable[str], top: int) -> list[str]:
        """Return the absent classes that are seen together with the present ones most often, at most `top`."""
        others = sorted(set(present))
        counts = {noun: sum(self.together[min(noun, other), max(noun, other)] for other in others) for noun in absent}
        return self._first(counts, top)

    @staticmethod
    def _first(counts: dict[str, int], top: int) -> list[str]:
        return sorted((noun for noun, count in counts.items() if count), key=lambda noun: (-counts[noun], noun))[:top]


def companions_of(settings: AnnotatedPictures, rule: CompanionSettings | None, nouns: Sequence[str], work: Work) -> Companions:
    """Return the counts that a builder draws absent classes by; made once for all splits.

    Args:
        settings: the builder's pictures.
        rule: the captions to count in; None counts the annotation's own pictures.
        nouns: the classes.
        work: the pass.
    """

    def count() -> Companions:
        found = Companions()
        sets = labels_by_picture(settings, work).values() if rule is None else _told(rule, nouns, work)
        for labels in sets:
            found.add(labels)
        return found

    return work.once(("companions", settings.model_dump_json(), tuple(nouns)), count)


def _told(rule: CompanionSettings, nouns: Sequence[str], work: Work) -> Iterator[set[str]]:
    """Yield the classes that the captions of each training picture speak of."""
    patterns = {noun: _pattern([noun, *rule.words.get(noun, ())]) for noun in nouns}
    for _, line in pairs.read(work.source(rule.source).path(rule.file)):
        if not isinstance(line, Unfit) and line.split == "train":
            text = " ".join(caption for caption in line.captions if isinstance(caption, str)).lower()
            yield {noun for noun, pattern in patterns.items() if pattern.search(text)}


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    forms = sorted({form.lower() for word in words for form in (word, plural(word))})
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, forms))})\b")
