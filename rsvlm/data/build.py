"""The samples of a corpus, builder by builder, test samples first."""

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any

from rsvlm.captioning.settings import FootprintBuilder, MaskBuilder
from rsvlm.data.builders import (
    balanced_tags,
    box_tasks,
    boxes,
    caption_talks,
    changes,
    clips,
    damage,
    described,
    detection,
    development,
    examples,
    fineships,
    given_boxes,
    graphs,
    honest,
    imageprompts,
    instructed,
    land_cover,
    located_tiles,
    main_objects,
    map_scenes,
    map_tags,
    measured,
    meta,
    modality,
    native,
    outlines,
    picture_tasks,
    placesequences,
    prominent,
    prompts,
    properties,
    ranked,
    regions,
    sceneclasses,
    sceneoptions,
    ships,
    upright,
    viewed,
    web_pairs,
)
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
from rsvlm.data.kinds.viewed import ViewedPictures, ViewedTalks
from rsvlm.data.kinds.web_pairs import WebPairs
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.work import Work
from rsvlm.records.models import SPLITS, Sample
from rsvlm.records.rejected import Rejected

_BUILD: dict[type, Callable[[Any, Work], Iterator[Sample]]] = {
    BalancedTags: balanced_tags.build,
    BoxCaptions: boxes.build,
    BoxGraphs: graphs.build,
    BoxPrompts: prompts.build,
    BoxTasks: box_tasks.build,
    CaptionTalks: caption_talks.build,
    ChangeSequences: changes.build,
    DamageSequences: damage.build,
    DescribedPictures: described.build,
    Detection: detection.build,
    DevelopmentSequences: development.build,
    ExampleSequences: examples.build,
    FineShipChains: fineships.build,
    FootprintBuilder: boxes.build,
    FootprintGraphs: graphs.build,
    FootprintTasks: box_tasks.build,
    FrameClips: clips.build_frames,
    GivenBoxes: given_boxes.build,
    HonestFootprints: honest.build,
    HonestMasks: honest.build,
    HonestQuestions: honest.build,
    ImagePrompts: imageprompts.build,
    InstructedCaptions: instructed.build,
    LandCover: land_cover.build,
    LocatedTiles: located_tiles.build,
    MainObjects: main_objects.build,
    MapScenes: map_scenes.build,
    MapTags: map_tags.build,
    MaskBuilder: boxes.build,
    MaskPrompts: prompts.build,
    MeasuredObjects: measured.build,
    MetaCaptions: meta.build,
    Modality: modality.build,
    NativePairs: native.build,
    ObjectOutlines: outlines.build,
    ObjectTalks: described.build_talks,
    PanClips: clips.build_pans,
    PictureProperties: properties.build,
    PictureTasks: picture_tasks.build,
    PlaceSequences: placesequences.build,
    ProminentObjects: prominent.build,
    Ranked: ranked.build,
    RegionTalks: regions.build,
    SceneClasses: sceneclasses.build,
    SceneGraphs: graphs.build,
    SceneOptions: sceneoptions.build,
    ShipChains: ships.build,
    UprightBoxes: upright.build,
    ViewedPictures: viewed.build,
    ViewedTalks: viewed.build,
    WebPairs: web_pairs.build,
}


def samples(settings: CorpusSettings, raw: Path, answers: Path, *, seed: int, rejected: Rejected, threads: int) -> Iterator[Sample]:
    """Yield every sample of a corpus: test, then validation, then training samples, builder by builder.

    Args:
        settings: the recipe's section.
        raw: `data/raw/<item>`.
        answers: folder with the kept answers of chat models.
        seed: of the workspace.
        rejected: takes what is set aside.
        threads: how many pictures or requests are worked on at once.

    Raises:
        DataError: a source, index or annotation file is missing or unreadable as a whole.
    """
    memory: dict[Hashable, Any] = {}
    for split in SPLITS:
        work = Work(raw, split, seed, settings.longest, settings.subset, rejected, answers, threads, memory, settings.builders)
        for builder in settings.builders:
            yield from _BUILD[type(builder)](builder, work)
