"""Settings of tasks about whole pictures: their class, their captions, questions that a set brings."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import Percent, Share, SplitShares
from rsvlm.data.kinds.tasks import GivenQuestions, MixRules, Style
from rsvlm.settings import Inside, Name, Pattern, Settings, slots

Asked = Literal["classification", "caption", "question"]


class Listing(Settings):
    """Where a set lists its pictures, with their classes and captions as far as it has them.

    Attributes:
        layout: JSON Lines (image, label, split, captions), the Karpathy layout, that of NWPU-Captions, pictures in folders of
            their class, the pictures that files of CHOICE ask about, those that RSVQA's files list for each split, or a
            LLaVA list of captions.
        file: path of the list; a glob pattern of pictures for folders; unused where the questions name the pictures.
        path: a picture's path, with `{name}` as the list has it and `{label}`, its class.
        label: of folders: regular expression; its first group in a picture's path is the class. None: folders say nothing.
        name: regular expression; its first group in a picture's name as listed becomes its id.
        scene: regular expression; its first group in the name as listed names the scene.
        validation_share: of the training scenes, where the list has splits; these become the validation split.
        shares: of scenes by split, where it has none.
        share: of the pictures, drawn by a hash of their names; the rest is left out.
    """

    layout: Literal["lines", "karpathy", "nwpu", "folders", "choice", "rsvqa", "llava"] = "lines"
    file: Inside | Literal[""] = "pairs.jsonl"
    path: Annotated[Inside, slots("name", "label")] = "{name}"
    label: Pattern | None = r"([^/]+)/[^/]+$"
    name: Pattern = r"([^/]+)\.[^./]+$"
    scene: Pattern = r"([^/]+)\.[^./]+$"
    validation_share: Share = 0.05
    shares: SplitShares = SplitShares(test=0.2, validation=0.0)
    share: Share = 1.0


class PictureTasks(Settings):
    """Classification, captioning and given questions about whole pictures, in the words of a system.

    Attributes:
        source: of the pictures.
        prefix: starts the ids and scene names.
        style: whose words and identifiers.
        listing: where the pictures are listed.
        tasks: which are asked.
        names: class name -> words for it; others are turned into words.
        candidates: words of the classes to choose from; none: all classes of the list.
        shuffle: put the classes to choose from in another order for every picture.
        captions: different captions of a training picture, each in a conversation of its own; evaluation pictures have one
            conversation, and all captions as references.
        close_up: undo a tokeniser's spacing ("runways .").
        capitalise: begin captions with an upper-case letter.
        questions: that a set brings.
        mix: dialogues of several turns.
        stretch: percentiles that rasters of more than 8 bits are stretched between.
        sensor: of the pictures, where the recipe says.
    """

    kind: Literal["picture-tasks"]
    source: Name
    prefix: Name
    style: Style
    listing: Listing = Listing()
    tasks: Annotated[tuple[Asked, ...], Field(min_length=1)] = ("classification", "caption")
    names: dict[str, str] = Field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    shuffle: bool = True
    captions: Annotated[int, Field(ge=1, le=10)] = 1
    close_up: bool = True
    capitalise: bool = True
    questions: GivenQuestions | None = None
    mix: MixRules = MixRules()
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    sensor: str | None = None
