"""Chips: windows of a large annotated picture, each with the objects that are visible in it."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from rsvlm.records.geometry import checked_object, shifted
from rsvlm.records.models import LabelledObject
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels: upper left corner, width, height."""

    x: int
    y: int
    width: int
    height: int


def _starts(length: int, size: int, stride: int) -> list[int]:
    if length <= size:
        return [0]
    starts = list(range(0, length - size, stride))
    return [*starts, length - size]


def windows(width: int, height: int, size: int, stride: int) -> Iterator[Window]:
    """Yield windows that cover a picture, row by row; the last of each row and column ends at the picture's edge.

    Args:
        width: of the picture, pixels.
        height: of the picture, pixels.
        size: side of a window; a smaller picture gives one smaller window.
        stride: step between windows.
    """
    for y in _starts(height, size, stride):
        for x in _starts(width, size, stride):
            yield Window(x, y, min(size, width), min(size, height))


def objects_in(objects: Sequence[LabelledObject], window: Window, visible_share: float) -> tuple[list[LabelledObject], frozenset[str]]:
    """Return the objects visible in a window, in its coordinates, and the classes of objects of which too little is visible."""
    found, cut = [], set()
    for labelled in objects:
        x1, y1, x2, y2 = labelled.box
        if x2 <= window.x or y2 <= window.y or x1 >= window.x + window.width or y1 >= window.y + window.height:
            continue
        corners = shifted(labelled.polygon, window.x, window.y)
        try:
            found.append(
                checked_object(
                    labelled.label, corners, window.width, window.height, visible_share=visible_share, difficult=labelled.difficult
                )
            )
        except Unfit:  # too little of it shows here; a neighbouring window has it
            cut.add(labelled.label)
    return found, frozenset(cut)


def encode_jpeg(picture: Image.Image, quality: int) -> bytes:
    """Return a picture as JPEG without chroma subsampling (small objects keep their colour)."""
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality, subsampling=0, optimize=False)
    return stream.getvalue()
