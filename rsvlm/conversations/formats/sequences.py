"""Image sequences in text: TEOChat's numbered images in order of time, and SkyEyeGPT's video frames.

TEOChat's records hold `<video>`, which becomes `Image 1: <image>Image 2: <image>...`, and `times:`, which becomes
`times in chronological order:`. How resolution, sensor and place are worded in the opening is partly chosen here, as
is the choice of video frames.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Literal, TypeVar

import numpy as np

from rsvlm.captioning.numerals import ordinal_words
from rsvlm.records.unfit import Unfit

VIDEO = "<video>"
IMAGE = "<image>"
FRAME = "<Img><ImageHere></Img>"
_TIMES, _ORDERED_TIMES = "times:", "times in chronological order:"
_NUMBERED = re.compile(rf"Image (\d{{1,4}}): {IMAGE}")
_RUN = re.compile(rf"(?:Image \d{{1,4}}: {IMAGE})+|(?:{IMAGE})+")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_NAMED = 20
_REFERENCE = re.compile(
    rf"\bimage (\d{{1,4}})\b|(?<!-)\b({'|'.join(ordinal_words(number) for number in range(1, _NAMED + 1))}) image\b", re.I
)
Frame = TypeVar("Frame")


def opening(count: int, *, resolution: Literal["high", "low"] | None = None, sensor: str | None = None) -> str:
    """Return the words before a sequence, with `<video>`.

    Args:
        count: of images.
        resolution: high or low, if it is said.
        sensor: its name, if it is said.

    Raises:
        ValueError: no images.
    """
    if count < 1:
        raise ValueError(f"a sequence of {count} images")
    kind = f"{resolution}-resolution, optical " if resolution else ""
    source = f" from {sensor}" if sensor else ""
    if count == 1:
        return f"This is a {kind}satellite image{source}: {VIDEO}\n"
    start = f"These are two {kind}satellite images" if count == 2 else f"This is a sequence of {kind}satellite images"
    return f"{start}{source} capturing the same location at different {_TIMES} {VIDEO}\n"


def expanded(prompt: str, count: int) -> str:
    """Return a prompt as the model sees it: its images numbered, their order of time said.

    Raises:
        Unfit: the prompt has not exactly one `<video>`, or there are no images.
    """
    if prompt.count(VIDEO) != 1 or count < 1:
        raise Unfit("prompt and images do not match", f"{prompt.count(VIDEO)} of {VIDEO} for {count} images")
    images = "".join(f"Image {number}: {IMAGE}" for number in range(1, count + 1))
    return prompt.replace(_TIMES, _ORDERED_TIMES).replace(VIDEO, images)


def collapsed(prompt: str) -> tuple[str, int]:
    """Return what `expanded` was given: the prompt with `<video>`, and the number of images; 0 where it has no such images."""
    runs = _RUN.findall(prompt)
    if len(runs) != 1 or not _in_sequence(runs[0]):
        return prompt, 0
    return prompt.replace(runs[0], VIDEO).replace(_ORDERED_TIMES, _TIMES), runs[0].count(IMAGE)


def _in_sequence(run: str) -> bool:
    numbers = [int(number) for number in _NUMBERED.findall(run)]
    return numbers in ([], list(range(1, run.count(IMAGE) + 1)))


def day(text: str) -> date:
    """Return the day of a time stamp.

    Raises:
        Unfit: it is not YYYY-MM-DD, or no day of the calendar.
    """
    match = _DATE.fullmatch(text)
    try:
        if match:
            return date(*(int(part) for part in match.groups()))
    except ValueError:  # 30 February
        pass
    raise Unfit("time stamp is not a day", f"{text[:40]!r}; allowed: YYYY-MM-DD")


def in_order(frames: Sequence[Frame], stamps: Sequence[str]) -> list[Frame]:
    """Return frames in the order of their time stamps (YYYY-MM-DD); frames of one day stay as they are.

    Raises:
        Unfit: a stamp is no day, or their number differs from that of the frames.
    """
    if len(frames) != len(stamps):
        raise Unfit("time stamps and images differ in number", f"{len(stamps)} for {len(frames)}")
    days = [day(stamp) for stamp in stamps]
    return [frames[position] for position in sorted(range(len(frames)), key=days.__getitem__)]


def picked(count: int, limit: int, generator: np.random.Generator) -> list[int]:
    """Return positions of at most `limit` of `count` frames, drawn at random without repetition, in order."""
    if count <= limit:
        return list(range(count))
    return sorted(generator.choice(count, size=limit, replace=False).tolist())


def video_frames(count: int, wanted: int) -> list[int]:
    """Return positions of frames of a video: the middle one of each of `wanted` equal parts, all if there are no more."""
    if count <= wanted:
        return list(range(count))
    return [(2 * part + 1) * count // (2 * wanted) for part in range(wanted)]


def frame_tokens(count: int) -> str:
    """Return the place holders of video frames for SkyEyeGPT, which takes them as single images."""
    return FRAME * count


def image_named(number: int) -> str:
    """Return the words for an image of a sequence, numbered from 1: `the second image`."""
    return f"the {ordinal_words(number)} image"


def images_meant(text: str, count: int) -> list[int]:
    """Return the numbers of the images that a text speaks of (`image 2`, `the second image`), as far as the sequence has them."""
    names = {ordinal_words(number): number for number in range(1, _NAMED + 1)}
    found = [int(match[1]) if match[1] else names[match[2].lower()] for match in _REFERENCE.finditer(text)]
    return [number for number in found if 1 <= number <= count]
