"""Settings of dialogues made of a picture's captions, and of captions that come with the request they answer."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Percent, SplitShares
from rsvlm.data.kinds.picture_tasks import Listing
from rsvlm.data.kinds.writer import Writer
from rsvlm.settings import Inside, Name, Settings

Asked = Literal["caption", "again", "class", "number", "colour", "relation", "purpose"]


class CaptionTalks(Settings):
    """Single questions and a dialogue of several turns, from captions alone; nothing is said that goes beyond them.

    Attributes:
        source: of the pictures.
        prefix: starts the ids and scene names.
        listing: where pictures, classes and captions are listed.
        asked: which questions; `purpose` and `class` need a class that has an entry in `templates/places.yaml`.
        single: single questions of a picture.
        turns: fewest and most turns (question and answer) of a dialogue.
        writer: a model that writes some of the dialogues from the captions.
        stretch: percentiles that rasters of more than 8 bits are stretched between.
    """

    kind: Literal["caption-talks"]
    source: Name
    prefix: Name
    listing: Listing = Listing()
    asked: Annotated[tuple[Asked, ...], Field(min_length=1)] = ("caption", "again", "number", "colour", "relation", "class", "purpose")
    single: Annotated[int, Field(ge=0, le=20)] = 2
    turns: tuple[Annotated[int, Field(ge=2)], Annotated[int, Field(le=10)]] = (2, 10)
    writer: Writer | None = None
    stretch: tuple[Percent, Percent] = (2.0, 98.0)


class InstructedCaptions(Settings):
    """Captions that a set brings with the request that they answer.

    Attributes:
        source: of pictures and file.
        prefix: starts the ids and scene names.
        layout: RSICap's `captions.json`, or LLaVA's list of conversations of one turn (VersaD).
        file: path of it.
        pictures: path of a picture, with `{name}` as the file has it.
        instructions: the only requests allowed; none: any.
        shares: of pictures by split.
    """

    kind: Literal["instructed-captions"]
    source: Name
    prefix: Name
    layout: Literal["rsicap", "llava"]
    file: Inside
    pictures: Inside = "{name}"
    instructions: tuple[str, ...] = ()
    shares: SplitShares = SplitShares(test=0.0, validation=0.0)
