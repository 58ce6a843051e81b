"""Scene classification in folders: every class has a folder with its pictures."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from rsvlm.errors import DataError
from rsvlm.records.raw import RawSource
from rsvlm.records.text import LONGEST_LABEL, clean_text
from rsvlm.records.unfit import Unfit

PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")


@dataclass(frozen=True)
class ScenePicture:
    """A picture, its path as the source has it, and the class whose folder it is in."""

    picture: str
    label: str


def scenes_in(raw: RawSource, pattern: str = "*/*") -> Iterator[ScenePicture | Unfit]:
    """Yield the pictures of a source, sorted by path; a picture whose folder is no class name is yielded as its fault.

    Args:
        raw: the source.
        pattern: of the pictures; the folder that a picture lies in is its class. Files that are no pictures are passed over.

    Raises:
        DataError: nothing matches, or no picture does.
    """
    none = True
    for path in map(PurePosixPath, raw.find(pattern)):
        if path.suffix.lower() not in PICTURES:
            continue
        none = False
        try:
            yield ScenePicture(path.as_posix(), clean_text(path.parent.name, longest=LONGEST_LABEL))
        except Unfit as unfit:
            yield Unfit(unfit.reason.replace("caption", "label", 1), f"{path.as_posix()[:100]}: {unfit.detail}")
    if none:
        raise DataError(f"source '{raw.name}': '{pattern}' matches no picture ({', '.join(PICTURES)})")
