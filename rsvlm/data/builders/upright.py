"""Questions about single annotated images, boxes upright and in hundredths, as TEOChatlas has those of GeoChat."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rsvlm.captioning.grammar import indefinite, plural, sentence
from rsvlm.captioning.scenes import Chip
from rsvlm.conversations.formats.sequences import opening
from rsvlm.conversations.talk import Talk, as_conversations, mixed
from rsvlm.data.certain import Certain, certain, labels_by_picture
from rsvlm.data.frames import box_text, box_texts, cell, place_words
from rsvlm.data.kinds.sequences import UprightBoxes
from rsvlm.data.samples import annotated_chips, chip_sample
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import LabelledObject, Sample


def build(settings: UprightBoxes, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    labels = labels_by_picture(settings, work)
    for chip in annotated_chips(settings, work):
        generator = work.generator("upright", chip.id)
        talks = [
            replace(talk, question=opening(1) + talk.question)
            for talk in _talks(chip, certain(chip, settings.known, labels), settings, generator)
        ]
        if not talks:
            work.rejected.leave_out(settings.source, "nothing can be asked that is beyond doubt")
            continue
        conversations = as_conversations(chip.id, talks)
        mix = mixed(chip.id, talks, generator) if work.split == "train" and generator.random() < settings.mixed_share else None
        conversations += [mix] if mix else []
        yield chip_sample(work, settings.source, chip, method="template", builder=settings.kind, conversations=conversations)


def _talks(chip: Chip, seen: Certain, settings: UprightBoxes, generator: np.random.Generator) -> Iterator[Talk]:
    words, width, height = wording("sequences"), *chip.picture.size
    single, form = words["single"], words["form"]
    clear = [each for objects in seen.clear.values() for each in objects if box_texts([each], width, height)]
    for position in generator.permutation(len(clear))[: settings.regions].tolist():
        name = sentence(indefinite(clear[position].label))
        box = box_text(clear[position].polygon, width, height)
        yield Talk("identify", single["what"].format(box=box), name, name)
    complete = seen.complete
    for noun, place, labelled in _found(complete, width, height, settings)[: settings.regions]:
        question = single["find"].format(noun=noun, place=place_words(place), form=form)
        text = box_text(labelled.polygon, width, height)
        yield Talk("refer", question, text, text, (labelled.polygon,))
    for noun, objects in complete.items():
        if len(objects) <= settings.most_counted:
            answer = str(len(objects))
            yield Talk("counting", single["count"].format(nouns=plural(noun)), answer, answer)
            if boxes := box_texts(objects, width, height):
                question = single["all"].format(nouns=plural(noun), form=form)
                yield Talk("grounding", question, boxes, boxes, tuple(each.polygon for each in objects))
    if not seen.clear:
        return
    # As many answers are yes as are no, wherever a class is known to be absent.
    answer = "No" if seen.absent and generator.random() < 0.5 else "Yes"
    nouns = seen.absent if answer == "No" else sorted(seen.clear)
    noun = nouns[int(generator.integers(len(nouns)))]
    yield Talk("presence", single["presence"].format(one=indefinite(noun)) + words["one_word"], answer, answer)


def _found(
    complete: dict[str, list[LabelledObject]], width: int, height: int, settings: UprightBoxes
) -> list[tuple[str, str, LabelledObject]]:
    """Return (noun, place, object) where one object of a class is in a cell of the grid and none is near its lines."""
    found = []
    for noun, objects in complete.items():
        cells = [cell(each.centre, width, height, settings.cell_margin) for each in objects]
        counts = Counter(cells)
        if None not in counts:
            pairs = zip(objects, cells, strict=True)
            found += [(noun, place, each) for each, place in pairs if place and counts[place] == 1 and box_texts([each], width, height)]
    return found
