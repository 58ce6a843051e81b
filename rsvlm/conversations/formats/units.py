"""Coordinates as whole steps of an extent, and the digits that say them."""

import re

from rsvlm.records.unfit import Unfit

NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)")


def steps_of(value: float, extent: float, steps: int) -> int:
    """Return the nearest of `steps` equal steps of an extent, 0 to `steps`.

    Raises:
        Unfit: the value lies more than half a step outside.
    """
    count = round(value / extent * steps)
    if not 0 <= count <= steps:
        raise Unfit("shape leaves the image", f"{value:.1f} of {extent:g}")
    return count


def said(count: int, steps: int, decimals: int) -> str:
    """Return the digits of a count of steps: the count itself, or with decimals the fraction of the whole."""
    return f"{count / steps:.{decimals}f}" if decimals else str(count)


def pixels_of(digits: str, extent: float, whole: float) -> float:
    """Return pixels for digits of which `whole` means the full extent.

    Raises:
        Unfit: they lie outside 0 to `whole`.
    """
    value = float(digits)
    if not 0 <= value <= whole:
        raise Unfit("coordinate outside the format's range", f"{digits} of 0 to {whole:g}")
    return value / whole * extent
