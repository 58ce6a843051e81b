"""Settings of truthful and deceptive questions, as HnstD asks them."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures, FootprintPictures, MaskPictures, Share
from rsvlm.conversations.settings import AttributeSettings
from rsvlm.data.kinds.known import KnownClasses
from rsvlm.data.kinds.spots import SpotSettings
from rsvlm.settings import Inside, Name, Settings

Asked = Literal["presence", "colour", "absolute", "relative"]
Mode = Literal["random", "popular", "adversarial"]


class CompanionSettings(Settings):
    """Captions from which is counted which classes are frequent, and which are seen together.

    Attributes:
        source: of the pairs.
        file: JSON Lines of image, split and captions; only training pictures count.
        words: noun -> further words that stand for it; its plural and those of the words are known.
    """

    source: Name
    file: Inside = "pairs.jsonl"
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class HonestRules(Settings):
    """The rules of truthful and deceptive questions; HnstD publishes the tasks and when a question deceives, the numbers are ours.

    Attributes:
        tasks: which are asked; presence has no deceptive questions, the others have.
        deceptive_share: of the questions of a task, and of `no` among those for presence.
        modes: how absent classes are drawn, as the names of HnstD's files have them: any; the most frequent ones of the
            set; those seen together with the present ones most often.
        top: how many of the most frequent, or most accompanying, classes are drawn from.
        companions: where frequencies come from; without it, from the annotation's own pictures.
        cell_margin: a position is asked for where the object's centre is so far (as a share of the side) from the lines
            that divide the image into nine.
        straight: beside means: the shorter offset of two centres is at most this share of the longer one.
        diagonal: above and to the left, and the like, mean: it is at least this share.
        options: choices of a position question, the refusing one among them.
        presence_share: of the pictures, those asked about presence; every picture could be, few about anything else.
        grey_share: of the panchromatic pictures, those asked for a colour; all such questions deceive.
        grey: a picture is panchromatic where red, green and blue differ by no more than this (of 255) anywhere.
        colours: how a colour is told from pixels.
        coloured: share of the pixels in an object's core that must have its colour themselves.
        prefix: put the evaluator's task prefix before a question.
    """

    tasks: tuple[Asked, ...] = ("presence", "colour", "absolute", "relative")
    deceptive_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    modes: Annotated[tuple[Mode, ...], Field(min_length=1)] = ("random", "popular", "adversarial")
    top: Annotated[int, Field(ge=1, le=20)] = 3
    companions: CompanionSettings | None = None
    cell_margin: Annotated[float, Field(ge=0, lt=0.16)] = 0.05
    straight: Annotated[float, Field(gt=0, lt=0.5)] = 0.25
    diagonal: Annotated[float, Field(ge=0.5, lt=1)] = 0.5
    options: Annotated[int, Field(ge=3, le=5)] = 5
    presence_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    grey_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    grey: Annotated[int, Field(ge=0, le=20)] = 2
    colours: AttributeSettings = AttributeSettings(clear_share=0.6)
    coloured: Share = 0.5
    prefix: bool = True


class HonestQuestions(BoxPictures):
    """Truthful and deceptive questions from boxes and pixels."""

    kind: Literal["honest-questions"]
    known: KnownClasses
    spots: SpotSettings | None = None
    honest: HonestRules = HonestRules()


class HonestFootprints(FootprintPictures):
    """The same from footprints on rasters; on panchromatic ones every question for a colour deceives."""

    kind: Literal["honest-footprints"]
    known: KnownClasses
    spots: SpotSettings | None = None
    honest: HonestRules = HonestRules(tasks=("presence", "colour"))


class HonestMasks(MaskPictures):
    """The same from masks, whose regions are told by upright boxes: too coarse for colours."""

    kind: Literal["honest-masks"]
    known: KnownClasses
    spots: SpotSettings | None = None
    honest: HonestRules = HonestRules(tasks=("presence", "absolute"))
