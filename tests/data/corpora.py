"""Small corpora for tests: records put into shards as they are, and a raw folder that the builders read."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from rsvlm.data.settings import CorpusSettings
from rsvlm.data.stage import make_corpus
from rsvlm.files import publish, write_manifest
from rsvlm.records.models import Sample
from rsvlm.records.rejected import Rejected
from rsvlm.records.shards import Shards, facts_of
from rsvlm.records.text import text_id
from rsvlm.records.writing import write_shards
from rsvlm.settings import validate

SEED = 7


def picture(seed: int, side: int = 40, kind: str = "JPEG") -> bytes:
    """A picture with structure, so that its perceptual hash is its own."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(stream, kind)
    return stream.getvalue()


def sample(name: str, seed: int, captions: list[str], split: str = "train", **more: Any) -> Sample:
    fields = {
        "captions": captions,
        "caption_ids": [text_id(caption) for caption in captions],
        "split": split,
        "scene": name,
        "source": "made",
        "licence": "CC0",
        "method": "b2c",
        **more,
    }
    return Sample(name, picture(seed), "jpg", fields)


def talk(name: str, task: str, *turns: str) -> dict[str, Any]:
    roles = ["user", "assistant"] * (len(turns) // 2)
    return {"id": name, "task": task, "turns": [{"role": role, "text": text} for role, text in zip(roles, turns, strict=True)]}


def publish_corpus(folder: Path, samples: list[Sample], rejected: Rejected | None = None) -> Shards:
    """Write samples as a published corpus and open it."""
    kept, facts = rejected or Rejected(), {}
    with publish(folder, facts) as out:
        write_shards(samples, out, kept, samples_per_shard=3)
        facts.update(facts_of(out), **kept.facts())
    return Shards(folder)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def make_raw(raw: Path) -> None:
    """Write a raw folder of one source: twelve small pictures with one ship, a large one, one without an object, a broken one."""
    source = raw / "made"
    for number in range(12):
        put(source / f"files/pictures/P{number:02d}.png", picture(number, 48, "PNG"))
        put(source / f"files/labels/P{number:02d}.txt", b"10 10 30 10 30 20 10 20 ship 0\n")
    put(source / "files/pictures/large.png", picture(90, 112, "PNG"))
    put(source / "files/labels/large.txt", b"4 4 20 4 20 20 4 20 ship 0\n2 2 400 2 400 9 2 9 harbor 0\n")
    put(source / "files/pictures/empty.png", picture(91, 48, "PNG"))
    put(source / "files/labels/empty.txt", b"gsd:0.5\n")
    put(source / "files/pictures/broken.png", b"\x89PNG\r\n\x1a\n")
    put(source / "files/labels/broken.txt", b"10 10 30 10 30 20 10 20 ship 0\n")
    files = sorted(path.relative_to(source / "files").as_posix() for path in (source / "files").rglob("*") if path.is_file())
    numbers = ("gsd", "west", "south", "east", "north")
    schema = pa.schema([("file", pa.string()), ("licence", pa.string()), *((name, pa.float64()) for name in numbers)])
    rows = [{"file": file, "licence": "CC0", "gsd": 0.5, "west": 10.0, "south": 50.0, "east": 10.1, "north": 50.1} for file in files]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), source / "index.parquet")
    write_manifest(raw, {})


def settings(**more: Any) -> CorpusSettings:
    """Settings of a corpus of captions from the boxes of `make_raw`; pictures are cut into chips of 64 pixels."""
    builder = {
        "kind": "boxes",
        "format": "dota",
        "source": "made",
        "prefix": "tiny",
        "pictures": "pictures/{stem}.png",
        "annotations": "labels/*.txt",
        "shares": {"validation": 0.0, "test": 0.0},
        "chips": {"size": 64, "stride": 48},
    }
    return validate(CorpusSettings, {"family": "data", "system": "tiny", "builders": [builder], **more}, "recipe")


def build(root: Path, item: str = "tiny", **more: Any) -> Path:
    """Make the corpus of an item in a workspace and return its folder."""
    raw, output = root / "data/raw" / item, root / "data/pairs" / item
    make_raw(raw)
    make_corpus(
        settings(**more),
        raw,
        output,
        prefix="pairs",
        scratch=root / "scratch",
        answers=root / "answers",
        seed=SEED,
        threads=2,
        rejected_share=0.5,
    )
    return output
