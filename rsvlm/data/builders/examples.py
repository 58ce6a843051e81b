"""Conversations about sequences that come without answers: only what the files themselves say is asked."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from rsvlm.data.frames import Asked, Frames, asked, sequence_samples
from rsvlm.data.kinds.sequences import ExampleSequences
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.records.models import Sample, safe_id
from rsvlm.records.readers import temporal_examples
from rsvlm.records.readers.temporal_examples import TemporalExample
from rsvlm.records.unfit import Unfit


def build(settings: ExampleSequences, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    for example in temporal_examples.read(work.source(settings.source).path(settings.file)):
        if isinstance(example, Unfit):
            work.drop(settings.file, settings.source, example)
            continue
        if example.dataset not in settings.datasets:
            continue
        try:
            name = safe_id(settings.prefix, PurePosixPath(example.pictures[-1]).stem)
            if not work.in_split(name, settings.shares.as_mapping(), settings.shares.scenes) or not work.wanted(name, settings.source):
                continue
            if len(example.pictures) > settings.most_images:
                raise Unfit("sequence has too many images", f"{example.where}: {len(example.pictures)}, at most {settings.most_images}")
            frames = Frames(
                name, name, settings.source, example.pictures, (),
                settings.sensor, settings.resolution, settings.platform, example.dataset, settings.file,
            )  # fmt: skip
            yield from sequence_samples(work, frames, list(_questions(example, settings)), builder=settings.kind)
        except Unfit as unfit:
            work.drop(example.where, settings.source, unfit)


def _questions(example: TemporalExample, settings: ExampleSequences) -> Iterator[Asked]:
    words, count = wording("sequences")["example"], len(example.pictures)
    yield asked("question_answering", words["count"], str(count))
    yield asked("question_answering", words["dataset"], example.dataset)
    if count > 1:
        yield asked("temporal_referring_expression", words["last"], f"Image {count}")
    if settings.sensor:
        yield asked("question_answering", words["sensor"], settings.sensor)
    if settings.resolution:
        yield asked("question_answering", words["resolution"] + wording("sequences")["one_word"], settings.resolution.capitalize())
