"""Settings of detection in words: all objects of a picture with their boxes, horizontal or oriented, for any sensor."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures, Share

Sensor = Literal["optical", "sar", "infrared"]
BoxType = Literal["horizontal", "oriented"]


class Detection(BoxPictures):
    """A question for all objects and an answer with their boxes, in the words of MMShip or of MMRS-1M.

    MMShip asks for ships, with sensor and box type in the question; MMRS-1M for all objects, told class by class.

    Attributes:
        style: whose words and numbers.
        sensor: of the pictures; SAR and infrared have one channel, which is repeated to three.
        box_types: of the answers, a question for each. Oriented boxes can be told as horizontal ones, but not the other way
            round.
        oriented: the annotation has oriented boxes.
        classes: nouns that are asked for; none: all of the annotation.
        least_side: boxes whose shorter side is below this many pixels are dropped.
        input_side: side at which a model sees the picture, for `least_side`; 0 for the picture's own.
        most_boxes: pictures with more are left out.
        empty_share: of the pictures without an object of `classes`, those that are kept; their answer says so.
    """

    kind: Literal["detection"]
    style: Literal["mmship", "mmrs-1m"]
    sensor: Sensor = "optical"
    box_types: Annotated[tuple[BoxType, ...], Field(min_length=1, max_length=2)]
    oriented: bool
    classes: tuple[str, ...] = ()
    least_side: Annotated[float, Field(ge=0, le=64)] = 2.0
    input_side: Annotated[int, Field(ge=0, le=4096)] = 0
    most_boxes: Annotated[int, Field(ge=1, le=500)] = 100
    empty_share: Share = 1.0
