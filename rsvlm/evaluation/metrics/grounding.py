"""Grounding with oriented boxes: every answer box may find one true box, and every true box may be found once.

A known scorer counts every prediction-truth pair, so that one box over two objects scores twice and accuracy can exceed 1;
here pairs are matched one to one, best overlap in total first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from shapely import Polygon, make_valid

Points = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Matches:
    """How the boxes of one question were found.

    Attributes:
        found: true boxes matched at the wanted overlap.
        truth: true boxes.
        answered: answer boxes.
        best: the best overlap of any pair, 0 where there is none.
    """

    found: int
    truth: int
    answered: int
    best: float


def overlap(first: Points, second: Points) -> float:
    """Return intersection over union of two polygons; 0 where either has no area or fewer than three points."""
    one, two = (_polygon(points) for points in (first, second))
    if one is None or two is None:
        return 0.0
    shared = float(one.intersection(two).area)
    return shared / (float(one.area) + float(two.area) - shared)


def _polygon(points: Points) -> Polygon | None:
    if len(points) < 3 or not np.isfinite(np.asarray(points, dtype=np.float64)).all():
        return None
    polygon = Polygon(points)
    valid = polygon if polygon.is_valid else make_valid(polygon)
    return valid if valid.area > 0 else None


def match(answers: Sequence[Points], truths: Sequence[Points], wanted: float = 0.5) -> Matches:
    """Match answer boxes to true boxes one to one, so that as many as possible overlap by at least `wanted`.

    Among matchings with equally many hits, the one with the larger total overlap counts.
    """
    table = np.array([[overlap(answer, truth) for truth in truths] for answer in answers]).reshape(len(answers), len(truths))
    gain = np.where(table >= wanted, len(truths) + 1.0, 0.0) + table
    rows, columns = linear_sum_assignment(gain, maximize=True)
    found = int((table[rows, columns] >= wanted).sum())
    return Matches(found, len(truths), len(answers), float(table.max(initial=0.0)))


def accuracy(matches: Sequence[Matches]) -> float:
    """Return Acc: the share of true boxes that were found, over all questions."""
    total = sum(item.truth for item in matches)
    return sum(item.found for item in matches) / total if total else 0.0
