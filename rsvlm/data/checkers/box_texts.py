"""Upright boxes in texts, read by this module's own patterns, and held against boxes in pixels."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rsvlm.data.statement import Statement, stated

Box = tuple[float, float, float, float]

_BRACES = re.compile(r"\{<(\d{1,3})><(\d{1,3})><(\d{1,3})><(\d{1,3})>\}")
_BRACKETS = re.compile(r"\[([\d.]+), ?([\d.]+), ?([\d.]+), ?([\d.]+)\]|\[([\d.]+),([\d.]+),([\d.]+),([\d.]+)\]")
_WHOLE = {"skyeyegpt": 100.0, "lhrs-bot": 1.0, "mmrs-1m": 1.0, "rs-gpt4v": 1.0, "teochat": 100.0, "vhm": 1000.0}
STEP = {"skyeyegpt": 100, "lhrs-bot": 100, "mmrs-1m": 100, "rs-gpt4v": 100, "teochat": 100, "vhm": 1000}


def boxes_in(text: str, form: str, width: int, height: int) -> list[Box]:
    """Return the boxes of a text in pixels."""
    pattern, whole = (_BRACES if form == "skyeyegpt" else _BRACKETS), _WHOLE[form]
    found = []
    for match in pattern.finditer(text):
        x1, y1, x2, y2 = (float(part) / whole for part in match.groups() if part is not None)
        across, down, left, top = _frame(form, width, height)
        found.append((x1 * across - left, y1 * down - top, x2 * across - left, y2 * down - top))
    return found


def _frame(form: str, width: int, height: int) -> tuple[int, int, int, int]:
    """Return width and height that a format's numbers are shares of, and where the picture begins in it."""
    side = max(width, height)
    return (side, side, (side - width) // 2, (side - height) // 2) if form == "mmrs-1m" else (width, height, 0, 0)


def bare(text: str, form: str) -> str:
    """Return a text with `#` in place of every box."""
    return (_BRACES if form == "skyeyegpt" else _BRACKETS).sub("#", text)


def near(box: Box, truth: Box, form: str, width: int, height: int) -> bool:
    """Say whether a box is another one but for rounding: half a step, a whole one where it was too narrow to be written."""
    steps = STEP[form]
    across, down, left, top = _frame(form, width, height)
    for low, extent, before in ((0, across, left), (1, down, top)):
        narrow = round((truth[low] + before) / extent * steps) == round((truth[low + 2] + before) / extent * steps)
        slack = (1.0 if narrow else 0.5) * extent / steps + 1e-6 * extent
        if box[low + 2] <= box[low] or abs(box[low] - truth[low]) > slack or abs(box[low + 2] - truth[low + 2]) > slack:
            return False
    return True


def matched(boxes: Sequence[Box], truths: Sequence[Box], form: str, width: int, height: int) -> list[int] | None:
    """Return for each box the place of the true one that it is, each once; None where one has none.

    Boxes of neighbours can round to the same text, so true boxes are given away by augmenting paths.
    """
    given: dict[int, int] = {}

    def place(number: int, tried: set[int]) -> bool:
        for other, truth in enumerate(truths):
            if other not in tried and near(boxes[number], truth, form, width, height):
                tried.add(other)
                if other not in given or place(given[other], tried):
                    given[other] = number
                    return True
        return False

    if not all(place(number, set()) for number in range(len(boxes))):
        return None
    chosen = {number: other for other, number in given.items()}
    return [chosen[number] for number in range(len(boxes))]


def frame_faults(record: Mapping[str, Any], form: str) -> Iterator[Statement]:
    """Yield a false statement where a record with boxes does not say, or says wrongly, how its numbers were normalised.

    What the record says is held against its picture and never used to read a box.
    """
    if form not in ("mmrs-1m", "rs-gpt4v"):
        return
    if not any(_BRACKETS.search(turn["text"]) for talk in record["conversations"] for turn in talk["turns"]):
        return
    across, down, left, top = _frame(form, int(record["width"]), int(record["height"]))
    true = {"boxes": form, **({"square": [across, left, top]} if form == "mmrs-1m" else {"extent": [across, down]})}
    told = {key: (record.get("facts") or {}).get(key) for key in true}
    if told != true:
        yield stated("format", str(told), False, f"the numbers are those of {true}")
