"""Settings of a corpus: its builders, its screens and selections in their order, and what the published one holds."""

from typing import Annotated

from pydantic import Field, model_validator

from rsvlm.captioning.settings import CopySettings, FootprintBuilder, MaskBuilder, Subset
from rsvlm.data.kinds.balanced_tags import BalancedTags
from rsvlm.data.kinds.box_tasks import BoxTasks, FootprintTasks
from rsvlm.data.kinds.boxes import BoxCaptions
from rsvlm.data.kinds.caption_talks import CaptionTalks, InstructedCaptions
from rsvlm.data.kinds.clips import FrameClips, PanClips
from rsvlm.data.kinds.described import DescribedPictures, ObjectTalks
from rsvlm.data.kinds.detection import Detection
from rsvlm.data.kinds.given_boxes import GivenBoxes
from rsvlm.data.kinds.graphs import BoxGraphs, FootprintGraphs, SceneGraphs
from rsvlm.data.kinds.honest import HonestFootprints, HonestMasks, HonestQuestions
from rsvlm.data.kinds.land_cover import LandCover
from rsvlm.data.kinds.located_tiles import LocatedTiles
from rsvlm.data.kinds.main_objects import MainObjects
from rsvlm.data.kinds.map_scenes import MapScenes
from rsvlm.data.kinds.map_tags import MapTags
from rsvlm.data.kinds.measured import MeasuredObjects
from rsvlm.data.kinds.meta import MetaCaptions
from rsvlm.data.kinds.modality import Modality
from rsvlm.data.kinds.native import NativePairs
from rsvlm.data.kinds.outlines import ObjectOutlines
from rsvlm.data.kinds.picture_tasks import PictureTasks
from rsvlm.data.kinds.prominent import ProminentObjects
from rsvlm.data.kinds.prompts import BoxPrompts, ImagePrompts, MaskPrompts
from rsvlm.data.kinds.properties import PictureProperties
from rsvlm.data.kinds.ranked import Ranked
from rsvlm.data.kinds.regions import RegionTalks
from rsvlm.data.kinds.sceneclasses import SceneClasses
from rsvlm.data.kinds.sequences import (
    ChangeSequences,
    DamageSequences,
    DevelopmentSequences,
    ExampleSequences,
    PlaceSequences,
    SceneOptions,
    UprightBoxes,
)
from rsvlm.data.kinds.ships import FineShipChains, ShipChains
from rsvlm.data.kinds.similarity import SimilaritySettings
from rsvlm.data.kinds.viewed import ViewedPictures, ViewedTalks
from rsvlm.data.kinds.web_pairs import WebPairs
from rsvlm.quality.settings import QualitySettings
from rsvlm.settings import Section, Settings, nearest

# One entry a kind, sorted by its name.
Builder = Annotated[
    BalancedTags
    | BoxCaptions
    | BoxGraphs
    | BoxPrompts
    | BoxTasks
    | CaptionTalks
    | ChangeSequences
    | DamageSequences
    | DescribedPictures
    | Detection
    | DevelopmentSequences
    | ExampleSequences
    | FineShipChains
    | FootprintBuilder
    | FootprintGraphs
    | FootprintTasks
    | FrameClips
    | GivenBoxes
    | HonestFootprints
    | HonestMasks
    | HonestQuestions
    | ImagePrompts
    | InstructedCaptions
    | LandCover
    | LocatedTiles
    | MainObjects
    | MapScenes
    | MapTags
    | MaskBuilder
    | MaskPrompts
    | MeasuredObjects
    | MetaCaptions
    | Modality
    | NativePairs
    | ObjectOutlines
    | ObjectTalks
    | PanClips
    | PictureProperties
    | PictureTasks
    | PlaceSequences
    | ProminentObjects
    | Ranked
    | RegionTalks
    | SceneClasses
    | SceneGraphs
    | SceneOptions
    | ShipChains
    | UprightBoxes
    | ViewedPictures
    | ViewedTalks
    | WebPairs,
    Field(discriminator="kind"),
]


class PublishedSize(Settings):
    """What the literature says the whole corpus holds; never ours.

    Attributes:
        images: number of images; none: it is not stated, and no number of texts tells it.
        texts: captions or conversations.
        note: where the figures are printed.
    """

    images: Annotated[int, Field(ge=1)] | None = None
    texts: Annotated[int, Field(ge=1)]
    note: str

    @property
    def words(self) -> str:
        """The figures in words: `5 images and 10 texts`."""
        if self.images is None:
            return f"{self.texts:,} texts, of how many images is not stated"
        return f"{self.images:,} images and {self.texts:,} texts"


class CorpusSettings(Section):
    """How a corpus is built.

    Attributes:
        builders: where its records come from.
        samples_per_shard: samples in one tar.
        longest: texts of more characters are set aside.
        longest_dialogue: conversations whose turns have more characters together are set aside; none: any number.
        subset: share of the samples kept.
        copies: near copies of evaluation pictures are dropped from training.
        quality: screens of single records, and choices among all of them.
        embedder: the image tower that copies by embedding and clusters go by.
        published: the size of the published corpus, for `rsvlm plan`.
        layouts: parts for which no real sample is at hand, so that only files of the real layout were read; for the card.
        biases: what is known to be lopsided, for the card.
    """

    builders: Annotated[tuple[Builder, ...], Field(min_length=1)]
    samples_per_shard: Annotated[int, Field(ge=1, le=100_000)] = 1000
    longest: Annotated[int, Field(ge=10, le=20_000)] = 2000
    longest_dialogue: Annotated[int, Field(ge=20, le=1_000_000)] | None = None
    subset: Subset = Subset()
    copies: CopySettings = CopySettings()
    quality: QualitySettings = QualitySettings()
    embedder: SimilaritySettings | None = None
    published: PublishedSize | None = None
    layouts: tuple[str, ...] = ()
    biases: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _embedded(self) -> "CorpusSettings":
        steps = self.quality.copies.steps if self.quality.copies is not None else ()
        compared = self.quality.balance.most_of_cluster is not None or any(step.kind == "embedding" for step in steps)
        if compared and self.embedder is None:
            raise ValueError("copies by embedding and caps of clusters need an embedder")
        return self

    @model_validator(mode="after")
    def _capped_sources(self) -> "CorpusSettings":
        read = sorted({name for builder in self.builders if (name := getattr(builder, "source", None))})
        for name in self.quality.balance.most_texts:
            if name not in read:
                raise ValueError(f"quality.balance.most_texts: no builder reads '{name}'; allowed: {', '.join(read)}{nearest(name, read)}")
        return self


class CorpusEvaluateSettings(Section):
    """How a corpus is examined.

    Attributes:
        data: the corpus, `data/pairs/<item>` or `data/conversations/<item>`.
        model: what is judged: the corpus again.
        judge: what it is held against: `data/raw/<item>`.
        least_precision: the least share of true statements; the stage fails below it.
        shown: records shown in the report.
    """

    data: str
    model: str
    judge: str
    least_precision: Annotated[float, Field(ge=0, le=1)] = 1.0
    shown: Annotated[int, Field(ge=1, le=100)] = 12
