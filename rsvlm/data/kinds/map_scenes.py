"""Settings of longer captions with hierarchical labels, at places chosen by spatial statistics (LuoJiaHOG)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rsvlm.data.kinds.maps import MapPictures
from rsvlm.data.kinds.writer import Writer
from rsvlm.settings import Inside, Name, Settings


class LightRaster(Settings):
    """A raster of night-time lights, or of another measure of how developed the ground is.

    Attributes:
        source: with the GeoTIFF.
        file: one band; its value at a picture's centre counts.
    """

    source: Name
    file: Inside


class PlaceSampling(Settings):
    """Which places are taken.

    Gi* of the indicator tells hot and cold spots and the rest; each of the three gets places in proportion to its landscape
    shape index, and inside it each class of land cover does.

    Attributes:
        places: so many cells, over the whole corpus.
        cell_zoom: cells are web-map tiles of this zoom; the first picture by name in each stands for it.
        gamma: weights of neighbouring cells are their distance to the power of -gamma.
        limit: z-score from which on a cell is a hot spot, and below whose negative a cold one.
        light: the indicator; none: the share of a picture that mapped areas cover and the density of lines stand in.
        parts: a picture's land cover is told in so many parts a side.
    """

    places: Annotated[int, Field(ge=1)]
    cell_zoom: Annotated[int, Field(ge=0, le=24)] = 17
    gamma: Annotated[float, Field(ge=0, le=4)] = 1.0
    limit: Annotated[float, Field(gt=0)] = 1.96
    light: LightRaster | None = None
    parts: Annotated[int, Field(ge=1, le=16)] = 4


class MapScenes(MapPictures):
    """One record for each chosen picture: labels of three levels, and a caption in several sentences.

    Attributes:
        sampling: which places are taken; none: every picture.
        corrections: a file of `rsvlm/data/corrections`, applied to the map's tags; none: the map is taken as it is.
        most_kinds: kinds of things that are spoken of in detail.
        near: outlines at most so many pixels apart are next to each other.
        synonyms: say another word beside a noun that has one.
        writer: a model that words some of the captions.
        sees: whether it is shown the picture, as it is stored, beside the sentences.
    """

    kind: Literal["map-scenes"]
    sampling: PlaceSampling | None = None
    corrections: Name | None = None
    most_kinds: Annotated[int, Field(ge=1, le=20)] = 6
    near: Annotated[float, Field(ge=0)] = 4.0
    synonyms: bool = True
    writer: Writer | None = None
    sees: bool = False

    @model_validator(mode="after")
    def _eyes(self) -> "MapScenes":
        if self.sees and (self.writer is None or self.writer.chat.kind == "local"):
            raise ValueError("sees: a writer of kind served or registered is needed; a local language model sees no pictures")
        return self
