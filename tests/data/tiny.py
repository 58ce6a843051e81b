"""One tiny source, a builder's settings over it, its records, and what a checker says of them."""

import copy
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from rsvlm.captioning.settings import Subset
from rsvlm.chat.answers import Answers
from rsvlm.data.build import _BUILD
from rsvlm.data.checking import CHECKS
from rsvlm.data.evidence import Evidence
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.statement import Statement
from rsvlm.data.work import Work
from rsvlm.records.models import SPLITS, checked_fields
from rsvlm.records.rejected import Rejected
from rsvlm.settings import validate

_NUMBERS = ("gsd", "west", "south", "east", "north")


def image(path: Path, width: int, height: int, colour: tuple[int, int, int] | int = (90, 110, 70)) -> Path:
    """A picture of one colour; an integer makes one of a single channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(colour, int) else "RGB", (width, height), colour).save(path)
    return path


def text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def index(source: Path) -> None:
    """Write the index of a source whose files lie below `files`."""
    names = sorted(path.relative_to(source / "files").as_posix() for path in (source / "files").rglob("*") if path.is_file())
    schema = pa.schema([("file", pa.string()), ("licence", pa.string()), *((name, pa.float64()) for name in _NUMBERS)])
    rows = [{"file": name, "licence": "CC0", **dict.fromkeys(_NUMBERS)} for name in names]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), source / "index.parquet")


class Corpus:
    """The records of some builders over a raw folder."""

    def __init__(self, raw: Path, *builders: dict[str, Any], seed: int = 7) -> None:
        for source in {builder["source"] for builder in builders}:
            index(raw / source)
        settings = validate(CorpusSettings, {"family": "data", "system": "tiny", "builders": list(builders)}, "recipe")
        self.rejected = Rejected()
        self.pictures: dict[str, bytes] = {}
        self.records: list[dict[str, Any]] = []
        memory: dict = {}
        for split in SPLITS:
            work = Work(raw, split, seed, 2000, Subset(), self.rejected, Answers(raw / "answers"), 1, memory, settings.builders)
            for builder in settings.builders:
                for sample in _BUILD[builder.kind](builder, work):
                    fields = {**sample.fields, "id": sample.id, "width": 1, "height": 1}
                    self.pictures[sample.id] = sample.image
                    self.records.append(self._sized(fields, sample.image))
        rules: dict[tuple[str, str], tuple] = {}
        for builder in settings.model_dump(mode="json")["builders"]:
            key = (builder["kind"], builder["source"])
            rules[key] = (*rules.get(key, ()), builder)
        self.evidence = Evidence(raw, rules)

    @staticmethod
    def _sized(fields: dict[str, Any], data: bytes) -> dict[str, Any]:
        with Image.open(io.BytesIO(data)) as picture:
            fields |= {"width": picture.width, "height": picture.height}
        return checked_fields(fields, longest=2000)

    def record(self, name: str) -> dict[str, Any]:
        return next(record for record in self.records if record["id"] == name)

    def statements(self, record: dict[str, Any]) -> list[Statement]:
        return list(CHECKS[record["builder"]](record, self.evidence))

    def false(self, record: dict[str, Any] | None = None) -> list[Statement]:
        """False statements of a record, or of all."""
        records = self.records if record is None else [record]
        return [statement for one in records for statement in self.statements(one) if not statement.holds]

    def with_caption(self, name: str, place: int, old: str, new: str) -> list[Statement]:
        """False statements after a caption was changed; the change must be one."""
        record = copy.deepcopy(self.record(name))
        changed = record["captions"][place].replace(old, new, 1)
        assert changed != record["captions"][place], record["captions"][place]
        record["captions"][place] = changed
        return self.false(record)

    def with_turn(self, name: str, task: str, old: str, new: str, *, turn: int = -1) -> list[Statement]:
        """False statements after a turn of the first conversation of a task was changed."""
        record = copy.deepcopy(self.record(name))
        conversation = next(one for one in record["conversations"] if one["task"] == task)
        before = conversation["turns"][turn]["text"]
        after = before.replace(old, new, 1)
        assert after != before, before
        conversation["turns"][turn]["text"] = after
        return self.false(record)

    def talks(self, name: str, task: str) -> list[tuple[str, str]]:
        """(question, reply) of the single-turn conversations of a task."""
        found = [one for one in self.record(name)["conversations"] if one["task"] == task]
        return [(one["turns"][0]["text"], one["turns"][1]["text"]) for one in found]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)
