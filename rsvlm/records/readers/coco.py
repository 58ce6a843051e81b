"""COCO instances: one JSON file with `images`, `annotations` and `categories`, read picture by picture.

The file is gone through once for the place of every element, and then read again in the order of the picture ids, so that
memory holds a few numbers an annotation however large the file is. Boxes are `[x, y, width, height]`, x and y of the upper
left corner, or, in the rotated variants of ship data sets, `[x, y, width, height, angle]`, x and y of the centre.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rsvlm.errors import DataError
from rsvlm.records.geometry import corners_of_box
from rsvlm.records.models import Point, Polygon
from rsvlm.records.readers import fields
from rsvlm.records.readers.annotation import Annotation, RawObject
from rsvlm.records.readers.json_files import Element, element_at, elements
from rsvlm.records.readers.outlines import turned_box
from rsvlm.records.unfit import Unfit

Outlines = tuple[tuple[Point, ...], ...]


@dataclass(frozen=True)
class CocoPicture:
    """One picture of a COCO file.

    Attributes:
        id: in the file.
        width: pixels, as the file says, None where it does not.
        height: the same.
        annotation: its objects; one that is a crowd (`iscrowd`) is marked as difficult, for it stands for several.
        outlines: the polygons of each object, in the order of `annotation.objects`; none where the file has a mask as
            run lengths, no outline, or a faulty one.
    """

    id: int
    width: int | None
    height: int | None
    annotation: Annotation
    outlines: tuple[Outlines, ...]


def read(path: Path, *, turn: float = 1.0) -> Iterator[CocoPicture | Unfit]:
    """Yield what belongs to no picture as its fault, then every picture in the order of the ids.

    Args:
        path: the file.
        turn: radians clockwise on the screen that one unit of a rotated box's angle means: 1 for radians, pi / 180 for
            degrees, -pi / 180 for degrees that go anticlockwise.

    Raises:
        DataError: not a COCO file, or two pictures or two categories with one id; file and line or element are named.
    """
    pictures, objects, names = _Places(), _Places(), dict[int, str]()
    for element in elements(path, "images", "annotations", "categories"):
        try:
            if element.key == "images":
                pictures.add(element, fields.whole(element.value, "id", element.where))
            elif element.key == "annotations":
                objects.add(element, fields.whole(element.value, "image_id", element.where))
            else:
                _add_name(path, element, names)
        except Unfit as unfit:
            yield unfit
    pictures.sort()
    objects.sort()
    if repeated := pictures.repeated():
        raise DataError(f"{path}: images[{repeated[0]}] and images[{repeated[1]}] have one id")
    for index in objects.without(pictures):
        yield Unfit("object belongs to no picture", f"annotations[{index}]")
    with path.open("rb") as stream:
        for position in range(len(pictures)):
            yield _picture(stream, pictures, position, objects, names, turn)


class _Places:
    """Where the elements of one list lie in the file, by an id: index in the list, first byte, byte after the last."""

    def __init__(self) -> None:
        self._rows = array("q")
        self.table = np.empty((0, 4), np.int64)

    def __len__(self) -> int:
        return len(self.table)

    def add(self, element: Element, id: int) -> None:
        self._rows.extend((id, element.index, element.start, element.end))

    def sort(self) -> None:
        table = np.frombuffer(self._rows, np.int64).reshape(-1, 4)
        self.table = table[np.lexsort((table[:, 1], table[:, 0]))]
        self._rows = array("q")

    def repeated(self) -> tuple[int, int] | None:
        """Return the indices of two elements with one id."""
        same = np.flatnonzero(np.diff(self.table[:, 0]) == 0)
        return (int(self.table[same[0], 1]), int(self.table[same[0] + 1, 1])) if len(same) else None

    def without(self, others: "_Places") -> list[int]:
        """Return the indices of the elements whose id no other list's element has."""
        return sorted(map(int, self.table[~np.isin(self.table[:, 0], others.table[:, 0]), 1]))

    def of(self, id: int) -> np.ndarray:
        """Return the rows with one id."""
        first, last = np.searchsorted(self.table[:, 0], id, "left"), np.searchsorted(self.table[:, 0], id, "right")
        return self.table[first:last]


def _add_name(path: Path, element: Element, names: dict[int, str]) -> None:
    number, name = fields.whole(element.value, "id", element.where), fields.text(element.value, "name", element.where)
    if number in names:
        raise DataError(f"{path}: {element.where} has the id {number} of another category")
    names[number] = name


def _picture(
    stream: BinaryIO, pictures: _Places, position: int, objects: _Places, names: dict[int, str], turn: float
) -> CocoPicture | Unfit:
    id, index, start, end = map(int, pictures.table[position])
    where, record = f"images[{index}]", element_at(stream, start, end)
    try:
        name = fields.text(record, "file_name", where)
        width, height = (None if record.get(side) is None else fields.size(record, side, where) for side in ("width", "height"))
    except Unfit as unfit:
        return unfit
    found, outlines = [], []
    for _, number, first, last in objects.of(id).tolist():
        place, value = f"annotations[{number}]", element_at(stream, first, last)
        found.append(_object(value, place, names, turn))
        outlines.append(_outlines(value, place))
    return CocoPicture(id, width, height, Annotation(name, found), tuple(outlines))


def _object(record: Any, where: str, names: dict[int, str], turn: float) -> RawObject:
    label = ""
    try:
        number = fields.whole(record, "category_id", where)
        if number not in names:
            raise Unfit("object has no class", f"{where}.category_id is {number}; no category has that id")
        label = names[number]
        corners = _corners(fields.numbers(record, "bbox", where), f"{where}.bbox", turn)
        return RawObject(where, label, corners, difficult=fields.flag(record, "iscrowd", where))
    except Unfit as unfit:
        return RawObject(where, label, fault=unfit)


def _corners(values: list[float], path: str, turn: float) -> Polygon:
    if len(values) == 5:
        x, y, width, height, angle = values
        return turned_box(x, y, width, height, angle * turn)
    if len(values) != 4:
        raise Unfit("object has no box", f"{path} has {len(values)} numbers; x, y, width, height and at most an angle")
    x, y, width, height = values
    return corners_of_box(x, y, x + width, y + height)


def _outlines(record: Any, where: str) -> Outlines:
    polygons = fields.member_or_none(record, "segmentation")
    if not isinstance(polygons, list):
        return ()
    path = f"{where}.segmentation"
    try:
        return tuple(fields.flat_points(fields.checked_numbers(polygon, path), path) for polygon in polygons)
    except Unfit:
        return ()
