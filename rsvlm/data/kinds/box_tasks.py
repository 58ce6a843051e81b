"""Settings of tasks about annotated boxes: finding, naming, describing with boxes, presence, counting, comparing."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures, FootprintPictures
from rsvlm.data.kinds.known import KnownClasses
from rsvlm.data.kinds.spots import SpotSettings
from rsvlm.data.kinds.tasks import GivenQuestions, MixRules, Style
from rsvlm.settings import Settings

Asked = Literal["refer", "identify", "grounding", "presence", "counting", "comparison"]
Written = Literal["lhrs-bot", "mmrs-1m", "rs-gpt4v", "skyeyegpt", "teochat", "vhm"]


class BoxRules(Settings):
    """What is asked about boxes; the numbers are ours.

    Attributes:
        tasks: which are asked.
        boxes: format of the boxes in texts (`rsvlm.conversations.formats.table`).
        narrow: a box that its format's rounding would lose is widened to one step, or left out with all that names it.
        most_boxes: boxes of one answer; classes with more are not asked for.
        most_counted: classes with more objects are not counted or compared.
        refer: questions for the place of objects.
        identify: questions for the class at a box.
        least_classes: windows with fewer classes of which every object is certain are left out.
        cell_margin: `the ship at the top left` is said where no other ship's centre is within this share of a side of that
            ninth, `the ship at the top` where none is of the upper third.
    """

    tasks: Annotated[tuple[Asked, ...], Field(min_length=1)] = ("refer", "identify", "grounding", "presence", "counting", "comparison")
    boxes: Written = "skyeyegpt"
    narrow: Literal["widen", "drop"] = "drop"
    most_boxes: Annotated[int, Field(ge=1, le=100)] = 8
    most_counted: Annotated[int, Field(ge=1, le=10_000)] = 50
    refer: Annotated[int, Field(ge=0, le=20)] = 3
    identify: Annotated[int, Field(ge=0, le=20)] = 2
    least_classes: Annotated[int, Field(ge=0, le=20)] = 0
    cell_margin: Annotated[float, Field(ge=0, lt=0.16)] = 0.03


class BoxTasks(BoxPictures):
    """Tasks about boxes, in the words of a system.

    Attributes:
        style: whose words and identifiers.
        known: what the annotation is complete for.
        spots: windows around single objects in place of `chips`: few windows of a crowded picture cut no object of a class.
        rules: what is asked.
        given: questions that a set brings about the whole pictures; those that the boxes contradict, or say nothing
            certain of, are left out.
        mix: dialogues of several turns.
    """

    kind: Literal["box-tasks"]
    style: Style
    known: KnownClasses
    spots: SpotSettings | None = None
    rules: BoxRules = BoxRules()
    given: GivenQuestions | None = None
    mix: MixRules = MixRules()


class FootprintTasks(FootprintPictures):
    """The same tasks about the upright boxes around footprints on rasters; attributes as of `BoxTasks`."""

    kind: Literal["footprint-tasks"]
    style: Style
    known: KnownClasses
    spots: SpotSettings | None = None
    rules: BoxRules = BoxRules()
    given: GivenQuestions | None = None
    mix: MixRules = MixRules()
