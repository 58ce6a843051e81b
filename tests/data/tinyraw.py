"""Raw sources that a test writes file by file, and what a builder and its checker make of them."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from rsvlm.captioning.settings import Subset
from rsvlm.chat.answers import Answers
from rsvlm.data.build import _BUILD
from rsvlm.data.checking import statements_of
from rsvlm.data.evidence import Evidence
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.statement import Statement
from rsvlm.data.work import Work
from rsvlm.records.models import SPLITS, checked_fields
from rsvlm.records.rejected import Rejected
from rsvlm.settings import validate
from rsvlm.sources.index import SCHEMA


def png(pixels: np.ndarray) -> bytes:
    """A picture of (height, width) or (height, width, 3) values as PNG."""
    stream = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def noise(seed: int, height: int, width: int) -> bytes:
    """A picture of its own."""
    return png(np.random.default_rng(seed).integers(0, 256, (height, width, 3)))


@dataclass(frozen=True)
class Made:
    """Records of a builder, checked as shards check them, what was set aside, and the evidence."""

    records: list[dict[str, Any]]
    rejected: Rejected
    evidence: Evidence

    def statements(self, record: Mapping[str, Any]) -> list[Statement]:
        return statements_of(record, self.evidence)

    def false(self) -> list[Statement]:
        return [each for record in self.records for each in self.statements(record) if not each.holds]

    @property
    def talks(self) -> list[dict[str, Any]]:
        return [talk for record in self.records for talk in record.get("conversations", ())]

    def replies(self, part: str) -> list[str]:
        """Replies to the questions with some words in them."""
        return [talk["turns"][1]["text"] for talk in self.talks if part in talk["turns"][0]["text"]]


def write_source(raw: Path, name: str, files: Mapping[str, bytes], sensor: str | None = None, gsd: float | None = None) -> None:
    """Write a source as the acquire stage leaves it."""
    rows = []
    for file, data in sorted(files.items()):
        path = raw / name / "files" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        row: dict[str, Any] = dict.fromkeys(SCHEMA.names)
        row |= {
            "id": file,
            "file": file,
            "sha256": "",
            "size": len(data),
            "kind": "picture",
            "licence": "CC0",
            "sensor": sensor,
            "gsd": gsd,
        }
        rows.append(row)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), raw / name / "index.parquet")


def make(raw: Path, builder: Mapping[str, Any], splits: Iterable[str] = SPLITS, seed: int = 7) -> Made:
    """Run one builder over a raw folder."""
    settings = validate(CorpusSettings, {"family": "data", "system": "tiny", "builders": [builder]}, "recipe").builders[0]
    rejected, memory, records = Rejected(), {}, []
    for split in splits:
        work = Work(raw, split, seed, 20_000, Subset(), rejected, Answers(raw / "answers"), 1, memory)
        for sample in _BUILD[settings.kind](settings, work):
            with Image.open(io.BytesIO(sample.image)) as picture:
                fields = {**sample.fields, "id": sample.id, "width": picture.width, "height": picture.height}
            records.append({key: value for key, value in checked_fields(fields, longest=20_000).items() if value is not None})
    rules = {(settings.kind, settings.source): (settings.model_dump(mode="json"),)}
    return Made(records, rejected, Evidence(raw, rules))


def told(record: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """A record with words of its replies changed; there must be some to change."""
    talks, changed = [], 0
    for talk in record["conversations"]:
        turns = [{**turn, "text": turn["text"].replace(old, new, 1)} if turn["role"] == "assistant" else turn for turn in talk["turns"]]
        changed += turns != talk["turns"]
        talks.append({**talk, "turns": turns, "answer": talk.get("answer") and turns[-1]["text"]})
    assert changed, f"no reply says {old!r}"
    return {**record, "conversations": talks}
