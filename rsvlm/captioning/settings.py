"""Settings of the caption stage: which builders make pairs, and every number of their rules."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from rsvlm.records.readers.plain_boxes import ends_of
from rsvlm.records.text import class_name
from rsvlm.records.unfit import Unfit
from rsvlm.settings import Inside, Name, Pattern, Section, Settings, slots

Share = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[float, Field(ge=0, le=100)]


def _noun(text: str) -> str:
    try:
        return class_name(text)
    except Unfit as unfit:
        raise ValueError(f"words in Latin letters are needed; {unfit.reason}") from None


Noun = Annotated[str, AfterValidator(_noun)]
"""Words for a class, as they stand in sentences."""
MaskValue = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,4})$")]


class SplitShares(Settings):
    """Shares of scenes by split; the rest trains.

    Attributes:
        test: share of scenes.
        validation: share of scenes.
        scenes: scene name -> split, for scenes that are placed by hand.
    """

    test: Share = 0.0
    validation: Share = 0.1
    scenes: dict[str, Literal["train", "validation", "test"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _at_most_all(self) -> "SplitShares":
        if self.test + self.validation > 1:
            raise ValueError("the shares of test and validation are more than 1 together")
        return self

    def as_mapping(self) -> dict[str, float]:
        """Return the shares by split name."""
        return {"test": self.test, "validation": self.validation}


class B2CSettings(Settings):
    """Box-to-caption: five captions from boxes.

    Attributes:
        central_share: share of width and of height that counts as the middle (0.5: the middle half).
        vague_above: counts above this become a vague quantity.
        least_classes: fewest classes that captions 3 to 5 draw.
        most_classes: most of them.
        number_words: write numbers up to ten as words.
    """

    central_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    vague_above: Annotated[int, Field(ge=1)] = 10
    least_classes: Annotated[int, Field(ge=1)] = 1
    most_classes: Annotated[int, Field(ge=1)] = 3
    number_words: bool = False


class M2BSettings(Settings):
    """Mask-to-box: one box around every connected region.

    Attributes:
        minimum_area: smallest region in pixels.
        nested: count a region that lies in a hole of another one (false: outermost contours only, as
            `findContours` with external retrieval has them).
    """

    minimum_area: Annotated[int, Field(ge=1)] = 16
    nested: bool = True


class ChipSettings(Settings):
    """How large pictures are cut.

    Attributes:
        size: side of a chip in pixels.
        stride: step from chip to chip.
        visible_share: objects of which less is visible are dropped from a chip.
        quality: JPEG quality of the stored chip.
    """

    size: Annotated[int, Field(ge=32, le=4096)] = 448
    stride: Annotated[int, Field(ge=8, le=4096)] = 224
    visible_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    quality: Annotated[int, Field(ge=50, le=100)] = 92


class NativeBuilder(Settings):
    """Captions that a data set brings: a JSON Lines file of image, label, split and captions.

    Attributes:
        validation_share: share of the training scenes that becomes the validation split.
        close_up: undo a tokeniser's spacing ("runways .").
        capitalise: begin captions with an upper-case letter.
    """

    kind: Literal["native"]
    source: Name
    prefix: Name
    file: Inside = "pairs.jsonl"
    validation_share: Share = 0.05
    close_up: bool = True
    capitalise: bool = False


class AnnotatedPictures(Settings):
    """Annotated pictures of a source: where they are, how they are named, split and cut.

    Attributes:
        source: the source's name.
        prefix: starts the ids and scene names; two builders with the same prefix share scenes.
        pictures: path of the picture, with `{stem}` (of the annotation file) or `{name}` (that the annotation gives).
        suffix: ending of the annotation file's stem that is no part of `{stem}` (`_label` where `a_label.tif` belongs to `a.tif`).
        annotations: glob pattern of the annotation files.
        names: class names of the source -> nouns for captions; others are turned into words.
        scene: regular expression; its first group, found in the picture's name, names the scene.
        stretch: lower and upper percentile that 16-bit rasters are stretched between.
    """

    source: Name
    prefix: Name
    pictures: Annotated[Inside, slots("stem", "name")]
    suffix: str = ""
    annotations: Inside
    names: dict[str, Noun] = Field(default_factory=dict)
    scene: Pattern = "^(.*)$"
    shares: SplitShares = SplitShares()
    stretch: tuple[Percent, Percent] = (2.0, 98.0)
    chips: ChipSettings | None = None


class BoxPictures(AnnotatedPictures):
    """Pictures annotated with boxes: DOTA text, Pascal VOC XML, CSV, COCO JSON, plain columns, or a data set's own layout.

    Attributes:
        format: of the annotation files; `auair`, `hrsc` and `tracks` are those of AU-AIR, HRSC2016 and the Stanford Drone Dataset.
        columns: of plain files, what each holds (`rsvlm.records.readers.plain_boxes`).
        ignored: class names of the source that stand for no object of interest.
    """

    format: Literal["dota", "voc", "csv", "coco", "plain", "auair", "hrsc", "tracks"]
    columns: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _columns_of_plain_files(self) -> "BoxPictures":
        if self.format == "plain":
            ends_of(self.columns)
        elif self.columns:
            raise ValueError(f"columns are of plain files; format is {self.format}")
        return self


class BoxBuilder(BoxPictures):
    """Captions from boxes."""

    kind: Literal["boxes"]
    b2c: B2CSettings = B2CSettings()


class MaskPictures(AnnotatedPictures):
    """Pictures annotated with masks, read through boxes.

    Attributes:
        classes: mask value (as text) -> class name; other values are background.
        colours: of masks in colour, the colours (`#rrggbb`) that stand for the values 0, 1, 2, ...; other colours stand for no class.
    """

    classes: Annotated[dict[MaskValue, Noun], Field(min_length=1)]
    colours: tuple[Annotated[str, StringConstraints(pattern="^#[0-9a-f]{6}$")], ...] = ()
    m2b: M2BSettings = M2BSettings()


class MaskBuilder(MaskPictures):
    """Captions from masks through boxes."""

    kind: Literal["masks"]
    b2c: B2CSettings = B2CSettings()


class FootprintPictures(AnnotatedPictures):
    """Georeferenced rasters annotated with vector footprints (GeoJSON).

    Attributes:
        label: class name of every footprint.
    """

    label: Noun


class FootprintBuilder(FootprintPictures):
    """Captions from vector footprints (GeoJSON) on a georeferenced raster."""

    kind: Literal["footprints"]
    b2c: B2CSettings = B2CSettings()


Builder = Annotated[NativeBuilder | BoxBuilder | MaskBuilder | FootprintBuilder, Field(discriminator="kind")]


class Subset(Settings):
    """A seeded draw of samples by a hash of their id: stable over reruns and when data are added.

    Attributes:
        train: share of training samples kept.
        evaluation: share of validation and test samples kept.
    """

    train: Annotated[float, Field(gt=0, le=1)] = 1.0
    evaluation: Annotated[float, Field(gt=0, le=1)] = 1.0


class CopySettings(Settings):
    """Near copies of evaluation pictures in the training data: hash segments and Hamming limit."""

    segments: Annotated[int, Field(ge=1, le=64)] = 4
    below: Annotated[int, Field(ge=1, le=16)] = 2


class TruncationSettings(Settings):
    """Log the share of captions that a text tower would cut: which tokenizer (a file of a source), at how many tokens."""

    source: Name
    tokenizer: str
    limit: Annotated[int, Field(ge=8)] = 77


class CaptionSettings(Section):
    """How image-caption pairs are built.

    Attributes:
        builders: where pairs come from.
        samples_per_shard: samples in one tar.
        longest: captions of more characters are set aside.
        subset: share of the samples kept.
        copies: near copies of evaluation pictures are dropped from training.
        truncation: log how many captions a text tower would cut.
    """

    builders: Annotated[tuple[Builder, ...], Field(min_length=1)]
    samples_per_shard: Annotated[int, Field(ge=1, le=100_000)] = 1000
    longest: Annotated[int, Field(ge=10, le=2000)] = 2000
    subset: Subset = Subset()
    copies: CopySettings = CopySettings()
    truncation: TruncationSettings | None = None
