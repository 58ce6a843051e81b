"""Conversations about two images of a place and a mask of what changed between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

import numpy as np

from rsvlm.captioning import m2b
from rsvlm.captioning.grammar import plural
from rsvlm.data.frames import Asked, Frames, asked, box_text, box_texts, cell, place_words, sequence_samples
from rsvlm.data.kinds.sequences import ChangeSequences
from rsvlm.data.wording import drawn, wording
from rsvlm.data.work import Work
from rsvlm.records.geometry import rectangle
from rsvlm.records.models import LabelledObject, Sample, safe_id
from rsvlm.records.pictures import load, load_mask
from rsvlm.records.raw import RawSource
from rsvlm.records.readers.s2looking import ChangePair, pairs_in
from rsvlm.records.splits import scene_named
from rsvlm.records.unfit import Unfit

_CHANGED = 255
_TRIES = 20


def build(settings: ChangeSequences, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    for pair in pairs_in(work.source(settings.source)):
        if isinstance(pair, Unfit):
            work.drop(pair.detail.partition(":")[0], settings.source, pair)
            continue
        if not fnmatchcase(pair.name, settings.pairs):
            continue
        try:
            frames = _frames(settings, pair)
            mine = (
                pair.split == work.split
                if pair.split
                else work.in_split(frames.scene, settings.shares.as_mapping(), settings.shares.scenes)
            )
            if not mine or not work.wanted(frames.name, settings.source):
                continue
            masks = _masks(work.source(settings.source), pair)
            objects = _objects(masks.label, settings)
            questions = list(_questions(masks, objects, settings, work.generator("change", frames.name)))
            yield from sequence_samples(work, frames, questions, builder=settings.kind, objects=objects)
        except Unfit as unfit:
            work.drop(pair.name, settings.source, unfit)


def _frames(settings: ChangeSequences, pair: ChangePair) -> Frames:
    scene = scene_named(settings.scene, pair.before, settings.prefix, settings.source)
    name = safe_id(settings.prefix, *PurePosixPath(pair.name).parts)
    return Frames(
        name, scene, settings.source, (pair.before, pair.after), (),
        settings.sensor, settings.resolution, settings.platform, settings.dataset, pair.label,
    )  # fmt: skip


@dataclass(frozen=True)
class Masks:
    """Boolean masks (height, width) of all that changed, and of what was built and demolished where the source tells them apart."""

    label: np.ndarray
    built: np.ndarray | None
    demolished: np.ndarray | None


def _masks(raw: RawSource, pair: ChangePair) -> Masks:
    label, built, demolished = (
        load_mask(raw.path(file)) == _CHANGED if file else None for file in (pair.label, pair.built, pair.demolished)
    )
    assert label is not None
    size = label.shape
    if any(mask is not None and mask.shape != size for mask in (built, demolished)):
        raise Unfit("mask has another size than its picture", f"{pair.name}: the masks differ in size")
    for file in (pair.before, pair.after):
        picture = load(raw.path(file), (2.0, 98.0))
        if (picture.height, picture.width) != size:
            raise Unfit("mask has another size than its picture", f"{size[1]} x {size[0]}, {file} has {picture.size}")
    return Masks(label, built, demolished)


def _objects(mask: np.ndarray, settings: ChangeSequences) -> list[LabelledObject]:
    return m2b.as_objects(mask.astype(np.uint8), {1: f"changed {settings.noun}"}, settings.m2b)


def _all_listed(mask: np.ndarray, objects: Sequence[LabelledObject], settings: ChangeSequences) -> str | None:
    """Return the boxes of all regions of a mask, or None where they cannot be listed: too small, or too many."""
    height, width = mask.shape
    least = settings.m2b.model_copy(update={"minimum_area": 1})
    if len(objects) > settings.most_boxes or len(m2b.as_objects(mask.astype(np.uint8), {1: "any"}, least)) != len(objects):
        return None
    return box_texts(objects, width, height)


def _questions(
    masks: Masks, objects: Sequence[LabelledObject], settings: ChangeSequences, generator: np.random.Generator
) -> Iterator[Asked]:
    words, noun = wording("sequences")["change"], settings.noun
    one_word, fields = wording("sequences")["one_word"], {"noun": noun, "nouns": plural(noun), "form": wording("sequences")["form"]}
    height, width = masks.label.shape
    if not masks.label.any():
        yield asked("change_detection_detection", drawn(words["all"], generator).format(**fields), words["none"].format(**fields))
    elif boxes := _all_listed(masks.label, objects, settings):
        yield asked("change_detection_detection", drawn(words["all"], generator).format(**fields), boxes, objects)
    for key, mask in (("built", masks.built), ("demolished", masks.demolished)):
        if mask is not None and (boxes := _all_listed(mask, parts := _objects(mask, settings), settings)):
            yield asked("spatial_referring_expression", words[key].format(**fields), boxes, parts)
            box = box_text(parts[0].polygon, width, height)
            image = "The second image" if key == "built" else "The first image"
            yield asked("temporal_referring_expression", words["which"].format(box=box, **fields), image)
    if bool(objects) == bool(masks.label.any()):
        question = drawn(words["any"], generator).format(**fields)
        yield asked("question_answering", question + one_word, "Yes" if objects else "No")
    yield from _only(objects, width, height, settings)
    yield from _halves(masks.label, settings)
    yield from _regions(masks.label, objects, settings, generator)


def _only(objects: Sequence[LabelledObject], width: int, height: int, settings: ChangeSequences) -> Iterator[Asked]:
    """Ask for the one change in a cell of the grid, where no other is in it or near its lines."""
    cells = [cell(each.centre, width, height, settings.cell_margin) for each in objects]
    sequences = wording("sequences")
    if None in cells or len(objects) < 2:
        return
    for each, place in zip(objects, cells, strict=True):
        if place and cells.count(place) == 1 and (boxes := box_texts([each], width, height)):
            question = sequences["change"]["only"].format(nouns=plural(settings.noun), place=place_words(place), form=sequences["form"])
            yield asked("spatial_referring_expression", question, boxes, [each])
            return


def _halves(mask: np.ndarray, settings: ChangeSequences) -> Iterator[Asked]:
    rows, columns = np.nonzero(mask)
    if len(rows) < settings.m2b.minimum_area:
        return
    sequences = wording("sequences")
    for first, second, values, extent in (("top", "bottom", rows, mask.shape[0]), ("left", "right", columns, mask.shape[1])):
        share = float(np.mean(values + 0.5 < extent / 2))
        if max(share, 1 - share) >= settings.half:
            question = sequences["change"]["half"].format(nouns=plural(settings.noun), first=first, second=second) + sequences["one_word"]
            yield asked("question_answering", question, (first if share > 0.5 else second).capitalize())


def _regions(
    mask: np.ndarray, objects: Sequence[LabelledObject], settings: ChangeSequences, generator: np.random.Generator
) -> Iterator[Asked]:
    """Ask of drawn regions whether they changed: boxes of changes, and boxes of which nothing changed, nor beside them."""
    height, width = mask.shape
    sequences = wording("sequences")

    def question(box: str) -> str:
        words = drawn(sequences["change"]["region"], generator).format(box=box, nouns=plural(settings.noun))
        return f"{words}{sequences['one_word']}"

    for position in generator.permutation(len(objects))[: settings.regions].tolist():
        if boxes := box_texts([objects[position]], width, height):
            yield asked("region_based_question_answering", question(boxes), "Yes")
    found = 0
    for _ in range(_TRIES):
        left, top = (int(value) for value in generator.integers(1, 75, 2))
        across, down = (int(value) for value in generator.integers(10, 25, 2))
        x1, y1, x2, y2 = (
            (left - 1) * width // 100,
            (top - 1) * height // 100,
            -(-(left + across + 1) * width // 100),
            -(-(top + down + 1) * height // 100),
        )
        if found < settings.regions and not mask[y1:y2, x1:x2].any():
            found += 1
            corners = rectangle(left * width / 100, top * height / 100, (left + across) * width / 100, (top + down) * height / 100)
            yield asked("region_based_question_answering", question(box_text(corners, width, height)), "No")
