"""RS5M's choice among several captions of one picture: two rankings one after the other, and the one that turning does not move.

Scores and similarities are arrays that an image-text model made; nothing here knows a model. Of equal values the caption
that comes first wins.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
Similarity = Callable[[Sequence[NDArray[np.uint8]], Sequence[str]], Scores]
QUARTERS = (0, 90, 180, 270)  # degrees


@dataclass(frozen=True)
class Ranked:
    """What was chosen for a picture, as places in the list of captions.

    Attributes:
        kept: the best captions, best first.
        invariant: the one of them whose similarity changes least when the picture is turned.
    """

    kept: tuple[int, ...]
    invariant: int


def top(scores: Scores, count: int) -> NDArray[np.intp]:
    """Return the places of the `count` highest scores (n,), highest first.

    Raises:
        ValueError: a score is not a number.
    """
    _check(scores, 1)
    return np.argsort(-scores.astype(np.float64), kind="stable")[:count]


def top_of_two(first: Scores, second: Scores, keep_first: int, keep: int) -> NDArray[np.intp]:
    """Return the places of the `keep` best by the second model among the `keep_first` best by the first, best first.

    RS5M draws 20 captions, keeps 10 by CLIP ViT-H/14 and 5 of them by CLIP RN50x64.

    Args:
        first: (n,) scores by the first model.
        second: (n,) scores by the second.
        keep_first: how many the first model keeps.
        keep: how many are left.

    Raises:
        ValueError: different lengths, or a score that is not a number.
    """
    _check(second, 1)
    if first.shape != second.shape:
        raise ValueError(f"{first.shape} scores by the first model, {second.shape} by the second")
    kept = np.sort(top(first, keep_first))
    return kept[top(second[kept], keep)]


def rotation_variance(similarities: Scores) -> NDArray[np.float64]:
    """Return the population variance (captions,) of similarities (captions, rotations) over the rotations.

    Raises:
        ValueError: another shape, or a similarity that is not a number.
    """
    _check(similarities, 2)
    return np.var(similarities.astype(np.float64), axis=1)


def most_invariant(similarities: Scores) -> int:
    """Return the place of the caption t* = argmin_j Var_n cos(text_j, image turned by angle n), for (captions, rotations)."""
    return int(np.argmin(rotation_variance(similarities)))


def turned(picture: NDArray[np.uint8], degrees: int) -> NDArray[np.uint8]:
    """Return a picture (height, width, channels) turned counter-clockwise by a multiple of 90 degrees; no pixel is made up.

    Raises:
        ValueError: another angle; RS5M turns by 30 degrees, but does not say what fills the corners.
    """
    if degrees % 90:
        raise ValueError(f"{degrees} degrees; multiples of 90 are allowed")
    return np.ascontiguousarray(np.rot90(picture, degrees // 90))


def rank(
    picture: NDArray[np.uint8],
    captions: Sequence[str],
    first: Similarity,
    second: Similarity,
    keep_first: int = 10,
    keep: int = 5,
    rotations: Sequence[int] = QUARTERS,
) -> Ranked:
    """Choose among the captions of a picture; training then draws the first one kept or the invariant one.

    Args:
        picture: (height, width, channels).
        captions: the candidates.
        first: similarities (pictures, captions) by the first model.
        second: the same by the second; also measures the change under rotation (which of the two does, RS5M does not say).
        keep_first: captions that the first model keeps.
        keep: captions that the second model keeps of these.
        rotations: angles in degrees, multiples of 90.

    Raises:
        ValueError: no caption, or a similarity that is not a number.
    """
    if not captions:
        raise ValueError("no caption to choose from")
    likened = second([turned(picture, degrees) for degrees in (0, *rotations)], captions)
    kept = top_of_two(first([picture], captions)[0], likened[0], keep_first, keep)
    return Ranked(tuple(kept.tolist()), int(kept[most_invariant(likened[1:, kept].T)]))


def _check(values: Scores, dimensions: int) -> None:
    if values.ndim != dimensions or not np.isfinite(values).all():
        raise ValueError(f"scores of shape {values.shape}: {dimensions} dimensions of finite numbers are needed")
