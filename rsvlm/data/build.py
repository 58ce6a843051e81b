"""The samples of a corpus, builder by builder, test samples first."""

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any

from rsvlm.chat.answers import Answers
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
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.work import Work
from rsvlm.errors import DataError
from rsvlm.records.models import SPLITS, Sample
from rsvlm.records.rejected import Rejected
from rsvlm.records.unfit import Unfit

_BUILD: dict[str, Callable[[Any, Work], Iterator[Sample]]] = {
    "balanced-tags": balanced_tags.build,
    "box-graphs": graphs.build,
    "box-prompts": prompts.build,
    "box-tasks": box_tasks.build,
    "boxes": boxes.build,
    "caption-talks": caption_talks.build,
    "change-sequences": changes.build,
    "damage-sequences": damage.build,
    "described": described.build,
    "detection": detection.build,
    "development-sequences": development.build,
    "example-sequences": examples.build,
    "fine-ship-chains": fineships.build,
    "footprint-graphs": graphs.build,
    "footprint-tasks": box_tasks.build,
    "footprints": boxes.build,
    "frame-clips": clips.build_frames,
    "given-boxes": given_boxes.build,
    "honest-footprints": honest.build,
    "honest-masks": honest.build,
    "honest-questions": honest.build,
    "image-prompts": imageprompts.build,
    "instructed-captions": instructed.build,
    "land-cover": land_cover.build,
    "located-tiles": located_tiles.build,
    "map-main-object": main_objects.build,
    "map-scenes": map_scenes.build,
    "map-tags": map_tags.build,
    "mask-prompts": prompts.build,
    "masks": boxes.build,
    "measured-objects": measured.build,
    "meta": meta.build,
    "modality": modality.build,
    "native": native.build,
    "object-outlines": outlines.build,
    "object-talks": described.build_talks,
    "pan-clips": clips.build_pans,
    "picture-properties": properties.build,
    "picture-tasks": picture_tasks.build,
    "place-sequences": placesequences.build,
    "prominent-objects": prominent.build,
    "ranked": ranked.build,
    "regions": regions.build,
    "scene-classes": sceneclasses.build,
    "scene-graphs": graphs.build,
    "scene-options": sceneoptions.build,
    "ship-chains": ships.build,
    "upright-boxes": upright.build,
    "viewed": viewed.build,
    "viewed-talks": viewed.build,
    "web-pairs": web_pairs.build,
}
"""The builder of each kind."""


def samples(
    settings: CorpusSettings,
    raw: Path,
    answers: Answers,
    *,
    seed: int,
    rejected: Rejected,
    threads: int,
    memory: dict[Hashable, Any] | None = None,
) -> Iterator[Sample]:
    """Yield every sample of a corpus: test, then validation, then training samples, builder by builder.

    Args:
        settings: the recipe's section.
        raw: `data/raw/<item>`.
        answers: the kept answers of chat models, which count what is asked.
        seed: of the workspace.
        rejected: takes what is set aside.
        threads: how many pictures or requests are worked on at once.
        memory: keeps what is worked out once over all splits, for the caller to read when all samples are made.

    Raises:
        DataError: a source, index or annotation file is missing or unreadable as a whole.
    """
    kept: dict[Hashable, Any] = {} if memory is None else memory
    for split in SPLITS:
        work = Work(raw, split, seed, settings.longest, settings.subset, rejected, answers, threads, kept, settings.builders)
        for builder in settings.builders:
            if builder.kind not in _BUILD:  # a kind that only its settings know: half of an addition
                raise DataError(f"builder '{builder.kind}': no module builds this kind; add it to rsvlm/data/build.py")
            try:
                yield from _BUILD[builder.kind](builder, work)
            except Unfit as unfit:  # of no single record: a file that the recipe itself names
                source = getattr(builder, "source", "")
                raise DataError(f"builder '{builder.kind}' of source '{source}': {unfit}; check the recipe") from None
