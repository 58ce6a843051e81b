"""Settings of ship classification as a chain of turns: from features to a class that only the last turn names."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rsvlm.captioning.settings import BoxPictures, Share, SplitShares
from rsvlm.conversations.settings import AttributeSettings, RelationSettings
from rsvlm.data.kinds.known import KnownClasses
from rsvlm.data.kinds.spots import SpotSettings
from rsvlm.settings import Inside, Name, Settings


class SizeClass(Settings):
    """A class of ships told by length alone: its name, and the length in metres that it stays below (null: no limit)."""

    name: str
    below: Annotated[float, Field(gt=0)] | None = None


class ShipRules(Settings):
    """How a ship is told where the annotation has no fine class: by its length. All numbers are ours.

    Attributes:
        sizes: classes from the shortest to the longest; 24 m is where rules for recreational craft end.
        around: side of the square window around a ship, in lengths of the longer side of its upright box.
        least_side: smallest window, pixels.
        share: of the ships, drawn by a hash.
        margin: within this share of a limit a ship has no class and is left out.
        decimals: of metres.
        colours: how a colour is told from pixels.
        coloured: share of the pixels in a ship's core that must have its colour themselves.
        near: when a ship lies at a harbour.
    """

    sizes: Annotated[tuple[SizeClass, ...], Field(min_length=2)] = (
        SizeClass(name="small boat", below=10.0),
        SizeClass(name="leisure-sized craft", below=24.0),
        SizeClass(name="medium vessel", below=100.0),
        SizeClass(name="large vessel"),
    )
    around: Annotated[float, Field(gt=1, le=10)] = 2.0
    least_side: Annotated[int, Field(ge=32, le=1024)] = 64
    share: Share = 1.0
    margin: Annotated[float, Field(ge=0, lt=0.5)] = 0.05
    decimals: Annotated[int, Field(ge=0, le=3)] = 1
    colours: AttributeSettings = AttributeSettings(clear_share=0.5)
    coloured: Share = 0.45
    near: RelationSettings = RelationSettings()

    @model_validator(mode="after")
    def _ascending(self) -> "ShipRules":
        limits = [size.below for size in self.sizes]
        known = [limit for limit in limits if limit is not None]
        if None in limits[:-1] or limits[-1] is not None or known != sorted(set(known)):
            raise ValueError("sizes: limits must ascend, and only the last class has none")
        return self


class ShipChains(BoxPictures):
    """Chains about ships with oriented boxes, each in the centre of a window; pictures known to show none have one turn that says so.

    Attributes:
        spots: windows of pictures that show no ship.
        noun: that the annotation's ships have after `names`.
    """

    kind: Literal["ship-chains"]
    known: KnownClasses
    spots: SpotSettings = SpotSettings()
    noun: str = "ship"
    ships: ShipRules = ShipRules()


class FineShipChains(Settings):
    """Chains about ships of fine classes, from class folders and a table of what distinguishes the classes.

    Training pictures have chains; the others have their class, a caption and questions, as TITANIC-FGS's test pictures do.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        pictures: glob pattern; the folder that a picture lies in is its class, by name or by number (`C1`).
        names: class folder -> class name of the table, where they differ otherwise.
        shares: of pictures by split.
        least_turns: of a chain about a ship.
        most_turns: of one.
        questions: from the question bank, for a picture that is not for training.
    """

    kind: Literal["fine-ship-chains"]
    source: Name
    prefix: Name
    pictures: Inside = "*/*"
    names: dict[str, str] = Field(default_factory=dict)
    shares: SplitShares = SplitShares(test=0.1, validation=0.0)
    least_turns: Annotated[int, Field(ge=4, le=6)] = 4
    most_turns: Annotated[int, Field(ge=4, le=6)] = 6
    questions: Annotated[int, Field(ge=0, le=10)] = 5
