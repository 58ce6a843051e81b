"""Conversations about urban development over two or five dates, from QFabric's regions."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import numpy as np

from rsvlm.data.frames import Asked, Frames, asked, box_text, sequence_samples
from rsvlm.data.kinds.sequences import DevelopmentSequences
from rsvlm.data.wording import wording
from rsvlm.data.work import Work
from rsvlm.imagery.pictures import ImageError, inspect
from rsvlm.records.geometry import checked_object
from rsvlm.records.models import LabelledObject, Sample, safe_id
from rsvlm.records.readers import qfabric
from rsvlm.records.readers.outlines import box_around
from rsvlm.records.unfit import Unfit

_DONE = ("construction done", "operational")
_DATES = 5


def build(settings: DevelopmentSequences, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    raw = work.source(settings.source)
    for file in raw.find(settings.annotations):
        scene = safe_id(settings.prefix, PurePosixPath(file).stem)
        if not work.in_split(scene, settings.shares.as_mapping(), settings.shares.scenes) or not work.wanted(scene, settings.source):
            continue
        try:
            regions = list(_regions(settings, work, file))
            if not regions:
                raise Unfit("region has no dated status", f"{file}: no region with {_DATES} dates and statuses of the recipe")
            days = [day for day, _ in regions[0].moments]
            if settings.images == 2:
                days = [days[0], days[-1]]
            pictures = tuple(settings.pictures.format(stem=PurePosixPath(file).stem, date=day) for day in days)
            frames = Frames(
                scene, scene, settings.source, pictures, tuple(days),
                settings.sensor, settings.resolution, settings.platform, settings.dataset, file,
            )  # fmt: skip
            width, height = _size(work, settings, pictures[-1])
            questions, objects = list[Asked](), list[LabelledObject]()
            generator = work.generator("development", scene)
            for position in generator.permutation(len(regions))[: settings.regions].tolist():
                labelled = checked_object(regions[position].change, box_around(regions[position].outline), width, height)
                objects.append(labelled)
                questions += _questions(regions[position], labelled, days, (width, height), settings, generator)
            yield from sequence_samples(work, frames, questions, builder=settings.kind, objects=objects)
        except Unfit as unfit:
            work.drop(file, settings.source, unfit)


def _size(work: Work, settings: DevelopmentSequences, picture: str) -> tuple[int, int]:
    try:
        found = inspect(work.source(settings.source).path(picture).read_bytes(), picture)
    except ImageError as error:
        raise Unfit(f"picture: {error.reason}", str(error)) from None
    return found.width, found.height


def _regions(settings: DevelopmentSequences, work: Work, file: str) -> Iterator[qfabric.ChangeRegion]:
    """Yield the regions with all dates whose words the recipe knows; those of one place have the same dates."""
    days: list[str] = []
    for region in qfabric.read(work.source(settings.source).path(file)):
        try:
            if isinstance(region, Unfit):
                raise region
            if plain(region.change) not in settings.changes or any(plain(status) not in settings.statuses for _, status in region.moments):
                raise Unfit("word is none of the recipe's", f"{region.where}: {region.change}, {[status for _, status in region.moments]}")
            own = [day for day, _ in region.moments]
            days = days or own
            if len(set(own)) != _DATES or own != days:
                raise Unfit("region has not the dates of its place", f"{region.where}: {own}, not {days}"[:200])
        except Unfit as unfit:
            work.drop(file, settings.source, unfit, kind="object")
            continue
        work.rejected.keep(kind="object")
        yield region


def plain(words: str) -> str:
    """Return a type or status with spaces: `mega-projects` is `mega projects`."""
    return words.replace("-", " ")


def _questions(
    region: qfabric.ChangeRegion,
    labelled: LabelledObject,
    days: Sequence[str],
    size: tuple[int, int],
    settings: DevelopmentSequences,
    generator: np.random.Generator,
) -> Iterator[Asked]:
    words, one_word = wording("sequences")["development"], wording("sequences")["one_word"]
    box = box_text(labelled.polygon, *size)
    told = dict(region.moments)
    statuses = [plain(told[day]) for day in days]
    types = ", ".join(each.capitalize() for each in settings.changes)
    question = words["type"].format(box=box, options=types)
    # The scorers of types and of statuses paint the region, so the record says where it is.
    yield asked("region_based_question_answering", question, plain(region.change).capitalize(), [labelled])
    number = int(generator.integers(len(days))) + 1
    options = ", ".join(each.capitalize() for each in settings.statuses)
    question = words["status"].format(box=box, number=number, options=options)
    yield asked("region_based_temporal_question_answering", question, statuses[number - 1].capitalize(), [labelled])
    done = [status in _DONE for status in statuses]
    if True in done and not done[0] and done == sorted(done):
        yield asked("temporal_referring_expression", words["when"].format(box=box), f"Image {done.index(True) + 1}")
        number = int(generator.integers(len(days))) + 1
        question = words["done"].format(box=box, number=number) + one_word
        yield asked("region_based_temporal_question_answering", question, "Yes" if done[number - 1] else "No")
