"""Settings of expressions with boxes that a set brings: visual grounding and its inverse."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import SplitShares
from rsvlm.data.kinds.box_tasks import Written
from rsvlm.data.kinds.tasks import MixRules, Style
from rsvlm.settings import Inside, Name, Settings, slots


class GivenBoxes(Settings):
    """Expressions that each name one object, with its box.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        style: whose words and identifiers.
        layout: XML with descriptions, as RSVG and DIOR-RSVG have it, or a file of CHOICE's grounding records.
        files: glob pattern of the XML files, or the CHOICE file.
        pictures: path of the picture, with `{stem}` of the XML file or `{name}` that it gives.
        shares: of pictures by split.
        boxes: format of the boxes in texts.
        narrow: as `BoxRules.narrow`.
        tasks: find the box of an expression, or tell what is at a box.
        most: expressions of one picture, drawn.
        mix: dialogues of several turns.
        sensor: of the pictures, where the recipe says.
    """

    kind: Literal["given-boxes"]
    source: Name
    prefix: Name
    style: Style
    layout: Literal["xml", "choice"]
    files: Inside
    pictures: Annotated[Inside, slots("stem", "name")] = "{name}"
    shares: SplitShares = SplitShares(test=0.2, validation=0.0)
    boxes: Written = "skyeyegpt"
    narrow: Literal["widen", "drop"] = "drop"
    tasks: Annotated[tuple[Literal["refer", "identify"], ...], Field(min_length=1)] = ("refer",)
    most: Annotated[int, Field(ge=1, le=100)] = 10
    mix: MixRules = MixRules()
    sensor: str | None = None
