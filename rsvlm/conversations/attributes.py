"""Attributes of annotated objects by rule: colour, size within the class, place in the image, and phrases made of them.

Colour is the centre of the largest K-means cluster of the pixels inside the box, named by hue, saturation and value;
size compares an object's area with percentiles of its class over the training scenes; place is the cell of a 3 x 3 grid
that holds the box centre. The names of colours and their borders are ours. Relations (`rsvlm.conversations.relations`)
need the whole picture and are given.
"""

import colorsys
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from rsvlm.captioning.grammar import plural
from rsvlm.conversations.relations import UNRELATED, Relation
from rsvlm.conversations.settings import AttributeSettings
from rsvlm.records.geometry import area
from rsvlm.records.models import LabelledObject

PLACES = (
    ("top left", "top", "top right"),
    ("left", "centre", "right"),
    ("bottom left", "bottom", "bottom right"),
)
_MOST_PIXELS = 400
_ROUNDS = 10
# Upper end of each hue range in degrees.
_HUES = (
    (20, "red"),
    (45, "orange"),
    (70, "yellow"),
    (165, "green"),
    (200, "cyan"),
    (260, "blue"),
    (310, "purple"),
    (345, "pink"),
    (361, "red"),
)


def place_of(labelled: LabelledObject, width: int, height: int) -> str:
    """Return the cell of the 3 x 3 grid that holds an object's box centre; a centre on a line belongs to the later cell."""
    x, y = labelled.centre
    column, row = min(int(3 * x / width), 2), min(int(3 * y / height), 2)
    return PLACES[row][column]


def largest_cluster(pixels: np.ndarray, clusters: int) -> tuple[np.ndarray, float]:
    """Return the centre of the largest K-means cluster of pixels (n, 3), shape (3,), and its share of the pixels.

    Lloyd's algorithm from the median pixel and then, one by one, the pixel farthest from all starts before it, so the same
    pixels always give the same centre.
    """
    points = pixels.astype(np.float64)
    starts = [int(((points - np.median(points, axis=0)) ** 2).sum(axis=1).argmin())]
    distance = np.full(len(points), np.inf)
    while len(starts) < clusters:
        distance = np.minimum(distance, ((points - points[starts[-1]]) ** 2).sum(axis=1))
        starts.append(int(distance.argmax()))
    centres = points[starts]
    nearest = np.full(len(points), -1)
    for _ in range(_ROUNDS):
        before, nearest = nearest, ((points[:, None, :] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        if np.array_equal(before, nearest):
            break
        members = nearest[:, None] == np.arange(clusters)
        counts = members.sum(axis=0)
        centres = np.where(counts[:, None] > 0, members.T.astype(np.float64) @ points / np.maximum(counts, 1)[:, None], centres)
    sizes = np.bincount(nearest, minlength=clusters)
    return centres[sizes.argmax()], float(sizes.max() / len(points))


def colour_name(red: float, green: float, blue: float) -> str:
    """Return the name of a colour given as 0..255: by value and saturation first, then by hue."""
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if value < 0.2:
        return "black"
    if saturation < 0.18:
        return "white" if value > 0.75 else "gray"
    degrees = 360 * hue
    name = next(name for limit, name in _HUES if degrees < limit)
    return "brown" if name in ("red", "orange", "yellow") and value < 0.6 and degrees < 50 else name


def colour_of(picture: Image.Image, labelled: LabelledObject, settings: AttributeSettings) -> str | None:
    """Return the colour name of an object, or None where it has few pixels or no colour prevails."""
    x1, y1, x2, y2 = labelled.box
    left, top = math.floor(x1), math.floor(y1)
    right, bottom = min(math.ceil(x2), picture.width), min(math.ceil(y2), picture.height)
    if right - left < 2 or bottom - top < 2:
        return None
    stencil = Image.new("1", (right - left, bottom - top))
    x0, y0 = labelled.centre
    core = [(x0 + (x - x0) * settings.core - left, y0 + (y - y0) * settings.core - top) for x, y in labelled.polygon]
    ImageDraw.Draw(stencil).polygon(core, fill=1)
    pixels = np.asarray(picture.crop((left, top, right, bottom)))[np.asarray(stencil)]
    if len(pixels) < 4 * settings.clusters:
        return None
    step = -(-len(pixels) // _MOST_PIXELS)
    centre, share = largest_cluster(pixels[::step], settings.clusters)
    return colour_name(*centre) if share >= settings.clear_share else None


@dataclass(frozen=True)
class SizeLimits:
    """Areas (pixels of the source picture) below `small` are small, above `large` are large."""

    small: float
    large: float

    def name(self, value: float) -> str | None:
        """Return `small`, `large`, or None between the two."""
        return "small" if value < self.small else "large" if value > self.large else None


def size_limits(areas: Mapping[str, Sequence[float]], settings: AttributeSettings) -> dict[str, SizeLimits]:
    """Return the limits of each class from the areas of its training objects; classes of fewer than five have none."""
    found = {}
    for label, values in sorted(areas.items()):
        if len(values) >= 5:
            small, large = np.percentile(np.asarray(values, dtype=np.float64), [settings.small, settings.large])
            found[label] = SizeLimits(round(float(small), 4), round(float(large), 4))
    return found


def _touches_border(labelled: LabelledObject, width: int, height: int) -> bool:
    x1, y1, x2, y2 = labelled.box
    return x1 <= 0 or y1 <= 0 or x2 >= width or y2 >= height


@dataclass(frozen=True)
class Described:
    """An object with its attributes; an attribute that the rules do not give is None."""

    labelled: LabelledObject
    place: str
    colour: str | None
    size: str | None
    relation: Relation = UNRELATED


def describe(
    picture: Image.Image,
    objects: Sequence[LabelledObject],
    limits: Mapping[str, SizeLimits],
    settings: AttributeSettings,
    relations: Sequence[Relation] = (),
) -> list[Described]:
    """Return the objects of a picture with their attributes; `relations` has one an object, or is empty."""
    found = []
    for labelled, relation in zip(objects, relations or [UNRELATED] * len(objects), strict=True):
        # What an image border cuts may be any size; its box has become upright and holds what lies beside it.
        bordering = _touches_border(labelled, picture.width, picture.height)
        sized = labelled.label in limits and not bordering
        size = limits[labelled.label].name(abs(area(labelled.polygon))) if sized else None
        coloured = settings.colours and not (settings.sure and bordering)
        colour = colour_of(picture, labelled, settings) if coloured else None
        found.append(Described(labelled, place_of(labelled, picture.width, picture.height), colour, size, relation))
    return found


@dataclass(frozen=True)
class Phrase:
    """A class with some attributes; it names every object that has them all."""

    label: str
    size: str | None = None
    colour: str | None = None
    place: str | None = None
    relation: str | None = None

    def fits(self, described: Described) -> bool:
        """Say whether an object is one of those that the phrase names."""
        wanted = (
            (self.size, described.size),
            (self.colour, described.colour),
            (self.place, described.place),
            (self.relation, described.relation.text),
        )
        return described.labelled.label == self.label and all(want is None or want == has for want, has in wanted)

    def text(self, *, many: bool = False) -> str:
        """Return the phrase in words: `large white ships at the top left anchored at the harbor`."""
        noun = " ".join(word for word in (self.size, self.colour, self.label) if word)
        where = "" if self.place is None else f" {'in' if self.place == 'centre' else 'at'} the {self.place}"
        related = "" if self.relation is None else f" {self.relation}"
        return f"{plural(noun) if many else noun}{where}{related}"
