"""Settings of captions of the most prominent or most abundant objects, in several languages."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures, Share
from rsvlm.settings import Settings

Language = Literal["en", "zh"]


class ProminentRules(Settings):
    """What is told of a picture. DIOR-Captions says no more than that it is the most prominent or most abundant objects.

    All numbers are ours.

    Attributes:
        least_abundant: a class is told by its number from this many objects on; below, the most prominent object is told.
        second_share: a second class is told when its boxes cover more than this share of the picture.
        vague_above: counts above this become `many`.
    """

    least_abundant: Annotated[int, Field(ge=2)] = 3
    second_share: Share = 0.1
    vague_above: Annotated[int, Field(ge=3)] = 20


class ProminentObjects(BoxPictures):
    """One caption a language, with the same facts in each.

    Attributes:
        languages: of the captions, in this order.
        review: JSON Lines of the source with what annotators made of the captions (`rsvlm.data.review`); empty: none.
        rules: what is told.
    """

    kind: Literal["prominent-objects"]
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en", "zh")
    review: str = ""
    rules: ProminentRules = ProminentRules()
