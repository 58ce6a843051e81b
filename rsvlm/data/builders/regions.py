"""Conversations about regions, as GeoChat's data set has them: from boxes, their attributes and relations."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rsvlm.captioning.grammar import counted, listed, plural
from rsvlm.captioning.scenes import Chip
from rsvlm.conversations import geochat, regions
from rsvlm.conversations.attributes import place_of
from rsvlm.conversations.build import ChipRelations, training_limits, with_mix
from rsvlm.conversations.talk import Talk
from rsvlm.data.kinds.regions import RegionTalks
from rsvlm.data.samples import annotated_chips, chip_sample
from rsvlm.data.work import Work
from rsvlm.records.models import LabelledObject, Sample

SIZE_LIMITS = ("size limits",)
"""Where a corpus in the making keeps the limits of sizes."""


def _where(place: str) -> str:
    return f"{'in' if place == 'centre' else 'at'} the {place}"


def _sentences(noun: str, objects: Sequence[LabelledObject], width: int, height: int) -> Iterator[str]:
    """Yield what is told of the places of a class: of one object, of most of several, or of two that are apart."""
    places = [place_of(labelled, width, height) for labelled in objects]
    if len(objects) == 1:
        yield f"The {noun} is {_where(places[0])}."
        return
    place, most = min(Counter(places).items(), key=lambda item: (-item[1], item[0]))
    if most == len(objects):
        yield f"All {plural(noun)} are {_where(place)}."
    elif 2 * most > len(objects):
        yield f"Most of the {plural(noun)} are {_where(place)}."
    elif any(first != second for first, second in pairwise(places)):
        yield f"The {plural(noun)} are in different parts of the image."


def description(chip: Chip, most_counted: int) -> list[Talk]:
    """Return a description: the numbers of the classes that can be counted, then where they are.

    Args:
        chip: the picture with its objects.
        most_counted: classes with more objects, or of which one is cut, are left out.
    """
    counts = Counter(labelled.label for labelled in chip.objects)
    told = sorted(noun for noun, count in counts.items() if noun not in chip.cut and count <= most_counted)
    if not told:
        return []
    be = "is" if counts[told[0]] == 1 else "are"
    texts = [f"There {be} {listed([counted(noun, counts[noun]) for noun in told])} in the image."]
    for noun in told:
        objects = [labelled for labelled in chip.objects if labelled.label == noun]
        texts.extend(_sentences(noun, objects, *chip.picture.size))
    reply = " ".join(texts)
    return [Talk("description", geochat.DESCRIBE, reply, reply)]


def build(settings: RegionTalks, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split; limits of sizes come from the training scenes of all region builders together."""
    limits = work.once(SIZE_LIMITS, lambda: training_limits(work.builders, work.raw, work.seed))
    relations = ChipRelations(settings, work.source(settings.source), work.seed)
    for chip in annotated_chips(settings, work):
        talks = regions.talks_of(chip, limits, settings, work.generator("regions", chip.id), relations.of(chip))
        if settings.describe:
            talks += description(chip, settings.most_counted)
        if not talks:
            work.rejected.leave_out(settings.source, "nothing can be told of this chip")
            continue
        conversations = with_mix(chip.id, talks, work.split, settings.mixed_share, work.seed)
        yield chip_sample(
            work,
            settings.source,
            chip,
            method="template",
            builder=settings.kind,
            conversations=conversations,
            # The split of every scene follows from it, and from the training scenes follow the limits of sizes.
            facts={"seed": work.seed},
        )
