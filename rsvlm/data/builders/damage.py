"""Conversations about buildings before and after a disaster, from xBD's files."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import numpy as np

from rsvlm.data.frames import Asked, Frames, asked, box_text, box_texts, sequence_samples
from rsvlm.data.kinds.sequences import DamageSequences
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.errors import DataError
from rsvlm.records.geometry import checked_object
from rsvlm.records.models import LabelledObject, Sample, safe_id
from rsvlm.records.readers import xbd
from rsvlm.records.readers.outlines import box_around
from rsvlm.records.unfit import Unfit

_AFTER = re.compile(r"post(?=[^/]*$)")


def build(settings: DamageSequences, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    raw = work.source(settings.source)
    for file in raw.find(settings.annotations):
        try:
            earlier = _AFTER.sub("pre", file)
            if earlier == file:
                raise Unfit("picture has no counterpart", f"{file} is not named as one after the disaster (post)")
            before, after = xbd.read(raw.path(earlier)), xbd.read(raw.path(file))
            pairs = xbd.joined(before, after)
            frames = _frames(settings, file, before, after)
            # A disaster is one scene: its pictures lie side by side.
            if not work.in_split(frames.scene, settings.shares.as_mapping(), settings.shares.scenes):
                continue
            if not work.wanted(frames.name, settings.source):
                continue
            objects, complete = _objects(work, settings, frames, pairs, after.width, after.height)
            generator = work.generator("damage", frames.name)
            questions = list(_questions(objects, complete, after, settings, generator))
            if not questions:
                work.rejected.leave_out(settings.source, "nothing can be asked")
                continue
            yield from sequence_samples(work, frames, questions, builder=settings.kind, objects=objects)
        except (Unfit, DataError) as error:
            work.drop(file, settings.source, error if isinstance(error, Unfit) else Unfit("annotation cannot be read", str(error)[:300]))


def _frames(settings: DamageSequences, file: str, before: xbd.DisasterPicture, after: xbd.DisasterPicture) -> Frames:
    if before.date and after.date and before.date > after.date:
        raise Unfit("images are not in order of time", f"{before.picture} of {before.date}, {after.picture} of {after.date}")
    dates = (before.date, after.date) if before.date and after.date else ()
    pictures = tuple(settings.pictures.format(name=each.picture) for each in (before, after))
    name = safe_id(settings.prefix, PurePosixPath(file).stem)
    return Frames(
        name, safe_id(settings.prefix, after.disaster), settings.source, pictures, dates,
        settings.sensor, settings.resolution, settings.platform, settings.dataset, file,
    )  # fmt: skip


def _objects(
    work: Work, settings: DamageSequences, frames: Frames, pairs: Sequence[xbd.BuildingPair | Unfit], width: int, height: int
) -> tuple[list[LabelledObject], bool]:
    """Return the usable buildings, their damage as label, and whether these are all of them."""
    found, complete = [], True
    for pair in pairs:
        try:
            if isinstance(pair, Unfit):
                raise pair
            found.append(checked_object(pair.after.damage, box_around(pair.after.outline), width, height))
        except Unfit as unfit:
            complete = False
            work.drop(frames.name, settings.source, unfit, kind="object")
    work.rejected.keep(len(found), kind="object")
    return found, complete


def _questions(
    objects: Sequence[LabelledObject], complete: bool, after: xbd.DisasterPicture, settings: DamageSequences, generator: np.random.Generator
) -> Iterator[Asked]:
    words, one_word, form = wording("sequences")["damage"], wording("sequences")["one_word"], wording("sequences")["form"]
    width, height = after.width, after.height
    classed = [each for each in objects if each.label in settings.labels and box_texts([each], width, height)]
    options = ", ".join(settings.labels.values())
    for position in generator.permutation(len(classed))[: settings.regions].tolist():
        building = classed[position]
        box, level = box_text(building.polygon, width, height), settings.labels[building.label]
        # Its scorer paints the building, so the record says where it is.
        yield asked("change_detection_classification", words["classify"].format(box=box, options=options), level, [building])
        answer = "No" if building.label == "no-damage" else "Yes"
        yield asked("region_based_question_answering", words["region"].format(box=box) + one_word, answer)
    certain = complete and all(each.label in settings.labels for each in objects)
    if complete and 0 < len(objects) <= settings.most_boxes and (boxes := box_texts(objects, width, height)):
        yield asked("change_detection_localization", words["locate"].format(form=form), boxes, objects)
    if certain:
        for label, level in settings.labels.items():
            same = [each for each in objects if each.label == label]
            if len(same) <= settings.most_boxes and (boxes := box_texts(same, width, height)):
                yield asked("spatial_referring_expression", words["find"].format(level=level, form=form), boxes, same)
    destroyed = any(each.label == "destroyed" for each in objects)
    if objects and (destroyed or certain):
        yield asked("question_answering", words["any"] + one_word, "Yes" if destroyed else "No")
    if after.kind:
        yield asked("question_answering", words["kind"] + one_word, after.kind.strip().capitalize())
