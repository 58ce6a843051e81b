"""Examples from an evaluation's `gallery.json`: right and wrong answers, boxes drawn on images, made scenes beside real ones."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.errors import DataError
from rsvlm.reports.pictures import Album
from rsvlm.reports.text import visible

_SAFE_NAME = re.compile(r"^images/[A-Za-z0-9][A-Za-z0-9._-]*$")
_MOST_ITEMS = 36
_WIDE = ("confusion", "curves")


@dataclass(frozen=True)
class Outline:
    """A polygon on an image: `points` is an SVG points list in a 0..1000 square, `kind` is truth or answer."""

    points: str
    kind: str


@dataclass(frozen=True)
class Example:
    """One example: data addresses of its image and, for comparison, of the one beside it; text; whether it is right."""

    image: str | None
    beside: str | None
    text: str
    right: bool | None
    outlines: tuple[Outline, ...]


@dataclass(frozen=True)
class Exhibit:
    """A titled row of examples of one kind; `hidden` more are in the evidence folder."""

    title: str
    kind: str
    examples: tuple[Example, ...]
    hidden: int


def read_gallery(evidence: Path, album: Album) -> list[Exhibit]:
    """Read `gallery.json` of an evidence folder and its images.

    Raises:
        DataError: an entry names an image outside `images/`, or one that is missing.
    """
    path = evidence / "gallery.json"
    if not path.is_file():
        return []
    return [_exhibit(evidence, entry, album) for entry in json.loads(path.read_bytes())]


def _exhibit(evidence: Path, entry: Mapping[str, Any], album: Album) -> Exhibit:
    items, kind = entry["items"], str(entry["kind"])
    side = 900 if kind in _WIDE else 360 if kind == "chat" else 224
    examples = tuple(_example(evidence, item, album, side) for item in items[:_MOST_ITEMS])
    return Exhibit(visible(str(entry["title"])), kind, examples, max(0, len(items) - _MOST_ITEMS))


def _example(evidence: Path, item: Mapping[str, Any], album: Album, side: int) -> Example:
    outlines = tuple(outline for polygon in item.get("polygons") or () if (outline := _outline(polygon)) is not None)
    right = item.get("right")
    return Example(
        image=_image(evidence, item.get("image"), album, side),
        beside=_image(evidence, item.get("beside"), album, side),
        text=visible(str(item.get("text") or "")),
        right=right if isinstance(right, bool) else None,
        outlines=outlines,
    )


def _image(evidence: Path, name: Any, album: Album, side: int) -> str | None:
    if not name:
        return None
    if not _SAFE_NAME.match(str(name)):
        raise DataError(f"{evidence / 'gallery.json'}: image name {str(name)[:80]!r}; allowed: images/<letters, digits, . _ ->")
    path = evidence / str(name)
    if not path.is_file():
        raise DataError(f"{path}: named in gallery.json but missing; evaluate again")
    return album.add(path.read_bytes(), str(name), side)


def _outline(polygon: Mapping[str, Any]) -> Outline | None:
    """Return an SVG outline for points in 0..1; None for one that is not drawable (fewer than two points, not numbers)."""
    try:
        points = [(float(x), float(y)) for x, y in polygon["points"]]
    except (TypeError, ValueError, KeyError):
        return None
    if len(points) < 2 or not all(-1 <= value <= 2 for point in points for value in point):
        return None
    listed = " ".join(f"{x * 1000:.0f},{y * 1000:.0f}" for x, y in points)
    return Outline(listed, "truth" if polygon.get("kind") == "truth" else "answer")
