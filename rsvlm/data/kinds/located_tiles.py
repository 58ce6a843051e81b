"""Settings of tiles with their place and resolution level, captioned for text-to-image models (Git-10M)."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Percent, SplitShares
from rsvlm.chat.settings import ChatSettings
from rsvlm.contrastive.settings import WeightFile
from rsvlm.data.kinds.land_cover import DerivedCover
from rsvlm.settings import Inside, Name, Pattern, Settings


class Enhancement(Settings):
    """A second picture of every tile, enlarged by an RRDBNet; the original stays the record that the captions are about.

    Attributes:
        weights: the network's weights (safetensors, names of BasicSR).
        side: the tile is resized to this many pixels first (published: 256, which gives 512).
        scale: of the network.
        features: channels of its trunk.
        blocks: residual-in-residual dense blocks.
        growth: channels that a dense block's convolutions add.
        quality: JPEG quality of the enlarged picture.
    """

    weights: WeightFile
    side: Annotated[int, Field(ge=16, le=2048)] = 256
    scale: Literal[1, 2, 4] = 2
    features: Annotated[int, Field(ge=1, le=512)] = 64
    blocks: Annotated[int, Field(ge=1, le=64)] = 23
    growth: Annotated[int, Field(ge=1, le=512)] = 32
    quality: Annotated[int, Field(ge=50, le=100)] = 95


class Captioner(Settings):
    """A chat model that writes a caption from metadata and semantic information; what breaks a rule is set aside.

    Attributes:
        model: the chat model; it is shown the picture where it sees pictures.
        sees: whether it does.
        prompt: file name in `rsvlm/data/prompts`, without ending.
        most: most records that are asked for; none: all of them.
        fewest_words: of a caption (published captions have 52 on average).
        most_words: of a caption.
    """

    model: ChatSettings
    sees: bool = False
    prompt: Name = "tile-caption"
    most: Annotated[int, Field(ge=1)] | None = None
    fewest_words: Annotated[int, Field(ge=1)] = 20
    most_words: Annotated[int, Field(ge=1)] = 100


class LocatedTiles(Settings):
    """Tiles with longitude, latitude and resolution level L, where r = 2^(17 - L) metres a pixel (Git-10M).

    Attributes:
        source: the source's name.
        prefix: starts the ids.
        pictures: glob pattern of pictures or rasters.
        scene: regular expression; its first group, found in the file's name, names the scene.
        place: from the source's index or the raster itself (`index`), or from the web-map tile that the file's name holds as
            column-row-zoom (`tile`), whose zoom is the level.
        place_name: what the place is called, where the source says so.
        side: rasters are cut into whole squares that have so many pixels a side when they are reduced.
        reductions: how many pixels of the file one of a tile's pixels stands for, in a row: a level each time it is doubled.
            A raster's coarser tiles show more ground; a web-map tile is reduced as a whole.
        least_level: tiles of coarser levels are screened out.
        most_level: tiles of finer levels are screened out.
        composite: which Sentinel-2 composite a raster of 12 or 13 bands is shown as.
        stretch: lower and upper percentile that rasters are stretched between.
        cover: rules that derive the land cover of rasters of 12 or 13 bands, which is then told.
        told: most classes of land cover that are told.
        least_share: classes of land cover with a smaller share are not told.
        buildings: GeoJSON of building outlines in the same source, which are then counted.
        label: regular expression; its first group, found in the file's path, is a class that is then told.
        enhancement: a second picture, enlarged.
        captioner: a chat model that writes a caption more.
        decimals: of longitude and latitude in degrees.
        quality: JPEG quality of stored tiles.
    """

    kind: Literal["located-tiles"]
    source: Name
    prefix: Name
    pictures: Inside
    scene: Pattern = "^(.*)$"
    shares: SplitShares = SplitShares()
    place: Literal["index", "tile"] = "index"
    place_name: str = ""
    side: Annotated[int, Field(ge=16, le=4096)] = 256
    reductions: tuple[Literal[1, 2, 4, 8, 16], ...] = Field((1,), min_length=1)
    least_level: Annotated[int, Field(ge=0, le=30)] = 10
    most_level: Annotated[int, Field(ge=0, le=30)] = 18
    composite: Literal["true colour"] = "true colour"
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    cover: DerivedCover | None = None
    told: Annotated[int, Field(ge=1, le=11)] = 3
    least_share: Annotated[float, Field(ge=0.005, le=1)] = 0.01
    buildings: str = ""
    label: Pattern | None = None
    enhancement: Enhancement | None = None
    captioner: Captioner | None = None
    decimals: Annotated[int, Field(ge=0, le=6)] = 2
    quality: Annotated[int, Field(ge=50, le=100)] = 92
