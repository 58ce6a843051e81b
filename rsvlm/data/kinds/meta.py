"""Settings of captions from what is known about a picture: its place, date, resolution and sensor."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Percent, SplitShares
from rsvlm.settings import Inside, Name, Pattern, Settings


class MetaCaptions(Settings):
    """Meta-captions (RS5M): sentences from a picture's metadata, put together from templates whose slots are all known.

    Attributes:
        source: the source's name.
        prefix: starts the ids.
        pictures: glob pattern of pictures or rasters.
        place: where the place comes from: the source's index (`index`), or the web-map tile that the file's name holds
            as column-row-zoom (`tile`); none: no place is told.
        place_name: what the place is called, where the source says so.
        scene: regular expression; its first group, found in the file's name, names the scene.
        composite: which Sentinel-2 composite a raster of 12 or 13 bands is shown as.
        stretch: lower and upper percentile that rasters are stretched between.
        longest_side: larger pictures are reduced to this many pixels.
        quality: JPEG quality of pictures that are rendered.
        captions: sentences a picture, each from another template.
        decimals: of longitude and latitude in degrees.
        annotations: of JSON files beside the pictures: `fmow` with class, box of the object, time and country;
            `bigearthnet` (`<folder>_labels_metadata.json`) with classes, projection and date.
    """

    kind: Literal["meta"]
    source: Name
    prefix: Name
    pictures: Inside
    place: Literal["index", "tile"] | None = "index"
    place_name: str = ""
    scene: Pattern = "^(.*)$"
    shares: SplitShares = SplitShares()
    composite: Literal["true colour"] | None = None
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    longest_side: Annotated[int, Field(ge=64, le=4096)] = 512
    quality: Annotated[int, Field(ge=50, le=100)] = 92
    captions: Annotated[int, Field(ge=1, le=10)] = 2
    decimals: Annotated[int, Field(ge=0, le=6)] = 2
    annotations: Literal["fmow", "bigearthnet"] | None = None
