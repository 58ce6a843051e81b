"""The samples of a caption stage, builder by builder, test samples first."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from rsvlm.captioning import b2c
from rsvlm.captioning.grammar import sentence
from rsvlm.captioning.scenes import chips
from rsvlm.captioning.settings import BoxBuilder, CaptionSettings, FootprintBuilder, MaskBuilder, NativeBuilder, Subset
from rsvlm.records.models import EXTENSION_OF, SPLITS, Sample, safe_id
from rsvlm.records.raw import RawSource
from rsvlm.records.readers import pairs
from rsvlm.records.rejected import Rejected
from rsvlm.records.splits import share_of, split_of
from rsvlm.records.text import clean_text, close_up, text_id
from rsvlm.records.unfit import Unfit
from rsvlm.seeds import Draws

Annotated = BoxBuilder | MaskBuilder | FootprintBuilder


def wanted(name: str, split: str, subset: Subset, seed: int) -> bool:
    """Say whether a sample is in the drawn subset, by a hash of its id."""
    share = subset.train if split == "train" else subset.evaluation
    return share_of(seed, "subset", name) < share


def native_captions(texts: tuple[object, ...], builder: NativeBuilder, longest: int) -> list[str]:
    """Return a data set's own captions under the recipe's cleaning rule.

    Raises:
        Unfit: one of them is empty, too long or holds what no caption may hold, or there is none.
    """
    if not texts:
        raise Unfit("caption is empty", "no caption at all")
    found = []
    for text in texts:
        cleaned = clean_text(text, longest=longest)
        cleaned = close_up(cleaned) if builder.close_up else cleaned
        found.append(sentence(cleaned) if builder.capitalise else cleaned)
    return found


def native_split(split: str, scene: str, validation_share: float, seed: int) -> str:
    """Return the split of a scene that comes with one: some of the training scenes become validation scenes."""
    return split_of(seed, scene, {"validation": validation_share}) if split == "train" else split


def _native(
    builder: NativeBuilder, raw: RawSource, split: str, settings: CaptionSettings, seed: int, rejected: Rejected
) -> Iterator[Sample]:
    for number, line in pairs.read(raw.path(builder.file)):
        try:
            if isinstance(line, Unfit):
                raise line
            name = safe_id(builder.prefix, PurePosixPath(line.image).stem)
            if native_split(line.split, name, builder.validation_share, seed) != split:
                continue
            texts = native_captions(line.captions, builder, settings.longest)
            path = raw.path(line.image)
        except Unfit as unfit:
            rejected.add(f"{builder.file} line {number}", builder.source, unfit.reason, unfit.detail)
            continue
        if not wanted(name, split, settings.subset, seed):
            rejected.leave_out(builder.source, "outside the drawn subset")
            continue
        yield Sample(
            name,
            path.read_bytes(),
            EXTENSION_OF.get(path.suffix.lower(), path.suffix),
            {
                "captions": texts,
                "caption_ids": [text_id(text) for text in texts],
                "label": line.label,
                "split": split,
                "scene": name,
                "source": builder.source,
                "licence": raw.licence(line.image),
                "method": "native",
                "gsd": raw.gsd(line.image),
                "bounds": raw.bounds(line.image),
            },
        )


def _from_objects(
    builder: Annotated, raw: RawSource, split: str, settings: CaptionSettings, seed: int, rejected: Rejected
) -> Iterator[Sample]:
    for chip in chips(builder, raw, split, seed, rejected):
        if not wanted(chip.id, split, settings.subset, seed):
            rejected.leave_out(builder.source, "outside the drawn subset")
            continue
        texts = b2c.captions(chip.objects, chip.picture.width, chip.picture.height, builder.b2c, Draws(seed, "b2c", chip.id))
        yield Sample(
            chip.id,
            chip.image,
            chip.extension,
            {
                "captions": texts,
                "caption_ids": [text_id(text) for text in texts],
                "label": None,
                "split": split,
                "scene": chip.scene,
                "source": builder.source,
                "licence": raw.licence(chip.file),
                "method": "m2b" if isinstance(builder, MaskBuilder) else "b2c",
                "objects": [labelled.as_json() for labelled in chip.objects],
                "gsd": chip.gsd,
                "bounds": chip.bounds or raw.bounds(chip.file),
            },
        )


def samples(settings: CaptionSettings, raw: Path, seed: int, rejected: Rejected) -> Iterator[Sample]:
    """Yield every sample of a caption section: test, then validation, then training samples, builder by builder.

    Args:
        settings: the recipe's section.
        raw: `data/raw/<item>`.
        seed: of the workspace.
        rejected: takes what is set aside.

    Raises:
        DataError: a source, index or annotation file is missing or unreadable as a whole.
    """
    for split in SPLITS:
        for builder in settings.builders:
            source = RawSource(builder.source, raw / builder.source)
            if isinstance(builder, NativeBuilder):
                yield from _native(builder, source, split, settings, seed, rejected)
            else:
                yield from _from_objects(builder, source, split, settings, seed, rejected)
