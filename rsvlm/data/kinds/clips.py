"""Settings of clips: short sequences of frames with a caption, as the captioning of aerial videos has them."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures, Share
from rsvlm.data.kinds.known import KnownClasses
from rsvlm.data.kinds.tasks import MixRules, Style
from rsvlm.settings import Inside, Name, Settings

Frames = Annotated[int, Field(ge=2, le=64)]


class PanRules(Settings):
    """How a view moves over an annotated picture; the numbers are ours.

    Attributes:
        frames: of a clip.
        side: of a frame, pixels.
        step: from frame to frame, pixels.
        most: clips of one picture.
        most_counted: classes with more objects are named without a number.
        questions: for what single frames show, of one clip.
        quality: JPEG quality of the frames.
    """

    frames: Frames = 4
    side: Annotated[int, Field(ge=32, le=4096)] = 192
    step: Annotated[int, Field(ge=1, le=4096)] = 64
    most: Annotated[int, Field(ge=1, le=1000)] = 8
    most_counted: Annotated[int, Field(ge=1)] = 20
    questions: Annotated[int, Field(ge=0, le=20)] = 2
    quality: Annotated[int, Field(ge=50, le=100)] = 92


class PanClips(BoxPictures):
    """Clips from consecutive windows of annotated pictures, with captions by rule; for want of annotated videos.

    Attributes:
        style: whose words and identifiers.
        known: what the annotation is complete for.
        pan: how the view moves, and what is told.
        mix: dialogues of several turns.
    """

    kind: Literal["pan-clips"]
    style: Style
    known: KnownClasses
    pan: PanRules = PanRules()
    mix: MixRules = MixRules()


class FrameClips(Settings):
    """Videos that were taken apart into pictures, with the captions that a set brings.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        style: whose words and identifiers.
        layout: of the list of videos, as for pictures: JSON Lines or the Karpathy layout, a video's name in place of the picture's.
        file: the list.
        pictures: glob pattern of a video's pictures in their order of time, with `{name}`, the video's name without its ending.
        frames: taken from each video, the middle ones of as many equal parts.
        validation_share: of the training videos.
        captions: different captions of a training video, each in a conversation of its own.
    """

    kind: Literal["frame-clips"]
    source: Name
    prefix: Name
    style: Style
    layout: Literal["lines", "karpathy"] = "lines"
    file: Inside = "pairs.jsonl"
    pictures: Inside = "{name}/*.jpg"
    frames: Frames = 4
    validation_share: Share = 0.05
    captions: Annotated[int, Field(ge=1, le=10)] = 1
