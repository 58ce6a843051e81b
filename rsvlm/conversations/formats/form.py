"""What a geometry format is, and the three things to do with one: write, read, convert."""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rsvlm.conversations.formats.shapes import Geometry, Shape
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class Format:
    """How one system writes the geometry of one phrase.

    Attributes:
        name: of the format.
        shape: what it can hold; anything else is reduced to that first (`shapes.held`).
        item: regular expression of one geometry.
        write: one geometry as text; raises `Unfit` if it cannot be written.
        read: one item's text, image width and height (pixels) to the geometry; raises `Unfit` if it means none.
        opening: before the first item of a phrase.
        separator: between items.
        closing: after the last.
    """

    name: str
    shape: Shape
    item: str
    write: Callable[[Geometry], str]
    read: Callable[[str, int, int], Geometry]
    opening: str = ""
    separator: str = ", "
    closing: str = ""


@functools.cache
def _patterns(form: Format) -> tuple[re.Pattern[str], re.Pattern[str]]:
    gap = r"\s{0,4}"
    between = f"{gap}{re.escape(form.separator.strip())}{gap}"
    opening = f"{re.escape(form.opening)}{gap}" if form.opening else ""
    closing = f"{gap}{re.escape(form.closing)}" if form.closing else ""
    return re.compile(f"{opening}(?:{form.item})(?:{between}(?:{form.item}))*{closing}"), re.compile(form.item)


def encode(form: Format, geometries: Sequence[Geometry]) -> str:
    """Return the text of a phrase's geometries.

    Raises:
        Unfit: one of them cannot be written: it leaves the image, or is too small to survive rounding.
        ValueError: there is none.
    """
    if not geometries:
        raise ValueError(f"no geometry to write as {form.name}")
    return f"{form.opening}{form.separator.join(form.write(geometry) for geometry in geometries)}{form.closing}"


def decode(form: Format, text: str, width: int, height: int) -> list[Geometry]:
    """Return all geometries in a text, in order; what is malformed is passed over.

    Args:
        form: how they are written.
        text: an answer, with whatever else is in it.
        width: of the image, pixels.
        height: of the image, pixels.
    """
    whole, item = _patterns(form)
    found = []
    for group in whole.finditer(text):
        for match in item.finditer(group[0]):
            try:
                found.append(form.read(match[0], width, height))
            except Unfit:  # a model wrote it, and it means no geometry
                continue
    return found


def convert(text: str, source: Format, target: Format, width: int, height: int) -> str:
    """Return a text with every geometry rewritten from one format to another; all other text stays as it is.

    Raises:
        Unfit: a geometry means nothing in the source format, or cannot be written in the target format.
    """
    whole, item = _patterns(source)

    def rewritten(group: re.Match[str]) -> str:
        return encode(target, [source.read(match[0], width, height) for match in item.finditer(group[0])])

    return whole.sub(rewritten, text)
