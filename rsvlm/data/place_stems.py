"""File stems of LHRS-Align: `Country_Id_City_ULLon_ULLat_LRLon_LRLat`, corners in degrees.

Country and city may hold spaces, and a city an underscore; coordinates may be negative. So a stem is read from both ends: the
last four fields are the corners, the first two country and number.
"""

import math
import re
from dataclasses import dataclass

from rsvlm.maps.geometry import Bounds
from rsvlm.records.unfit import Unfit

_NUMBER = re.compile(r"-?\d{1,3}(?:\.\d{1,10})?")


@dataclass(frozen=True)
class Stem:
    """A stem's parts; bounds are west, south, east, north in degrees."""

    country: str
    number: str
    city: str
    bounds: Bounds


def stem_of(place: Stem) -> str:
    """Return the stem of a place; corners to six decimals, the upper left one first."""
    west, south, east, north = place.bounds
    return "_".join([place.country, place.number, place.city, *(f"{value:.6f}" for value in (west, north, east, south))])


def read_stem(text: str) -> Stem:
    """Return the parts of a stem.

    Raises:
        Unfit: it has too few fields, or the last four are no corners on the earth.
    """
    fields = text.split("_")
    if len(fields) < 7 or not all(fields[:3]):
        raise Unfit("stem is malformed", f"{text[:100]!r}; country, number, city and four coordinates are needed")
    if not all(_NUMBER.fullmatch(field) for field in fields[-4:]):
        raise Unfit("stem is malformed", f"{text[:100]!r}; its last four fields are no degrees")
    west, north, east, south = map(float, fields[-4:])
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south < north <= 90) or math.isclose(west, east):
        raise Unfit("stem is malformed", f"{text[:100]!r}; its corners span no box on the earth")
    return Stem(fields[0], fields[1], "_".join(fields[2:-4]), (west, south, east, north))
