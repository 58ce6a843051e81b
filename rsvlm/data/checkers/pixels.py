"""The pixels behind a record, read again, and the colours of single pixels by name: no clusters, only counting."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
import shapely.affinity
from PIL import Image
from rasterio.windows import Window

from rsvlm.data.checkers.whole import window_of
from rsvlm.data.evidence import Evidence
from rsvlm.imagery.rasters import open_raster
from rsvlm.records.pictures import RASTERS

# Lower ends of the ranges of hue, in degrees; from the last one on it is red again.
_HUES = (
    (0, "red"),
    (20, "orange"),
    (45, "yellow"),
    (70, "green"),
    (165, "cyan"),
    (200, "blue"),
    (260, "purple"),
    (310, "pink"),
    (345, "red"),
)


def pixels_of(record: Mapping[str, Any], evidence: Evidence) -> np.ndarray:
    """Return the pixels of a record's window (height, width, bands) as the source has them."""
    path = evidence.source(str(record["source"])).path(record["origin"]["picture"])
    x, y, width, height = window_of(record)
    if path.suffix.lower() in RASTERS:
        with open_raster(path) as raster:
            return np.moveaxis(raster.read(window=Window(x, y, width, height)), 0, -1)
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))[y : y + height, x : x + width]


def is_panchromatic(pixels: np.ndarray, tolerance: int = 2) -> bool:
    """Say whether a picture has one band, or three that say the same."""
    if pixels.shape[2] == 1:
        return True
    bands = pixels[..., :3].astype(np.int64)
    return bool((bands.max(axis=2) - bands.min(axis=2) <= tolerance).all())


def names_of(colours: np.ndarray) -> list[str]:
    """Return the colour names of pixels (n, 3), 0 to 255."""
    found = []
    for red, green, blue in colours.astype(np.float64) / 255:
        high, low = max(red, green, blue), min(red, green, blue)
        spread = high - low
        if high < 0.2:
            found.append("black")
        elif spread < 0.18 * high:
            found.append("white" if high > 0.75 else "gray")
        else:
            hue = {red: (green - blue) / spread, green: 2 + (blue - red) / spread, blue: 4 + (red - green) / spread}[high] * 60 % 360
            name = [word for start, word in _HUES if hue >= start][-1]
            found.append("brown" if name in ("red", "orange", "yellow") and high < 0.6 and hue < 50 else name)
    return found


def share_of_colour(pixels: np.ndarray, polygon: shapely.Polygon, name: str, core: float) -> tuple[float, dict[str, int]]:
    """Return which share of the pixels in an object's core has a colour, and how many have which.

    Args:
        pixels: of the record's picture, RGB.
        polygon: the object, in pixels.
        name: of the colour.
        core: share of width and height around the centre of its box that counts.
    """
    x1, y1, x2, y2 = polygon.bounds
    inner = shapely.affinity.scale(polygon, core, core, origin=((x1 + x2) / 2, (y1 + y2) / 2))
    rows, columns = np.mgrid[int(y1) : int(y2) + 1, int(x1) : int(x2) + 1]
    inside = shapely.contains_xy(inner, columns + 0.5, rows + 0.5)
    inside &= (rows < pixels.shape[0]) & (columns < pixels.shape[1])
    names = names_of(pixels[rows[inside], columns[inside], :3])
    counts = {word: names.count(word) for word in sorted(set(names))}
    return counts.get(name, 0) / max(len(names), 1), counts
