"""Boxes as plain columns: one file a picture, one object a line, split by commas or spaces (VisDrone, CARPK, LEVIR, RSOD).

Brackets around corners, as NWPU VHR-10 has them, split as well.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from rsvlm.records.geometry import corners_of_box
from rsvlm.records.readers.annotation import Annotation, RawObject
from rsvlm.records.readers.lines import number_of, text_lines
from rsvlm.records.unfit import Unfit

COLUMNS = ("x1", "y1", "x2", "y2", "width", "height", "label", "-")
_START = ("x1", "y1")


def ends_of(columns: Sequence[str]) -> tuple[str, str]:
    """Return the two columns that end a box: x2 and y2, or width and height.

    Raises:
        ValueError: the columns do not make a box.
    """
    unknown = [name for name in columns if name not in COLUMNS]
    ends = next((pair for pair in (("x2", "y2"), ("width", "height")) if set(pair) <= set(columns)), None)
    if unknown or ends is None or not set(_START) <= set(columns):
        raise ValueError(f"columns {list(columns)} make no box; x1, y1 and x2, y2 or width, height; allowed: {', '.join(COLUMNS)}")
    return ends


def read(path: Path, columns: Sequence[str]) -> list[Annotation]:
    """Read one file: the annotation of the picture with the same stem.

    Args:
        path: of the file.
        columns: what each column holds: x1, y1 and x2, y2 or width, height, in pixels; label; `-` for what is not read. A
            line may have more columns. Without a label column, the class of every object is empty.

    Raises:
        ValueError: the columns do not make a box.
        DataError: the file as a whole cannot be read.
    """
    ends = ends_of(columns)
    return [Annotation("", [_object(number, line, columns, ends) for number, line in text_lines(path)])]


def _object(number: int, line: str, columns: Sequence[str], ends: tuple[str, str]) -> RawObject:
    where = f"line {number}"
    cells = re.sub("[(),]", " ", line).split()
    if len(cells) < len(columns):
        return RawObject(where, fault=Unfit("line is not an object", f"{len(cells)} columns; {' '.join(columns)}"))
    row = dict(zip(columns, cells, strict=False))
    label = row.get("label", "")
    try:
        x1, y1 = (number_of(row[name], name) for name in _START)
        x2, y2 = (number_of(row[name], name) for name in ends)
        if ends == ("width", "height"):
            x2, y2 = x1 + x2, y1 + y2
        return RawObject(where, label, corners_of_box(x1, y1, x2, y2))
    except Unfit as unfit:
        return RawObject(where, label, fault=unfit)
    except ValueError as error:
        return RawObject(where, label, fault=Unfit("line is not an object", str(error)))
