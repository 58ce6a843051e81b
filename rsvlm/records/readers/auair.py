"""AU-AIR: one JSON file, `categories` as a list of names and `annotations` with one entry a frame, its boxes by corner and size."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rsvlm.errors import DataError
from rsvlm.records.geometry import corners_of_box
from rsvlm.records.readers import fields
from rsvlm.records.readers.annotation import Annotation, RawObject
from rsvlm.records.readers.json_files import Element, elements
from rsvlm.records.unfit import Unfit


def read(path: Path) -> Iterator[Annotation | Unfit]:
    """Yield every frame's annotation in the file's order, or the fault of an entry that names no picture.

    The file is gone through twice, so the names of the classes may stand anywhere in it.

    Raises:
        DataError: not such a file, or a class name that is no text; file and line or element are named.
    """
    names = [_name(path, element) for element in elements(path, "categories")]
    for element in elements(path, "annotations"):
        try:
            picture = fields.text(element.value, "image_name", element.where)
            boxes = fields.members(element.value, "bbox", element.where)
        except Unfit as unfit:
            yield unfit
            continue
        yield Annotation(picture, [_object(box, f"{element.where}.bbox[{index}]", names) for index, box in enumerate(boxes)])


def _name(path: Path, element: Element) -> str:
    if not isinstance(element.value, str) or not element.value.strip():
        raise DataError(f"{path}: {element.where} is no class name")
    return element.value.strip()


def _object(box: Any, where: str, names: list[str]) -> RawObject:
    label = ""
    try:
        number = fields.whole(box, "class", where)
        if not 0 <= number < len(names):
            raise Unfit("object has no class", f"{where}.class is {number}; the file names {len(names)} classes")
        label = names[number]
        left, top, width, height = (fields.number(box, side, where) for side in ("left", "top", "width", "height"))
        return RawObject(where, label, corners_of_box(left, top, left + width, top + height))
    except Unfit as unfit:
        return RawObject(where, label, fault=unfit)
