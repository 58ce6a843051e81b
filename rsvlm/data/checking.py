"""Check a corpus: every statement of every record against the annotations, and a baseline that shows the check can fail."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shapely.errors import ShapelyError

from rsvlm.data.checkers import (
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
    footprints,
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
    masks,
    measured,
    meta,
    modality,
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
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Check, Statement
from rsvlm.errors import DataError
from rsvlm.progress import Progress
from rsvlm.records.shards import Shards

CHECKS: dict[str, Check] = {
    "balanced-tags": balanced_tags.check,
    "box-graphs": graphs.check,
    "box-prompts": prompts.check,
    "box-tasks": box_tasks.check,
    "boxes": boxes.check,
    "caption-talks": caption_talks.check,
    "change-sequences": changes.check,
    "damage-sequences": damage.check,
    "described": described.check,
    "detection": detection.check,
    "development-sequences": development.check,
    "example-sequences": examples.check,
    "fine-ship-chains": fineships.check,
    "footprint-graphs": graphs.check,
    "footprint-tasks": box_tasks.check,
    "footprints": footprints.check,
    "frame-clips": clips.check_frames,
    "given-boxes": given_boxes.check,
    "honest-footprints": honest.check,
    "honest-masks": honest.check,
    "honest-questions": honest.check,
    "image-prompts": imageprompts.check,
    "instructed-captions": instructed.check,
    "land-cover": land_cover.check,
    "located-tiles": located_tiles.check,
    "map-main-object": main_objects.check,
    "map-scenes": map_scenes.check,
    "map-tags": map_tags.check,
    "mask-prompts": prompts.check,
    "masks": masks.check,
    "measured-objects": measured.check,
    "meta": meta.check,
    "modality": modality.check,
    "object-outlines": outlines.check,
    "object-talks": described.check,
    "pan-clips": clips.check_pans,
    "picture-properties": properties.check,
    "picture-tasks": picture_tasks.check,
    "place-sequences": placesequences.check,
    "prominent-objects": prominent.check,
    "ranked": ranked.check,
    "regions": regions.check,
    "scene-classes": sceneclasses.check,
    "scene-graphs": graphs.check,
    "scene-options": sceneoptions.check,
    "ship-chains": ships.check,
    "upright-boxes": upright.check,
    "viewed": viewed.check,
    "viewed-talks": viewed.check,
    "web-pairs": web_pairs.check,
}
"""The checker of each kind of builder."""
_UNCHECKED = (None, "native")  # captions that a data set brings


@dataclass
class Tally:
    """Statements counted by kind: all of them, and those that hold; the first false ones."""

    all: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    records: int = 0
    false: list[dict[str, str]] = field(default_factory=list)

    def add(self, name: str, statements: list[Statement], most: int) -> None:
        """Count a record's statements; keep up to `most` false ones."""
        self.records += bool(statements)
        for statement in statements:
            self.all[statement.kind] += 1
            self.held[statement.kind] += bool(statement.holds)
            if not statement.holds and len(self.false) < most:
                self.false.append({"id": name, "kind": statement.kind, "text": statement.text, "why": statement.why})


def statements_of(record: Mapping[str, Any], evidence: Evidence) -> list[Statement]:
    """Return the statements of one record, none of a data set's own captions.

    Raises:
        DataError: its kind has no checker, or the record lacks what its checker needs.
    """
    kind = record.get("builder")
    if kind in _UNCHECKED:
        return []
    if kind not in CHECKS:
        raise DataError(f"{record['id']}: kind '{kind}' has no checker in rsvlm/data/checking.py; nothing vouches for its texts")
    try:
        return list(CHECKS[kind](record, evidence))
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError, ShapelyError) as error:
        seen = repr(error)[:200]
        raise DataError(f"{record['id']}: builder '{record.get('builder')}' left out what its checker needs ({seen})") from None


def check_corpus(shards: Shards, evidence: Evidence, *, most_false: int = 1000) -> tuple[Tally, Tally]:
    """Return the tally of a corpus, and that of the same texts put under other pictures.

    The second takes the texts of the record before of the same builder: a checker that holds those true as well
    cannot tell true from false.

    Args:
        shards: the corpus.
        evidence: its raw sources.
        most_false: false statements kept with their words.
    """
    tally, shuffled = Tally(), Tally()
    progress = Progress("check statements", len(shards), "records")
    before: dict[str, dict[str, Any]] = {}
    for record in _records(shards):
        progress.advance()
        tally.add(record["id"], statements_of(record, evidence), most_false)
        kind = str(record.get("builder"))
        if kind in CHECKS and not record.get("part_of"):  # a frame has no texts to lend
            if kind in before:
                shuffled.add(record["id"], statements_of(_told_by(record, before[kind]), evidence), 0)
            before[kind] = {key: record.get(key) for key in ("captions", "caption_ids", "conversations", "languages")}
    progress.finish()
    return tally, shuffled


def _records(shards: Shards) -> Iterator[dict[str, Any]]:
    for row in range(len(shards)):
        yield shards.fields(row)


def _told_by(record: dict[str, Any], texts: dict[str, Any]) -> dict[str, Any]:
    """Return a record with another one's texts; a deep copy, so that no checker can change what is checked later."""
    changed = {**record, **{key: value for key, value in texts.items() if value is not None}}
    copied: dict[str, Any] = json.loads(json.dumps(changed))
    return copied
