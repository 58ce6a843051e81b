"""Settings of the instruct stage: which builders make conversations, and every number of their rules."""

from typing import Annotated, Literal

from pydantic import Field

from rsvlm.captioning.settings import BoxPictures, CopySettings, Share, SplitShares, Subset
from rsvlm.settings import Inside, Name, Section, Settings


class SceneBuilder(Settings):
    """Scene classification and captioning from a data set's labels and captions.

    Attributes:
        validation_share: share of the training scenes that becomes the validation split.
        list_classes: name all classes in the question, as GeoChat's evaluation does.
        captions: captioning conversations of a training picture, each with another caption.
        mixed_share: share of training pictures with a conversation of several tasks.
    """

    kind: Literal["scenes"]
    source: Name
    prefix: Name
    file: Inside = "pairs.jsonl"
    validation_share: Share = 0.05
    list_classes: bool = True
    captions: Annotated[int, Field(ge=0, le=10)] = 1
    mixed_share: Share = 0.2


class AttributeSettings(Settings):
    """Attributes of objects by rule.

    Attributes:
        small: areas below this percentile of their class are small.
        large: areas above it are large.
        colours: name colours at all; where shadow decides over colour (tree crowns), better not.
        clusters: K of the K-means over an object's pixels; its colour is the centre of the largest cluster.
        core: share of an object's width and height, around its centre, whose pixels count; the corners of a ship's box
            are water.
        clear_share: share of the pixels that the largest cluster must have, or the object has no colour.
        sure: objects that the image border cuts have no colour, and a phrase with a colour is used only where all other
            objects that it may mean have one.
    """

    small: Annotated[float, Field(gt=0, lt=50)] = 20.0
    large: Annotated[float, Field(gt=50, lt=100)] = 80.0
    colours: bool = True
    clusters: Annotated[int, Field(ge=1, le=8)] = 3
    core: Annotated[float, Field(gt=0, le=1)] = 0.7
    clear_share: Share = 0.5
    sure: bool = False


class RelationSettings(Settings):
    """Relations between objects; what lies between two limits is a doubt, of which nothing is said.

    Attributes:
        stated: state relations at all; they also need classes that `rsvlm.conversations.relations` has rules for.
        inside: an object lies in another from this share of its area.
        outside: up to this share it surely does not.
        near: an object is at another up to this gap, in its own shorter sides.
        far: from this gap, in its own shorter sides, it surely is not.
    """

    stated: bool = True
    inside: Annotated[float, Field(gt=0.5, le=1)] = 0.9
    outside: Annotated[float, Field(ge=0, lt=0.5)] = 0.1
    near: Annotated[float, Field(ge=0, le=1)] = 0.5
    far: Annotated[float, Field(gt=1)] = 3.0


class RegionBuilder(BoxPictures):
    """Grounding, referring, region naming and questions from boxes.

    Attributes:
        absent: nouns that the annotation would have, were they there; for questions answered by no.
        least_side: objects with a shorter side (hundredths of the image) are not grounded.
        most_boxes: classes or phrases with more boxes are not grounded.
        most_counted: classes with more objects are not counted.
        refer: referring conversations of a picture.
        identify: region naming conversations of a picture.
        mixed_share: share of training pictures with a conversation of several tasks.
    """

    kind: Literal["regions"]
    absent: tuple[str, ...] = ()
    least_side: Annotated[float, Field(gt=0, le=100)] = 2.0
    most_boxes: Annotated[int, Field(ge=1)] = 6
    most_counted: Annotated[int, Field(ge=1)] = 20
    refer: Annotated[int, Field(ge=0, le=20)] = 3
    identify: Annotated[int, Field(ge=0, le=20)] = 3
    mixed_share: Share = 0.5
    attributes: AttributeSettings = AttributeSettings()
    relations: RelationSettings = RelationSettings()


class ChoiceBuilder(Settings):
    """Conversations from the CHOICE benchmark's grounding, presence and counting records.

    Attributes:
        grounding: file of the grounding records.
        presence: file of the presence records.
        counting: file of the counting records.
    """

    kind: Literal["choice"]
    source: Name
    prefix: Name
    grounding: str
    presence: str
    counting: str
    shares: SplitShares = SplitShares(test=0.5, validation=0.0)


Builder = Annotated[SceneBuilder | RegionBuilder | ChoiceBuilder, Field(discriminator="kind")]


class InstructSettings(Section):
    """How conversations are built.

    Attributes:
        builders: where conversations come from.
        samples_per_shard: images in one tar.
        longest: captions of more characters are set aside.
        subset: share of the images kept.
        copies: near copies of evaluation pictures are dropped from training.
    """

    builders: Annotated[tuple[Builder, ...], Field(min_length=1)]
    samples_per_shard: Annotated[int, Field(ge=1, le=100_000)] = 1000
    longest: Annotated[int, Field(ge=10, le=2000)] = 2000
    subset: Subset = Subset()
    copies: CopySettings = CopySettings()
