"""Settings of captions from the land cover of satellite patches (ChatEarthNet)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rsvlm.captioning.settings import Percent, SplitShares
from rsvlm.chat.settings import ChatSettings
from rsvlm.settings import Inside, Name, Pattern, Settings, slots

Index = Annotated[float, Field(ge=-1, le=1)]
Reflectance = Annotated[float, Field(ge=0, le=2)]
FORBIDDEN = ("possibly", "likely", "perhaps", "context", "segmentation", "appear", "change", "transition", "dynamic")


class DerivedCover(Settings):
    """Land cover by thresholds on spectral indices; the rules and the limits are our own (see `rsvlm.data.derived_cover`).

    Attributes:
        shifted: files (glob patterns of their names) with 1,000 added to the numbers, as products of processing baseline
            04.00 and later have it; the numbers alone do not tell.
        snow: least snow index.
        snow_green: least reflectance of snow in B03.
        water: least water index.
        dense: least vegetation index of trees and crops.
        tree_green: largest reflectance of trees in B03.
        sparse: least vegetation index of grass.
        built: least built-up index of developed area.
        built_most: largest one; dry soil and rock have higher ones.
        red_to_blue: largest B04 / B02 of developed area.
    """

    kind: Literal["derived"]
    shifted: tuple[str, ...] = ()
    snow: Index = 0.4
    snow_green: Reflectance = 0.2
    water: Index = 0.0
    dense: Index = 0.6
    tree_green: Reflectance = 0.1
    sparse: Index = 0.3
    built: Index = 0.0
    built_most: Index = 0.15
    red_to_blue: Annotated[float, Field(gt=0)] = 1.5


class CoverRaster(Settings):
    """Land cover from rasters or pictures of classes.

    Attributes:
        source: the source's name; none: the one of the pictures.
        file: path of a picture's raster, with `{stem}` and `{folder}` of the picture; one large raster serves all without.
        values: what its numbers are: WorldCover's codes, the places of ChatEarthNet's classes (0 to 11), or ChatEarthNet's
            twelve colours, where any other colour is background, as published.
    """

    kind: Literal["raster"]
    source: Name | None = None
    file: Annotated[Inside, slots("stem", "folder")]
    values: Literal["worldcover", "places", "colours"] = "worldcover"


Cover = Annotated[DerivedCover | CoverRaster, Field(discriminator="kind")]


class Rewriting(Settings):
    """A chat model that writes a paragraph from the statistics; what it says is checked, and what fails is set aside.

    Attributes:
        model: the chat model.
        prompt: file name in `rsvlm/data/prompts`, without ending.
        most: most records that are asked for, test records first; none: all of them.
        fewest_words: shorter answers are set aside.
        forbidden: words that no answer may hold.
    """

    model: ChatSettings
    prompt: Name = "land-cover"
    most: Annotated[int, Field(ge=1)] | None = None
    fewest_words: Annotated[int, Field(ge=1)] = 30
    forbidden: tuple[str, ...] = FORBIDDEN


class LandCover(Settings):
    """Captions from the shares of land cover in five regions: the four quadrants and the middle half (ChatEarthNet).

    Attributes:
        source: the source's name.
        prefix: starts the ids.
        pictures: glob pattern of Sentinel-2 rasters of 12 or 13 bands, or of three 8-bit ones.
        scene: regular expression; its first group, found in the file's name, names the scene.
        cover: where the land cover comes from.
        side: pixels of a patch; larger pictures are cut into such patches, named by row and column.
        texts: what is written: `portions` (shares as size words, the published text path) and `percentages` (the
            published picture path), in this order.
        least_pixels: classes with fewer pixels in a region, or in the whole, are not told by `portions`.
        told: most classes of a region that `portions` tells, those with most pixels.
        cuts: percentages from which on a share is small, medium, large and extra large; below it is extra small.
        least_known: patches of which a smaller share has a class are screened out (own choice).
        most_cloud: patches of bands with a larger share of cloud are screened out (own choice).
        stretch: lower and upper percentile that rasters are stretched between.
        quality: JPEG quality of the stored picture.
        rewriting: a chat model that writes a paragraph more.
    """

    kind: Literal["land-cover"]
    source: Name
    prefix: Name
    pictures: Inside
    scene: Pattern = "^(.*)$"
    shares: SplitShares = SplitShares()
    cover: Cover
    side: Annotated[int, Field(ge=16, le=4096)] = 256
    texts: Annotated[tuple[Literal["portions", "percentages"], ...], Field(min_length=1, max_length=2)] = ("portions", "percentages")
    least_pixels: Annotated[int, Field(ge=1)] = 20
    told: Annotated[int, Field(ge=1, le=11)] = 3
    cuts: tuple[Percent, Percent, Percent, Percent] = (10, 20, 50, 80)
    least_known: Annotated[float, Field(ge=0, le=1)] = 0.5
    most_cloud: Annotated[float, Field(ge=0, le=1)] = 0.3
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    quality: Annotated[int, Field(ge=50, le=100)] = 92
    rewriting: Rewriting | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "LandCover":
        if list(self.cuts) != sorted(set(self.cuts)):
            raise ValueError("cuts must rise")
        return self
