"""Settings of captions from balanced map tags of pictures centred on a feature (LHRS-Align)."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.data.kinds.maps import MapPictures
from rsvlm.data.kinds.writer import Writer

KEYS = (
    "aeroway", "amenity", "barrier", "bridge", "building", "craft", "geological", "golf", "harbour", "highway", "landuse", "leisure",
    "man_made", "military", "natural", "office", "place", "power", "public_transport", "railway", "sport", "surface", "tourism",
    "water", "waterway",
)  # fmt: skip


class BalancedTags(MapPictures):
    """One record for each map feature that a picture can be centred on, told from the tags around it.

    Lists, threshold and sizes of the published data are not known; these are our own.

    Attributes:
        country: for the record's name and location; empty, with `city`: the two folders that a picture lies in.
        city: for the record's name and location.
        keys: of tags that are kept.
        refused: values that are dropped, beside `no`, `unknown`, numbers and free text.
        plain: keys whose value `yes` has the meaning of a noun.
        side: of the stored picture in pixels, whatever it was cut from.
        least: shortest side of what is cut, pixels of the source.
        most: longest side.
        margin: the feature's longer side, times this, is the side that is wanted.
        threshold: a tag that occurs in more pictures keeps about so many of them; none: all are kept.
        writer: a model that words the tags; the others are told by rule.
    """

    kind: Literal["balanced-tags"]
    country: str = ""
    city: str = ""
    keys: tuple[str, ...] = KEYS
    refused: tuple[str, ...] = ()
    plain: tuple[str, ...] = ("bridge", "building", "harbour")
    side: Annotated[int, Field(ge=64, le=2048)] = 768
    least: Annotated[int, Field(ge=32)] = 96
    most: Annotated[int, Field(ge=32, le=4096)] = 768
    margin: Annotated[float, Field(ge=1)] = 2.0
    threshold: Annotated[int, Field(ge=1)] | None = None
    writer: Writer | None = None
