"""Descriptions of annotated pictures in several sentences, and dialogues made of such sentences.

All is said from what is certain. In a share of the descriptions the part about objects is worded by a chat model, which is given
its sentences and may only put them together; what it adds sets its text aside.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from rsvlm.captioning.grammar import plural
from rsvlm.chat.facts import Facts, Forms, Vocabulary
from rsvlm.conversations.talk import Talk, as_conversations
from rsvlm.data.certain import certain, labels_by_picture
from rsvlm.data.kinds.described import DescribedPictures, ObjectTalks
from rsvlm.data.mixing import different, several_turns
from rsvlm.data.samples import annotated_chips, chip_sample, told
from rsvlm.data.sayings import LOCATED, Saying, about_objects, least, paragraph, question, sayings
from rsvlm.data.told import Subject, is_asked, written
from rsvlm.data.vouching import sentences_of, vouched
from rsvlm.data.wording import drawn, wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample
from rsvlm.records.unfit import Unfit

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_COUNTED = r"(?:\d+|\b(?:one|two|three|four|five|six|seven|eight|nine|ten))"

_TASKS = {
    "image": "image_property",
    "resolution": "image_property",
    "scene": "caption",
    "count": "counting",
    "position": "position",
    "colour": "colour",
    "shape": "attribute",
    "size": "measurement",
    "largest": "position",
    "relation": "relation",
    "layout": "position",
    "function": "reasoning",
}
_FORMS = {
    "ship": Forms(("vessel", "boat")),
    "plane": Forms(("airplane", "aircraft", "aeroplane"), ("aircraft",)),
    "harbor": Forms(("harbour", "port", "dock", "pier")),
    "small vehicle": Forms(("car", "vehicle")),
    "large vehicle": Forms(("truck", "bus", "vehicle")),
}
_OTHERS = ("building", "house", "road", "river", "lake", "runway", "airport", "train", "person", "crane", "parking lot", "beach", "bush")


def vocabulary_of(nouns: tuple[str, ...]) -> Vocabulary:
    """Return the names of objects that a text is searched for: the classes, those of the templates, and common others."""
    every = sorted({*nouns, *wording("sayings")["functions"], *_OTHERS})
    return Vocabulary({noun: _FORMS.get(noun, Forms()) for noun in every})


@dataclass(frozen=True)
class _Made:
    """A record in the making: its picture and fields, and what is said of it by rule."""

    sample: Sample
    said: list[Saying]


def _subjects(settings: DescribedPictures | ObjectTalks, work: Work) -> Iterator[Subject[_Made]]:
    """Yield the chips of the split of which something can be said, with what a model would be given."""
    labels = labels_by_picture(settings, work)
    nouns = tuple(vocabulary_of(settings.known.nouns).nouns)
    for chip in annotated_chips(settings, work):
        seen = certain(chip, settings.known, labels)
        said = sayings(chip, seen, settings.rules, work.generator("sayings", chip.id))
        if not said:
            work.rejected.leave_out(settings.source, "nothing can be told that is beyond doubt")
            continue
        sentences = [saying.text for saying in about_objects(said)]
        text = " ".join(sentences)
        counts = {noun: len(objects) for noun, objects in seen.complete.items()}
        crowds = {noun: least(len(objects)) for noun, objects in seen.clear.items() if noun not in counts and len(objects) > 1}
        numbers = {float(number) for number in _NUMBER.findall(text)}
        yield Subject(
            chip.id,
            settings.source,
            {"sentences": text},
            Facts(counts | crowds, numbers=frozenset(numbers)),
            _Made(chip_sample(work, settings.source, chip, method="template", builder=settings.kind), said),
            asked=is_asked(settings.writer, work, chip.id),
            further=partial(_refused, given=sentences, nouns=nouns, crowds=tuple(crowds)),
        )


def _refused(text: str, given: Sequence[str], nouns: Sequence[str], crowds: Sequence[str]) -> Unfit | None:
    """Return why a model's text is refused; of classes in doubt the least number may not become the number."""
    for sentence in sentences_of(text):
        lower = sentence.lower()
        forms = "|".join(re.escape(form) for noun in crowds for form in (plural(noun), noun))
        if forms and "at least" not in lower and re.search(rf"{_COUNTED} (?:\w+ )?(?:{forms})\b", lower):
            return Unfit("least number became the number", sentence[:200])
    return vouched(text, given, nouns)


def _described(settings: DescribedPictures | ObjectTalks, work: Work) -> Iterator[tuple[_Made, str, dict[str, Any]]]:
    """Yield each record in the making with its description, and the fields that say who worded it."""
    subjects = _subjects(settings, work)
    if settings.writer is None:
        yield from ((one.record, paragraph(one.record.said, settings.order), {}) for one in subjects)
        return
    for found in written(subjects, settings.writer, work, vocabulary_of(settings.known.nouns)):
        made = found.subject.record
        if found.text is not None:
            yield made, paragraph(made.said, settings.order, found.text), {"method": "model", "generator": found.generator}
        elif not found.subject.asked or settings.writer.otherwise == "rule":
            yield made, paragraph(made.said, settings.order), {}


def build(settings: DescribedPictures, work: Work) -> Iterator[Sample]:
    """Yield the described pictures of one split; one of which no place can be told is screened out."""
    for made, text, fields in _described(settings, work):
        sample = made.sample
        if not any(saying.kind in LOCATED for saying in made.said):
            work.screen_out(sample.id, settings.source, "no place of an object can be told")
            continue
        if settings.instructions:
            instruction = drawn(list(settings.instructions), work.generator("instruction", sample.id))
            fields = {**fields, "facts": {"instruction": instruction}}
        try:
            yield replace(sample, fields={**sample.fields, **told([text], work.longest), **fields})
        except Unfit as unfit:
            work.drop(sample.id, settings.source, unfit)


def build_talks(settings: ObjectTalks, work: Work) -> Iterator[Sample]:
    """Yield the dialogues of one split: the description, single questions of different kinds, one dialogue of several turns."""
    for made, text, fields in _described(settings, work):
        sample = made.sample
        generator = work.generator("object talks", sample.id)
        request = drawn(wording("sayings")["questions"]["description"], generator)
        talks = [Talk("description", request, text, text), *_single(made.said, settings.single, generator)]
        conversations = as_conversations(sample.id, talks)
        if (dialogue := _dialogue(made.said, settings.turns, generator)) and work.split == "train":
            conversations.append(several_turns(f"{sample.id}-conversation-0", "conversation", dialogue))
        yield replace(sample, fields={**sample.fields, **fields, "conversations": conversations})


def _talk(saying: Saying, generator: np.random.Generator) -> Talk:
    return Talk(_TASKS[saying.kind], question(saying, generator), saying.text, saying.text)


def _single(said: Sequence[Saying], count: int, generator: np.random.Generator) -> list[Talk]:
    """Return questions of different kinds."""
    kinds = list(dict.fromkeys(saying.kind for saying in said))
    chosen = [kinds[place] for place in sorted(generator.permutation(len(kinds))[:count].tolist())]
    found = []
    for kind in chosen:
        same = [saying for saying in said if saying.kind == kind]
        found.append(_talk(same[int(generator.integers(len(same)))], generator))
    return found


def _dialogue(said: Sequence[Saying], turns: tuple[int, int], generator: np.random.Generator) -> list[Talk]:
    """Return the turns of a dialogue, from the whole to the objects and to what they are for; none where too little can be said."""
    fewest, most = turns
    talks = different([_talk(saying, generator) for saying in said])
    if len(talks) < fewest:
        return []
    size = int(generator.integers(fewest, min(most, len(talks)) + 1))
    return [talks[place] for place in sorted(generator.permutation(len(talks))[:size].tolist())]
