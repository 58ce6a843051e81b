"""The samples of an instruct stage: one an image with all its conversations, test samples first."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rsvlm.captioning.build import native_captions, native_split, wanted
from rsvlm.captioning.grammar import class_words
from rsvlm.captioning.scenes import DEFAULT_VISIBLE, Chip, Place, chips, places, scene_split, whole
from rsvlm.captioning.settings import NativeBuilder
from rsvlm.conversations import choice, regions, scenes
from rsvlm.conversations.attributes import SizeLimits, size_limits
from rsvlm.conversations.relations import FIRST, Relation, relations_in
from rsvlm.conversations.settings import AttributeSettings, ChoiceBuilder, InstructSettings, RegionBuilder, SceneBuilder
from rsvlm.conversations.talk import Talk, as_conversations, mixed
from rsvlm.imagery.pictures import ImageError, decode
from rsvlm.records.geometry import area
from rsvlm.records.models import EXTENSION_OF, SPLITS, LabelledObject, Sample, safe_id
from rsvlm.records.raw import RawSource
from rsvlm.records.readers import choice as choice_reader
from rsvlm.records.readers import pairs
from rsvlm.records.rejected import Rejected
from rsvlm.records.splits import split_of
from rsvlm.records.text import text_id
from rsvlm.records.unfit import Unfit
from rsvlm.seeds import numpy_generator


def _fields(raw: RawSource, file: str, scene: str, split: str, conversations: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "captions": [],
        "caption_ids": [],
        "label": None,
        "split": split,
        "scene": scene,
        "source": raw.name,
        "licence": raw.licence(file),
        "method": "label",
        "gsd": raw.gsd(file),
        "bounds": raw.bounds(file),
        "conversations": conversations,
        **more,
    }


def with_mix(name: str, talks: list[Talk], split: str, share: float, seed: int) -> list[dict[str, Any]]:
    """Return the talks as conversations and, for a share of training pictures, one more that mixes some of them."""
    generator = numpy_generator(seed, "mixed", name)
    conversations = as_conversations(name, talks)
    if split == "train" and generator.random() < share and (mix := mixed(name, talks, generator)):
        conversations.append(mix)
    return conversations


def _class_words(raw: RawSource, builder: SceneBuilder) -> list[str]:
    if not builder.list_classes:
        return []
    lines = (line for _, line in pairs.read(raw.path(builder.file)) if not isinstance(line, Unfit))
    return sorted({class_words(line.label) for line in lines if line.label})


def _scene_samples(
    builder: SceneBuilder, raw: RawSource, split: str, settings: InstructSettings, seed: int, rejected: Rejected
) -> Iterator[Sample]:
    classes = _class_words(raw, builder)
    cleaning = NativeBuilder(kind="native", source=builder.source, prefix=builder.prefix)
    for number, line in pairs.read(raw.path(builder.file)):
        try:
            if isinstance(line, Unfit):
                raise line
            name = safe_id(builder.prefix, PurePosixPath(line.image).stem)
            if native_split(line.split, name, builder.validation_share, seed) != split:
                continue
            texts = native_captions(line.captions, cleaning, settings.longest)
            path = raw.path(line.image)
        except Unfit as unfit:
            rejected.add(f"{builder.file} line {number}", builder.source, unfit.reason, unfit.detail)
            continue
        if not wanted(name, split, settings.subset, seed):
            rejected.leave_out(builder.source, "outside the drawn subset")
            continue
        count = builder.captions if split == "train" else 1
        talks = scenes.talks_of(line.label, texts, classes, count, numpy_generator(seed, "captions", name))
        conversations = with_mix(name, talks, split, builder.mixed_share, seed)
        ids = [text_id(text) for text in texts]
        more = {"captions": texts, "caption_ids": ids, "label": line.label, "method": "native"}
        yield Sample(
            name, path.read_bytes(), EXTENSION_OF.get(path.suffix.lower(), path.suffix),
            _fields(raw, line.image, name, split, conversations, **more),
        )  # fmt: skip


class ChipRelations:
    """The relations of chips, which come picture by picture in the order of `places`."""

    def __init__(self, builder: RegionBuilder, raw: RawSource, seed: int) -> None:
        self._builder, self._raw, self._seed = builder, raw, seed
        self._places: Iterator[Place] = places(builder, raw)
        self._file = ""
        self._width = self._height = 0
        self._objects: list[LabelledObject] = []

    def of(self, chip: Chip) -> list[Relation]:
        """Return the relations of a chip's objects; empty where the rules do not speak of them."""
        if not self._builder.relations.stated or FIRST.isdisjoint(labelled.label for labelled in chip.objects):
            return []
        if chip.file != self._file:
            place = next(place for place in self._places if place.picture == chip.file)
            picture, self._objects = whole(self._builder, self._raw, place, Rejected())
            self._file, (self._width, self._height) = chip.file, picture.size
        share = self._builder.chips.visible_share if self._builder.chips else DEFAULT_VISIBLE
        wording = int(numpy_generator(self._seed, "relations", chip.id).integers(1 << 16))
        found = relations_in(chip.window, self._objects, self._width, self._height, share, self._builder.relations, wording)
        # Two annotation files of one picture have the same chips; only what belongs to this one is said.
        return [relation for _, relation in found] if [labelled for labelled, _ in found] == chip.objects else []


def _region_samples(
    builder: RegionBuilder,
    raw: RawSource,
    split: str,
    settings: InstructSettings,
    seed: int,
    rejected: Rejected,
    limits: Mapping[str, SizeLimits],
) -> Iterator[Sample]:
    relations = ChipRelations(builder, raw, seed)
    for chip in chips(builder, raw, split, seed, rejected):
        if not wanted(chip.id, split, settings.subset, seed):
            rejected.leave_out(builder.source, "outside the drawn subset")
            continue
        talks = regions.talks_of(chip, limits, builder, numpy_generator(seed, "regions", chip.id), relations.of(chip))
        conversations = with_mix(chip.id, talks, split, builder.mixed_share, seed)
        objects = [labelled.as_json() for labelled in chip.objects]
        fields = _fields(raw, chip.file, chip.scene, split, conversations, objects=objects, gsd=chip.gsd)
        fields["bounds"] = chip.bounds or fields["bounds"]
        yield Sample(chip.id, chip.image, chip.extension, fields)


@dataclass
class _ChoicePicture:
    """One picture of CHOICE with what its records give; several records may show the same picture."""

    name: str
    file: str
    talks: list[Talk] = field(default_factory=list)
    objects: list[LabelledObject] = field(default_factory=list)


def _choice_pictures(builder: ChoiceBuilder, raw: RawSource, rejected: Rejected) -> list[_ChoicePicture]:
    found: dict[str, _ChoicePicture] = {}
    for file in (builder.grounding, builder.presence, builder.counting):
        for record in choice_reader.read(raw.path(file)):
            where = file if isinstance(record, Unfit) else f"{file} {record.where}"
            try:
                if isinstance(record, Unfit):
                    raise record
                data = raw.path(record.image).read_bytes()
                name = safe_id(builder.prefix, PurePosixPath(file).stem, PurePosixPath(record.image).stem)
                picture = found.setdefault(hashlib.sha256(data).hexdigest(), _ChoicePicture(name, record.image))
                _add_record(picture, record, data, is_count=file == builder.counting)
            except Unfit as unfit:
                rejected.add(where, builder.source, unfit.reason, unfit.detail)
            except ImageError as error:
                rejected.add(where, builder.source, f"picture: {error.reason}", str(error))
    return sorted((picture for picture in found.values() if picture.talks), key=lambda picture: picture.name)


def _add_record(
    picture: _ChoicePicture, record: choice_reader.ChoiceGrounding | choice_reader.ChoiceQuestion, data: bytes, *, is_count: bool
) -> None:
    if isinstance(record, choice_reader.ChoiceGrounding):
        size = decode(data, picture.file).size
        talks, labelled = choice.grounding_talks(record, *size)
        picture.talks.extend(talks)
        picture.objects.append(labelled)
    else:
        picture.talks.append(choice.counting_talk(record) if is_count else choice.presence_talk(record))


def _choice_samples(
    builder: ChoiceBuilder, raw: RawSource, split: str, settings: InstructSettings, seed: int, rejected: Rejected
) -> Iterator[Sample]:
    for picture in _choice_pictures(builder, raw, rejected):
        if split_of(seed, picture.name, builder.shares.as_mapping()) != split:
            continue
        if not wanted(picture.name, split, settings.subset, seed):
            rejected.leave_out(builder.source, "outside the drawn subset")
            continue
        path = raw.path(picture.file)
        conversations = as_conversations(picture.name, picture.talks)
        objects = [labelled.as_json() for labelled in picture.objects] or None
        fields = _fields(raw, picture.file, picture.name, split, conversations, objects=objects)
        yield Sample(picture.name, path.read_bytes(), EXTENSION_OF.get(path.suffix.lower(), path.suffix), fields)


def training_limits(builders: Iterable[object], raw: Path, seed: int) -> dict[str, SizeLimits]:
    """Return the size limits of every class, from the whole objects of the training scenes only.

    Args:
        builders: of the recipe; those of regions count.
        raw: `data/raw/<item>`.
        seed: of the workspace.
    """
    areas: dict[str, list[float]] = {}
    rule = AttributeSettings()
    for builder in builders:
        if not isinstance(builder, RegionBuilder):
            continue
        rule = builder.attributes
        source = RawSource(builder.source, raw / builder.source)
        for place in places(builder, source):
            if scene_split(builder, place.scene, seed) != "train":
                continue
            try:
                _, objects = whole(builder, source, place, Rejected())
            except Unfit:  # set aside, with its reason, when the chips are cut
                continue
            for labelled in objects:
                areas.setdefault(labelled.label, []).append(abs(area(labelled.polygon)))
    return size_limits(areas, rule)


def samples(settings: InstructSettings, raw: Path, seed: int, rejected: Rejected, limits: Mapping[str, SizeLimits]) -> Iterator[Sample]:
    """Yield every sample of an instruct section: test, then validation, then training samples, builder by builder.

    Args:
        settings: the recipe's section.
        raw: `data/raw/<item>`.
        seed: of the workspace.
        rejected: takes what is set aside.
        limits: of sizes, from `training_limits`.

    Raises:
        DataError: a source, index or annotation file is missing or unreadable as a whole.
    """
    for split in SPLITS:
        for builder in settings.builders:
            source = RawSource(builder.source, raw / builder.source)
            if isinstance(builder, SceneBuilder):
                yield from _scene_samples(builder, source, split, settings, seed, rejected)
            elif isinstance(builder, RegionBuilder):
                yield from _region_samples(builder, source, split, settings, seed, rejected, limits)
            else:
                yield from _choice_samples(builder, source, split, settings, seed, rejected)
