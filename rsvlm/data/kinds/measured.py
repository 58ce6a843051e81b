"""Settings of VHM's short questions about objects: how long, how many, where, which classes, how fine the picture is."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures
from rsvlm.data.kinds.known import KnownClasses
from rsvlm.data.kinds.properties import PropertyRules
from rsvlm.data.kinds.spots import SpotSettings
from rsvlm.settings import Settings

Asked = Literal["counting", "grounding", "measurement", "multi-label"]


class MeasuredRules(Settings):
    """What is asked. Published: length and width are ground sample distance times box side, boxes are 0 to 1000; the rest is ours.

    Attributes:
        tasks: which are asked.
        most_counted: classes with more objects are not counted; the public scorer reads whole numbers below 100.
        least_side: objects with a shorter side (pixels) are not measured.
        decimals: of the metres.
        measured: objects measured in one picture.
        larger: the largest object is at least so many times as large as the next, or it is not called the largest.
        cell_margin: as for honest questions.
        listed: classes that a multi-label question lists, as far as there are so many.
        prefix: put the evaluator's task prefix before a question.
    """

    tasks: tuple[Asked, ...] = ("counting", "grounding", "measurement", "multi-label")
    most_counted: Annotated[int, Field(ge=1, le=99)] = 99
    least_side: Annotated[float, Field(ge=1)] = 8.0
    decimals: Annotated[int, Field(ge=0, le=3)] = 1
    measured: Annotated[int, Field(ge=1, le=20)] = 2
    larger: Annotated[float, Field(gt=1)] = 1.3
    cell_margin: Annotated[float, Field(ge=0, lt=0.16)] = 0.05
    listed: Annotated[int, Field(ge=2, le=30)] = 6
    prefix: bool = True


class MeasuredObjects(BoxPictures):
    """Counting, grounding, measurement, multi-label and resolution questions from boxes, oriented ones for measurement."""

    kind: Literal["measured-objects"]
    known: KnownClasses
    spots: SpotSettings | None = None
    measured: MeasuredRules = MeasuredRules()
    properties: PropertyRules = PropertyRules(tasks=("resolution",))
