"""Settings of contrastive pre-training: two towers, two heads, the objective, and how they are optimised."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from rsvlm.settings import Name, Section, Settings
from rsvlm.training.settings import OptimisationSettings, Precision

Size = Annotated[int, Field(ge=1, le=1_000_000)]
Side = Annotated[int, Field(ge=16, le=4096)]
RelativePath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$")]
Activation = Literal["quick_gelu", "gelu"]
View = Literal["identity", "horizontal", "vertical", "transpose"]


class Tower(Settings):
    """What all towers share.

    Attributes:
        trainable: whether training changes it; two frozen towers are run once and their features kept.
        precision: arithmetic of inference and of kept features; `auto`: bfloat16 where the processor has it, else float32.
    """

    trainable: bool = True
    precision: Precision = "float32"


class EfficientNetLite0(Tower):
    """EfficientNet-Lite0, its batch norms folded into the convolutions; 1280 features, the mean over the last grid."""

    kind: Literal["efficientnet-lite0"]
    image_size: Side = 224


class ClipVit(Tower):
    """CLIP's vision transformer; the features are its class token after the last norm."""

    kind: Literal["clip-vit"]
    image_size: Side = 224
    patch: Size = 32
    width: Size = 768
    layers: Size = 12
    heads: Size = 12
    activation: Activation = "quick_gelu"


class ClipResNet(Tower):
    """CLIP's modified ResNet: three-convolution stem, average pools for strides, attention pool to `output` features."""

    kind: Literal["clip-resnet"]
    image_size: Side = 224
    blocks: tuple[Size, Size, Size, Size] = (3, 4, 6, 3)
    width: Size = 64
    heads: Size = 32
    output: Size = 1024


class MiniLm(Tower):
    """A BERT encoder of MiniLM's shape; the features are the mean over the tokens."""

    kind: Literal["minilm"]
    length: Size = 64
    vocabulary: Size = 30522
    positions: Size = 512
    width: Size = 384
    layers: Size = 6
    heads: Size = 12


class ClipText(Tower):
    """CLIP's text transformer; the features are those of the first end-of-text token after the last norm."""

    kind: Literal["clip-text"]
    length: Size = 77
    vocabulary: Size = 49408
    width: Size = 512
    layers: Size = 12
    heads: Size = 8
    end_token: Annotated[int, Field(ge=0)] = 49407
    activation: Activation = "quick_gelu"


class MlpHead(Settings):
    """Standardised features, dropout, one hidden layer with GELU, dropout, a linear layer."""

    kind: Literal["mlp"]
    hidden: Size = 1024
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3


class LinearHead(Settings):
    """One matrix without bias, as CLIP projects."""

    kind: Literal["linear"]


class NoHead(Settings):
    """The features themselves (the attention pool of CLIP's ResNet projects already)."""

    kind: Literal["none"]


Vision = Annotated[EfficientNetLite0 | ClipVit | ClipResNet, Field(discriminator="kind")]
Text = Annotated[MiniLm | ClipText, Field(discriminator="kind")]
Head = Annotated[MlpHead | LinearHead | NoHead, Field(discriminator="kind")]


class Architecture(Settings):
    """A dual encoder by its blocks; stored in `model.json`, so that a model folder explains itself.

    Attributes:
        vision: the image tower.
        text: the text tower.
        image_head: from image features to the shared space.
        text_head: from text features to the shared space.
        embedding: size of the shared space.
    """

    vision: Vision
    text: Text
    image_head: Head
    text_head: Head
    embedding: Size

    @property
    def frozen(self) -> bool:
        """Whether only the heads are trained."""
        return not (self.vision.trainable or self.text.trainable)


class InfoNce(Settings):
    """Symmetric InfoNCE.

    Attributes:
        temperature: the initial one; logits are cosines divided by it.
        learn_temperature: whether training changes it.
        largest_scale: bound of 1 / temperature.
        equal_captions: `positives`: images whose captions have the same text are positives of each other; `negatives`:
            only the pair itself is, as published.
        chunk: rows of the similarity matrix held at once; none: all.
    """

    kind: Literal["infonce"] = "infonce"
    temperature: Annotated[float, Field(gt=0, le=1)] = 0.07
    learn_temperature: bool = True
    largest_scale: Annotated[float, Field(ge=1)] = 100.0
    equal_captions: Literal["positives", "negatives"] = "positives"
    chunk: Size | None = None


class WeightFile(Settings):
    """A file of published weights among the acquired sources.

    Attributes:
        source: the source's name.
        file: its path in the source.
        hub: where the file is published, for people.
    """

    source: Name
    file: RelativePath
    hub: str = ""


class Weights(Settings):
    """What training starts from; a block without a file starts from random weights.

    Attributes:
        tokenizer: the `tokenizer.json`.
        vision: weights of the image tower alone.
        text: weights of the text tower alone.
        whole: a CLIP checkpoint with both towers, in open_clip's or Hugging Face's layout.
    """

    tokenizer: WeightFile
    vision: WeightFile | None = None
    text: WeightFile | None = None
    whole: WeightFile | None = None


class ContrastivePretrainSettings(Section):
    """Contrastive pre-training.

    Attributes:
        data: the folder of pairs.
        model: towers and heads.
        weights: what training starts from.
        objective: the loss.
        views: mirrored forms in which a training image is seen, one drawn each time.
        crop_share: least share of an image that a random crop keeps; 1: no crop (the only choice for frozen towers).
        optimisation: optimiser, schedule, precision, checkpoints.
    """

    data: str
    model: Architecture
    weights: Weights
    objective: InfoNce = Field(default_factory=InfoNce)
    views: Annotated[tuple[View, ...], Field(min_length=1)] = ("identity",)
    crop_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    optimisation: OptimisationSettings

    @model_validator(mode="after")
    def _fits(self) -> "ContrastivePretrainSettings":
        if self.model.frozen and self.crop_share < 1:
            raise ValueError("crop_share must be 1.0 where both towers are frozen: their features are computed once")
        if (
            self.model.vision.kind == "clip-resnet"
            and self.model.image_head.kind == "none"
            and self.model.vision.output != self.model.embedding
        ):
            raise ValueError("vision.output must equal embedding where image_head is none")
        return self
