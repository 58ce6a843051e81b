"""Settings of windows in which one object of its class stands alone."""

from typing import Annotated

from pydantic import Field

from rsvlm.settings import Settings

Side = Annotated[int, Field(ge=32, le=4096)]


class SpotSettings(Settings):
    """Windows around single objects, so that `the ship` means one thing; the numbers are ours.

    Attributes:
        sides: of the windows, pixels; for each object and each of them windows are drawn.
        windows: most windows of an object and a side.
        draws: places that are tried for them.
        border: least distance of the object from the window's border, pixels.
        pairs: also windows in which two objects of different classes stand alone.
        groups: windows of a picture and a side in which two or more objects of some class show, none of that class cut.
        group_draws: places that are tried for those.
    """

    sides: Annotated[tuple[Side, ...], Field(min_length=1)] = (96, 160)
    windows: Annotated[int, Field(ge=1, le=20)] = 2
    draws: Annotated[int, Field(ge=1, le=200)] = 24
    border: Annotated[float, Field(ge=1, le=100)] = 3.0
    pairs: bool = False
    groups: Annotated[int, Field(ge=0, le=1000)] = 0
    group_draws: Annotated[int, Field(ge=1, le=10_000)] = 400
