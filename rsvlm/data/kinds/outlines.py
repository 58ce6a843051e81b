"""Settings of outlines as polygons in text: vectorising buildings from masks, footprints or footprints on map tiles."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import ChipSettings, Percent, Share, SplitShares
from rsvlm.data.kinds.properties import PropertyRules
from rsvlm.settings import Inside, Name, Pattern, Settings


class OutlineRules(Settings):
    """Which outlines are asked for. Published: vertices are whole numbers from 0 to 1000, one polygon a building; the rest is ours.

    Attributes:
        tolerance: a mask's outline is simplified by at most so many pixels.
        least_overlap: intersection over union that the written outline must have with the annotated shape.
        least_area: smaller shapes are left out, square pixels.
        least_solidity: shapes that fill less of their convex hull may be several buildings in one; they are left out.
        most_hole: shapes with holes of a larger share are left out, since an outline cannot tell of them.
        most_points: longest outline.
        most_outlines: pictures with more are not asked for all of them.
        singles: questions for one outline in a picture.
        prefix: put the evaluator's task prefix before a question.
    """

    tolerance: Annotated[float, Field(ge=0, le=10)] = 1.0
    least_overlap: Share = 0.9
    least_area: Annotated[float, Field(ge=1)] = 60.0
    least_solidity: Share = 0.75
    most_hole: Share = 0.02
    most_points: Annotated[int, Field(ge=3, le=512)] = 24
    most_outlines: Annotated[int, Field(ge=1, le=100)] = 12
    singles: Annotated[int, Field(ge=0, le=20)] = 2
    prefix: bool = True


class ObjectOutlines(Settings):
    """Pictures with shapes whose outlines are asked for.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        pictures: glob pattern.
        annotation: its path, with `{stem}` of the picture's name where each picture has its own.
        reading: a mask of the picture's size; GeoJSON on a georeferenced raster; GeoJSON on web map tiles, of which
            the last three numbers of the file name are column, row and zoom.
        value: of the mask where the class is.
        label: the class.
        complete: the annotation has every object of the class, so that all can be asked for.
        scene: regular expression; its first group, found in the picture's name, names the scene.
        shares: of scenes by split.
        stretch: percentiles that rasters of more than 8 bits are stretched between.
        chips: square windows; without them a picture must be square itself.
    """

    kind: Literal["object-outlines"]
    source: Name
    prefix: Name
    pictures: Inside
    annotation: Inside
    reading: Literal["mask", "footprints", "tiles"]
    value: Annotated[int, Field(ge=0, le=65535)] = 255
    label: str = "building"
    complete: bool = False
    scene: Pattern = "^(.*)$"
    shares: SplitShares = SplitShares()
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    chips: ChipSettings | None = None
    outlines: OutlineRules = OutlineRules()
    properties: PropertyRules = PropertyRules(tasks=())
