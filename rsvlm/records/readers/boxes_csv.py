"""CSV boxes: columns image_path, xmin, ymin, xmax, ymax, label by name, in any order, one object a line."""

import csv
from pathlib import Path

from rsvlm.errors import DataError
from rsvlm.records.geometry import corners_of_box
from rsvlm.records.readers.annotation import Annotation, RawObject
from rsvlm.records.readers.lines import number_of, text_lines
from rsvlm.records.unfit import Unfit

_COLUMNS = ("image_path", "xmin", "ymin", "xmax", "ymax", "label")


def _object(number: int, row: dict[str, str]) -> RawObject:
    where, label = f"line {number}", row["label"].strip()
    try:
        x1, y1, x2, y2 = (number_of(row[name].strip(), name) for name in _COLUMNS[1:5])
        return RawObject(where, label, corners_of_box(x1, y1, x2, y2))
    except Unfit as unfit:
        return RawObject(where, label, fault=unfit)
    except ValueError as error:
        return RawObject(where, label, fault=Unfit("line is not an object", str(error)))


def read(path: Path) -> list[Annotation]:
    """Read a CSV of boxes: one annotation a picture, in the order in which the pictures first appear.

    Raises:
        DataError: a column is missing or a line has another number of columns; file and line are named.
    """
    header: list[str] = []
    found: dict[str, Annotation] = {}
    for number, line in text_lines(path):
        cells = next(csv.reader([line]))
        if not header:
            header = [cell.strip() for cell in cells]
            if missing := [name for name in _COLUMNS if name not in header]:
                raise DataError(f"{path}, line {number}: no column {', '.join(missing)}; needed: {', '.join(_COLUMNS)}")
            continue
        if len(cells) != len(header):
            raise DataError(f"{path}, line {number}: {len(cells)} columns instead of {len(header)}")
        row = dict(zip(header, cells, strict=True))
        found.setdefault(row["image_path"], Annotation(row["image_path"])).objects.append(_object(number, row))
    return list(found.values())
