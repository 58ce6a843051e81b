"""Raw sources made by hand for tests of builders and their checkers, built into records in this process."""

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from rsvlm.chat.answers import Answers
from rsvlm.data.build import samples
from rsvlm.data.checking import statements_of
from rsvlm.data.examine import evidence_of
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.statement import Statement
from rsvlm.recipes.load import load_recipe
from rsvlm.records.models import checked_fields
from rsvlm.records.rejected import Rejected
from rsvlm.settings import validate
from rsvlm.sources import catalogue

SEED = 7
Record = dict[str, Any]


def png(pixels: np.ndarray) -> bytes:
    """Encode (height, width) or (height, width, 3) bytes as PNG."""
    stream = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def write_source(raw: Path, name: str, files: Mapping[str, bytes], about: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Write a source below `data/raw/<item>`: its files and an index; `about` says what the index knows of a file."""
    for file, data in files.items():
        path = raw / name / "files" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    texts, numbers = ("file", "licence", "sensor", "crs"), ("gsd", "west", "south", "east", "north")
    schema = pa.schema([*((key, pa.string()) for key in texts), *((key, pa.float64()) for key in numbers), ("bands", pa.int32())])
    rows = [{"file": file, "licence": "CC0", **(about or {}).get(file, {})} for file in sorted(files)]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), raw / name / "index.parquet")


def corpus(*builders: Mapping[str, Any]) -> CorpusSettings:
    """Return the settings of a corpus with these builders."""
    return validate(CorpusSettings, {"family": "data", "system": "tiny", "builders": list(builders)}, "recipe")


def made_records(settings: CorpusSettings, raw: Path, rejected: Rejected | None = None) -> list[Record]:
    """Build all records, checked as they are before they are stored."""
    aside, answers = Rejected() if rejected is None else rejected, Answers(raw / "answers")
    found = []
    for one in samples(settings, raw, answers, seed=SEED, rejected=aside, threads=1):
        with Image.open(io.BytesIO(one.image)) as picture:
            width, height = picture.size
        found.append(checked_fields({**one.fields, "id": one.id, "width": width, "height": height}, longest=2000))
    return found


def false_ones(records: list[Record], settings: CorpusSettings, raw: Path) -> list[Statement]:
    """Return every false statement of the records."""
    evidence = evidence_of(settings, raw)
    return [one for record in records for one in statements_of(record, evidence) if not one.holds]


def finds(record: Record, settings: CorpusSettings, raw: Path, change: Callable[[Record], None]) -> bool:
    """Say whether the checker finds a false statement in a changed copy of a record."""
    copy = json.loads(json.dumps(record))
    change(copy)
    return bool(false_ones([copy], settings, raw))


def turns(record: Record, task: str) -> list[list[str]]:
    """Return the texts of the turns of a record's conversations of one task."""
    return [[turn["text"] for turn in one["turns"]] for one in record["conversations"] if one["task"] == task]


def full_profile(root: Path, name: str) -> tuple[Any, list[Any]]:
    """Return the published size of a recipe's full profile, and the definitions of its sources, each with address and licence."""
    sections = load_recipe(root, name).sections["full"]
    definitions = [catalogue.load(source).definition for source in sections["acquire"].sources]
    for definition in definitions:
        assert definition.licence
        assert definition.homepage
        assert definition.parts
        assert all(part.address.kind for part in definition.parts)
    section = sections.get("caption") or sections["instruct"]
    return section.published, definitions
