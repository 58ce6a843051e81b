"""Captions of the most prominent or most abundant objects of a picture, one a language, with the same facts in each.

A class with enough objects is told by its number and by where most of its centres lie; without one, the object with the
largest box is told with its place (of equal ones, that nearest the centre). A second class comes in where its boxes
cover enough of the picture. Of a class that goes on beyond the border, no number is told.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rsvlm.captioning import chinese
from rsvlm.captioning.grammar import be, counted, plural, sentence
from rsvlm.captioning.scenes import Chip
from rsvlm.conversations.attributes import place_of
from rsvlm.data.kinds.prominent import Language, ProminentObjects, ProminentRules
from rsvlm.data.review import edits
from rsvlm.data.samples import annotated_chips, chip_sample
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import LabelledObject, Sample
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class Told:
    """A class and how many of it are told.

    Attributes:
        noun: in the singular.
        total: how many there are.
        words: a number; or `many`; or `several`, where more of them go on beyond the border.
        cut: one or more go on beyond the border.
    """

    noun: str
    total: int
    words: int | Literal["many", "several"]
    cut: bool = False


@dataclass(frozen=True)
class Facts:
    """What a caption tells.

    Attributes:
        form: of the templates.
        first: the class.
        place: one of nine, where the form has one.
        second: another class, where the form has one.
    """

    form: str
    first: Told
    place: str | None
    second: Told | None


def _told(noun: str, total: int, chip: Chip, rules: ProminentRules) -> Told:
    cut = noun in chip.cut
    return Told(noun, total, "many" if total > rules.vague_above else "several" if cut else total, cut)


def _area(labelled: LabelledObject) -> float:
    x1, y1, x2, y2 = labelled.box
    return (x2 - x1) * (y2 - y1)


def facts_of(chip: Chip, rules: ProminentRules) -> Facts:
    """Return what is told of a picture that has objects."""
    width, height = chip.picture.size
    counts = Counter(labelled.label for labelled in chip.objects)
    covered = Counter[str]()
    for labelled in chip.objects:
        covered[labelled.label] += _area(labelled) / (width * height)  # type: ignore[assignment]
    abundant = min(counts, key=lambda noun: (-counts[noun], noun))
    if counts[abundant] >= rules.least_abundant:
        first, form, place = _told(abundant, counts[abundant], chip, rules), "both", None
    else:
        largest = min(chip.objects, key=lambda labelled: (-_area(labelled), _off_centre(labelled, width, height)))
        first, form, place = Told(largest.label, 1, 1), "prominent_both", place_of(largest, width, height)
    others = sorted((noun for noun in counts if noun != first.noun and covered[noun] > rules.second_share), key=lambda n: (-covered[n], n))
    second = next((told for noun in others if (told := _second(noun, counts[noun], chip, rules))), None)
    if second:
        return Facts(form, first, place, second)
    if form == "prominent_both":
        return Facts("prominent", first, place, None)
    cells = Counter(place_of(labelled, width, height) for labelled in chip.objects if labelled.label == first.noun)
    cell, most = min(cells.items(), key=lambda item: (-item[1], item[0]))
    if first.cut and most > 1:
        return Facts("some", first, cell, None)
    if 2 * most <= first.total:
        return Facts("spread", first, None, None)
    return Facts("all" if most == first.total else "most", first, cell, None)


def _second(noun: str, total: int, chip: Chip, rules: ProminentRules) -> Told | None:
    told = _told(noun, total, chip, rules)
    return None if told.words == "several" and total < 2 else told  # of one, and one more that is cut, nothing right is short


def _off_centre(labelled: LabelledObject, width: int, height: int) -> float:
    x, y = labelled.centre
    return (x / width - 0.5) ** 2 + (y / height - 0.5) ** 2


def _english(told: Told) -> str:
    if isinstance(told.words, str):
        return f"{told.words} {plural(told.noun)}"
    return counted(told.noun, told.words, words=True)


def _chinese(told: Told) -> str:
    if not isinstance(told.words, str):
        return chinese.counted(told.noun, told.words)
    known = chinese.term(told.noun)
    return f"多{known.counter}{known.noun}" if told.words == "several" else chinese.many(told.noun)


def captions_of(facts: Facts, variant: int, languages: Sequence[Language]) -> dict[str, str]:
    """Return the caption in each of some languages.

    Args:
        facts: what is told.
        variant: which wording, any number; the same in all languages.
        languages: those wanted.

    Raises:
        Unfit: Chinese is wanted and a class has no Chinese name.
    """
    pool = wording("prominent-objects")[facts.form]
    template: Mapping[str, str] = pool[variant % len(pool)]
    tell = {"en": _tell_english, "zh": _tell_chinese}
    return {language: tell[language](template[language], facts) for language in languages}


def _tell_english(template: str, facts: Facts) -> str:
    first, place = _english(facts.first), facts.place or ""
    caption = template.format(
        objects=first,
        one=first,
        be=be(facts.first.noun, 1 if facts.first.words == 1 else 2),
        second=_english(facts.second) if facts.second else "",
        place=f"{'in' if place == 'centre' else 'at'} the {place}",
    )
    return sentence(caption)


def _tell_chinese(template: str, facts: Facts) -> str:
    first, second = _chinese(facts.first), _chinese(facts.second) if facts.second else ""
    place = chinese.place(facts.place) if facts.place else ""
    return chinese.sentence(template.format(objects=first, one=first, second=second, place=place))


def build(settings: ProminentObjects, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split.

    Raises:
        DataError: the file with reviewed captions is missing or has another form.
    """
    reviewed: dict[str, dict[str, str]] = {}
    if settings.review:
        path = work.source(settings.source).path(settings.review)
        reviewed = work.once(("review", settings.source, settings.review), lambda: edits(path))
    for chip in annotated_chips(settings, work):
        try:
            texts = captions_of(
                facts_of(chip, settings.rules), int(work.generator("prominent", chip.id).integers(1 << 16)), settings.languages
            )
            texts |= reviewed.get(chip.id, {})
            yield chip_sample(
                work,
                settings.source,
                chip,
                method="template",
                builder=settings.kind,
                captions=[texts[language] for language in settings.languages],
                languages=list(settings.languages),
                facts={"reviewed": chip.id in reviewed},
            )
        except Unfit as unfit:
            work.drop(chip.id, settings.source, unfit)
