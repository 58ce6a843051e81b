"""QFabric: regions of urban change over five dates, GeoJSON features with a status a date."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.records.models import Point
from rsvlm.records.readers import fields
from rsvlm.records.readers.dates import day_of
from rsvlm.records.readers.json_files import elements
from rsvlm.records.readers.outlines import geojson_polygon
from rsvlm.records.unfit import Unfit

_NUMBERS = range(6)  # the dates are numbered from 0 or from 1
_NONE = ("", "n", "a", "n/a")  # `N,A` stands for no type


@dataclass(frozen=True)
class ChangeRegion:
    """A region that changes.

    Attributes:
        where: its place in the file.
        outline: corner points in the file's coordinates, the first not repeated.
        change: type of the change in lower case, such as `mega projects`.
        urban: urban types, lower case, possibly none.
        geography: geography types, lower case, possibly none.
        moments: (YYYY-MM-DD, status in lower case), earliest first; dates or statuses that the file leaves out are not here.
    """

    where: str
    outline: tuple[Point, ...]
    change: str
    urban: tuple[str, ...]
    geography: tuple[str, ...]
    moments: tuple[tuple[str, str], ...]


def read(path: Path) -> Iterator[ChangeRegion | Unfit]:
    """Yield the regions of a file, or the fault of a feature that is none.

    The file numbers the dates (`date0` to `date4` with `change_status_date0` and so on, or 1 to 5) in no order of time.

    Raises:
        DataError: not a FeatureCollection, or not JSON; file and line are named.
    """
    for element in elements(path, "features"):
        try:
            yield _region(element.value, element.where)
        except Unfit as unfit:
            yield unfit


def _region(feature: Any, where: str) -> ChangeRegion:
    about, place = fields.member(feature, "properties", where), f"{where}.properties"
    outline = geojson_polygon(fields.member(feature, "geometry", where), f"{where}.geometry")
    change = _words(fields.text(about, "change_type", place))
    moments = sorted(moment for number in _NUMBERS if (moment := _moment(about, number, place)))
    if not moments:
        raise Unfit("region has no dated status", where)
    return ChangeRegion(where, outline, change, _types(about, "urban", place), _types(about, "geography", place), tuple(moments))


def _moment(about: Any, number: int, place: str) -> tuple[str, str] | None:
    date = fields.optional_text(about, f"date{number}", place)
    status = fields.optional_text(about, f"change_status_date{number}", place)
    return (day_of(date, f"{place}.date{number}"), _words(status)) if date and status else None


def _types(about: Any, key: str, place: str) -> tuple[str, ...]:
    listed = fields.optional_text(about, f"{key}_type", place) or fields.optional_text(about, f"{key}_types", place)
    return tuple(name for part in listed.split(",") if (name := _words(part)) not in _NONE)


def _words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().lower()
