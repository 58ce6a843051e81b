"""Settings of descriptions in several sentences, and of dialogues made of them, from annotated objects."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures, Share
from rsvlm.conversations.settings import AttributeSettings
from rsvlm.data.kinds.known import KnownClasses
from rsvlm.data.kinds.writer import Writer
from rsvlm.settings import Settings

Order = Literal["principles", "blocks", "hierarchy"]
SayingKind = Literal[
    "image", "resolution", "scene", "count", "position", "colour", "shape", "size", "largest", "relation", "layout", "function",
]  # fmt: skip


class SayingRules(Settings):
    """What may be said about a picture's objects; all numbers are ours.

    Attributes:
        most_counted: classes with more objects are not counted.
        most_classes: classes that are spoken of in detail.
        cell_margin: a place is told of objects whose centre is so far (share of the side) from the lines between ninths.
        straight: `above` and the like: the shorter offset of two centres is at most this share of the longer one.
        diagonal: `above and to the left` and the like: it is at least this share.
        grey: a picture is grey where red, green and blue differ by no more than this (of 255) anywhere.
        colours: how a colour is told from pixels.
        coloured: share of the pixels in an object's core that must have its colour themselves.
        elongated: long and narrow: the longer side is at least so many times the shorter one.
        compact: about as long as wide: it is at most so many times.
        largest: the largest of a class has at least so many times the area of the next.
        half: share of a class's objects that make `most of them lie in the left half`.
    """

    most_counted: Annotated[int, Field(ge=1)] = 20
    most_classes: Annotated[int, Field(ge=1, le=10)] = 3
    cell_margin: Annotated[float, Field(ge=0, lt=0.16)] = 0.04
    straight: Annotated[float, Field(gt=0, lt=0.5)] = 0.25
    diagonal: Annotated[float, Field(ge=0.5, lt=1)] = 0.5
    grey: Annotated[int, Field(ge=0, le=20)] = 2
    colours: AttributeSettings = AttributeSettings(clear_share=0.6, sure=True)
    coloured: Share = 0.6
    elongated: Annotated[float, Field(gt=1)] = 3.0
    compact: Annotated[float, Field(gt=1)] = 1.15
    largest: Annotated[float, Field(gt=1)] = 1.2
    half: Annotated[float, Field(gt=0.5, le=1)] = 0.75


class DescribedPictures(BoxPictures):
    """One paragraph a picture, in a stated order.

    Attributes:
        known: what the annotation is complete for; what is in doubt is not spoken of.
        rules: what may be said.
        order: `principles` (RSICap): the image, then the scene, then the objects; `blocks` (VersaD): properties of the image,
            attributes of the objects, context of the scene; `hierarchy` (RS-GPT4V): objects with attributes and relations,
            then scene and function.
        writer: a model that words the part about objects of some of the paragraphs.
        instructions: the request that goes with a caption is drawn from these, and stands in `facts`.
    """

    kind: Literal["described"]
    known: KnownClasses
    rules: SayingRules = SayingRules()
    order: Order = "principles"
    writer: Writer | None = None
    instructions: tuple[str, ...] = ()


class ObjectTalks(BoxPictures):
    """Dialogues about annotated objects in plain sentences, without any coordinates.

    Attributes:
        known: what the annotation is complete for.
        rules: what may be said.
        order: of the description.
        single: single questions of a picture, of different kinds.
        turns: fewest and most turns (question and answer) of the dialogue; a picture of which less can be said has none.
        writer: a model that words the part about objects of some of the descriptions.
    """

    kind: Literal["object-talks"]
    known: KnownClasses
    rules: SayingRules = SayingRules()
    order: Order = "hierarchy"
    single: Annotated[int, Field(ge=0, le=20)] = 3
    turns: tuple[Annotated[int, Field(ge=2)], Annotated[int, Field(le=10)]] = (2, 10)
    writer: Writer | None = None
