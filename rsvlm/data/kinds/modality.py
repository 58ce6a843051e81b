"""Settings of questions for the sensor of a picture."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Percent, SplitShares
from rsvlm.settings import Inside, Name, Settings

Sensor = Literal["optical", "SAR", "infrared"]


class Modality(Settings):
    """One question for what made a picture.

    SAR rasters of complex numbers are shown as amplitude in decibels, and everything of one channel has it three times.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        pictures: glob pattern.
        sensor: that made them.
        scene: of all these pictures, where they show one place; empty: each its own.
        side: pictures are cut into windows of this side in pixels, without overlap; 0 takes them whole.
        stretch: percentiles that rasters of more than 8 bits are stretched between.
        quality: JPEG quality of the stored picture.
        shares: of scenes by split.
    """

    kind: Literal["modality"]
    source: Name
    prefix: Name
    pictures: Inside
    sensor: Sensor
    scene: str = ""
    side: Annotated[int, Field(ge=0, le=4096)] = 0
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    quality: Annotated[int, Field(ge=50, le=100)] = 92
    shares: SplitShares = SplitShares(validation=0.0)
