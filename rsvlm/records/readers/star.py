"""Scene graphs of STAR and FIT-RS: oriented boxes and the relations between them, a JSON list of pictures.

Layout: `[{"filename", "width", "height", "objects": [{"category", "polygon": [x1, y1, ..., x4, y4]}], "relations": [[subject,
predicate, object]]}]`, subject and object counting the picture's objects from 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.records.readers import fields
from rsvlm.records.readers.annotation import RawObject
from rsvlm.records.readers.json_files import items
from rsvlm.records.readers.star_names import CATEGORIES, RELATIONS
from rsvlm.records.unfit import Unfit

_CATEGORIES = frozenset(CATEGORIES)
_RELATIONS = frozenset(RELATIONS)


@dataclass(frozen=True)
class Relation:
    """A relation between two objects of a picture.

    Attributes:
        where: its place in the file.
        subject: index in the picture's objects.
        predicate: one of `RELATIONS`.
        object: index in the picture's objects.
        fault: set where it cannot be used; one whose object has a fault cannot.
    """

    where: str
    subject: int = -1
    predicate: str = ""
    object: int = -1
    fault: Unfit | None = None


@dataclass(frozen=True)
class SceneGraph:
    """The objects and relations of one picture.

    Attributes:
        picture: file name.
        width: pixels.
        height: pixels.
        objects: in the file's order, so that relations can count them; labels are from `CATEGORIES`.
        relations: in the file's order.
    """

    picture: str
    width: int
    height: int
    objects: tuple[RawObject, ...]
    relations: tuple[Relation, ...]


def read(path: Path) -> Iterator[SceneGraph | Unfit]:
    """Yield the scene graphs of a file, one in memory at a time, or the fault of a picture that has none.

    Raises:
        DataError: the file is not a JSON list; file and line are named.
    """
    for element in items(path):
        try:
            yield _graph(element.value, element.where)
        except Unfit as unfit:
            yield unfit


def _graph(record: Any, where: str) -> SceneGraph:
    picture, width, height = fields.text(record, "filename", where), *(fields.size(record, side, where) for side in ("width", "height"))
    objects = tuple(_object(value, f"{where}.objects[{index}]") for index, value in enumerate(fields.members(record, "objects", where)))
    relations = tuple(
        _relation(value, f"{where}.relations[{index}]", objects) for index, value in enumerate(fields.members(record, "relations", where))
    )
    return SceneGraph(picture, width, height, objects, relations)


def _object(value: Any, where: str) -> RawObject:
    category = ""
    try:
        name = fields.text(value, "category", where).strip().lower().replace(" ", "_").replace("-", "_")
        if name not in _CATEGORIES:
            raise Unfit("object has no class", f"{where}.category is {name[:40]!r}, none of STAR's {len(CATEGORIES)}")
        category = name
        corners = fields.flat_points(fields.numbers(value, "polygon", where), f"{where}.polygon")
        if len(corners) != 4:
            raise Unfit("box has not four corners", f"{where}.polygon has {len(corners)}")
        return RawObject(where, category, corners, difficult=fields.difficulty(value, "difficult", where))
    except Unfit as unfit:
        return RawObject(where, category, fault=unfit)


def _relation(value: Any, where: str, objects: tuple[RawObject, ...]) -> Relation:
    try:
        if not isinstance(value, list) or len(value) != 3:
            raise Unfit("relation is not a triple", f"{where}; [subject, predicate, object] is needed")
        names = ("subject", "predicate", "object")
        triple = dict(zip(names, value, strict=True))
        predicate = " ".join(fields.text(triple, "predicate", where).split())
        if predicate not in _RELATIONS:
            raise Unfit("relation is unknown", f"{where} says {predicate[:60]!r}, none of STAR's {len(RELATIONS)}")
        subject, target = (fields.whole(triple, name, where) for name in ("subject", "object"))
        for index in (subject, target):
            if not 0 <= index < len(objects):
                raise Unfit("relation has no object", f"{where}: object {index} of {len(objects)}")
            if objects[index].fault is not None:
                raise Unfit("relation has no object", f"{where}: object {index} was set aside")
        if subject == target:
            raise Unfit("relation has no object", f"{where}: object {subject} to itself")
        return Relation(where, subject, predicate, target)
    except Unfit as unfit:
        return Relation(where, fault=unfit)
