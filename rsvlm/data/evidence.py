"""The annotations behind a record, read again from the raw source: what statements are held against.

The readers of annotation files are shared with the builders; cutting windows, clipping boxes and naming classes is done
here once more, with Shapely, so that a fault in a builder's geometry does not vouch for itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import shapely.affinity
from PIL import Image

from rsvlm.captioning.grammar import class_words
from rsvlm.errors import DataError
from rsvlm.imagery.rasters import info
from rsvlm.records.models import LabelledObject, safe_id
from rsvlm.records.pictures import RASTERS
from rsvlm.records.raw import RawSource
from rsvlm.records.readers import auair, boxes_csv, coco, dota, drone_tracks, hrsc, plain_boxes, voc
from rsvlm.records.readers.annotation import Annotation, RawObject
from rsvlm.records.text import class_name
from rsvlm.records.unfit import Unfit

_EDGE = 2.0
# Records come file by file, so a few files, and the objects of a few pictures, are all that is asked for again.
_FILES, _PICTURES, _SHAPES = 64, 64, 65_536
Area = tuple[float, float, float, float]
_FORMS = {".txt": "dota", ".xml": "voc", ".csv": "csv", ".json": "coco"}


@dataclass(frozen=True)
class Evidence:
    """The raw sources of a corpus, and what the recipe says about reading them.

    Attributes:
        raw: `data/raw/<item>`.
        settings: the builders' settings by kind and source, as JSON; a checker reads class names and limits from them.
    """

    raw: Path
    settings: Mapping[tuple[str, str], tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    _sources: dict[str, RawSource] = field(default_factory=dict, init=False, repr=False, compare=False)

    def source(self, name: str) -> RawSource:
        """Return a raw source by its name; its index is read once."""
        return self._sources.setdefault(name, RawSource(name, self.raw / name))

    def rules(self, record: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """Return the settings of the builders that can have made a record: those of its kind, source, annotation file and prefix."""
        annotation = (record.get("origin") or {}).get("annotation")
        found = self.settings.get((str(record.get("builder")), str(record["source"])), ())
        found = tuple(rule for rule in found if not annotation or fnmatchcase(annotation, rule.get("annotations", "*")))
        prefixes = [safe_id(rule["prefix"]) if rule.get("prefix") else "" for rule in found]
        longest = max((prefix for prefix in prefixes if str(record["id"]).startswith(f"{prefix}-")), key=len, default="")
        return tuple(rule for rule, prefix in zip(found, prefixes, strict=True) if not longest or prefix == longest)


def boxes_in_picture(record: Mapping[str, Any], evidence: Evidence) -> list[tuple[str, tuple[tuple[float, float], ...], bool]]:
    """Return (class in the file, corners in pixels of the whole picture, difficult) of a box annotation's readable objects.

    Raises:
        DataError: the record does not say which annotation file it was made from, or that file has no such picture.
    """
    return [(raw.label, tuple((float(x), float(y)) for x, y in raw.corners), raw.difficult) for raw in _listed(record, evidence, fit=True)]


def faulty_classes(record: Mapping[str, Any], evidence: Evidence) -> set[str]:
    """Return the classes in the file of objects without a readable place: nothing can be said of them but that they are there.

    Raises:
        DataError: the record does not say which annotation file it was made from.
    """
    return {raw.label for raw in _listed(record, evidence, fit=False)}


def _listed(record: Mapping[str, Any], evidence: Evidence, *, fit: bool) -> list[RawObject]:
    origin = record.get("origin") or {}
    if not origin.get("annotation"):
        raise DataError(f"{record['id']}: the record does not name its annotation file")
    path = evidence.source(str(record["source"])).path(origin["annotation"])
    rule = next(iter(evidence.rules(record)), {})
    form, columns = rule.get("format") or _FORMS.get(path.suffix.lower(), ""), tuple(rule.get("columns") or ())
    ignored = rule.get("ignored") or ()
    names = rule.get("names") or {}
    found = []
    for raw in _objects(path, origin["picture"], form, columns):
        readable = raw.fault is None and bool(np.isfinite(raw.corners).all())
        if readable == fit and raw.label not in ignored and is_class_name(names.get(raw.label, class_words(raw.label))):
            found.append(raw)
    return found


def is_class_name(words: str) -> bool:
    """Say whether a class may have these words for its name; what has others was set aside when the records were made."""
    try:
        return bool(class_name(words))
    except Unfit:
        return False


def boxes_in_window(record: Mapping[str, Any], evidence: Evidence) -> list[tuple[str, shapely.Polygon, bool]]:
    """Return (class in the file, polygon in pixels of the record's picture, difficult) of a box annotation's usable objects.

    An object counts when its corners are finite and go round a convex shape with an area, and when it lies in the window
    or, where it is cut, at least half of it does (or the share that the recipe states).

    Raises:
        DataError: the record does not say which annotation file it was made from, or that file has no such picture.
    """
    return in_window(record, evidence, boxes_in_picture(record, evidence))


def annotated_pictures(evidence: Evidence, rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (annotation file, picture file) of everything that a builder of boxes reads; pictures that are not there are left out.

    Args:
        evidence: the sources.
        rule: the builder's settings.
    """
    source = evidence.source(rule["source"])
    for annotation in source.find(rule["annotations"]):
        path = source.path(annotation)
        for content in _parsed(path, rule["format"], tuple(rule["columns"])):
            stem = path.stem.removesuffix(rule["suffix"])
            picture = rule["pictures"].format(stem=stem, name=content.picture or stem)
            if (source.folder / "files" / picture).is_file():
                yield annotation, picture


def in_window(
    record: Mapping[str, Any], evidence: Evidence, objects: Iterable[tuple[str, Sequence[tuple[float, float]], bool]]
) -> list[tuple[str, shapely.Polygon, bool]]:
    """Return the usable ones of objects (class, corners in pixels of the whole picture, difficult) in a record's window."""
    origin = record["origin"]
    share = next((rule["chips"]["visible_share"] for rule in evidence.rules(record) if rule.get("chips")), 0.5)
    x, y, width, height = origin["window"] or (0, 0, record["width"], record["height"])
    window = (x, y, x + width, y + height)
    size = size_of(evidence.source(str(record["source"])).path(origin["picture"]))
    found = []
    for label, corners, difficult in objects:
        whole = _usable(tuple(corners), size)
        kept = _inside(*whole, window, share) if whole is not None else None
        if kept is not None:
            found.append((label, shapely.affinity.translate(kept, -x, -y), difficult))
    return found


@lru_cache(_SHAPES)
def _usable(corners: tuple[tuple[float, float], ...], size: tuple[int, int]) -> tuple[shapely.Polygon, Area] | None:
    """Return what stands for an object in its whole picture, with its bounds; nothing where it has no sound shape."""
    polygon = shapely.Polygon(corners)
    if not polygon.is_valid or polygon.area <= 0 or polygon.convex_hull.area > polygon.area * (1 + 1e-9):
        return None
    kept = _inside(polygon, polygon.bounds, (0, 0, *size), 0.5)
    return None if kept is None else (kept, kept.bounds)


def _inside(polygon: shapely.Polygon, bounds: Area, area: Area, share: float) -> shapely.Polygon | None:
    """Return what stands for an object in an area (left, top, right, bottom).

    Itself where it lies inside, the box around its visible part where it is cut, nothing where less than `share` of it is
    visible (a hair's breadth of rounding counts as enough).
    """
    x1, y1, x2, y2 = bounds
    left, top, right, bottom = area
    if x1 >= left - _EDGE and y1 >= top - _EDGE and x2 <= right + _EDGE and y2 <= bottom + _EDGE:
        return polygon
    if x1 >= right or y1 >= bottom or x2 <= left or y2 <= top:
        return None
    visible = polygon.intersection(shapely.box(*area))
    if visible.area <= 0 or visible.area < (share - 1e-9) * polygon.area:
        return None
    return shapely.box(*visible.bounds)


@cache
def size_of(path: Path) -> tuple[int, int]:
    """Return width and height of a picture in pixels, from its header."""
    if path.suffix.lower() in RASTERS:
        found = info(path)
        return found.width, found.height
    with Image.open(path) as picture:
        return picture.size


@lru_cache(_FILES)
def _parsed(path: Path, form: str, columns: tuple[str, ...]) -> tuple[Annotation, ...]:
    if form == "coco":
        return tuple(found.annotation for found in coco.read(path) if not isinstance(found, Unfit))
    if form == "plain":
        return tuple(plain_boxes.read(path, columns))
    if form == "auair":
        return tuple(found for found in auair.read(path) if not isinstance(found, Unfit))
    reader = {"csv": boxes_csv.read, "dota": dota.read, "hrsc": hrsc.read, "tracks": drone_tracks.read, "voc": voc.read}.get(form)
    if reader is None:
        raise DataError(f"{path}: no box annotation of a known form; without `format` of a recipe: {', '.join(sorted(_FORMS.values()))}")
    return tuple(reader(path))


@lru_cache(_FILES)
def _by_name(path: Path, form: str, columns: tuple[str, ...]) -> Mapping[str, Sequence[Annotation]]:
    """Return a file's annotations by the name of their picture, so that a file of a million pictures is gone through once."""
    found: dict[str, list[Annotation]] = {}
    for content in _parsed(path, form, columns):
        found.setdefault(Path(content.picture).name, []).append(content)
    return found


@lru_cache(_PICTURES)
def _objects(path: Path, picture: str, form: str, columns: tuple[str, ...]) -> tuple[RawObject, ...]:
    contents = _parsed(path, form, columns)
    chosen = contents if len(contents) == 1 else _by_name(path, form, columns).get(Path(picture).name, ())
    return tuple(raw for content in chosen for raw in content.objects)


def stored_objects(record: Mapping[str, Any]) -> list[LabelledObject]:
    """Return the objects that a record carries."""
    found = []
    for entry in record.get("objects") or []:
        first, second, third, fourth = ((float(x), float(y)) for x, y in entry["polygon"])
        found.append(LabelledObject(entry["label"], (first, second, third, fourth), bool(entry.get("difficult"))))
    return found
