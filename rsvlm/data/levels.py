"""Resolution levels of web maps as Git-10M counts them: r = 2^(17 - L) metres a pixel."""

import math

FINEST = 17


def metres_of(level: int) -> float:
    """Return metres a pixel of a level: 128 at level 10, 0.5 at level 18."""
    return 2.0 ** (FINEST - level)


def level_of(gsd: float) -> int:
    """Return the level whose metres a pixel are nearest to a ground sample distance, as a ratio; halfway the finer one.

    Raises:
        ValueError: not a positive number.
    """
    if not (math.isfinite(gsd) and gsd > 0):
        raise ValueError(f"{gsd} is no ground sample distance; a positive number of metres is needed")
    return math.floor(FINEST - math.log2(gsd) + 0.5)
