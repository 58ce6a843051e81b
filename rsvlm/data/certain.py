"""What is certain about the objects of an annotated chip, and what is in doubt: cut, difficult or unmarked objects."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from rsvlm.captioning.scenes import Chip, nouns, places
from rsvlm.captioning.settings import AnnotatedPictures, FootprintPictures, MaskPictures
from rsvlm.data.kinds.known import KnownClasses
from rsvlm.data.work import Work
from rsvlm.records.models import LabelledObject


@dataclass(frozen=True)
class Certain:
    """The objects of a chip, by what may be said of them.

    Attributes:
        clear: noun -> its objects that show whole and are not marked as difficult.
        doubtful: nouns of which one more object is cut, difficult or known to be unmarked here.
        absent: nouns of which the whole picture, not only the chip, shows none.
    """

    clear: Mapping[str, list[LabelledObject]]
    doubtful: frozenset[str]
    absent: tuple[str, ...]

    @property
    def complete(self) -> dict[str, list[LabelledObject]]:
        """The classes of which every object is clear: they can be counted, and `the ship` means one thing."""
        return {noun: objects for noun, objects in self.clear.items() if noun not in self.doubtful}


def labels_by_picture(settings: AnnotatedPictures, work: Work) -> dict[str, frozenset[str]]:
    """Return picture -> nouns of all its objects, those that cannot be used among them; read once for all splits."""

    def read() -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for picture, labels in _labels(settings, work):
            found[picture] = found.get(picture, frozenset()) | labels
        return found

    return work.once(("labels", settings.model_dump_json(include={"source", "prefix", "annotations", "pictures", "names"})), read)


def _labels(settings: AnnotatedPictures, work: Work) -> Iterator[tuple[str, frozenset[str]]]:
    for place in places(settings, work.source(settings.source)):
        if isinstance(settings, FootprintPictures):
            yield place.picture, frozenset({settings.label})
        elif isinstance(settings, MaskPictures):
            yield place.picture, frozenset(settings.classes.values())
        elif place.content is not None:
            named = nouns(settings, {raw.label for raw in place.content.objects if raw.label})
            yield place.picture, frozenset(named.values())


def certain(chip: Chip, known: KnownClasses, labels: Mapping[str, frozenset[str]]) -> Certain:
    """Return what is certain about a chip.

    Args:
        chip: with its objects.
        known: what the annotation is complete for.
        labels: from `labels_by_picture`.
    """
    width, height = chip.picture.size
    clear: dict[str, list[LabelledObject]] = {}
    doubtful = set(chip.cut) | {gap.noun for gap in known.unmarked if _in_window(gap.box, chip) and _stem(chip.file) == gap.picture}
    for labelled in chip.objects:
        x1, y1, x2, y2 = labelled.box
        whole = x1 > known.edge and y1 > known.edge and x2 < width - known.edge and y2 < height - known.edge
        if whole and not labelled.difficult:
            clear.setdefault(labelled.label, []).append(labelled)
        else:
            doubtful.add(labelled.label)
    seen = labels.get(chip.file, frozenset()) | {gap.noun for gap in known.unmarked if _stem(chip.file) == gap.picture}
    absent = tuple(noun for noun in known.nouns if noun not in seen)
    return Certain(dict(sorted(clear.items())), frozenset(doubtful), absent)


def _stem(file: str) -> str:
    return PurePosixPath(file).stem


def _in_window(box: tuple[float, float, float, float], chip: Chip) -> bool:
    window = chip.window
    return box[0] < window.x + window.width and box[2] > window.x and box[1] < window.y + window.height and box[3] > window.y
