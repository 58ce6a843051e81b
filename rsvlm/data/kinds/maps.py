"""Settings of pictures with the map of the same place, shared by all kinds that say what OpenStreetMap knows."""

from typing import Annotated

from pydantic import Field

from rsvlm.captioning.settings import Percent, SplitShares
from rsvlm.settings import Inside, Name, Settings, slots


class MapPictures(Settings):
    """Pictures of a source, and the map that lies under them.

    A picture's place comes from its GeoTIFF, from the web-map tile that its name holds as column-row-zoom, or from the index.

    Attributes:
        source: the source's name.
        prefix: starts the ids.
        pictures: glob pattern of JPEG, PNG or GeoTIFF files.
        maps: the map's file: OSM XML or PBF, MBTiles or GeoJSON; with `{stem}` (of the picture), one map for each picture.
        map_source: the source with the map, where it is another one.
        also: tags of every element, where the map is of one kind of thing and does not say so.
        scene_zoom: pictures in one web-map tile of this zoom are one scene, and stay in one split.
        shares: of scenes by split.
        stretch: lower and upper percentile that rasters of more than 8 bits are stretched between.
        quality: JPEG quality of pictures that are cut or rendered.
        share: of the records, drawn by a hash of their ids.
        least_side: elements that show less than so many pixels of length, or the square of it in area, are passed over.
    """

    source: Name
    prefix: Name
    pictures: Inside
    maps: Annotated[Inside, slots("stem")]
    map_source: Name | None = None
    also: dict[str, str] = Field(default_factory=dict)
    scene_zoom: Annotated[int, Field(ge=0, le=24)] = 17
    shares: SplitShares = SplitShares()
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    quality: Annotated[int, Field(ge=50, le=100)] = 92
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    least_side: Annotated[float, Field(gt=0)] = 6.0
