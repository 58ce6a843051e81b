"""Check captions from masks: regions found again in the mask file, run by run, then read as captions from boxes are."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely

from rsvlm.data.checkers.boxes import check_captions
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement
from rsvlm.records.pictures import load_mask


def _runs(mask: np.ndarray) -> list[tuple[int, int, int]]:
    """Return (row, first column, column after the last) of every stretch of true pixels in a row."""
    padded = np.pad(mask.astype(np.int8), ((0, 0), (1, 1)))
    rows, starts = np.nonzero(np.diff(padded, axis=1) == 1)
    _, ends = np.nonzero(np.diff(padded, axis=1) == -1)
    return list(zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True))


def regions(mask: np.ndarray, *, diagonal: bool = True) -> list[list[tuple[int, int, int]]]:
    """Return the connected regions of a boolean mask (height, width), each as its runs (row, first column, column after the last).

    Args:
        mask: true where the class is.
        diagonal: pixels that touch by a corner belong together.
    """
    runs = _runs(mask)
    parent = list(range(len(runs)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    reach = 1 if diagonal else 0
    above = 0
    for place, (row, start, end) in enumerate(runs):
        while runs[above][0] < row - 1:
            above += 1
        other = above
        while other < place and runs[other][0] == row - 1:
            _, first, last = runs[other]
            if first < end + reach and start < last + reach:
                parent[root(other)] = root(place)
            other += 1
    found: dict[int, list[tuple[int, int, int]]] = {}
    for place, run in enumerate(runs):
        found.setdefault(root(place), []).append(run)
    return list(found.values())


def _filled(mask: np.ndarray) -> np.ndarray:
    """Return a mask without holes: background that no path along edges joins to the border."""
    height, width = mask.shape
    filled = mask.copy()
    for region in regions(~mask, diagonal=False):
        if not any(row in (0, height - 1) or start == 0 or end == width for row, start, end in region):
            for row, start, end in region:
                filled[row, start:end] = True
    return filled


def boxes_of(mask: np.ndarray, minimum_area: int, *, nested: bool) -> list[shapely.Polygon]:
    """Return the box around every region of at least `minimum_area` pixels; without `nested`, holes and what is in them count in."""
    found = []
    for region in regions(mask if nested else _filled(mask)):
        if sum(int(mask[row, start:end].sum()) for row, start, end in region) >= minimum_area:
            rows, starts, ends = zip(*region, strict=True)
            found.append(shapely.box(min(starts), min(rows), max(ends), max(rows) + 1))
    return found


def check(record: Mapping[str, Any], evidence: Evidence) -> Iterator[Statement]:
    """Yield the statements of a record's captions."""
    rule, origin = evidence.rules(record)[0], record["origin"]
    mask = load_mask(evidence.source(str(record["source"])).path(origin["annotation"]), rule["colours"])
    x, y, width, height = origin["window"] or (0, 0, record["width"], record["height"])
    part = mask[y : y + height, x : x + width]
    objects = [
        (noun, box, False)
        for value, noun in rule["classes"].items()
        for box in boxes_of(part == int(value), rule["m2b"]["minimum_area"], nested=rule["m2b"]["nested"])
    ]
    yield from check_captions(record, rule, objects)
