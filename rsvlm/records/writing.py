"""Write samples as shards: checked, hashed, in a fixed order, and able to go on after a kill.

Every finished shard lies in the scratch folder as a tar, its index rows, and a note that is written last and proves the
two. A restart reads the notes, passes over the samples that those shards used up, and goes on behind them, so the final
bytes do not depend on how often the work was interrupted or on how many threads decoded pictures.
"""

import functools
import hashlib
import itertools
import json
import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow.parquet as pq
from PIL import Image

from rsvlm.errors import DataError
from rsvlm.files import canonical_json, explain_write_errors, remove, sha256_file, write_atomic
from rsvlm.imagery.hashing import perceptual_hash
from rsvlm.imagery.pictures import ImageError, decode
from rsvlm.progress import Progress
from rsvlm.records.hashed import HashedFile
from rsvlm.records.index import CONVERSATIONS, INDEX, join_tables, write_table
from rsvlm.records.looks import KeptLooks
from rsvlm.records.models import EXTENSIONS, Sample, checked_fields, checked_id
from rsvlm.records.names import NameSet
from rsvlm.records.near import NearIndex
from rsvlm.records.rejected import Kind, Rejected
from rsvlm.records.tars import TarWriter
from rsvlm.records.text import LONGEST_CAPTION
from rsvlm.records.unfit import Unfit

_BATCH = 32
_BATCHES_AHEAD = 3
_MAGIC = {"jpg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n"}
Screen = Callable[[Image.Image], Unfit | None]
Item = TypeVar("Item")
Result = TypeVar("Result")
Fate = tuple[str, str, Kind]  # why a sample is set aside: reason, particulars, kind


@dataclass(frozen=True)
class Looked:
    """What a look at a picture gave: size, perceptual hash and the bytes' sha256, or why it cannot be used or is not wanted."""

    width: int = 0
    height: int = 0
    hash: int = 0
    digest: str = ""
    fault: tuple[str, str] | None = None
    unwanted: tuple[str, str] | None = None


Judged = tuple[Sample, Looked, dict[str, Any] | Fate]


@dataclass
class _Shard:
    """A shard being filled."""

    number: int
    rows: list[dict[str, Any]] = field(default_factory=list)
    talks: list[dict[str, Any]] = field(default_factory=list)
    set_aside: list[tuple[str, str, str, str, Kind]] = field(default_factory=list)


def in_order(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[tuple[Item, Result]]:
    """Yield (item, function(item)) in the items' order; threads work a bounded number of batches ahead."""

    def work(batch: list[Item]) -> list[tuple[Item, Result]]:
        return [(item, function(item)) for item in batch]

    source = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[list[tuple[Item, Result]]]] = deque()
        while batch := list(itertools.islice(source, _BATCH)):
            waiting.append(pool.submit(work, batch))
            if len(waiting) > _BATCHES_AHEAD:
                yield from waiting.popleft().result()
        for future in waiting:
            yield from future.result()


def look(sample: Sample, screen: Screen | None = None, kept: KeptLooks | None = None) -> Looked:
    """Decode a sample's picture, hash it, and ask the screen about it; or take what an earlier look gave."""
    try:
        checked_id(sample.id)
        if sample.extension not in EXTENSIONS:
            raise Unfit("picture format is not stored", f"{sample.extension!r}; allowed: {', '.join(EXTENSIONS)}")
        if sample.image and not sample.image.startswith(_MAGIC[sample.extension]):
            raise Unfit("picture is not what its name says", f"no {sample.extension} signature")
        digest = hashlib.sha256(sample.image).hexdigest()
        if kept and (known := kept.get(digest)) is not None:
            return Looked(known[0], known[1], int(known[2], 16), digest, unwanted=tuple(known[3]) if known[3] else None)
        picture = decode(sample.image, sample.id)
    except Unfit as unfit:
        return Looked(fault=(unfit.reason, unfit.detail))
    except ImageError as error:
        return Looked(fault=(f"picture: {error.reason}", str(error)))
    found = screen(picture) if screen else None
    unwanted = (found.reason, found.detail) if found else None
    hashed = perceptual_hash(picture)
    if kept:
        kept.put(digest, (picture.width, picture.height, hashed, unwanted))
    return Looked(picture.width, picture.height, int(hashed, 16), digest, unwanted=unwanted)


class ShardWriter:
    """Fills shards one after the other; see `write_shards`."""

    def __init__(
        self,
        scratch: Path,
        rejected: Rejected,
        prefix: str,
        samples_per_shard: int,
        longest: int,
        copies: NearIndex | None,
        *,
        same_scene: bool = False,
    ) -> None:
        self.scratch, self.rejected, self.prefix = scratch, rejected, prefix
        self.samples_per_shard, self.longest, self.copies, self.same_scene = samples_per_shard, longest, copies, same_scene
        self.consumed = 0
        self.finished = 0
        self._rows_before = 0
        self._seen = NameSet()
        self._training_began = False
        self._resume()

    # -- finished shards ------------------------------------------------------------------------------------------

    def _path(self, number: int, ending: str) -> Path:
        return self.scratch / f"{self.prefix}-{number:05d}.{ending}"

    def _resume(self) -> None:
        while (note := self._finished_note(self.finished)) is not None:
            for row in pq.read_table(self._path(self.finished, "index")).to_pylist():
                self._remember(row["id"], int(row["phash"], 16), row["split"], row["scene"])
                self._rows_before += 1
                self.rejected.keep()
            for entry in note["set_aside"]:
                self.rejected.add(*entry[:4], kind=entry[4])
            self.consumed = note["consumed"]
            self.finished += 1

    def _finished_note(self, number: int) -> dict[str, Any] | None:
        path = self._path(number, "json")
        if not path.is_file():
            return None
        note: dict[str, Any] = json.loads(path.read_bytes())
        for ending, digest in note["files"].items():
            part = self._path(number, ending)
            if not part.is_file() or sha256_file(part) != digest:
                return None
        return note

    # -- one sample -----------------------------------------------------------------------------------------------

    def _remember(self, name: str, value: int, split: str, scene: str) -> None:
        self._seen.add(name)
        self._training_began |= split == "train"
        if self.copies is not None and split != "train":
            if self._training_began:
                raise DataError(f"{name}: an evaluation sample came after training samples; near copies cannot be told then")
            self.copies.add(value, name, scene)

    def _check_new(self, name: str, value: int, fields: dict[str, Any]) -> str | None:
        """Return the evaluation sample that this one nearly copies; refuse an id that was used."""
        if name in self._seen:
            raise Unfit("id is there twice", name)
        if self.copies is None or fields["split"] == "test":
            return None
        return self.copies.find(value, besides=fields["scene"] if self.same_scene else "")

    def _prepare(self, sample: Sample, seen: Looked) -> dict[str, Any]:
        if seen.fault:
            raise Unfit(*seen.fault)
        fields = {**sample.fields, "id": sample.id, "width": seen.width, "height": seen.height}
        return checked_fields(fields, longest=self.longest)

    def _judge(self, sample: Sample, seen: Looked) -> dict[str, Any] | Fate:
        try:
            fields = self._prepare(sample, seen)
            copy = self._check_new(sample.id, seen.hash, fields)
        except Unfit as unfit:
            return unfit.reason, unfit.detail, "record"
        if seen.unwanted is not None:
            return (*seen.unwanted, "screened")
        if copy is not None:
            return "near copy of an evaluation picture", copy, "duplicate"
        return fields

    def judged(self, looked: Iterable[tuple[Sample, Looked]]) -> Iterator[Judged]:
        """Yield each sample with the fields to write, or why it is set aside.

        Samples of a sequence come one after the other. It is written whole or not at all: `frames` and `part_of` name only
        records that are there.
        """
        for name, group in itertools.groupby(looked, key=lambda pair: str(pair[0].fields.get("part_of") or pair[0].id)):
            found: list[Judged] = []
            fit: dict[str, dict[str, Any]] = {}
            for sample, seen in group:
                fate: dict[str, Any] | Fate = (
                    ("id is there twice", sample.id[:100], "record") if sample.id in fit else self._judge(sample, seen)
                )
                if isinstance(fate, dict):
                    fit[sample.id] = fate
                found.append((sample, seen, fate))
            named = [name, *(fit.get(name, {}).get("frames") or ())]
            # Where a run goes on in the middle of a sequence, the earlier part of it is written.
            missing = next((one for one in named if one not in fit and one not in self._seen), None)
            lost: Fate = ("sequence is not whole", f"without {str(missing)[:100]}", "screened")
            yield from ((sample, seen, lost if missing and isinstance(fate, dict) else fate) for sample, seen, fate in found)

    def add(self, archive: TarWriter, shard: _Shard, sample: Sample, seen: Looked, fields: dict[str, Any]) -> None:
        """Append one sample to the shard."""
        self._remember(sample.id, seen.hash, fields["split"], fields["scene"])
        image_offset = archive.add(f"{sample.id}.{sample.extension}", sample.image)
        text = canonical_json({key: value for key, value in fields.items() if value is not None})
        json_offset = archive.add(f"{sample.id}.json", text)
        row = self._rows_before + len(shard.rows)
        for position, talk in enumerate(fields.get("conversations", ())):
            turns = len(talk["turns"])
            shard.talks.append(
                {"id": talk["id"], "row": row, "position": position, "task": talk["task"], "split": fields["split"], "turns": turns}
            )
        shard.rows.append(_index_row(self._path(shard.number, "tar").name, sample, seen, fields, image_offset, json_offset, len(text)))

    # -- one shard ------------------------------------------------------------------------------------------------

    def fill(self, samples: Iterator[Judged], progress: Progress) -> bool:
        """Fill and finish one shard; say whether there may be more samples."""
        shard = _Shard(self.finished)
        path = self._path(shard.number, "tar")
        more = True
        path.unlink(missing_ok=True)  # a published folder may share its bytes by a hard link
        with HashedFile(path) as stream:
            archive = TarWriter(stream)
            while len(shard.rows) < self.samples_per_shard:
                judged = next(samples, None)
                if judged is None:
                    more = False
                    break
                self.consumed += 1
                sample, seen, fate = judged
                if isinstance(fate, dict):
                    self.add(archive, shard, sample, seen, fate)
                else:
                    shard.set_aside.append((sample.id[:100], str(sample.fields.get("source", "")), *fate))
                progress.advance()
            archive.close()
        self._finish(shard, stream.sha256(), keep=bool(shard.rows or shard.number == 0))
        return more

    def _finish(self, shard: _Shard, digest: str, keep: bool) -> None:
        for entry in shard.set_aside:
            self.rejected.add(*entry[:4], kind=entry[4])
        self.rejected.keep(len(shard.rows))
        if not keep:
            self._path(shard.number, "tar").unlink()
            return
        write_table(self._path(shard.number, "index"), shard.rows, INDEX)
        write_table(self._path(shard.number, "talks"), shard.talks, CONVERSATIONS)
        files = {"tar": digest} | {ending: sha256_file(self._path(shard.number, ending)) for ending in ("index", "talks")}
        note = {"consumed": self.consumed, "set_aside": shard.set_aside, "files": files}
        write_atomic(self._path(shard.number, "json"), canonical_json(note))
        self._rows_before += len(shard.rows)
        self.finished += 1

    def publish_into(self, folder: Path) -> None:
        """Put the finished shards and the joined tables into the final folder."""
        numbers = range(self.finished)
        for number in numbers:
            shard = self._path(number, "tar")
            try:
                os.link(shard, folder / shard.name)
            except OSError:  # another file system, or one without links
                shutil.copyfile(shard, folder / shard.name)
        join_tables([self._path(number, "index") for number in numbers], folder / "index.parquet", INDEX)
        if any(pq.read_metadata(self._path(number, "talks")).num_rows for number in numbers):
            join_tables([self._path(number, "talks") for number in numbers], folder / "conversations.parquet", CONVERSATIONS)


def _index_row(
    shard: str, sample: Sample, seen: Looked, fields: dict[str, Any], image_offset: int, json_offset: int, json_size: int
) -> dict[str, Any]:
    bounds = fields.get("bounds") or [None] * 4
    return {
        "id": sample.id,
        "shard": shard,
        "image_offset": image_offset,
        "image_size": len(sample.image),
        "json_offset": json_offset,
        "json_size": json_size,
        "image_sha256": seen.digest,
        "phash": f"{seen.hash:016x}",
        **{key: fields[key] for key in ("split", "scene", "label", "source", "licence", "width", "height")},
        "caption_count": len(fields["captions"]),
        **dict(zip(("west", "south", "east", "north"), bounds, strict=True)),
    }


def _what_became_of_them(rejected: Rejected) -> str:
    """Return why a corpus is empty: the most frequent reasons, and the first thing that was set aside."""
    facts = rejected.facts()
    left_out = Counter({reason: count for reasons in facts["left_out"].values() for reason, count in reasons.items()})
    parts = ""
    for words, reasons in (("set aside", Counter(facts["rejected"])), ("left out", left_out)):
        if reasons:
            parts += f"; {words}: " + ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
    first = next(iter(rejected), None)
    return f"{parts}; first: {first.id} of {first.source} {json.dumps(first.detail)}" if first else parts or "; nothing was found to read"


def write_shards(
    samples: Iterable[Sample],
    folder: Path,
    rejected: Rejected,
    *,
    prefix: str = "pairs",
    samples_per_shard: int = 1000,
    longest: int = LONGEST_CAPTION,
    copies: NearIndex | None = None,
    scratch: Path | None = None,
    threads: int = 2,
    total: int | None = None,
    screen: Screen | None = None,
    same_scene: bool = False,
    kept: KeptLooks | None = None,
) -> None:
    """Write samples as `<prefix>-00000.tar`..., `index.parquet` (and `conversations.parquet`) and `rejected.jsonl`.

    Memory holds one shard's index rows, and of earlier samples a hash of the id each (`NameSet`); never their bytes.

    Args:
        samples: in the order in which they are to lie; the same at every run. With `copies`, test samples first, then
            validation, then training samples.
        folder: where the files go; the caller publishes it.
        rejected: what is set aside goes here (and what its caller put there before, into `rejected.jsonl`).
        prefix: the start of the shards' names.
        samples_per_shard: samples in each shard but the last.
        longest: the most characters of a caption.
        copies: drop training and validation samples whose picture nearly copies an evaluation picture seen before.
        scratch: keeps finished shards over a kill; a folder inside `folder`, removed at the end, where none is given.
        threads: how many pictures are decoded at once; the result does not depend on it.
        total: how many samples there will be, for the progress lines.
        screen: says of a decoded picture why it is not wanted; called in threads.
        kept: what earlier looks at pictures gave, for the same screen; a screen that reads more than pixels cannot have it.
        same_scene: validation samples may nearly copy others of their own scene (frames of a sequence, tiles of a series).

    Raises:
        DataError: no sample at all was fit, or evaluation samples came after training samples.
        RsvlmError: the disk is full or may not be written.
    """
    work = scratch if scratch is not None else folder / ".work"
    with explain_write_errors(work):
        work.mkdir(parents=True, exist_ok=True)
        writer = ShardWriter(work, rejected, prefix, samples_per_shard, longest, copies, same_scene=same_scene)
        progress = Progress("write shards", total, "samples")
        progress.start_at(writer.consumed)
        looked = in_order(functools.partial(look, screen=screen, kept=kept), itertools.islice(samples, writer.consumed, None), threads)
        judged = writer.judged(looked)
        while writer.fill(judged, progress):
            pass
        progress.finish()
        if not writer._rows_before:
            raise DataError(f"not one sample was fit to write{_what_became_of_them(rejected)}")
        writer.publish_into(folder)
        rejected.write(folder / "rejected.jsonl")
        if scratch is None:
            remove(work)
