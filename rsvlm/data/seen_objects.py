"""How many objects of each class an annotation has in a whole picture."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from rsvlm.data.kinds.viewed import SeenObjects
from rsvlm.data.work import Work
from rsvlm.records.raw import RawSource
from rsvlm.records.readers import coco, dota, voc
from rsvlm.records.readers.annotation import Annotation
from rsvlm.records.unfit import Unfit

IN_DOUBT = "annotation leaves open how many objects there are"
ABSENT = "annotation does not have the picture"


def annotation_of(rule: SeenObjects, source: RawSource, file: str) -> str | None:
    """Return the path of a picture's annotation in its source, None where the source has none for it."""
    path = PurePosixPath(file)
    named = rule.file.replace("{stem}", path.stem).replace("{folder}", str(path.parent)).replace("{parent}", str(path.parent.parent))
    annotation = PurePosixPath(named).as_posix()
    return annotation if (source.folder / "files" / annotation).is_file() else None


def counts_of(rule: SeenObjects, work: Work, source: str, file: str, annotation: str) -> Mapping[str, int]:
    """Return noun -> number of objects in a picture, 0 where there is none.

    Args:
        rule: names of the classes.
        work: the pass.
        source: the source's name.
        file: the picture's path there.
        annotation: path of its annotation there.

    Raises:
        Unfit: the annotation does not have the picture, or an object of it is faulty or marked as difficult or a crowd.
        DataError: the annotation cannot be read.
    """
    path = work.source(source).path(annotation)
    if path.suffix.lower() == ".json":
        pictures = work.once(("seen objects", str(path), *sorted(rule.names.items())), lambda: dict(_tallies(path, rule)))
        found = pictures.get(PurePosixPath(file).name)
    else:
        read = voc.read if path.suffix.lower() == ".xml" else dota.read
        found = next((_tally(content, rule) for content in read(path)), None)
    if found is None:
        raise Unfit(ABSENT, f"{annotation}: {PurePosixPath(file).name}")
    if isinstance(found, Unfit):
        raise found
    return found


def _tallies(path: Path, rule: SeenObjects) -> Iterator[tuple[str, Mapping[str, int] | Unfit]]:
    """Yield (file name, counts) of a COCO file's pictures; a few numbers a picture are kept, no object."""
    for content in coco.read(path):
        if not isinstance(content, Unfit):
            yield PurePosixPath(content.annotation.picture).name, _tally(content.annotation, rule)


def _tally(content: Annotation, rule: SeenObjects) -> Mapping[str, int] | Unfit:
    counts = Counter(dict.fromkeys(rule.names.values(), 0))
    for raw in content.objects:
        if isinstance(raw.fault, Unfit) or (raw.difficult and raw.label in rule.names):
            return Unfit(IN_DOUBT, f"{raw.where}: {raw.fault or 'difficult, or a crowd'}")
        if raw.label in rule.names:
            counts[rule.names[raw.label]] += 1
    return counts
