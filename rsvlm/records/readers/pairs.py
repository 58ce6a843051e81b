"""JSON Lines of pictures with captions: `{"image", "label", "split", "captions": [...]}`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rsvlm.records.readers.jsonlines import read_lines
from rsvlm.records.text import LONGEST_LABEL, clean_text
from rsvlm.records.unfit import Unfit

_SPLITS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}


@dataclass(frozen=True)
class PairLine:
    """One line: the picture's path in its source, class name or None, split, captions as they are."""

    number: int
    image: str
    label: str | None
    split: str
    captions: tuple[object, ...]


def read(path: Path) -> Iterator[tuple[int, PairLine | Unfit]]:
    """Yield (line number, pair), or the fault of a line that is none.

    Raises:
        DataError: the file is missing.
    """
    for number, value in read_lines(path):
        if isinstance(value, Unfit):
            yield number, value
            continue
        image, label, split, captions = (value.get(key) for key in ("image", "label", "split", "captions"))
        if not isinstance(image, str) or not isinstance(captions, list) or not isinstance(label, str | None):
            yield number, Unfit("line is not a pair", "needs image (text), captions (list), label (text or null)")
        elif not isinstance(split, str) or split not in _SPLITS:
            yield number, Unfit("line is not a pair", f"split {str(split)[:20]!r}; allowed: {', '.join(_SPLITS)}")
        else:
            yield number, _pair(number, image, label, _SPLITS[split], captions)


def _pair(number: int, image: str, label: str | None, split: str, captions: list[object]) -> PairLine | Unfit:
    """Return a line's pair; its label becomes a class and a word in prompts, so it obeys the rule for text."""
    try:
        return PairLine(number, image, None if label is None else clean_text(label, longest=LONGEST_LABEL), split, tuple(captions))
    except Unfit as unfit:
        return Unfit(unfit.reason.replace("caption", "label", 1), unfit.detail)
