"""Check captions of located tiles: place, zone, level, sizes, land cover and buildings, worked out anew from files and names."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import rasterio
from rasterio.crs import CRS
from rasterio.warp import transform

from rsvlm.captioning.grammar import indefinite
from rsvlm.data.checkers.land_cover import shares_by_bands
from rsvlm.data.checkers.meta import zone_of
from rsvlm.data.evidence import Evidence, size_of
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.errors import DataError

_NUMBER = r"(\d+(?:\.\d+)?)"
_LENGTH = rf"{_NUMBER} (metres?|kilometres?)"
_AT = rf"at {_NUMBER} degrees (north|south) and {_NUMBER} degrees (east|west), in UTM zone (\d+[NS])\."
_OPENING = re.compile(
    rf"This (?P<picture>\w+) picture (?P<how>was taken by (?P<sensor>.+?) |shows a part of (?P<place>.+?), |was taken )(?P<at>{_AT})"
)
_SIZE = rf"the picture is {_LENGTH} wide and {_LENGTH} high\."
_RESOLUTION = (
    re.compile(
        rf"At resolution level (?P<level>\d+), one pixel measures (?P<gsd>{_NUMBER}) metres? on the ground, so that (?P<size>{_SIZE})"
    ),
    re.compile(rf"One pixel measures (?P<gsd>{_NUMBER}) metres? on the ground \(resolution level (?P<level>\d+)\); (?P<size>{_SIZE})"),
)
_COVER = re.compile(r"(?:Its land cover is|By area, it consists of) (?P<list>.+)\.")
_BUILDINGS = re.compile(r"The map of this place has (?P<count>no buildings|a building|\d+ buildings) here\.")
_LABEL = re.compile(r"It shows (?P<label>.+)\.")
_EQUATOR = 40_075_016.68557849


def _truth(record: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Return place, resolution, land cover, buildings and class of a record's picture.

    Raises:
        DataError: no builder of the recipe can have made the record.
    """
    file = record["origin"]["picture"]
    rules = [rule for rule in evidence.rules(record) if PurePosixPath(file).match(rule["pictures"])]
    if not rules:
        raise DataError(f"{record['id']}: no builder of the recipe reads {file}")
    rule, source = rules[0], evidence.source(str(record["source"]))
    path, row = source.path(file), source.metadata(file)
    x, y, width, height = record["origin"]["window"] or (0, 0, *size_of(path))
    factor = width / record["width"]
    truth: dict[str, Any] = {"rule": rule, "sensor": row.get("sensor") or "", "place": rule["place_name"]}
    if rule["place"] == "tile":
        column, line, zoom = (int(part) for part in re.findall(r"\d+", PurePosixPath(file).stem)[-3:])
        edges = [math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (line + step) / 2**zoom)))) for step in (0, 1)]
        west, east = (360 * (column + step) / 2**zoom - 180 for step in (0, 1))
        truth |= {"longitude": (west + east) / 2, "latitude": sum(edges) / 2, "level": zoom - round(math.log2(factor))}
        truth["gsd"] = _EQUATOR * math.cos(math.radians(truth["latitude"])) / 2**zoom / width * factor
        truth["box"] = (west, edges[1], east, edges[0])
    else:
        with rasterio.open(path) as raster:
            a, b, c, d, e, f = tuple(raster.transform)[:6]
            corners = [
                (a * p + b * q + c, d * p + e * q + f) for p, q in ((x, y), (x + width, y), (x, y + height), (x + width, y + height))
            ]
            lon, lat = transform(raster.crs, CRS.from_epsg(4326), *zip(*corners, strict=True))
        truth["gsd"] = (row.get("gsd") or record["gsd"]) * factor
        # On the ground: the diagonal of the tile between its corners on a sphere.
        truth["measured"] = _distance((lon[0], lat[0]), (lon[3], lat[3])) / math.hypot(record["width"], record["height"])
        truth |= {"longitude": (min(lon) + max(lon)) / 2, "latitude": (min(lat) + max(lat)) / 2}
        truth["level"] = round(17 - math.log2(truth["gsd"]))
        truth["box"] = (min(lon), min(lat), max(lon), max(lat))
    if rule["cover"]:
        truth["cover"] = shares_by_bands(path, rule["cover"], (x, y, width, height))
    if rule["buildings"]:
        truth["buildings"] = _buildings(json.loads(source.path(rule["buildings"]).read_bytes()), truth["box"])
    if rule["label"]:
        found = re.search(rule["label"], file)
        truth["label"] = found[1] if found else ""
    return truth


def _distance(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return metres between two points (degrees) by the haversine formula on a sphere of 6,371,008.8 metres."""
    (a, b), (c, d) = ((math.radians(value) for value in point) for point in (first, second))
    half = math.sin((d - b) / 2) ** 2 + math.cos(b) * math.cos(d) * math.sin((c - a) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(half))


def _buildings(collection: Mapping[str, Any], box: tuple[float, float, float, float]) -> int:
    count = 0
    for feature in collection["features"]:
        points = [point for ring in feature["geometry"]["coordinates"] for point in ring]
        if feature["geometry"]["type"] == "MultiPolygon":
            points = [point for polygon in feature["geometry"]["coordinates"] for ring in polygon for point in ring]
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        x, y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
        count += box[0] <= x < box[2] and box[1] < y <= box[3]
    return count


def _opening(match: re.Match[str], truth: Mapping[str, Any]) -> Iterator[Statement]:
    found = re.fullmatch(_AT, match["at"])
    assert found is not None
    latitude = float(found[1]) * (1 if found[2] == "north" else -1)
    longitude = float(found[3]) * (1 if found[4] == "east" else -1)
    step = 0.5 * 10.0 ** -truth["rule"]["decimals"] + 1e-6
    near = abs(latitude - truth["latitude"]) <= step and abs(longitude - truth["longitude"]) <= step
    yield stated("place", match["at"], near, f"{truth['latitude']:.4f}, {truth['longitude']:.4f}")
    zone = zone_of(truth["longitude"], truth["latitude"])
    yield stated("place", f"zone {found[5]}", found[5] == zone, zone)
    if match["sensor"]:
        yield stated("attribute", match["sensor"], match["sensor"] == truth["sensor"], truth["sensor"])
    if match["place"]:
        yield stated("place", match["place"], match["place"] == truth["place"], truth["place"])
    airborne = re.search(r"(?i)airborne|drone|aerial|uav", truth["sensor"])
    seen = "overhead" if not truth["sensor"] else "aerial" if airborne else "satellite"
    yield stated("attribute", f"{match['picture']} picture", match["picture"] == seen, f"sensor {truth['sensor'] or 'not known'}")


def _resolution(match: re.Match[str], record: Mapping[str, Any], truth: Mapping[str, Any]) -> Iterator[Statement]:
    gsd = float(match["gsd"])
    yield stated("measure", match[0], abs(gsd - truth["gsd"]) <= 0.005 + 1e-6, f"{truth['gsd']:.4f} metres")
    if "measured" in truth:
        yield stated(
            "measure", f"{match['gsd']} metres on the ground", abs(gsd / truth["measured"] - 1) <= 0.02, f"{truth['measured']:.3f}"
        )
    yield stated("measure", f"level {match['level']}", int(match["level"]) == truth["level"], str(truth["level"]))
    sizes = re.fullmatch(_SIZE, match["size"])
    assert sizes is not None
    for side, value, unit in ((record["width"], sizes[1], sizes[2]), (record["height"], sizes[3], sizes[4])):
        metres = float(value) * (1000 if unit.startswith("kilo") else 1)
        step = 5.0 if unit.startswith("kilo") else 0.05
        yield stated("measure", f"{value} {unit}", abs(metres - side * truth["gsd"]) <= step + 1e-3, f"{side * truth['gsd']:.2f} metres")


def _cover(match: re.Match[str], truth: Mapping[str, Any]) -> Iterator[Statement]:
    shares = truth.get("cover") or {}
    told = []
    for part in re.split(r", | and ", match["list"]):
        item = re.fullmatch(r"(\d+)% ([a-z ]+)", part)
        if item is None:
            yield unread(f"{match[0]} (left: {part})")
            return
        name = {"trees": "tree", "crops": "crop", "shrubs": "shrub"}.get(item[2], item[2])
        told.append(name)
        share = 100 * shares.get(name, 0.0)
        yield stated("share", part, name in shares and abs(int(item[1]) - share) <= 0.5 + 1e-3, f"{share:.2f} %")
    rule = truth["rule"]
    most = [name for name, share in shares.items() if share >= rule["least_share"]][: rule["told"]]
    yield stated("share", match[0], told == most, f"most first: {most}")


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions; what a model wrote was checked against its facts when it was written."""
    if not record["captions"]:
        return
    truth = _truth(record, evidence)
    model_text = (record.get("generator") or {}).get("caption")
    for place, caption in enumerate(record["captions"]):
        if str(place) == model_text:
            continue
        for text in re.split(r"(?<=\.) (?=[A-Z])", caption):
            yield from _sentence(text, record, truth)


def _sentence(text: str, record: Mapping[str, Any], truth: Mapping[str, Any]) -> Iterator[Statement]:
    if match := _OPENING.fullmatch(text):
        yield from _opening(match, truth)
    elif match := next(filter(None, (pattern.fullmatch(text) for pattern in _RESOLUTION)), None):
        yield from _resolution(match, record, truth)
    elif match := _COVER.fullmatch(text):
        yield from _cover(match, truth)
    elif match := _BUILDINGS.fullmatch(text):
        count = {"no buildings": 0, "a building": 1}.get(match["count"])
        count = int(match["count"].split()[0]) if count is None else count
        yield stated("count", text, count == truth.get("buildings"), str(truth.get("buildings")))
    elif match := _LABEL.fullmatch(text):
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", truth.get("label") or "").lower()
        yield stated("presence", text, bool(words) and match["label"] == indefinite(words), words)
    else:
        yield unread(text)
