"""What is known about a picture, in words: season, UTM zone, degrees, distance, the 3 x 3 cells of an object.

The slots are those of RS5M's meta-captions. Seasons are by the month alone, as published: winter 12 to 2, spring 3 to 5,
summer 6 to 8, fall 9 to 11, whatever the hemisphere.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from rsvlm.captioning.grammar import article, class_words, listed
from rsvlm.captioning.quantities import decimal, measured
from rsvlm.maps.geometry import utm_epsg
from rsvlm.maps.tiles import tile_bounds
from rsvlm.records.unfit import Unfit

SEASONS = ("winter", "spring", "summer", "fall")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
EARTH_RADIUS = 6_378_137.0  # metres, of web Mercator's sphere
_TILE = re.compile(r"(\d+)-(\d+)-(\d+)$")
_PROJECTED_ZONE = re.compile(r"/ UTM zone (\d{1,2}[NS])\"")
_CELLS = tuple(f"{row} {column}" for row in ("top", "middle", "bottom") for column in ("left", "center", "right"))


def season(month: int) -> str:
    """Return the season of a month (1 to 12)."""
    return SEASONS[month % 12 // 3]


def utm_zone(longitude: float, latitude: float) -> str | None:
    """Return the UTM zone as `34S`, or None beyond the zones' ends (84 north, 80 south)."""
    code = utm_epsg(longitude, latitude)
    if code in (32661, 32761):
        return None
    return f"{code % 100}{'N' if code < 32700 else 'S'}"


def zone_of_projection(text: str) -> str | None:
    """Return the UTM zone, such as `29N`, of a projection in WKT (`PROJCS["WGS 84 / UTM zone 29N",...`), None for another one."""
    found = _PROJECTED_ZONE.search(text)
    return found[1] if found else None


def moment_words(moment: datetime) -> str:
    """Return a time as `14 o'clock, August 5, 2017`; the hour is of 24, minutes are left away (as published)."""
    return f"{moment.hour} o'clock, {MONTHS[moment.month - 1]} {moment.day}, {moment.year}"


def select_tags(tags: Sequence[str], confidences: Sequence[float], *, least: float = 0.9, most: int = 3) -> list[str]:
    """Return the tags that a caption tells: the first ones (not the best) with enough confidence, else the surest alone.

    Args:
        tags: of a picture, in the order of their list.
        confidences: of the tags, 0 to 1; of equal ones the first counts as the surest.
        least: enough confidence.
        most: tags that are told.

    Raises:
        Unfit: numbers of tags and confidences differ, or one is no number.
    """
    if len(tags) != len(confidences):
        raise Unfit("tags and confidences differ in number", f"{len(tags)} and {len(confidences)}")
    if not all(math.isfinite(confidence) for confidence in confidences):
        raise Unfit("confidence is no number", f"of {len(tags)} tags")
    sure = [tag for tag, confidence in zip(tags, confidences, strict=True) if confidence >= least][:most]
    return sure or [tags[max(range(len(tags)), key=lambda place: confidences[place])]] if tags else []


def degrees(value: float, positive: str, negative: str, decimals: int) -> str:
    """Return `32.83 degrees south` for -32.827891."""
    return f"{decimal(abs(value), decimals)} degrees {positive if value >= 0 else negative}"


def tile_of(file: str) -> tuple[int, tuple[float, float, float, float]]:
    """Return zoom, and west, south, east, north in degrees, of the web-map tile that a file's name holds as column-row-zoom.

    Raises:
        Unfit: the name holds none.
    """
    found = _TILE.search(PurePosixPath(file).stem)
    if found is None:
        raise Unfit("file name holds no tile", f"{file[:100]!r}; column-row-zoom at its end is needed")
    column, row, zoom = (int(part) for part in found.groups())
    return zoom, tile_bounds(zoom, column, row)


def cells_of(box: tuple[float, float, float, float], width: int, height: int) -> tuple[str, str]:
    """Return the two cells of a 3 x 3 grid that a box (x1, y1, x2, y2 in pixels) covers most, the larger part first.

    Equal parts come row by row from the upper left, also where the second cell is not touched at all (as published).
    """
    x1, y1, x2, y2 = box
    covered = []
    for number in range(9):
        left, top = number % 3 * width / 3, number // 3 * height / 3
        across = max(0.0, min(x2, left + width / 3) - max(x1, left))
        down = max(0.0, min(y2, top + height / 3) - max(y1, top))
        covered.append(across * down)
    first, second = sorted(range(9), key=lambda number: (-covered[number], number))[:2]
    return _CELLS[first], _CELLS[second]


def slots_of(facts: Mapping[str, Any], decimals: int) -> dict[str, str]:
    """Return the words of every slot that is known.

    Args:
        facts: longitude, latitude (degrees), gsd (metres), sensor, date (ISO 8601), place; label, box (x1, y1, x2, y2) and
            size (width, height) in pixels of an annotated object; classes of the whole picture; tags; moment (in words);
            zone, where a file states it; cloud_cover (percent), azimuth and off_nadir (degrees), scan (direction).
        decimals: of longitude and latitude.
    """
    picture = picture_word(str(facts.get("sensor") or ""))
    found = {"picture": picture, "a_picture": f"{article(picture).capitalize()} {picture}"}
    if facts.get("longitude") is not None and facts.get("latitude") is not None:
        longitude, latitude = float(facts["longitude"]), float(facts["latitude"])
        found["longitude"], found["latitude"] = degrees(longitude, "east", "west", decimals), degrees(latitude, "north", "south", decimals)
        if zone := utm_zone(longitude, latitude):
            found["zone"] = zone
    if facts.get("zone"):
        found["zone"] = str(facts["zone"])
    if facts.get("gsd"):
        found["gsd"] = measured(float(facts["gsd"]), "metre", decimals=2)
    if facts.get("sensor"):
        found["sensor"] = str(facts["sensor"])
    if facts.get("place"):
        found["place"] = str(facts["place"])
    for name in ("cloud_cover", "azimuth", "off_nadir"):
        if facts.get(name) is not None:
            found[name] = decimal(float(facts[name]), 2)
    for name in ("moment", "scan"):
        if facts.get(name):
            found[name] = str(facts[name])
    for name in ("classes", "tags"):
        if facts.get(name):
            found[name] = listed([str(each) for each in facts[name]])
    if facts.get("label"):
        found["label"] = class_words(str(facts["label"]))
        found["one"] = article(found["label"])
    if facts.get("box") and facts.get("size"):
        found["cells"] = " and ".join(cells_of(tuple(facts["box"]), *facts["size"]))
    date = str(facts.get("date") or "")
    if date:
        found["year"] = date[:4]
    if len(date) >= 7 and 1 <= int(date[5:7]) <= 12:
        found["month"], found["season"] = MONTHS[int(date[5:7]) - 1], season(int(date[5:7]))
    return found


def picture_word(sensor: str) -> str:
    """Return what a picture is called: `aerial picture` for cameras in the air, `overhead picture` where nothing is known."""
    if not sensor:
        return "overhead picture"
    return "aerial picture" if re.search(r"(?i)airborne|drone|aerial|uav", sensor) else "satellite picture"


def tile_gsd(latitude: float, zoom: int, side: int) -> float:
    """Return metres a pixel of a web-map tile `side` pixels wide: the equator's length, cos(latitude), over 2^zoom tiles."""
    return 2 * math.pi * EARTH_RADIUS * math.cos(math.radians(latitude)) / 2**zoom / side
