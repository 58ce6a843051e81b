"""Records, false statements and things set aside, as a corpus report shows them."""

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsvlm.data.counts import rejected_lines
from rsvlm.data.origins import RawFiles
from rsvlm.errors import DataError
from rsvlm.records.pictures import RASTERS, load
from rsvlm.records.shards import Shards
from rsvlm.records.unfit import Unfit
from rsvlm.reports.gallery import Outline
from rsvlm.reports.pictures import Album
from rsvlm.reports.text import visible

_SIDE = 320
_MOST_OUTLINES = 400
_MOST_TURNS = 6
_STRETCH = (2.0, 98.0)


@dataclass(frozen=True)
class RecordView:
    """One record as shown: its picture (None where the page is full), outlines, texts, and what stands below them."""

    id: str
    image: str | None
    outlines: tuple[Outline, ...]
    lines: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class FalseView:
    """A statement that does not hold, with its record's picture and objects."""

    record: RecordView
    kind: str
    text: str
    why: str


@dataclass(frozen=True)
class Thing:
    """One thing set aside: its id, the particulars, its picture where that can be found and decoded."""

    id: str
    detail: str
    image: str | None


@dataclass(frozen=True)
class SetAside:
    """What was set aside for one reason: kind, reason, how often, and the first of each."""

    kind: str
    reason: str
    count: int
    first: tuple[Thing, ...]


def shown_records(shards: Shards, wanted: int, album: Album) -> tuple[RecordView, ...]:
    """Return records to look at: sources in turn, evenly spaced within each; no single frames of a sequence."""
    talking = set(shards.conversations.column("row").to_pylist())
    sources, captions = (shards.index.column(name).to_pylist() for name in ("source", "caption_count"))
    rows: dict[str, list[int]] = {}
    for row, (source, count) in enumerate(zip(sources, captions, strict=True)):
        if count or row in talking:
            rows.setdefault(source, []).append(row)
    share = max(1, -(-wanted // max(1, len(rows))))
    picks = [_spread(found, share) for _, found in sorted(rows.items())]
    turns = [pick[turn] for turn in range(share) for pick in picks if turn < len(pick)]
    return tuple(view(shards, row, album) for row in turns[:wanted])


def _spread(rows: list[int], most: int) -> list[int]:
    """Return at most `most` of some rows, evenly spaced."""
    count = min(most, len(rows))
    return [rows[index * len(rows) // count] for index in range(count)]


def view(shards: Shards, row: int, album: Album) -> RecordView:
    """Return one record as shown."""
    fields = shards.fields(row)
    return RecordView(
        id=str(fields["id"]),
        image=album.add(shards.image(row), str(fields["id"]), _SIDE),
        outlines=_outlines(fields),
        lines=tuple(visible(line, 400) for line in _lines(fields)),
        notes=tuple(visible(note, 200) for note in _notes(fields)),
    )


def _outlines(fields: Mapping[str, Any]) -> tuple[Outline, ...]:
    """Return the objects' outlines in a square of 0 to 1000."""
    width, height = fields["width"], fields["height"]
    objects = (fields.get("objects") or [])[:_MOST_OUTLINES]
    lists = (" ".join(f"{1000 * x / width:.0f},{1000 * y / height:.0f}" for x, y in labelled["polygon"]) for labelled in objects)
    return tuple(Outline(points, "truth") for points in lists)


def _lines(fields: Mapping[str, Any]) -> list[str]:
    """Return a record's captions, each once, and the first turns of its conversations."""
    found = list(dict.fromkeys(str(caption) for caption in fields.get("captions") or []))
    turns = [turn for talk in fields.get("conversations") or [] for turn in talk["turns"]]
    found += [f"{turn['role']}: {turn['text']}" for turn in turns[:_MOST_TURNS]]
    if len(turns) > _MOST_TURNS:
        found.append(f"… {len(turns) - _MOST_TURNS} more turns")
    return found


def _notes(fields: Mapping[str, Any]) -> list[str]:
    words = [str(fields[key]) for key in ("source", "split", "label", "builder", "sensor", "date") if fields.get(key)]
    words += [f"{fields['gsd']:.3g} m a pixel"] if fields.get("gsd") else []
    return [f"{fields['id']}: {', '.join(words)}", f"licence: {fields.get('licence') or 'unknown'}"]


def false_statements(evidence: Path, shards: Shards, wanted: int, album: Album) -> tuple[FalseView, ...]:
    """Return the first false statements of an examination with the records that make them."""
    lines: list[dict[str, str]] = []
    with (evidence / "false.jsonl").open("rb") as stream:
        for line in stream:
            if len(lines) == wanted:
                break
            lines.append(json.loads(line))
    rows = _rows_of(shards, {line["id"] for line in lines})
    return tuple(
        FalseView(view(shards, rows[line["id"]], album), line["kind"], visible(line["text"], 300), visible(line["why"], 300))
        for line in lines
        if line["id"] in rows
    )


def _rows_of(shards: Shards, names: Iterable[str]) -> dict[str, int]:
    wanted = set(names)
    if not wanted:
        return {}
    return {name: row for row, name in enumerate(shards.index.column("id").to_pylist()) if name in wanted}


def set_aside(corpus: Path, raw: Path, each: int, album: Album) -> tuple[SetAside, ...]:
    """Return what was set aside by kind and reason, most frequent first, with pictures of the first `each`."""
    counts: dict[tuple[str, str], int] = {}
    first: dict[tuple[str, str], list[dict[str, str]]] = {}
    for line in rejected_lines(corpus):
        key = (line["kind"], line["reason"])
        counts[key] = counts.get(key, 0) + 1
        if len(first.setdefault(key, [])) < each:
            first[key].append(line)
    files = RawFiles(raw)
    return tuple(
        SetAside(kind, visible(reason, 200), count, tuple(_thing(line, files, album) for line in first[kind, reason]))
        for (kind, reason), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _thing(line: Mapping[str, str], files: RawFiles, album: Album) -> Thing:
    found = files.behind(line["id"], line["source"])
    image = _picture(files.path(*found), album) if found else None
    return Thing(visible(line["id"], 100), visible(line["detail"], 200), image)


def _picture(path: Path, album: Album) -> str | None:
    """Return a raw file's thumbnail; None where it cannot be decoded, which may be why it was set aside."""
    try:
        if path.suffix.lower() not in RASTERS:
            return album.add(path.read_bytes(), path.name)
        picture = load(path, _STRETCH)
    except (OSError, Unfit, DataError):
        return None
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return album.add(stream.getvalue(), path.name)
