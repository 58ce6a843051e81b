"""Change detection in folders: two pictures of one place and a mask, as S2Looking, LEVIR-CD, WHU-CD and DSIFN lay them out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from rsvlm.errors import DataError
from rsvlm.records.raw import RawSource
from rsvlm.records.readers.scenes import PICTURES
from rsvlm.records.unfit import Unfit

_DATES = {"A": "B", "Image1": "Image2"}  # folder of the earlier pictures -> that of the later ones
_SPLITS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class ChangePair:
    """Two pictures of one place, paths as the source has them.

    Attributes:
        name: the pictures' common stem with their folder, such as `train/102`.
        split: train, validation or test where a folder is named so, otherwise empty.
        before: the earlier picture.
        after: the later picture.
        label: mask of what changed, 255.
        built: mask of what was built, where the source has one (S2Looking's `label1`).
        demolished: mask of what was demolished, where the source has one (S2Looking's `label2`).
    """

    name: str
    split: str
    before: str
    after: str
    label: str
    built: str | None
    demolished: str | None


def pairs_in(raw: RawSource) -> Iterator[ChangePair | Unfit]:
    """Yield the pairs of a source, sorted by path, and the pictures without a counterpart or mask as faults.

    Pictures with one stem belong together, whatever their extensions. Folders: `A`, `B`, `label`, or `Image1`, `Image2`,
    `label` and, where there are some, `label1` and `label2`.

    Raises:
        DataError: the source has no such folders.
    """
    files = [path for name in raw.find("**/*") if (path := PurePosixPath(name)).suffix.lower() in PICTURES]
    by_stem = {path.with_suffix(""): path for path in files}
    earlier = [path for path in files if path.parent.name in _DATES]
    if not earlier:
        raise DataError(f"source '{raw.name}': no folder A or Image1 with pictures")
    for path in earlier:
        yield _pair(path, by_stem)


def _pair(before: PurePosixPath, by_stem: dict[PurePosixPath, PurePosixPath]) -> ChangePair | Unfit:
    root = before.parent.parent
    beside = {name: by_stem.get(root / name / before.stem) for name in (_DATES[before.parent.name], "label", "label1", "label2")}
    after, label, built, demolished = (None if path is None else path.as_posix() for path in beside.values())
    if after is None or label is None:
        return Unfit("picture has no counterpart", f"{before}: nothing of that stem in {next(k for k, v in beside.items() if v is None)}")
    split = next((_SPLITS[part] for part in reversed(root.parts) if part in _SPLITS), "")
    return ChangePair((root / before.stem).as_posix(), split, before.as_posix(), after, label, built, demolished)
