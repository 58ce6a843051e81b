"""Measured quantities and directions in English words."""

import math

from rsvlm.captioning.grammar import plural

_COMPASS = (
    "north", "north-north-east", "north-east", "east-north-east", "east", "east-south-east", "south-east", "south-south-east",
    "south", "south-south-west", "south-west", "west-south-west", "west", "west-north-west", "north-west", "north-north-west",
)  # fmt: skip


def decimal(value: float, decimals: int) -> str:
    """Return a number rounded to so many decimals, without closing zeros: 12.50 is `12.5`, 3.0 is `3`.

    Raises:
        ValueError: the value is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no quantity")
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def measured(value: float, unit: str, *, decimals: int = 1) -> str:
    """Return a quantity with its unit in words: `1 metre`, `0.5 metres`, `2 square kilometres`, `10 metres per pixel`.

    Args:
        value: in that unit.
        unit: in the singular.
        decimals: the most that are written.

    Raises:
        ValueError: the value is not finite.
    """
    text = decimal(value, decimals)
    return f"{text} {unit if text in ('1', '-1') else plural(unit)}"


def compass(bearing: float, points: int = 8) -> str:
    """Return a direction: `north`, `north-east`; half way between two it is the one further clockwise.

    Args:
        bearing: degrees clockwise from north, any.
        points: of the compass: 4, 8 or 16.

    Raises:
        ValueError: the bearing is not finite, or there is no such compass.
    """
    if points not in (4, 8, 16):
        raise ValueError(f"compass of {points} points; allowed: 4, 8, 16")
    if not math.isfinite(bearing):
        raise ValueError(f"{bearing} is no bearing")
    return _COMPASS[math.floor(bearing % 360 * points / 360 + 0.5) % points * (16 // points)]


def compass_adjective(direction: str) -> str:
    """Return the adjective of a direction: `northern`, `north-eastern`."""
    return f"{direction}ern"
