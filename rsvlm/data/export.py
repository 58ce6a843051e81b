"""A finished corpus in the layouts that other programs read: pictures in `images/`, entries in one file a split, a manifest.

Marks in a picture are also drawn, into a PNG of its size in `masks/`: k where mark k lies, 0 elsewhere.
"""

import bisect
import contextlib
import errno
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from rsvlm.conversations.formats.form import Format
from rsvlm.conversations.formats.table import FORMATS
from rsvlm.data.layouts import LAYOUTS, Boxes, Layout, Pictures, Record, prompts_of
from rsvlm.data.prompt_masks import prompt_mask
from rsvlm.errors import ConfigurationError, IntegrityError
from rsvlm.files import MANIFEST, partial_path, publish, read_manifest
from rsvlm.progress import Progress
from rsvlm.records.shards import Shards
from rsvlm.records.unfit import Unfit
from rsvlm.settings import nearest
from rsvlm.sources import catalogue


@dataclass
class _Sink:
    """The folder that is filled: files of entries, pictures, masks, and their counts."""

    folder: Path
    layout: Layout
    shards: Shards
    stack: contextlib.ExitStack
    entries: Counter[str] = field(default_factory=Counter)
    pictures: Counter[tuple[str, str]] = field(default_factory=Counter)
    masks: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    files: dict[str, BinaryIO] = field(default_factory=dict)

    def write(self, split: str, entry: bytes) -> None:
        before, between, _ = self.layout.edges
        if split not in self.files:
            self.files[split] = self.stack.enter_context((self.folder / f"{split}.{self.layout.ending}").open("wb"))
        self.files[split].write((between if self.entries[split] else before) + entry)
        self.entries[split] += 1

    def put(self, row: int, name: str) -> None:
        path = self.folder / name
        if not path.exists():
            path.write_bytes(self.shards.image(row))
            self.pictures[_of(self.shards, "licence", row), _of(self.shards, "source", row)] += 1

    def draw(self, name: str, mask: np.ndarray) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(mask).save(path, "PNG")
        self.masks += 1

    def end(self) -> dict[str, Any]:
        for stream in self.files.values():
            stream.write(self.layout.edges[2])
        licences: dict[str, dict[str, int]] = {}
        for (licence, source), count in sorted(self.pictures.items()):
            licences.setdefault(licence, {})[source] = count
        return {
            "entries": dict(sorted(self.entries.items())),
            "pictures": self.pictures.total(),
            **({"masks": self.masks} if self.masks else {}),
            "licences": licences,
            "left_out": dict(sorted(self.left_out.items())),
        }


def export(
    corpus: Path,
    output: Path,
    layout: str,
    *,
    name: str = "",
    licences: Sequence[str] = (),
    boxes: tuple[str, str] | None = None,
    private: bool = False,
) -> dict[str, Any]:
    """Write a corpus in another program's layout; the folder appears whole or not at all.

    Args:
        corpus: a published folder of pairs or conversations.
        output: the new folder; an earlier export there is replaced.
        layout: a name of `rsvlm.data.layouts.LAYOUTS`.
        name: what the corpus is called in the manifest.
        licences: keep the records of these alone, and sequences of which all pictures are; none: keep all.
        boxes: rewrite box texts from one format to another, by their names in `rsvlm.conversations.formats.table`.
        private: the export stays with who made it, so pictures that may not be passed on are exported too.

    Returns:
        the facts of the manifest: entries by split, pictures by licence and source, what was left out by reason.

    Raises:
        ConfigurationError: no such layout, box format or licence, the layout can hold nothing of this corpus, something
            else stands at `output`, or pictures may not be passed on and the export is not private.
        IntegrityError: the corpus is not whole.
        RsvlmError: the disk is full or may not be written.
    """
    if layout not in LAYOUTS:
        raise ConfigurationError(f"no format '{layout}'; allowed: {', '.join(LAYOUTS)}{nearest(layout, list(LAYOUTS))}")
    rewriting = (_box_format(boxes[0]), _box_format(boxes[1])) if boxes else None
    _check_place(output)
    with contextlib.closing(Shards(corpus)) as shards:
        _check_texts(shards, name or str(corpus), layout)
        _check_licences(shards, licences)
        kept = _kept_back(shards, licences)
        if kept and not private:
            raise ConfigurationError(
                f"{name or corpus}: the terms of {', '.join(kept)} do not allow its pictures to be passed on; "
                "say that the export stays private (--private), or name --licence of others"
            )
        facts: dict[str, Any] = {"export": layout, "corpus": name, "sha256": read_manifest(corpus).sha256}
        if kept:
            facts["private"] = kept
        with publish(output, facts) as folder, contextlib.ExitStack() as stack:
            (folder / "images").mkdir()
            sink = _Sink(folder, LAYOUTS[layout], shards, stack)
            _fill(sink, frozenset(licences), rewriting)
            facts.update(sink.end())
            if not sink.entries:
                why = ", ".join(f"{reason} ({count})" for reason, count in facts["left_out"].items())
                raise ConfigurationError(f"{name or corpus}: nothing is left for format '{layout}': {why}")
    return facts


def _box_format(name: str) -> Format:
    if name not in FORMATS:
        raise ConfigurationError(f"no box format '{name}'; allowed: {', '.join(sorted(FORMATS))}{nearest(name, list(FORMATS))}")
    return FORMATS[name]


def _check_place(output: Path) -> None:
    """Refuse a place where no folder can be, or with something that is no export: publishing would remove it.

    Raises:
        ConfigurationError: a file lies on the way, a name is too long, the place may not be looked at, or something is there.
    """
    try:
        free = _is_free(output)
    except OSError as error:
        raise ConfigurationError(f"{output}: no folder can be there ({error.strerror}); name another one") from None
    if not free:
        raise ConfigurationError(f"{output}: something else is there; name a new folder, an empty one or an earlier export")


def _is_free(output: Path) -> bool:
    """Say whether nothing is at a place, or an empty folder, or an earlier export.

    Raises:
        OSError: no folder can be there.
    """
    try:
        os.stat(output)  # unlike `exists`, it tells a missing folder from a file on the way to it
    except FileNotFoundError:
        _check_names(output)
        return True
    if output.is_dir() and not any(output.iterdir()):
        _check_names(output)
        return True
    try:
        return (output / MANIFEST).is_file() and "export" in read_manifest(output).facts
    except IntegrityError:
        return False


def _check_names(output: Path) -> None:
    """Refuse names that are too long, of folders still to make and of the one beside `output` that is filled first."""
    there = next(folder for folder in output.absolute().parents if folder.exists())
    longest = os.pathconf(there, "PC_NAME_MAX")
    for part in (*output.parts, partial_path(output).name):
        if len(os.fsencode(part)) > longest:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


def _check_texts(shards: Shards, name: str, layout: str) -> None:
    """Refuse a layout that needs texts of which the corpus has none."""
    has = {"captions": bool(pc.sum(shards.index.column("caption_count")).as_py()), "conversations": shards.conversations.num_rows > 0}
    fitting = [other for other, each in LAYOUTS.items() if each.texts is None or has[each.texts]]
    if layout not in fitting:
        raise ConfigurationError(f"format '{layout}' is for {LAYOUTS[layout].texts}, and {name} has none; allowed: {', '.join(fitting)}")


def _check_licences(shards: Shards, licences: Sequence[str]) -> None:
    known = sorted(pc.unique(shards.index.column("licence")).to_pylist())
    for licence in licences:
        if licence not in known:
            raise ConfigurationError(f"no record has the licence '{licence}'; there are: {', '.join(known)}{nearest(licence, known)}")


def _kept_back(shards: Shards, licences: Sequence[str]) -> list[str]:
    """Return the sources whose terms forbid passing pictures on, of those that the wanted licences leave, sorted."""
    table = shards.index
    if licences:
        table = table.filter(pc.is_in(table.column("licence"), pa.array(licences)))
    # Sources of other corpora, as of tests, have no definition here.
    known = set(catalogue.names()).intersection(pc.unique(table.column("source")).to_pylist())
    return sorted(name for name in known if catalogue.load(name).definition.private)


def _fill(sink: _Sink, licences: frozenset[str], boxes: Boxes) -> None:
    shards, layout = sink.shards, sink.layout
    rows = _Rows(shards)
    progress = Progress("export", len(shards), "records")
    for row in range(len(shards)):
        progress.advance()
        record = shards.fields(row)
        try:
            frames = rows.frames(record) if layout.sequences else []
            refused = {_of(shards, "licence", one) for one in rows.together(record, row)} - licences if licences else ()
            if refused:
                raise Unfit("licence is not asked for", ", ".join(sorted(refused)))
            texts = [None] if layout.texts is None else record.get(layout.texts) or []
            if not texts and not (layout.sequences and record.get("part_of")):
                raise Unfit(f"no {layout.texts}", record["id"])
        except Unfit as unfit:
            sink.left_out[unfit.reason] += 1
            continue
        paths = {one: _path(shards, one) for one in dict.fromkeys([row, *frames])} if texts else {}
        for text in texts:
            try:
                masks = {} if layout.texts == "captions" else _masks(layout, record, text)
                named = {talk: name for talk, (name, _) in masks.items()}
                pictures = Pictures(paths[row], tuple(paths[one] for one in frames), named)
                sink.write(record["split"], layout.entry(record, pictures, text, boxes))
            except Unfit as unfit:
                sink.left_out[unfit.reason] += 1
                continue
            for one, path in paths.items():
                sink.put(one, path)
            for name, mask in masks.values():
                sink.draw(name, mask)
    progress.finish()


def _masks(layout: Layout, record: Record, text: Record | None) -> dict[str, tuple[str, np.ndarray]]:
    """Return name and pixels of the mask of every conversation of an entry that has marks, by the conversation's id.

    Raises:
        Unfit: the layout has no room for marks, or they cannot be drawn.
    """
    masks = {}
    for talk in [text] if text else record.get("conversations") or ():
        if found := prompts_of(record, talk):
            if not layout.prompts:
                raise Unfit("format has no room for marks", str(talk["id"]))
            # Ids of records are safe as names of files (`checked_id`), those of conversations are any text.
            masks[str(talk["id"])] = (f"masks/{record['id']}-{found[0]}.png", prompt_mask(record, found[0]))
    return masks


def _path(shards: Shards, row: int) -> str:
    extension = "jpg" if shards.image(row).startswith(b"\xff\xd8\xff") else "png"
    return f"images/{_of(shards, 'id', row)}.{extension}"


def _of(shards: Shards, column: str, row: int) -> str:
    return str(shards.index.column(column)[row].as_py())


class _Rows:
    """Rows by ids; memory holds the order of the ids, 8 bytes a record."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards
        self._order = pc.sort_indices(shards.index.column("id")).to_numpy()

    def _find(self, name: str) -> int:
        place = bisect.bisect_left(self._order, name, key=lambda row: _of(self._shards, "id", int(row)))
        if place == len(self._order) or _of(self._shards, "id", int(self._order[place])) != name:
            raise Unfit("sequence is not whole", f"without {name}")
        return int(self._order[place])

    def frames(self, record: Record) -> list[int]:
        """Return the rows of a record's sequence in order of time; none where it has none."""
        return [self._find(name) for name in record.get("frames") or ()]

    def together(self, record: Record, row: int) -> Iterator[int]:
        """Yield the rows that stay or go with a record: its own, and those of the sequence that it belongs to."""
        yield row
        if record.get("part_of"):
            row = self._find(record["part_of"])
            record = self._shards.fields(row)
            yield row
        yield from self.frames(record)
