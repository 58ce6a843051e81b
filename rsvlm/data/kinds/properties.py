"""Settings of questions about the picture itself: resolution, sensor and modality, from what the source's index knows."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import ChipSettings, Percent, SplitShares
from rsvlm.settings import Inside, Name, Pattern, Settings

Property = Literal["resolution", "sensor", "modality"]


class PropertyRules(Settings):
    """What is asked about a picture.

    Attributes:
        tasks: which are asked; one whose answer the index does not know is left out.
        sensors: names to choose from where the sensor is asked for.
        digits: significant digits of the resolution in metres.
        prefix: put the evaluator's task prefix before a question.
    """

    tasks: tuple[Property, ...] = ("resolution", "modality")
    sensors: tuple[str, ...] = ()
    digits: Annotated[int, Field(ge=1, le=4)] = 2
    prefix: bool = True


class PictureProperties(Settings):
    """Questions about pictures and rasters without any annotation.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        pictures: glob pattern.
        bands: of rasters, one-based: three shown as red, green and blue, or one shown as grey; empty: the first ones.
        scene: regular expression; its first group, found in the picture's name, names the scene.
        shares: of scenes by split.
        stretch: percentiles that rasters of more than 8 bits are stretched between, over the whole raster.
        chips: how rasters are cut; without it they are shown whole.
        most: chips of one raster, drawn by a hash.
    """

    kind: Literal["picture-properties"]
    source: Name
    prefix: Name
    pictures: Inside
    bands: tuple[int, ...] = ()
    scene: Pattern = "^(.*)$"
    shares: SplitShares = SplitShares()
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    chips: ChipSettings | None = None
    most: Annotated[int, Field(ge=1)] = 4
    properties: PropertyRules = PropertyRules()
