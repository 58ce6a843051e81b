"""Conversations about the class of a place, from fMoW's sequences of images."""

from collections.abc import Iterator
from typing import Literal

from rsvlm.captioning.grammar import class_words
from rsvlm.conversations.formats.sequences import picked
from rsvlm.data.frames import Frames, asked, sequence_samples
from rsvlm.data.kinds.sequences import PlaceSequences
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.readers import fmow
from rsvlm.records.readers.fmow import View
from rsvlm.records.unfit import Unfit


def build(settings: PlaceSequences, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    raw = work.source(settings.source)
    files = list(raw.find(settings.annotations))
    root = raw.path(files[0]).parents[len(files[0].split("/")) - 1]
    classes = settings.classes or tuple(wording("fmow-classes")["classes"])
    for sequence in fmow.sequences(raw.path(file) for file in files):
        name = safe_id(settings.prefix, sequence.place)
        if not work.in_split(name, settings.shares.as_mapping(), settings.shares.scenes) or not work.wanted(name, settings.source):
            continue
        for fault in sequence.faults:
            work.drop(sequence.place, settings.source, Unfit("annotation cannot be read", str(fault)[:300]), kind="object")
        work.rejected.keep(len(sequence.views), kind="object")
        try:
            label = _label(sequence, classes)
            order = picked(len(sequence.views), settings.most_images, work.generator("frames", name))
            views = [sequence.views[position] for position in order]
            pictures = tuple((view.file.parent / view.annotation.picture).relative_to(root).as_posix() for view in views)
            frames = Frames(
                name, name, settings.source, pictures, tuple(view.time.date().isoformat() for view in views),
                _sensor(views, settings), _resolution(views, settings), settings.platform, settings.dataset,
                views[-1].file.relative_to(root).as_posix(),
            )  # fmt: skip
            options = ", ".join(class_words(each) for each in classes)
            question = asked(
                "temporal_scene_classification", wording("sequences")["place"]["class"].format(options=options), class_words(label)
            )
            yield from sequence_samples(work, frames, [question], builder=settings.kind)
        except Unfit as unfit:
            work.drop(name, settings.source, unfit)


def _label(sequence: fmow.Sequence, classes: tuple[str, ...]) -> str:
    """Return the one class of all views.

    Raises:
        Unfit: there is none, several, or one that the recipe does not know.
    """
    found = {entry.label for view in sequence.views for entry in view.annotation.objects if entry.fault is None}
    if len(found) != 1:
        raise Unfit("sequence has not one class", f"{sequence.place}: {', '.join(sorted(found)) or 'none'}"[:200])
    label = found.pop()
    if label not in classes:
        raise Unfit("class is none of the recipe's", f"{sequence.place}: {label[:60]}")
    return label


def _sensor(views: list[View], settings: PlaceSequences) -> str | None:
    found = {settings.sensors.get(view.sensor.upper()) for view in views}
    return found.pop() if len(found) == 1 else None


def _resolution(views: list[View], settings: PlaceSequences) -> Literal["high", "low"] | None:
    steps = [view.annotation.gsd for view in views]
    known = [step for step in steps if step is not None]
    if len(known) < len(steps):
        return None
    if max(known) < settings.high_below:
        return "high"
    return "low" if min(known) >= settings.low_from else None
