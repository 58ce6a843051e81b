"""What happened to one image or record of a corpus, and why."""

import bisect
import difflib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow.compute as pc

from rsvlm.captioning.build import wanted
from rsvlm.captioning.settings import Subset
from rsvlm.data.counts import rejected_lines
from rsvlm.data.origins import WINDOW, Naming, RawFiles, made_from
from rsvlm.errors import ConfigurationError, DataError
from rsvlm.files import read_manifest, verify
from rsvlm.records.models import SPLITS
from rsvlm.records.pictures import load
from rsvlm.records.shards import Shards
from rsvlm.records.splits import share_of
from rsvlm.records.unfit import Unfit

Verdict = Literal["kept", "set aside", "object set aside", "copy", "screened out", "outside the drawn subset", "left out"]
_VERDICTS: dict[str, Verdict] = {
    "record": "set aside",
    "object": "object set aside",
    "duplicate": "copy",
    "screened": "screened out",
}
_NEAR = 2
_MOST_LISTED = 5
_MOST_COMPARED = 4000


@dataclass(frozen=True)
class Fate:
    """What happened to one record or picture: its id (or file), its source, the verdict, and the particulars as JSON."""

    verdict: Verdict
    id: str
    source: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"id": self.id, "source": self.source, "verdict": self.verdict, **self.facts}


@dataclass(frozen=True)
class Draw:
    """The rule that draws the subset of a corpus, and how its builders name records."""

    subset: Subset
    seed: int
    namings: tuple[Naming, ...] = ()


def explain(corpus: Path, raw: Path, name: str, draw: Draw) -> list[Fate]:
    """Tell what happened to a record, or to everything that was made from a picture.

    Args:
        corpus: `data/pairs/<item>` or `data/conversations/<item>`.
        raw: `data/raw/<item>`.
        name: a record's id, or a picture's path in its source, file name or stem.
        draw: how the corpus was drawn.

    Returns:
        at least one fate; kept records first, then what was set aside in the order of `rejected.jsonl`.

    Raises:
        ConfigurationError: neither the corpus nor its sources know the name; the nearest known ones are named.
        IntegrityError: the corpus's index is damaged.
    """
    verify(corpus, only="index.parquet")
    verify(corpus, only="rejected.jsonl")
    shards, files = Shards(corpus, check=False), RawFiles(raw)
    ids = shards.index.column("id")
    rows = np.flatnonzero(pc.equal(ids, name).to_numpy(zero_copy_only=False)).tolist()
    pictures = [] if rows else files.named(name)
    rows = rows or _rows_from(shards, pictures)
    fates = [_kept(shards, row) for row in rows]
    about = {*pictures, *((fate.source, str(fate.facts.get("origin", {}).get("picture"))) for fate in fates)}
    fates += [_aside(line) for line in rejected_lines(corpus) if _is_about(line, name, about)]
    if any(fate.verdict != "object set aside" for fate in fates):
        return fates
    left_out = read_manifest(corpus).facts.get("left_out", {})
    missing = [
        _missing(name if not pictures else "", files, source, file, draw, left_out) for source, file in pictures or _behind(files, name)
    ]
    fates += [fate for fate in missing if fate is not None]
    if not fates:
        known = sorted({*ids.to_pylist(), *(line["id"] for line in rejected_lines(corpus)), *(file for _, file in files.files())})
        raise ConfigurationError(f"'{name[:200]}' is no record, picture or rejected line of {corpus}{_nearest(name, known)}")
    return fates


def _behind(files: RawFiles, name: str) -> list[tuple[str, str]]:
    """Return the picture that an id without a record could stand for, if there is one."""
    found = files.behind(name)
    return [found] if found else []


def _origin(fields: Mapping[str, Any]) -> str:
    return str((fields.get("origin") or {}).get("picture") or "")


def _rows_from(shards: Shards, pictures: list[tuple[str, str]]) -> list[int]:
    """Return the rows of the records that were made from pictures, by their origin or, without one, by their id."""
    if not pictures:
        return []
    sources = {source for source, _ in pictures}
    found = []
    for row, source in enumerate(shards.index.column("source").to_pylist()):
        if source in sources:
            fields = shards.fields(row)
            origin = _origin(fields)
            if any(source == place and (origin == file or (not origin and made_from(fields["id"], file))) for place, file in pictures):
                found.append(row)
    return found


def _kept(shards: Shards, row: int) -> Fate:
    fields = shards.fields(row)
    told = (
        "split",
        "scene",
        "licence",
        "method",
        "builder",
        "captions",
        "conversations",
        "scores",
        "generator",
        "origin",
        "part_of",
        "frames",
    )
    facts = {"shard": shards.index.column("shard")[row].as_py(), "row": row}
    facts |= {key: fields[key] for key in told if fields.get(key)}
    return Fate("kept", fields["id"], fields["source"], {**facts, "near_copies": _copies(shards, row)})


def _copies(shards: Shards, row: int) -> list[str]:
    """Return the ids of other records whose picture's hash differs in at most one bit."""
    hashes = np.asarray([int(text, 16) for text in shards.index.column("phash").to_pylist()], dtype=np.uint64)
    near = np.flatnonzero(np.bitwise_count(hashes ^ hashes[row]) < _NEAR)
    return [shards.index.column("id")[other].as_py() for other in near.tolist() if other != row][:_MOST_LISTED]


def _is_about(line: Mapping[str, str], name: str, pictures: set[tuple[str, str]]) -> bool:
    """Say whether a rejected line is about a name, or about what is made from one of some pictures."""
    if line["id"] == name:
        return True
    return any(file and line["source"] == source and (line["id"] == file or made_from(line["id"], file)) for source, file in pictures)


def _aside(line: Mapping[str, str]) -> Fate:
    verdict = _VERDICTS[line["kind"]]
    return Fate(
        verdict, line["id"], line["source"], {"reason": line["reason"], "copy_of" if verdict == "copy" else "detail": line["detail"]}
    )


def _missing(name: str, files: RawFiles, source: str, file: str, draw: Draw, left_out: Mapping[str, Mapping[str, int]]) -> Fate | None:
    """Return why a picture has no record (or not the named one); None where the name is that of no window of the picture.

    The draw goes by a record's id and split. A picture's split is not known where it has no record, so `splits` says in
    which ones the draw leaves the id out.
    """
    expected = _expected(files, source, file, draw)
    if name and expected and name not in expected and WINDOW.search(name):
        return None
    outside = {one: splits for one in ([name] if name else expected) if (splits := _not_drawn(one, draw))}
    facts: dict[str, Any] = {"file": file, "counted_for_its_source": dict(left_out.get(source, {}))}
    if not outside:
        return Fate("left out", name or file, source, facts)
    facts |= {"train_share": draw.subset.train, "evaluation_share": draw.subset.evaluation}
    facts["not_drawn"] = [
        {"id": one, "draw": round(share_of(draw.seed, "subset", one), 6), "splits": splits}
        for one, splits in list(outside.items())[:_MOST_LISTED]
    ]
    return Fate("outside the drawn subset", name or file, source, facts)


def _not_drawn(name: str, draw: Draw) -> list[str]:
    return [split for split in SPLITS if not wanted(name, split, draw.subset, draw.seed)]


def _expected(files: RawFiles, source: str, file: str, draw: Draw) -> list[str]:
    """Return the ids that the builders of a source give a picture's records; none where it cannot be decoded."""
    namings = [naming for naming in draw.namings if naming.source == source]
    try:
        width, height = load(files.path(source, file), (0.0, 100.0)).size if namings else (0, 0)
    except (Unfit, DataError, OSError):
        return []
    return [one for naming in namings for one in naming.ids(file, width, height)]


def _nearest(name: str, known: list[str]) -> str:
    """Return up to three near names in words, or else names that contain it.

    Of many known ones, those that stand near it in the alphabet are compared.
    """
    place = bisect.bisect(known, name)
    close = difflib.get_close_matches(name[:200], known[max(0, place - _MOST_COMPARED // 2) : place + _MOST_COMPARED // 2], n=3, cutoff=0.5)
    part = name.lower()
    close = close or list(itertools.islice((whole for whole in known if part in whole.lower()), 3))
    return f"; nearest: {', '.join(close)}" if close else ""
