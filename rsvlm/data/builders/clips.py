"""Clips: consecutive windows of annotated pictures with captions by rule, and videos taken apart into pictures with given captions.

The first frame of a clip is the record with the conversations and the list of all frames; the others say whose frames they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from rsvlm.captioning.build import native_captions, native_split
from rsvlm.captioning.grammar import counted, indefinite, listed, plural
from rsvlm.captioning.numerals import ordinal_words
from rsvlm.captioning.scenes import DEFAULT_VISIBLE, Chip, Place, places, whole
from rsvlm.captioning.settings import NativeBuilder
from rsvlm.conversations.formats.sequences import video_frames
from rsvlm.conversations.talk import Talk
from rsvlm.data.certain import Certain, certain, labels_by_picture
from rsvlm.data.kinds.clips import FrameClips, PanClips
from rsvlm.data.kinds.picture_tasks import Listing
from rsvlm.data.listed import listed as listed_pictures
from rsvlm.data.mixing import dialogues
from rsvlm.data.pools import asked
from rsvlm.data.samples import chip_sample, file_sample, origin_of
from rsvlm.data.work import Work
from rsvlm.errors import DataError
from rsvlm.records.chips import Window, encode_jpeg, objects_in, windows
from rsvlm.records.models import LabelledObject, Sample, safe_id
from rsvlm.records.unfit import Unfit

_WAYS = {(1, 0): "to the right", (-1, 0): "to the left", (0, 1): "down", (0, -1): "up"}


@dataclass(frozen=True)
class Pan:
    """A move over a picture: the windows in order of time, and the window around all of them."""

    way: str
    around: Window
    frames: tuple[Window, ...]


def pans(width: int, height: int, settings: PanClips, generator: np.random.Generator) -> list[Pan]:
    """Return moves over a picture in a drawn order, across and down, each forwards or backwards.

    Args:
        width: of the picture, pixels.
        height: of the picture, pixels.
        settings: of the builder.
        generator: draws.
    """
    rule = settings.pan
    length = rule.side + (rule.frames - 1) * rule.step
    found = []
    for across in (True, False):
        size = (length, rule.side) if across else (rule.side, length)
        if width < size[0] or height < size[1]:
            continue
        for place in windows(width - size[0] + 1, height - size[1] + 1, 1, rule.side):
            x, y = place.x, place.y
            steps = [(x + across * rule.step * number, y + (not across) * rule.step * number) for number in range(rule.frames)]
            back = bool(generator.integers(2))
            way = _WAYS[(-1 if back else 1, 0) if across else (0, -1 if back else 1)]
            frames = tuple(Window(u, v, rule.side, rule.side) for u, v in (reversed(steps) if back else steps))
            found.append(Pan(way, Window(x, y, *size), frames))
    return [found[place] for place in generator.permutation(len(found)).tolist()]


def _chip(settings: PanClips, place: Place, picture: Image.Image, objects: Sequence[LabelledObject], window: Window, name: str) -> Chip:
    inside, cut = objects_in(objects, window, settings.chips.visible_share if settings.chips else DEFAULT_VISIBLE)
    part = picture.crop((window.x, window.y, window.x + window.width, window.y + window.height))
    gsd = place.content.gsd if place.content else None
    return Chip(name, place.scene, place.picture, b"", "jpg", part, window, inside, gsd, None, cut, place.annotation)


def shown(seen: Certain, most_counted: int) -> list[str]:
    """Return what a window shows: classes with their numbers where these are certain and not large, otherwise without."""
    found = []
    for noun, objects in seen.clear.items():
        if noun in seen.complete and len(objects) <= most_counted:
            found.append(counted(noun, len(objects)))
        else:
            found.append(plural(noun) if len(objects) > 1 else indefinite(noun))
    return found


def _frame_questions(
    settings: PanClips, frames: Sequence[Certain], elsewhere: frozenset[str], generator: np.random.Generator
) -> Iterator[Talk]:
    """Yield questions for what one frame shows: no where nothing of a known class shows at all, yes for a whole object, in turns.

    A class that another frame, or the picture elsewhere, shows is asked for before any other.
    """
    nouns = {noun for frame in frames for noun in frame.clear}
    known = set(settings.known.nouns)
    missing = [(number, noun, "no") for number, frame in enumerate(frames, 1) for noun in sorted(known - set(frame.clear) - frame.doubtful)]
    near = [one for one in missing if one[1] in nouns | elsewhere]
    there = [(number, noun, "yes") for number, frame in enumerate(frames, 1) for noun in sorted(frame.clear)]
    answers = (near or missing, there)
    for turn in range(settings.pan.questions):
        pool = answers[turn % 2] or answers[(turn + 1) % 2]
        if pool:
            number, noun, answer = pool.pop(int(generator.integers(len(pool))))
            words = {"nth": ordinal_words(number), "one": indefinite(noun)}
            yield Talk("presence", asked(settings.style, "clip_presence", generator, **words), answer, answer)


def build_pans(settings: PanClips, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split: the frames of every clip, the first one with its conversations."""
    labels = labels_by_picture(settings, work)
    for place in places(settings, work.source(settings.source)):
        if not work.in_split(place.scene, settings.shares.as_mapping(), dict(settings.shares.scenes)):
            continue
        try:
            picture, objects = whole(settings, work.source(settings.source), place, work.rejected)
        except Unfit as unfit:
            work.drop(place.picture, settings.source, unfit)
            continue
        made = 0
        for pan in pans(*picture.size, settings, work.generator("pans", settings.prefix, place.picture)):
            name = safe_id(settings.prefix, PurePosixPath(place.picture).stem, f"{pan.frames[0].x}_{pan.frames[0].y}", pan.way)
            around = _chip(settings, place, picture, objects, pan.around, name)
            seen = certain(around, settings.known, labels)
            if not seen.clear:
                continue
            if made == settings.pan.most:
                break
            made += 1
            if work.wanted(name, settings.source):
                yield from _pan_samples(settings, work, place, picture, objects, pan, seen, name, labels)


def _pan_samples(
    settings: PanClips,
    work: Work,
    place: Place,
    picture: Image.Image,
    objects: Sequence[LabelledObject],
    pan: Pan,
    seen: Certain,
    name: str,
    labels: Mapping[str, frozenset[str]],
) -> Iterator[Sample]:
    generator = work.generator("pan clips", name)
    names = [name, *(f"{name}-{number}" for number in range(2, len(pan.frames) + 1))]
    chips = [_chip(settings, place, picture, objects, window, one) for window, one in zip(pan.frames, names, strict=True)]
    frames = [certain(chip, settings.known, labels) for chip in chips]
    caption = f"The view moves {pan.way} over {listed(shown(seen, settings.pan.most_counted))}."
    talks = [
        Talk("caption", asked(settings.style, "clip_caption", generator), caption, caption),
        Talk("question", asked(settings.style, "clip_motion", generator), pan.way, pan.way),
        *_frame_questions(settings, frames, labels.get(place.picture, frozenset()), generator),
    ]
    conversations = dialogues(name, talks, settings.mix, work)
    for number, chip in enumerate(chips):
        encoded = replace(chip, image=encode_jpeg(chip.picture, settings.pan.quality))
        more: dict[str, Any] = {"part_of": name}
        if number == 0:
            around = pan.around
            facts = {"around": [around.x, around.y, around.width, around.height], "windows": [[one.x, one.y] for one in pan.frames]}
            more = {"captions": [caption], "conversations": conversations, "frames": names, "facts": facts}
        yield chip_sample(work, settings.source, encoded, method="template", builder=settings.kind, **more)


def build_frames(settings: FrameClips, work: Work) -> Iterator[Sample]:
    """Yield the samples of one split."""
    raw = work.source(settings.source)
    cleaning = NativeBuilder(kind="native", source=settings.source, prefix=settings.prefix, capitalise=True)
    for video in listed_pictures(Listing(layout=settings.layout, file=settings.file), raw):
        where = video.detail if isinstance(video, Unfit) else f"{settings.file} {video.where}"
        try:
            if isinstance(video, Unfit):
                raise video
            stem = PurePosixPath(video.name).stem
            name = safe_id(settings.prefix, stem)
            if native_split(video.split, name, settings.validation_share, work.seed) != work.split or not work.wanted(
                name, settings.source
            ):
                continue
            texts = native_captions(video.captions, cleaning, work.longest)
            files = _pictures(settings, work, stem)
            yield from _video_samples(settings, work, name, files, texts, video.label)
        except Unfit as unfit:
            work.drop(where, settings.source, unfit)


def _pictures(settings: FrameClips, work: Work, stem: str) -> list[str]:
    try:
        files = list(work.source(settings.source).find(settings.pictures.replace("{name}", stem)))
    except DataError:
        raise Unfit("video has no pictures", stem[:100]) from None
    if len(files) < 2:
        raise Unfit("video has no pictures", f"{stem[:100]}: {len(files)} of them")
    return [files[place] for place in video_frames(len(files), settings.frames)]


def _video_samples(
    settings: FrameClips, work: Work, name: str, files: Sequence[str], texts: Sequence[str], label: str | None
) -> Iterator[Sample]:
    generator = work.generator("frame clips", name)
    different = list(dict.fromkeys(texts))
    count = settings.captions if work.split == "train" else 1
    drawn = [different[place] for place in generator.permutation(len(different))[:count].tolist()]
    talks = [Talk("caption", asked(settings.style, "clip_caption", generator), text, text) for text in drawn]
    names = [name, *(f"{name}-{number}" for number in range(2, len(files) + 1))]
    for number, (file, one) in enumerate(zip(files, names, strict=True)):
        more: dict[str, Any] = {"part_of": name}
        if number == 0:
            more = {"captions": texts, "talks": talks, "frames": names, "label": label, "origin": origin_of(file, settings.file)}
        yield file_sample(work, settings.source, file, one, scene=name, method="template", builder=settings.kind, **more)
