"""Small raw sources of the real layouts, written by tests, and corpora made of them in memory."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from rsvlm.data.build import samples
from rsvlm.data.checking import statements_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.examine import evidence_of
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.statement import Statement
from rsvlm.records.rejected import Rejected
from rsvlm.settings import validate

SEED = 7


def picture(seed: int, width: int = 64, height: int = 64, form: str = "PNG") -> bytes:
    """Return a picture of noise."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def source(raw: Path, name: str, files: Mapping[str, bytes | str | list | dict]) -> None:
    """Write a raw source; lists and objects as JSON."""
    for file, content in files.items():
        path = raw / name / "files" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        data = json.dumps(content) if isinstance(content, list | dict) else content
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    numbers = ("gsd", "west", "south", "east", "north")
    schema = pa.schema([("file", pa.string()), ("licence", pa.string()), *((number, pa.float64()) for number in numbers)])
    rows = [{"file": file, "licence": "CC0", **dict.fromkeys(numbers)} for file in sorted(files)]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), raw / name / "index.parquet")


class Made:
    """The records of a corpus of one builder or several, what was set aside, and their checker's evidence."""

    def __init__(self, raw: Path, *builders: dict[str, Any]) -> None:
        section = validate(CorpusSettings, {"family": "data", "system": "tiny", "builders": list(builders)}, "recipe")
        self.rejected = Rejected()
        found = list(samples(section, raw, raw / "answers", seed=SEED, rejected=self.rejected, threads=1))
        self.records: dict[str, dict[str, Any]] = {}
        for sample in found:
            with Image.open(io.BytesIO(sample.image)) as image:
                size = {"width": image.width, "height": image.height}
            self.records[sample.id] = json.loads(json.dumps({**sample.fields, "id": sample.id, **size}))
        self.evidence: Evidence = evidence_of(section, raw)

    def statements(self, record: Mapping[str, Any] | None = None) -> list[Statement]:
        """Return the statements of one record, or of all."""
        chosen = [record] if record is not None else list(self.records.values())
        return [statement for one in chosen for statement in statements_of(one, self.evidence)]

    def false(self, record: Mapping[str, Any] | None = None) -> list[Statement]:
        """Return the statements that do not hold."""
        return [statement for statement in self.statements(record) if not statement.holds]

    def turns(self, task: str = "") -> list[tuple[str, str]]:
        """Return (question, reply) of all conversations, or those of a task."""
        talks = [talk for record in self.records.values() for talk in record.get("conversations") or () if task in ("", talk["task"])]
        return [
            (talk["turns"][place]["text"], talk["turns"][place + 1]["text"]) for talk in talks for place in range(0, len(talk["turns"]), 2)
        ]

    def reasons(self) -> list[str]:
        """Return why things were set aside."""
        return sorted(entry.reason for entry in self.rejected.entries())


def changed(record: Mapping[str, Any], old: str, new: str, *, reply: bool = True) -> dict[str, Any]:
    """Return a record in which the first turn (reply or question) that has a text says another one."""
    copy = json.loads(json.dumps(record))
    for talk in copy["conversations"]:
        for turn in talk["turns"]:
            if (turn["role"] == "assistant") == reply and old in turn["text"]:
                turn["text"] = turn["text"].replace(old, new, 1)
                return copy
    raise AssertionError(f"no turn has {old!r}")
