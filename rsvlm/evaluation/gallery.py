"""Samples to look at: entries of `gallery.json` and their small images."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rsvlm.files import readable_json, write_atomic
from rsvlm.seeds import numpy_generator

SIDE = 224
_QUALITY = 85


@dataclass(frozen=True)
class Outline:
    """A polygon in 0..1 of the image, `truth` or `answer`."""

    points: Sequence[Sequence[float]]
    kind: str


@dataclass(frozen=True)
class Item:
    """One example: an image, what is said about it, whether that is right, outlines, an image beside."""

    image: Image.Image
    text: str
    right: bool | None = None
    outlines: tuple[Outline, ...] = ()
    beside: Image.Image | None = None


@dataclass(frozen=True)
class Exhibit:
    """A titled set of examples; kind is pairs, chat, grid, confusion or curves."""

    title: str
    kind: str
    items: tuple[Item, ...] = field(default_factory=tuple)


def write_gallery(exhibits: Iterable[Exhibit], folder: Path) -> None:
    """Write `gallery.json` and `images/` into a folder; equal images are stored once."""
    entries = []
    for exhibit in exhibits:
        items = [_entry(item, folder, SIDE if exhibit.kind != "confusion" else None) for item in exhibit.items]
        entries.append({"title": exhibit.title, "kind": exhibit.kind, "items": items})
    write_atomic(folder / "gallery.json", readable_json(entries))


def _entry(item: Item, folder: Path, side: int | None) -> dict[str, Any]:
    polygons = [
        {"points": [[round(float(x), 4), round(float(y), 4)] for x, y in outline.points], "kind": outline.kind} for outline in item.outlines
    ]
    beside = _store(item.beside, folder, side) if item.beside is not None else None
    return {"image": _store(item.image, folder, side), "text": item.text, "right": item.right, "polygons": polygons, "beside": beside}


def _store(picture: Image.Image, folder: Path, side: int | None) -> str:
    """Write a picture as JPEG, not larger than `side`, and return its name in the folder."""
    small = picture.convert("RGB")
    if side is not None and max(small.size) > side:
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=_QUALITY)
    name = f"images/{hashlib.sha256(stream.getvalue()).hexdigest()[:16]}.jpg"
    write_atomic(folder / name, stream.getvalue())
    return name


def some_of(right: np.ndarray, count: int, seed: int, purpose: str) -> list[int]:
    """Return indices of `count` seeded examples: half of them right, half wrong, as far as there are such."""
    order = numpy_generator(seed, "gallery", purpose).permutation(len(right)).tolist()
    hits = [index for index in order if right[index]]
    misses = [index for index in order if not right[index]]
    few = min(len(misses), count - min(len(hits), count // 2))
    return sorted(hits[: count - few]) + sorted(misses[:few])


def confusion_picture(counts: np.ndarray, cell: int = 14) -> Image.Image:
    """Return a picture of a confusion matrix: rows true, columns answered, darker is more (of the row)."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pixels = (255 * (1 - np.sqrt(shares))).astype(np.uint8)
    return Image.fromarray(np.kron(pixels, np.ones((cell, cell), dtype=np.uint8)), "L").convert("RGB")
