"""Fields of records from elsewhere, each checked for its type: what is missing or wrong is named with its path."""

import math
from typing import Any

from rsvlm.records.models import Point
from rsvlm.records.unfit import Unfit

LONGEST_TEXT = 100_000
_LARGEST = 1e15
_LARGEST_WHOLE = 2**63 - 1


def _wrong(path: str, value: object, wanted: str) -> Unfit:
    return Unfit("field has another type", f"{path} is {type(value).__name__}, not {wanted}")


def member(record: Any, key: str, where: str) -> Any:
    """Return the value of a record's key.

    Raises:
        Unfit: the record is no object or has no such key; so do all functions here.
    """
    if isinstance(record, Unfit):
        raise Unfit(record.reason, f"{where}: {record.detail}" if record.detail else where)
    if not isinstance(record, dict):
        raise _wrong(where, record, "an object")
    if key not in record:
        raise Unfit("field is missing", f"{where}.{key}")
    return record[key]


def text(record: Any, key: str, where: str) -> str:
    """Return a text that is not empty, as it stands."""
    value = member(record, key, where)
    if not isinstance(value, str):
        raise _wrong(f"{where}.{key}", value, "text")
    if not value.strip() or "\0" in value or len(value) > LONGEST_TEXT:
        raise Unfit("text is empty or not allowed", f"{where}.{key} of {len(value):,} characters")
    return value


def optional_text(record: Any, key: str, where: str) -> str:
    """Return a text, empty where it is absent, null or blank."""
    value = record.get(key) if isinstance(record, dict) else None
    return "" if value is None or (isinstance(value, str) and not value.strip()) else text(record, key, where)


def checked_number(value: object, path: str) -> float:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(path, value, "a number")
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise Unfit("number is not finite", path)
    return float(value)


def number(record: Any, key: str, where: str) -> float:
    """Return a finite number."""
    return checked_number(member(record, key, where), f"{where}.{key}")


def optional_number(record: Any, key: str, where: str) -> float | None:
    """Return a finite number, None where it is absent or null."""
    return None if member_or_none(record, key) is None else number(record, key, where)


def optional_gsd(record: Any, key: str, where: str) -> float | None:
    """Return metres a pixel, None where they are absent or null."""
    value = optional_number(record, key, where)
    if value is not None and not 0 < value < 1e4:
        raise Unfit("ground sample distance is out of range", f"{where}.{key} is {value:g}; above 0 and below 10,000 metres")
    return value


def member_or_none(record: Any, key: str) -> Any:
    """Return the value of a key, None where the record has none."""
    return record.get(key) if isinstance(record, dict) else None


def whole(record: Any, key: str, where: str) -> int:
    """Return a whole number of 64 bits, such as an id."""
    value = member(record, key, where)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(f"{where}.{key}", value, "a whole number")
    if abs(value) > _LARGEST_WHOLE:
        raise Unfit("number is not finite", f"{where}.{key} has more than 64 bits")
    return value


def size(record: Any, key: str, where: str) -> int:
    """Return a picture's width or height in pixels."""
    value = whole(record, key, where)
    if not 0 < value < 1_000_000:
        raise Unfit("picture size is out of range", f"{where}.{key} is {value}; 1 to 999,999 pixels")
    return value


def flag(record: Any, key: str, where: str, *, absent: bool = False) -> bool:
    """Return true or false, also written as 1 or 0."""
    value = member_or_none(record, key)
    if value is None:
        return absent
    if not isinstance(value, int) or value not in (0, 1):
        raise _wrong(f"{where}.{key}", value, "true or false")
    return bool(value)


def difficulty(record: Any, key: str, where: str) -> bool:
    """Say whether an object is difficult: true, or any number but 0 (0, 1 and 2 are in use); what is absent is not difficult."""
    value = member_or_none(record, key)
    return False if value is None else value if isinstance(value, bool) else checked_number(value, f"{where}.{key}") != 0


def members(record: Any, key: str, where: str) -> list[Any]:
    """Return a list."""
    value = member(record, key, where)
    if not isinstance(value, list):
        raise _wrong(f"{where}.{key}", value, "a list")
    return value


def numbers(record: Any, key: str, where: str) -> list[float]:
    """Return a list of finite numbers."""
    return checked_numbers(member(record, key, where), f"{where}.{key}")


def checked_numbers(value: object, path: str) -> list[float]:
    """Return a list of finite numbers."""
    if not isinstance(value, list):
        raise _wrong(path, value, "a list")
    for index, item in enumerate(value):
        if type(item) not in (float, int) or not -_LARGEST <= item <= _LARGEST:  # names the place only where it is needed
            checked_number(item, f"{path}[{index}]")
    return [*map(float, value)]


def flat_points(values: list[float], path: str) -> tuple[Point, ...]:
    """Return x1, y1, x2, y2, ... as points, at least three."""
    if len(values) < 6 or len(values) % 2:
        raise Unfit("outline is not a polygon", f"{path} has {len(values)} numbers; x and y of at least three points")
    return tuple(zip(values[0::2], values[1::2], strict=True))
