"""Settings of captions put together from map tags (SkyScript): a focus object, and what lies around it."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.data.kinds.maps import MapPictures
from rsvlm.data.kinds.similarity import SimilaritySettings
from rsvlm.settings import Settings


class VisibilityRules(Settings):
    """How the classifiers of visible tags are fitted and asked.

    Attributes:
        ridge: weight of the penalty of both logistic regressions.
        least: a tag counts as visible from this probability on.
    """

    ridge: Annotated[float, Field(gt=0)] = 1.0
    least: Annotated[float, Field(gt=0, lt=1)] = 0.5


class WindowRules(Settings):
    """How the boundary around a focus object is chosen. The published sizes are not known: these are our own.

    Attributes:
        least: shortest side of a picture, in its own pixels.
        most: longest side.
        margin: an area's longer side, times this, is the side that is wanted.
        jitter: share of the room to move by which a boundary is moved at random.
        reductions: by which a picture may be made coarser so that a large area fits, the finest first.
        visible_share: an area of which a picture shows less is not its focus.
    """

    least: Annotated[int, Field(ge=32)] = 96
    most: Annotated[int, Field(ge=32, le=4096)] = 256
    margin: Annotated[float, Field(ge=1)] = 1.5
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.5
    reductions: tuple[Annotated[int, Field(ge=1, le=64)], ...] = (1, 2, 4)
    visible_share: Annotated[float, Field(gt=0, le=1)] = 0.5


class MapTags(MapPictures):
    """One record for each map element that can be seen: its tags as the title, and a caption with what lies around it.

    Builders with the same map are its image collections: an element is shown in one of those that are fine enough for its
    tags, drawn by a hash of its id.

    Attributes:
        similarity: towers whose text encoder embeds the tags, and whose cosine of picture and title is the score.
        visibility: the classifiers.
        windows: the boundary.
        most_others: surrounding elements that are said, the nearest first.
        near: outlines at most so many pixels apart are next to each other.
    """

    kind: Literal["map-tags"]
    similarity: SimilaritySettings
    visibility: VisibilityRules = VisibilityRules()
    windows: WindowRules = WindowRules()
    most_others: Annotated[int, Field(ge=1, le=50)] = 6
    near: Annotated[float, Field(ge=0)] = 4.0
