"""Questions about sequences of pictures: `[{"images": [...], "prompt", "answer"}]`, as TEOChat's examples are kept."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from rsvlm.records.readers import fields
from rsvlm.records.readers.json_files import items
from rsvlm.records.unfit import Unfit

_DATASETS = {
    "fmow": "fMoW",
    "xbd": "xBD",
    "s2looking": "S2Looking",
    "qfabric": "QFabric",
    "aid": "AID",
    "hrben": "RSVQA-HRBEN",
    "lrben": "RSVQA-LRBEN",
}
_SENSORS = ("WorldView-2", "WorldView-3", "Sentinel-2", "GaoFen", "SuperView", "BeiJing-2")
_RESOLUTION = re.compile(r"\b(high|low)[- ]resolution\b", re.IGNORECASE)
_MOST_PICTURES = 100


@dataclass(frozen=True)
class TemporalExample:
    """A question about one picture or a sequence.

    Attributes:
        where: its place in the file.
        pictures: paths as the file has them, in its order.
        dataset: that the pictures are from, by their names; empty where these do not say.
        question: as it stands.
        answer: as it stands, None where the file has none.
        resolution: `high` or `low` where the question says so, otherwise empty.
        sensors: those that the question names.
    """

    where: str
    pictures: tuple[str, ...]
    dataset: str
    question: str
    answer: str | None
    resolution: str
    sensors: tuple[str, ...]


def read(path: Path) -> Iterator[TemporalExample | Unfit]:
    """Yield the examples of a file, or the fault of one that cannot be used.

    Raises:
        DataError: the file is not a JSON list; file and line are named.
    """
    for element in items(path):
        try:
            yield _example(element.value, element.where)
        except Unfit as unfit:
            yield unfit


def _example(record: Any, where: str) -> TemporalExample:
    listed = fields.members(record, "images", where)
    if not 0 < len(listed) <= _MOST_PICTURES:
        raise Unfit("example has no sequence", f"{where}.images has {len(listed)}; 1 to {_MOST_PICTURES} pictures")
    pictures = tuple(fields.text({f"images[{index}]": value}, f"images[{index}]", where) for index, value in enumerate(listed))
    question = fields.text(record, "prompt", where)
    resolution = _RESOLUTION.search(question)
    return TemporalExample(
        where,
        pictures,
        _dataset_of(pictures, where),
        question,
        fields.optional_text(record, "answer", where) or None,
        resolution[1].lower() if resolution else "",
        tuple(sensor for sensor in _SENSORS if sensor.casefold() in question.casefold()),
    )


def _dataset_of(pictures: tuple[str, ...], where: str) -> str:
    found = {_DATASETS.get(PurePosixPath(picture).stem.partition("_")[0].casefold(), "") for picture in pictures}
    if len(found) > 1:
        raise Unfit("sequence mixes data sets", f"{where}: {', '.join(sorted(found))}")
    return found.pop()
