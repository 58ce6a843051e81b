"""Settings of visual prompts: questions about marks (boxes and points) drawn over a picture, as RSVP-3M asks them."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures, MaskPictures, Share
from rsvlm.conversations.settings import AttributeSettings, RelationSettings
from rsvlm.data.kinds.known import KnownClasses
from rsvlm.data.kinds.picture_tasks import Listing
from rsvlm.data.kinds.spots import SpotSettings
from rsvlm.settings import Name, Settings

Asked = Literal["region", "point", "region-caption", "relation", "image-caption", "dialogue"]


class PromptRules(Settings):
    """What is asked about marks. Questions and answer lines are published; how marks are chosen is ours.

    Attributes:
        tasks: which are asked.
        most_marks: of one question.
        related: marks of a relation question.
        clearance: a point lies so far inside its object and outside every other, pixels.
        straight: as for honest questions.
        diagonal: as for honest questions.
        cell_margin: as for honest questions.
        decimals: of metres.
        colours: how a colour is told from pixels.
        coloured: share of the pixels in an object's core that must have its colour themselves.
        near: when a ship lies at a harbour, and the like.
    """

    tasks: tuple[Asked, ...] = ("region", "point", "region-caption", "relation", "image-caption", "dialogue")
    most_marks: Annotated[int, Field(ge=1, le=10)] = 10
    related: Annotated[int, Field(ge=2, le=5)] = 3
    clearance: Annotated[float, Field(gt=0, le=20)] = 1.0
    straight: Annotated[float, Field(gt=0, lt=0.5)] = 0.25
    diagonal: Annotated[float, Field(ge=0.5, lt=1)] = 0.5
    cell_margin: Annotated[float, Field(ge=0, lt=0.16)] = 0.05
    decimals: Annotated[int, Field(ge=0, le=3)] = 1
    colours: AttributeSettings = AttributeSettings(clear_share=0.6)
    coloured: Share = 0.5
    near: RelationSettings = RelationSettings()


class BoxPrompts(BoxPictures):
    """Marks on annotated boxes; the mark of a turned box is the upright one around it.

    Attributes:
        measured: the boxes follow their objects, so that lengths can be told.
    """

    kind: Literal["box-prompts"]
    known: KnownClasses
    measured: bool = False
    spots: SpotSettings | None = None
    prompts: PromptRules = PromptRules()


class MaskPrompts(MaskPictures):
    """Marks on the regions of masks; a point lies on the region itself."""

    kind: Literal["mask-prompts"]
    known: KnownClasses
    spots: SpotSettings | None = None
    prompts: PromptRules = PromptRules(tasks=("region", "point", "relation", "dialogue"))


class ImagePrompts(Settings):
    """Scene classes and captions of whole pictures, whose mark covers everything.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        listing: where the pictures are listed, with their classes or captions.
    """

    kind: Literal["image-prompts"]
    source: Name
    prefix: Name
    listing: Listing = Listing()
