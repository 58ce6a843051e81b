"""Check captions of land cover: shares worked out anew from the raw bands, or from the raster of classes.

Indices, regions and shares are computed here with plain array code; neither the builders' rules nor their cover is used.
A size word holds where the share, give or take half a percent, falls into its range; a percentage to its last decimal.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.crs import CRS
from rasterio.transform import rowcol, xy
from rasterio.warp import transform
from rasterio.windows import Window

from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement, stated, unread
from rsvlm.errors import DataError

# ChatEarthNet's order; WorldCover's codes beside.
_CODES = {
    "background": 0, "water": 80, "developed area": 50, "tree": 10, "shrub": 20, "grass": 30, "crop": 40, "bare land": 60, "snow": 70,
    "wetland": 90, "mangroves": 95, "moss": 100,
}  # fmt: skip
_NAMES = list(_CODES)
# Red, green and blue of each class in ChatEarthNet's pictures of classes.
_COLOURS = {
    "water": (0, 0, 255), "developed area": (255, 0, 0), "tree": (0, 192, 0), "shrub": (200, 170, 120), "grass": (0, 255, 0),
    "crop": (255, 255, 0), "bare land": (128, 128, 128), "snow": (255, 255, 255), "wetland": (0, 255, 255), "mangroves": (255, 0, 255),
    "moss": (128, 0, 128),
}  # fmt: skip
_PLURAL = {"trees": "tree", "shrubs": "shrub", "crops": "crop"}
_SIZES = ("extra small", "small", "medium", "large", "extra large")
_REGION = r"top left|top right|bottom left|bottom right|middle"
_PORTION = r"fraction|part|portion|amount|quantity"
_DOMINANT = re.compile(
    rf"(?:(?P<a>.+?) (?P<be>is|are) the most widespread land cover in this satellite picture(?:, above all in the (?P<in>{_REGION}))?"
    rf"|In this satellite picture, (?P<b>.+?) (?P<be2>is|are) the dominant land cover(?:, most of all in the (?P<in2>{_REGION}))?)\.",
)
_ORDER = re.compile(r"(?:In descending order of area, there are|By falling area, the land cover consists of) (?P<list>.+)\.")
_ONLY = re.compile(r"There is no other land cover of any extent\.")
_IN = re.compile(rf"In the (?P<region>{_REGION}), (?P<list>.+)\.")
_EVERYWHERE = re.compile(r"In all four quarters and in the middle, (?P<list>.+)\.")
_ITEM = re.compile(rf"(?P<name>.+?)(?: makes? up)? (?P<article>an?) (?P<size>{'|'.join(_SIZES)}) (?:{_PORTION})")
_PERCENT = re.compile(r"(?P<value>\d+\.\d\d)% (?:of the area is covered )?by (?P<name>[a-z ]+)")
_SUMMARY = re.compile(r"(?:Overall, the picture mainly shows|All in all, the scene is made up mainly of) (?P<list>.+)\.")


def _named(words: str) -> str:
    """Return the class that words stand for, as they are where there is none."""
    lower = words.lower()
    return _PLURAL.get(lower, lower)


def _list(words: str) -> list[str]:
    return [_named(part) for part in re.split(r", | and ", words)]


def _window(record: Mapping[str, Any]) -> tuple[slice, slice]:
    x, y, width, height = record["origin"]["window"] or (0, 0, record["width"], record["height"])
    return slice(y, y + height), slice(x, x + width)


def _by_indices(path: Any, limits: Mapping[str, Any], rows: slice, columns: slice) -> NDArray[np.int64]:
    """Return class places (height, width) from the bands, rule by rule, the first met one first."""
    with rasterio.open(path) as raster:
        stored = raster.read(window=Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)).astype(
            np.float64
        )
    infrared = 11 if len(stored) == 13 else 10
    shift = 1000.0 if any(fnmatchcase(path.name, pattern) for pattern in limits["shifted"]) else 0.0
    b02, b03, b04, b08, b11 = (np.clip(stored[band] - shift, 0, None) / 10_000 for band in (1, 2, 3, 7, infrared))
    with np.errstate(divide="ignore", invalid="ignore"):
        ndvi, ndwi, ndsi, ndbi = (np.nan_to_num((p - q) / (p + q)) for p, q in ((b08, b04), (b03, b08), (b03, b11), (b11, b08)))
    found = np.full(b02.shape, _NAMES.index("bare land"))
    found[(ndbi > limits["built"]) & (ndbi <= limits["built_most"]) & (b04 < limits["red_to_blue"] * b02)] = _NAMES.index("developed area")
    found[ndvi >= limits["sparse"]] = _NAMES.index("grass")
    found[ndvi >= limits["dense"]] = _NAMES.index("crop")
    found[(ndvi >= limits["dense"]) & (b03 < limits["tree_green"])] = _NAMES.index("tree")
    found[ndwi > limits["water"]] = _NAMES.index("water")
    found[(ndsi > limits["snow"]) & (b03 > limits["snow_green"])] = _NAMES.index("snow")
    found[~stored.any(axis=0)] = 0
    return found


def _by_colours(path: Any) -> NDArray[np.int64]:
    """Return class places of a picture of classes; what has no class's colour is background."""
    if path.suffix.lower() in (".tif", ".tiff"):
        with rasterio.open(path) as classes:
            pixels = np.moveaxis(classes.read([1, 2, 3]), 0, -1)
    else:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    found = np.zeros(pixels.shape[:2], np.int64)
    for name, colour in _COLOURS.items():
        found[(pixels == colour).all(axis=-1)] = _NAMES.index(name)
    return found


def _by_raster(picture: Any, path: Any, rule: Mapping[str, Any], rows: slice, columns: slice) -> NDArray[np.int64]:
    """Return class places of a picture's pixels from a class raster: at their centres where both have a place, else one to one."""
    if rule["values"] == "colours":
        return _by_colours(path)[rows, columns]
    if path.suffix.lower() not in (".tif", ".tiff"):
        with Image.open(path) as image:
            values = np.asarray(image.convert("L"))[rows, columns]
    else:
        with rasterio.open(path) as classes, rasterio.open(picture) as shown:
            if shown.crs is None or classes.crs is None or rule["values"] == "places":
                values = classes.read(1)[rows, columns]
            else:
                down, across = np.mgrid[rows, columns]
                xs, ys = xy(shown.transform, down.ravel(), across.ravel())
                lon, lat = transform(CRS.from_user_input(shown.crs), classes.crs, xs, ys)
                row, column = rowcol(classes.transform, lon, lat, op=np.floor)
                column, row = np.asarray(column, dtype=int), np.asarray(row, dtype=int)
                inside = (column >= 0) & (row >= 0) & (column < classes.width) & (row < classes.height)
                band = classes.read(1)
                values = np.where(inside, band[np.clip(row, 0, classes.height - 1), np.clip(column, 0, classes.width - 1)], 0)
                values = values.reshape(down.shape)
    if rule["values"] == "places":
        return values.astype(np.int64)
    places = {code: place for place, code in enumerate(_CODES.values())}
    found: NDArray[np.int64] = np.vectorize(lambda code: places[int(code)])(values)
    return found


class _Shares:
    """Pixels of each class by region."""

    def __init__(self, cover: NDArray[np.int64]) -> None:
        height, width = cover.shape
        half, middle = (height // 2, width // 2), (slice(height // 4, height * 3 // 4), slice(width // 4, width * 3 // 4))
        parts = {
            "": cover,
            "top left": cover[: half[0], : half[1]],
            "top right": cover[: half[0], half[1] :],
            "bottom left": cover[half[0] :, : half[1]],
            "bottom right": cover[half[0] :, half[1] :],
            "middle": cover[middle],
        }
        self.pixels = {region: {name: int((part == place).sum()) for place, name in enumerate(_NAMES)} for region, part in parts.items()}

    def count(self, region: str, name: str) -> int:
        return self.pixels[region].get(name, 0)

    def share(self, region: str, name: str, *, of_all: bool = False) -> float:
        pixels = self.pixels[region]
        whole = sum(pixels.values()) - (0 if of_all else pixels["background"])
        return pixels.get(name, 0) / whole if whole else 0.0

    def ranked(self, region: str, least: int) -> list[str]:
        found = [(-count, -place, name) for place, (name, count) in enumerate(self.pixels[region].items()) if place and count >= least]
        return [name for _, _, name in sorted(found)]


def shares_by_bands(path: Any, limits: Mapping[str, Any], window: tuple[int, int, int, int]) -> dict[str, float]:
    """Return the share of each class among the pixels with one, most first, of a window (x, y, width, height) of bands."""
    x, y, width, height = window
    shares = _Shares(_by_indices(path, limits, slice(y, y + height), slice(x, x + width)))
    return {name: shares.share("", name) for name in shares.ranked("", 1)}


def shares_of(record: Mapping[str, Any], evidence: Evidence) -> tuple[_Shares, Mapping[str, Any]]:
    """Return the pixels of each class by region, and the builder's settings.

    Raises:
        DataError: no builder of the recipe can have made the record.
    """
    origin = record["origin"]
    rules = [rule for rule in evidence.rules(record) if PurePosixPath(origin["picture"]).match(rule["pictures"])]
    if not rules:
        raise DataError(f"{record['id']}: no builder of the recipe reads {origin['picture']}")
    picture = evidence.source(str(record["source"])).path(origin["picture"])
    rows, columns = _window(record)
    cover = rules[0]["cover"]
    if cover["kind"] == "derived":
        return _Shares(_by_indices(picture, cover, rows, columns)), rules[0]
    file = cover["file"].replace("{stem}", picture.stem).replace("{folder}", PurePosixPath(origin["picture"]).parent.as_posix())
    source = evidence.source(cover["source"] or str(record["source"]))
    return _Shares(_by_raster(picture, source.path(file), cover, rows, columns)), rules[0]


def _dominant(match: re.Match[str], shares: _Shares, rule: Mapping[str, Any]) -> Iterator[Statement]:
    words, be, region = match["a"] or match["b"], match["be"] or match["be2"], match["in"] or match["in2"]
    name, text = _named(words), match[0]
    ranked = shares.ranked("", rule["least_pixels"])
    yield stated("share", text, ranked[:1] == [name], f"most pixels: {ranked[:3]}")
    yield stated(
        "format", f"{words} {be}", (be == "are") == (words.lower() in _PLURAL or words.lower() == "mangroves"), "number of the verb"
    )
    if region:
        best = max(shares.share(other, name) for other in shares.pixels if other)
        yield stated("position", text, shares.share(region, name) >= best - 1e-9, f"{best:.1%} elsewhere")


def _everywhere(match: re.Match[str], shares: _Shares, rule: Mapping[str, Any]) -> Iterator[Statement]:
    for region in shares.pixels:
        if region:
            yield from _portions(match, region, shares, rule)


def _portions(match: re.Match[str], region: str, shares: _Shares, rule: Mapping[str, Any]) -> Iterator[Statement]:
    told = []
    for part in re.split(r", | and (?=[a-z ]+ an? )", match["list"]):
        item = _ITEM.fullmatch(part.removeprefix("and "))
        if item is None:
            yield unread(f"{match[0]} (left: {part})")
            return
        name = _named(item["name"])
        told.append(name)
        share, place = 100 * shares.share(region, name), _SIZES.index(item["size"])
        low = 0.0 if place == 0 else rule["cuts"][place - 1]
        high = 100.0 if place == len(_SIZES) - 1 else rule["cuts"][place]
        holds = shares.count(region, name) >= rule["least_pixels"] and low - 0.5 <= share < high + (1e-9 if high == 100 else 0.5)
        yield stated("share", f"{region}: {part}", holds, f"{share:.2f} %")
        yield stated("format", part, (item["article"] == "an") == item["size"].startswith("e"), "article")
    expected = shares.ranked(region, rule["least_pixels"])[: rule["told"]]
    yield stated("share", match[0], told == expected, f"most pixels first: {expected}")


def _percentages(match: re.Match[str], shares: _Shares, slack: float) -> Iterator[Statement]:
    region, told = match["region"], []
    for part in re.split(r", | and (?=\d)", match["list"]):
        item = _PERCENT.fullmatch(part)
        if item is None:
            yield unread(f"{match[0]} (left: {part})")
            return
        name = _named(item["name"])
        told.append(name)
        share = 100 * shares.share(region, name, of_all=True)
        holds = name in _NAMES[1:] and abs(float(item["value"]) - share) <= 0.005 + slack + 1e-9
        yield stated("share", f"{region}: {part}", holds, f"{share:.3f} %")
    expected = shares.ranked(region, 1)
    yield stated("share", match[0], slack > 0 or told == expected, f"most pixels first: {expected}")


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions."""
    shares, rule = shares_of(record, evidence)
    model_text = (record.get("generator") or {}).get("caption")
    # A class raster of another projection is sampled a little differently at the edges of its pixels.
    slack = 0.5 if rule["cover"]["kind"] == "raster" and rule["cover"]["values"] == "worldcover" else 0.0
    for place, caption in enumerate(record["captions"]):
        if model_text == str(place):
            yield from _model_text(caption, shares, rule)
            continue
        for text in re.split(r"(?<=\.) (?=[A-Z])", caption):
            yield from _sentence(text, shares, rule, slack)


def _sentence(text: str, shares: _Shares, rule: Mapping[str, Any], slack: float) -> Iterator[Statement]:
    readings: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Iterator[Statement]]], ...] = (
        (_DOMINANT, lambda match: _dominant(match, shares, rule)),
        (_ORDER, lambda match: _order(match, shares, rule)),
        (_ONLY, lambda match: _only(match, shares, rule)),
        (_IN, lambda match: _percentages(match, shares, slack) if "%" in match[0] else _portions(match, match["region"], shares, rule)),
        (_EVERYWHERE, lambda match: _everywhere(match, shares, rule)),
        (_SUMMARY, lambda match: _summary(match, shares, rule)),
    )
    for pattern, read in readings:
        if match := pattern.fullmatch(text):
            yield from read(match)
            return
    yield unread(text)


def _order(match: re.Match[str], shares: _Shares, rule: Mapping[str, Any]) -> Iterator[Statement]:
    expected = shares.ranked("", rule["least_pixels"])
    yield stated("share", match[0], _list(match["list"]) == expected, f"most pixels first: {expected}")


def _only(match: re.Match[str], shares: _Shares, rule: Mapping[str, Any]) -> Iterator[Statement]:
    found = shares.ranked("", rule["least_pixels"])
    yield stated("presence", match[0], len(found) == 1, f"there are {found}")


def _summary(match: re.Match[str], shares: _Shares, rule: Mapping[str, Any]) -> Iterator[Statement]:
    told, cut = _list(match["list"]), rule["cuts"][0] / 100
    enough = {name for name in _NAMES[1:] if shares.share("", name) >= cut - 0.005}
    must = {name for name in _NAMES[1:] if shares.share("", name) >= cut + 0.005}
    most = shares.ranked("", rule["least_pixels"])[:1]
    holds = must <= set(told) <= enough or (not must and told == most)
    yield stated("share", match[0], holds, f"at least {cut:.0%}: {sorted(must)}")


def _model_text(caption: str, shares: _Shares, rule: Mapping[str, Any]) -> Iterator[Statement]:
    """Yield what can be checked of a model's paragraph: that the classes it names are there, and no forbidden word."""
    words = re.sub(r"[^a-z ]", " ", caption.lower())
    for name in _NAMES[1:]:
        forms = {name, *(plural for plural, single in _PLURAL.items() if single == name)}
        if any(f" {form} " in f" {' '.join(words.split())} " for form in forms):
            yield stated("presence", f"{name} in a model's text", shares.count("", name) > 0, "not in the picture")
    for word in (rule["rewriting"] or {}).get("forbidden", ()):
        if word in words.split():
            yield stated("text", caption, False, f"forbidden word {word}")
