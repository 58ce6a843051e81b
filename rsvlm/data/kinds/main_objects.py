"""Settings of captions about the main object of a map under a picture (RSTeller), and of its revisions in other tones."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Share
from rsvlm.chat.settings import ChatSettings
from rsvlm.data.kinds.maps import MapPictures
from rsvlm.data.kinds.writer import Writer
from rsvlm.settings import Settings

Tone = Literal["formal", "casual", "brief"]


class ToneSettings(Settings):
    """Revisions that a chat model makes of a base caption; those that say more than it are set aside.

    Attributes:
        chat: which model, and how it is asked.
        share: of the records, drawn by a hash of their ids.
        most_asked: most records of one pass over a split that the model is asked about; none: all.
        tones: name to the words that ask for it; empty: the package's own four.
        fewest_words: a revision with fewer is set aside.
    """

    chat: ChatSettings
    share: Share = 1.0
    most_asked: Annotated[int, Field(ge=1)] | None = None
    tones: dict[str, str] = Field(default_factory=dict)
    fewest_words: Annotated[int, Field(ge=1)] = 5


class MainObjects(MapPictures):
    """One record a picture: a caption of its largest area or longest line, and revisions of it.

    Areas come before lines, as published: a picture has a caption of task 1 (its largest area) or task 2 (its longest line),
    and one to four revisions (task 3). The least sizes are our own.

    Attributes:
        least_share: share of the picture that an area must cover to be its main object.
        least_length: length that a line must have, as a share of the picture's shorter side.
        names: say the names that the map gives; without them nobody can be told by a caption, and no name is learnt by heart.
        rule_tones: revisions that are made by rule.
        most_revisions: revisions of one picture, by rule and by a model.
        writer: a model that words base captions, from the sentences by rule.
        tones: a model that words revisions.
    """

    kind: Literal["map-main-object"]
    least_share: Share = 0.02
    least_length: Annotated[float, Field(ge=0)] = 0.25
    names: bool = True
    rule_tones: tuple[Tone, ...] = ("formal", "casual", "brief")
    most_revisions: Annotated[int, Field(ge=1, le=4)] = 4
    writer: Writer | None = None
    tones: ToneSettings | None = None
