"""Settings of conversations about sequences of images of one place, as TEOChatlas has them."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures, M2BSettings, Share, SplitShares
from rsvlm.data.kinds.known import KnownClasses
from rsvlm.settings import Inside, Name, Pattern, Settings, slots


class Sequences(Settings):
    """What all kinds of sequences have.

    Published by TEOChatlas: the openings, the questions on damage, development and classes, boxes as hundredths, frames in
    order of time, at most so many of them drawn in order. The other questions and all numbers of them are ours.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names; two builders with one prefix share scenes.
        dataset: name of the data set, for the facts of a record.
        shares: of scenes by split, where the source has no splits of its own.
        sensor: named in the opening; none: not said.
        resolution: high or low, said in the opening; none: not said.
        platform: what the images are called.
        most_images: of a sequence; of more, so many are drawn at random and kept in order.
        most_boxes: of an answer; where there are more, that question is not asked.
        regions: regions asked about in one sequence.
        cell_margin: a place is named where a centre is so far (share of the side) from the lines that divide the image.
    """

    source: Name
    prefix: Name
    dataset: str
    shares: SplitShares = SplitShares()
    sensor: str | None = None
    resolution: Literal["high", "low"] | None = None
    platform: Literal["satellite", "aerial"] = "satellite"
    most_images: Annotated[int, Field(ge=1, le=64)] = 8
    most_boxes: Annotated[int, Field(ge=1, le=200)] = 40
    regions: Annotated[int, Field(ge=0, le=20)] = 2
    cell_margin: Annotated[float, Field(ge=0, lt=0.16)] = 0.03


class ChangeSequences(Sequences):
    """Two images and a mask of what changed (LEVIR-CD, WHU-CD, DSIFN-CD; S2Looking also of what was built and demolished).

    Attributes:
        pairs: glob pattern of the pairs' names (folder and stem).
        scene: regular expression; its first group, found in a pair's stem, names the scene.
        noun: what the mask marks.
        m2b: how regions of the mask become boxes; a mask with smaller regions has no answer that lists all of them.
        half: `most of the change` is so much of it or more.
    """

    kind: Literal["change-sequences"]
    pairs: Inside = "*"
    scene: Pattern = "^(.*)$"
    noun: str = "building"
    m2b: M2BSettings = M2BSettings()
    half: Annotated[float, Field(gt=0.5, le=1)] = 0.65


class DamageSequences(Sequences):
    """Images before and after a disaster (xBD).

    Attributes:
        annotations: glob pattern of the files of the images after it; those before have `pre` for `post` in their names.
        pictures: path of an image, with `{name}` of its file name in the annotation.
        labels: damage of the file -> its name in questions and answers; others (un-classified) are not asked about.
    """

    kind: Literal["damage-sequences"]
    annotations: Inside
    pictures: Annotated[Inside, slots("name")]
    labels: dict[str, str] = Field(
        default_factory=lambda: {
            "no-damage": "No damage",
            "minor-damage": "Minor Damage",
            "major-damage": "Major Damage",
            "destroyed": "Destroyed",
        }
    )


class DevelopmentSequences(Sequences):
    """Regions of urban change over dates (QFabric).

    Attributes:
        annotations: glob pattern of the GeoJSON files, one a place, outlines in pixels of the images.
        pictures: path of an image, with `{stem}` of the annotation and `{date}` (YYYY-MM-DD).
        images: how many dates: all five, or the first and the last.
        changes: the types, as answers have them.
        statuses: the statuses, in the order of development.
    """

    kind: Literal["development-sequences"]
    annotations: Inside
    pictures: Annotated[Inside, slots("stem", "date")]
    images: Literal[2, 5] = 5
    changes: tuple[str, ...] = ("residential", "commercial", "industrial", "road", "demolition", "mega projects")
    statuses: tuple[str, ...] = (
        "prior construction",
        "greenland",
        "land cleared",
        "excavation",
        "materials dumped",
        "construction started",
        "construction midway",
        "construction done",
        "operational",
    )


class PlaceSequences(Sequences):
    """Sequences of places with a class (fMoW); sensor and resolution are as the files say.

    Attributes:
        annotations: glob pattern of the files of one kind of picture, in one folder a place.
        classes: named in the question; empty: the 62 of fMoW.
        sensors: name in the file -> name in the opening; a sequence of several, or of others, has no sensor in words.
        high_below: metres a pixel below which a sequence is of high resolution, where all of it is.
        low_from: and from which it is of low resolution.
    """

    kind: Literal["place-sequences"]
    annotations: Inside
    classes: tuple[str, ...] = ()
    sensors: dict[str, str] = Field(
        default_factory=lambda: {"WORLDVIEW02": "WorldView-2", "WORLDVIEW03_VNIR": "WorldView-3", "SENTINEL2": "Sentinel-2"}
    )
    high_below: Annotated[float, Field(gt=0)] = 5.0
    low_from: Annotated[float, Field(gt=0)] = 10.0


class ExampleSequences(Sequences):
    """Sequences without answers: asked is only what the files themselves say.

    Attributes:
        file: the list of images and prompts.
        datasets: those whose sequences are taken.
    """

    kind: Literal["example-sequences"]
    file: Inside
    datasets: tuple[str, ...]


class UprightBoxes(BoxPictures):
    """Questions about single annotated images with upright boxes, the part of TEOChatlas that comes from GeoChat.

    Attributes:
        known: what the annotation is complete for.
        regions: objects named, and objects looked for, in one image.
        most_counted: classes with more objects are not counted.
        cell_margin: as for sequences.
        mixed_share: share of training images with a conversation of several tasks.
    """

    kind: Literal["upright-boxes"]
    known: KnownClasses = KnownClasses()
    regions: Annotated[int, Field(ge=0, le=20)] = 2
    most_counted: Annotated[int, Field(ge=1)] = 20
    cell_margin: Annotated[float, Field(ge=0, lt=0.16)] = 0.03
    mixed_share: Share = 0.0


class SceneOptions(Settings):
    """The class of a scene among some options, from labelled images.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names.
        file: JSON Lines of image, label and split.
        options: classes named in a question, the right one among them.
        validation_share: share of the training scenes that becomes the validation split.
        share: of the images that are used, by a hash of their names.
    """

    kind: Literal["scene-options"]
    source: Name
    prefix: Name
    file: Inside = "pairs.jsonl"
    options: Annotated[int, Field(ge=2, le=30)] = 5
    validation_share: Share = 0.05
    share: Share = 1.0
