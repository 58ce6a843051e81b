"""Is anything of the evaluation data in the training data? Four ways to find it, on the tables beside shards.

Same id; same bytes (sha256 of the picture); near copies (perceptual hashes that differ in fewer bits than a limit);
overlapping ground (bounds in degrees). The check runs before an evaluation, and its findings stop it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from shapely import STRtree, area, box, intersection

from rsvlm.errors import LeakError
from rsvlm.records.near import near_pairs

_FULL_CIRCLE = 360.0


@dataclass(frozen=True, order=True)
class Leak:
    """One evaluation sample that training has seen: how it shows, both ids, and the particulars."""

    kind: str
    evaluation: str
    training: str
    detail: str


def _equal(kind: str, training: pa.Table, evaluation: pa.Table, column: str) -> Iterator[Leak]:
    """Yield pairs with an equal value; of several equal training samples the first."""
    first: dict[str, str] = {}
    for value, name in zip(training.column(column).to_pylist(), training.column("id").to_pylist(), strict=True):
        first.setdefault(value, name)
    for value, name in zip(evaluation.column(column).to_pylist(), evaluation.column("id").to_pylist(), strict=True):
        if value is not None and value in first:
            yield Leak(kind, name, first[value], value)


def _hashes(table: pa.Table) -> np.ndarray:
    return np.asarray([int(text, 16) for text in table.column("phash").to_pylist()], dtype=np.uint64)


def _near(training: pa.Table, evaluation: pa.Table, below: int, segments: int) -> Iterator[Leak]:
    names, others = training.column("id"), evaluation.column("id")
    for left, right, distances in near_pairs(_hashes(evaluation), _hashes(training), below=below, segments=segments):
        for position, other, distance in zip(left.tolist(), right.tolist(), distances.tolist(), strict=True):
            yield Leak("near copy", others[position].as_py(), names[other].as_py(), f"{distance} of 64 bits differ")


def _rectangles(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Return rectangles (n,) and the row of each; one that crosses the antimeridian gives two."""
    columns = [table.column(name).to_numpy(zero_copy_only=False).astype(float) for name in ("west", "south", "east", "north")]
    west, south, east, north = columns
    rows = np.flatnonzero(np.isfinite(west + south + east + north))
    crossing = rows[west[rows] > east[rows]]
    east = np.where(west > east, east + _FULL_CIRCLE, east)
    shapes = [box(west[rows], south[rows], east[rows], north[rows])]
    shapes.append(box(west[crossing] - _FULL_CIRCLE, south[crossing], east[crossing] - _FULL_CIRCLE, north[crossing]))
    return np.concatenate(shapes), np.concatenate([rows, crossing])


def _overlapping(training: pa.Table, evaluation: pa.Table) -> Iterator[Leak]:
    shapes, rows = _rectangles(training)
    others, other_rows = _rectangles(evaluation)
    if not len(shapes) or not len(others):
        return
    names, evaluated = training.column("id"), evaluation.column("id")
    for position, found in STRtree(shapes).query(others, predicate="intersects").T.tolist():
        shared = float(area(intersection(others[position], shapes[found])))
        if shared > 0:  # touching edges, as neighbouring tiles have them, share no ground
            share = shared / float(area(others[position]))
            yield Leak("overlapping ground", evaluated[other_rows[position]].as_py(), names[rows[found]].as_py(), f"{share:.1%} of it")


def find_leaks(training: pa.Table, evaluation: pa.Table, *, below: int = 2, segments: int = 4) -> list[Leak]:
    """Return what of the evaluation data is in the training data, sorted; each way at most once for a pair.

    Args:
        training: rows of an index (`rsvlm.records.index.INDEX`) that a model was trained on.
        evaluation: rows of an index that it is to be scored on.
        below: hashes that differ in fewer bits are near copies.
        segments: into how many parts hashes are cut to find candidates.
    """
    found = {
        *_equal("same id", training, evaluation, "id"),
        *_equal("same bytes", training, evaluation, "image_sha256"),
        *_near(training, evaluation, below, segments),
        *_overlapping(training, evaluation),
    }
    return sorted(found)


def refuse_leaks(training: pa.Table, evaluation: pa.Table, *, below: int = 2, segments: int = 4) -> None:
    """Stop an evaluation whose data training has seen.

    Raises:
        LeakError: one line with the counts by kind and the first finding.
    """
    leaks = find_leaks(training, evaluation, below=below, segments=segments)
    if leaks:
        kinds = sorted({leak.kind for leak in leaks})
        counted = ", ".join(f"{kind}: {sum(leak.kind == kind for leak in leaks)}" for kind in kinds)
        first = leaks[0]
        raise LeakError(
            f"{len({leak.evaluation for leak in leaks})} evaluation samples are in the training data ({counted}); first: "
            f"{first.evaluation} is {first.training} of training ({first.detail}); move them to one split or leave them out"
        )
