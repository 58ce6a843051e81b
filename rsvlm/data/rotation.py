"""Pictures turned by any angle; the corners are filled with the picture's own reflection at its edges."""

import math

import numpy as np
from PIL import Image


def angles_of(count: int) -> tuple[float, ...]:
    """Return the angles (degrees) of `count` equal steps of a whole turn, the whole turn last: 12 give 30, 60, ..., 360."""
    return tuple(360.0 * step / count for step in range(1, count + 1))


def turned(picture: Image.Image, degrees: float) -> Image.Image:
    """Return an RGB picture turned counter-clockwise about its centre, at its own size.

    A square picture loses no pixel at multiples of 90 degrees. Otherwise it is mirrored outwards as far as its diagonal
    reaches, turned with bilinear interpolation, and cut back to its size. RS5M does not say how it fills the corners.
    """
    quarter, rest = divmod(degrees % 360.0, 90.0)
    if rest == 0.0 and (picture.width == picture.height or quarter % 2 == 0):
        return Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(picture), int(quarter))))
    width, height = picture.size
    reach = math.ceil(math.hypot(width, height) / 2)
    across, down = max(0, reach - width // 2) + 1, max(0, reach - height // 2) + 1
    padded = np.pad(np.asarray(picture), ((down, down), (across, across), (0, 0)), mode="symmetric")
    whole = Image.fromarray(padded).rotate(degrees, Image.Resampling.BILINEAR)
    return whole.crop((across, down, across + width, down + height))
