"""DOTA text: `x1 y1 x2 y2 x3 y3 x4 y4 class difficult`, after header lines such as `gsd:0.25`."""

from pathlib import Path

from rsvlm.records.readers.annotation import Annotation, RawObject
from rsvlm.records.readers.lines import number_of, text_lines
from rsvlm.records.unfit import Unfit


def _gsd(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:  # `gsd:null` and `gsd:None` occur
        return None
    return value if 0 < value < 1e4 else None


def _object(number: int, line: str) -> RawObject:
    where = f"line {number}"
    parts = line.split()
    if len(parts) not in (9, 10):
        fault = Unfit("line is not an object", f"{len(parts)} columns; x1 y1 ... x4 y4 class [difficult]")
        return RawObject(where, parts[8] if len(parts) > 10 else "", fault=fault)
    try:
        values = [number_of(text, f"column {column}") for column, text in enumerate(parts[:8], start=1)]
    except ValueError as error:
        return RawObject(where, parts[8], fault=Unfit("line is not an object", str(error)))
    corners = tuple(zip(values[0::2], values[1::2], strict=True))
    return RawObject(where, parts[8], corners, difficult=len(parts) == 10 and parts[9] != "0")


def read(path: Path) -> list[Annotation]:
    """Read one DOTA label file: the annotation of the picture with the same stem.

    Raises:
        DataError: the file as a whole cannot be read.
    """
    objects, gsd = [], None
    for number, line in text_lines(path):
        key, _, value = line.partition(":")
        if value and key.isalpha():
            gsd = _gsd(value.strip()) if key == "gsd" else gsd
        else:
            objects.append(_object(number, line))
    return [Annotation("", objects, gsd)]
