"""A tiny mapped world: one picture of 256 pixels, the web-map tile 65536/65536 of zoom 17, whose corner is at 0, 0 degrees.

Things are drawn in pixels of that tile; degrees follow from the tile's width, 360 / 2**17 degrees (the equator runs along the
upper edge, so that latitudes are as evenly spaced as longitudes to a few millionths of a pixel). A pixel is
40,075,016.68557849 m / 2**17 / 256.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from rsvlm.captioning.settings import Subset
from rsvlm.chat.answers import Answers
from rsvlm.data.evidence import Evidence
from rsvlm.data.statement import Statement
from rsvlm.data.work import Work
from rsvlm.records.models import Sample
from rsvlm.records.rejected import Rejected
from rsvlm.settings import Settings, validate

PIXEL_METRES = 40_075_016.68557849 / 2**17 / 256
_DEGREES = 360 / 2**17 / 256
STEM = "tile-65536-65536-17"
Point = tuple[float, float]


@dataclass(frozen=True)
class Thing:
    """A thing of the world: its id, its points in pixels, and its tags."""

    id: str
    kind: str
    points: tuple[Point, ...]
    tags: dict[str, Any]


def box(id_: str, x1: float, y1: float, x2: float, y2: float, **tags: Any) -> Thing:
    return Thing(id_, "Polygon", ((x1, y1), (x2, y1), (x2, y2), (x1, y2), (x1, y1)), tags)


def line(id_: str, *points: Point, **tags: Any) -> Thing:
    return Thing(id_, "LineString", points, tags)


def point(id_: str, x: float, y: float, **tags: Any) -> Thing:
    return Thing(id_, "Point", ((x, y),), tags)


def geojson(things: list[Thing]) -> dict[str, Any]:
    features = []
    for thing in things:
        places = [[x * _DEGREES, -y * _DEGREES] for x, y in thing.points]
        shape: Any = [places] if thing.kind == "Polygon" else places[0] if thing.kind == "Point" else places
        tags = {key.replace("__", ":"): value for key, value in thing.tags.items()}
        features.append({"type": "Feature", "id": thing.id, "properties": tags, "geometry": {"type": thing.kind, "coordinates": shape}})
    return {"type": "FeatureCollection", "features": features}


def make_world(raw: Path, things: list[Thing], stems: tuple[str, ...] = (STEM,)) -> Path:
    """Write the source `world` with its pictures and its map."""
    files = raw / "world/files"
    (files / "tiles").mkdir(parents=True, exist_ok=True)
    for number, stem in enumerate(stems):
        noise = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        stream = io.BytesIO()
        Image.fromarray(noise).resize((256, 256), Image.Resampling.BICUBIC).save(stream, "JPEG")
        (files / f"tiles/{stem}.jpg").write_bytes(stream.getvalue())
    (files / "map.geojson").write_text(json.dumps(geojson(things), ensure_ascii=False), encoding="utf-8")
    numbers = ("gsd", "west", "south", "east", "north")
    schema = pa.schema([("file", pa.string()), ("licence", pa.string()), *((name, pa.float64()) for name in numbers)])
    rows = [{"file": f"tiles/{stem}.jpg", "licence": "CC BY 4.0"} for stem in stems]
    rows.append({"file": "map.geojson", "licence": "ODbL"})
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), raw / "world/index.parquet")
    return raw


def settings(model: type[Settings], kind: str, **more: Any) -> Any:
    base = {"kind": kind, "source": "world", "prefix": "w", "pictures": "tiles/*.jpg", "maps": "map.geojson"}
    return validate(model, {**base, "shares": {"test": 0.0, "validation": 0.0}, **more}, "recipe")


def work_of(raw: Path, *builders: Any, seed: int = 7, memory: dict[Any, Any] | None = None) -> Work:
    return Work(raw, "train", seed, 2000, Subset(), Rejected(), Answers(raw / "answers"), 1, {} if memory is None else memory, builders)


def evidence_of(raw: Path, *builders: Any) -> Evidence:
    rules: dict[tuple[str, str], tuple[Any, ...]] = {}
    for builder in builders:
        rules.setdefault((builder.kind, builder.source), ())
        rules[builder.kind, builder.source] += (builder.model_dump(mode="json"),)
    return Evidence(raw, rules)


def record_of(sample: Sample) -> dict[str, Any]:
    """Return a sample as the record that a checker gets, after JSON."""
    with Image.open(io.BytesIO(sample.image)) as picture:
        width, height = picture.size
    return json.loads(json.dumps({"id": sample.id, "width": width, "height": height, **sample.fields}))


def reworded(record: dict[str, Any], *captions: str) -> dict[str, Any]:
    return {**record, "captions": list(captions)}


def faults(statements: Any) -> list[Statement]:
    return [statement for statement in statements if not statement.holds]


def reasons(work: Work) -> set[str]:
    return {entry.reason for entry in work.rejected.entries()}
