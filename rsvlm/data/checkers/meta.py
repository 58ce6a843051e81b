"""Check meta-captions: every place, zone, date, resolution and sensor against the source's index, worked out anew.

The UTM zone comes from the textbook rule (six degrees a zone from 180 west, Norway and Svalbard apart), the centre of a
web-map tile from the inverse Mercator projection; neither is taken from the builder.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from rsvlm.captioning.grammar import article, class_words
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.data.wording import wording
from rsvlm.imagery.rasters import info

_NUMBER = r"(\d+(?:\.\d+)?)"
_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
_RULES = (
    ("place", rf"{_NUMBER} degrees (north|south) and {_NUMBER} degrees (east|west)"),
    ("zone", r"UTM zone (\d{1,2})([C-HJ-NP-X])"),
    ("gsd", rf"(?:ground sample distance of|a pixel measures|pixels of) {_NUMBER} (?:metres?|meters?)"),
    ("month", rf"taken in ({'|'.join(_MONTHS)}) (\d{{4}})"),
    ("season", r"in (winter|spring|summer|fall)(?: (\d{4}))?"),
    ("moment", rf"at (\d{{1,2}}) o'clock, ({'|'.join(_MONTHS)}) (\d{{1,2}}), (\d{{4}})"),
    ("cloud", rf"with {_NUMBER}% cloud cover"),
    ("scan", r"with a (forward|reverse) scan"),
    ("azimuth", rf"a target azimuth of {_NUMBER} degrees"),
    ("nadir", rf"an off-nadir angle of {_NUMBER} degrees"),
    ("cells", r"in the ((?:top|middle|bottom) (?:left|center|right)) and ((?:top|middle|bottom) (?:left|center|right)) blocks"),
)
_REST = re.compile(
    r"(?:a|this|the ground|took|comes|was|seen|from|by|it|lies|and|has|with|at|of|in|on|that|shows|located|took this|taken|picture|"
    r"the land cover classes|satellite|aerial|overhead|ground|an?|;|:|,|\.|\s)*",
    re.IGNORECASE,
)


def zone_of(longitude: float, latitude: float) -> str:
    """Return the UTM zone of a place, by the textbook rule."""
    zone = min(60, int((longitude + 180) // 6) + 1)
    if 56 <= latitude < 64 and 3 <= longitude < 12:
        zone = 32
    if 72 <= latitude < 84 and 0 <= longitude < 42:
        zone = {0: 31, 1: 33, 2: 35, 3: 37}[sum(longitude >= limit for limit in (9, 21, 33))]
    return f"{zone}{'N' if latitude >= 0 else 'S'}"


def _tile_centre(file: str) -> tuple[float, float, list[float]] | None:
    found = re.search(r"(\d+)-(\d+)-(\d+)$", PurePosixPath(file).stem)
    if found is None:
        return None
    column, row, zoom = map(int, found.groups())
    edges = [math.degrees(2 * math.atan(math.exp(math.pi * (1 - 2 * (row + step) / 2**zoom))) - math.pi / 2) for step in (0, 1)]
    west, east = column / 2**zoom * 360 - 180, (column + 1) / 2**zoom * 360 - 180
    return (west + east) / 2, sum(edges) / 2, [west, edges[1], east, edges[0]]


def _country(code: Any) -> str:
    """Return how a sentence names a country; names are shared with the builder, which country it is, is not."""
    return str(wording("countries").get(code, ""))


def _truth(record: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Return what the index, the file's name and the recipe say of a record's picture."""
    file = record["origin"]["picture"]
    source = evidence.source(record["source"])
    rule = next(rule for rule in evidence.rules(record) if PurePosixPath(file).match(rule["pictures"]))
    row = source.metadata(file)
    truth: dict[str, Any] = {key: row.get(key) for key in ("sensor", "date", "gsd")}
    truth["place"] = rule["place_name"]
    if rule["place"] == "index":
        truth |= {"longitude": row.get("longitude"), "latitude": row.get("latitude")}
    if rule["place"] == "tile" and (found := _tile_centre(file)):
        zoom = int(PurePosixPath(file).stem.rsplit("-", 1)[1])
        around = 40_075_016.68557849 * math.cos(math.radians(found[1]))
        truth |= {"longitude": found[0], "latitude": found[1], "gsd": around / 2**zoom / (row.get("width") or 256)}
    if rule["annotations"] == "bigearthnet":
        beside = PurePosixPath(file).with_name(f"{PurePosixPath(file).stem}_labels_metadata.json")
        told = json.loads(source.path(str(beside)).read_bytes())
        zone = re.search(r"UTM zone (\d+[NS])", told["projection"])
        truth |= {"date": _in_utc(told["acquisition_date"])[:10], "zone": zone[1] if zone else None}
        truth["classes"] = [label.replace("_", "-").lower() for label in told["labels"]]
    if rule["annotations"] == "fmow":
        told = json.loads(source.path(str(PurePosixPath(file).with_suffix(".json"))).read_bytes())
        boxes = told["bounding_boxes"]
        truth |= {"date": _in_utc(told["timestamp"])[:10], "gsd": told.get("gsd") or told.get("multi_resolution_dbl") or truth["gsd"]}
        truth |= {"told": told, "zone": told.get("utm") or None, "place": _country(told.get("country_code")) or truth["place"]}
        truth["sensor"] = told.get("sensor_platform_name") or truth["sensor"]
        if len(boxes) > 1:
            truth |= {"label": boxes[1]["category"], "box": boxes[1]["box"], "size": (told["img_width"], told["img_height"])}
    path = source.path(file)
    if path.suffix.lower() in (".tif", ".tiff"):
        raster = info(path)
        size = (raster.width, raster.height)
    else:
        with Image.open(path) as picture:
            size = picture.size
    if truth["gsd"]:
        truth["gsd"] = truth["gsd"] * max(size) / max(record["width"], record["height"])
    return truth


def _in_utc(stamp: str) -> str:
    """Return a time that states its difference from Greenwich as Greenwich has it; another one stands as it is."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d)\S*?([+-])(\d\d):?(\d\d)", stamp.strip())
    if found is None:
        return stamp
    ahead = timedelta(hours=int(found[3]), minutes=int(found[4]))
    there = datetime.fromisoformat(found[1])
    return (there - ahead if found[2] == "+" else there + ahead).isoformat()


def _cells(box: list[float], size: tuple[int, int]) -> list[str]:
    """Return the two cells of the 3 x 3 grid that a box (x, y, width, height) covers most; equal ones row by row."""
    x, y, width, height = box
    shares: list[tuple[float, int, str]] = []
    for down, row in enumerate(("top", "middle", "bottom")):
        for across, column in enumerate(("left", "center", "right")):
            left, top, right, bottom = across * size[0] / 3, down * size[1] / 3, (across + 1) * size[0] / 3, (down + 1) * size[1] / 3
            overlap = max(0.0, min(right, x + width) - max(left, x)) * max(0.0, min(bottom, y + height) - max(top, y))
            shares.append((-overlap, len(shares), f"{row} {column}"))
    return [name for _, _, name in sorted(shares)[:2]]


def _holds(kind: str, groups: tuple[str, ...], truth: Mapping[str, Any]) -> tuple[bool, str]:
    date = str(truth.get("date") or "")
    match kind:
        case "zone" if truth.get("zone"):
            return groups[0] + groups[1] == truth["zone"], str(truth["zone"])
        case "place" | "zone" if truth.get("longitude") is None:
            return False, "the place is not known"
        case "place":
            latitude = float(groups[0]) * (1 if groups[1] == "north" else -1)
            longitude = float(groups[2]) * (1 if groups[3] == "east" else -1)
            step = 0.5 * 10.0 ** -len(groups[0].partition(".")[2]) + 1e-9
            near = abs(latitude - truth["latitude"]) <= step and abs(longitude - truth["longitude"]) <= step
            return near, f"{truth['latitude']:.4f}, {truth['longitude']:.4f}"
        case "zone":
            zone = zone_of(truth["longitude"], truth["latitude"])
            return f"{groups[0]}{groups[1]}" == zone, zone
        case "gsd":
            return bool(truth.get("gsd")) and abs(float(groups[0]) - truth["gsd"]) <= 0.005 + 1e-9, str(truth.get("gsd"))
        case "month":
            return date[:7] == f"{groups[1]}-{_MONTHS.index(groups[0]) + 1:02d}", date
        case "season":
            months = {"winter": (12, 1, 2), "spring": (3, 4, 5), "summer": (6, 7, 8), "fall": (9, 10, 11)}[groups[0]]
            return len(date) >= 7 and int(date[5:7]) in months and groups[1] in (None, date[:4]), date
        case "moment" | "cloud" | "scan" | "azimuth" | "nadir":
            return _told(kind, groups, truth.get("told") or {})
        case _:
            expected = _cells(truth["box"], truth["size"]) if truth.get("box") else []
            return list(groups) == expected, str(expected)


def _told(kind: str, groups: tuple[str, ...], told: Mapping[str, Any]) -> tuple[bool, str]:
    """Say whether a value of fMoW's JSON is told as it stands there."""
    if kind == "moment":
        day = f"{groups[3]}-{_MONTHS.index(groups[1]) + 1:02d}-{int(groups[2]):02d}"
        stamp = _in_utc(str(told.get("timestamp", "")))
        return stamp[:10] == day and stamp[11:13] == f"{int(groups[0]):02d}", stamp
    key = {"cloud": "cloud_cover", "scan": "scan_direction", "azimuth": "target_azimuth_dbl", "nadir": "off_nadir_angle_dbl"}[kind]
    value = told.get(key)
    if kind == "scan":
        return str(value).lower() == groups[0], str(value)
    return isinstance(value, int | float) and abs(value - float(groups[0])) <= 0.005 + 1e-9, str(value)


def _words(caption: str, truth: Mapping[str, Any]) -> Iterator[tuple[Statement, str]]:
    """Yield statements about named things (sensor, place, class), each with the words that it took."""
    sensor = str(truth.get("sensor") or "")
    seen_from = "overhead" if not sensor else "aerial" if re.search(r"(?i)airborne|drone|aerial|uav", sensor) else "satellite"
    if named := re.search(r"(\ban?\b )?(\w+) picture", caption, re.IGNORECASE):
        right = named[2].lower() == seen_from and (not named[1] or named[1].strip().lower() == article(seen_from))
        yield stated("attribute", named[0], right, f"sensor {sensor or 'not known'}"), ""
    for known in filter(None, (truth.get("sensor"), truth.get("place"))):
        if known in caption:
            yield stated("attribute", known, True), known
    if listing := truth.get("classes"):
        joined = " and ".join(filter(None, (", ".join(listing[:-1]), listing[-1])))
        if joined in caption:
            yield stated("presence", joined, True), joined
    if truth.get("label"):
        label = class_words(truth["label"])
        if f" {label}" in caption:
            yield stated("presence", label, f"{article(label)} {label}" in caption, "the article is wrong"), label


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions; words that name anything unknown make a sentence unread."""
    truth = _truth(record, evidence)
    for caption in record["captions"]:
        rest = caption
        for kind, pattern in _RULES:
            for match in re.finditer(pattern, rest):
                holds, why = _holds(kind, match.groups(), truth)
                yield stated(
                    "measure" if kind == "gsd" else "place" if kind in ("place", "zone", "cells") else "attribute", match[0], holds, why
                )
                rest = rest.replace(match[0], " ", 1)
        for statement, taken in _words(rest, truth):
            yield statement
            rest = rest.replace(taken, " ", 1) if taken else rest
        if not _REST.fullmatch(rest):
            yield unread(f"{caption} (left: {' '.join(rest.split())})")
