"""The path of a user's files, from a folder laid out by hand to a verified corpus, with one malformed input among good ones."""

import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rsvlm.data.checking import check_corpus
from rsvlm.data.examine import evidence_of
from rsvlm.data.settings import CorpusSettings
from rsvlm.data.stage import make_corpus
from rsvlm.errors import RsvlmError
from rsvlm.files import publish, verify
from rsvlm.records.shards import Shards
from rsvlm.settings import validate
from rsvlm.sources.acquire import acquire_one
from rsvlm.sources.catalogue import Source
from rsvlm.sources.definition import SourceDefinition
from rsvlm.sources.fetch import Places
from rsvlm.sources.store import Store

SEED = 7
SOURCE = "made"
ALL_TRAIN = {"validation": 0.0, "test": 0.0}
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Hostile:
    """One malformed input.

    Attributes:
        name: what is wrong with it.
        files: added to the good ones, or put in their place.
        aside: pattern of the reason that it is set aside with, as `kind: reason`; empty: the corpus cannot be made.
        error: pattern of the line that tells why not.
        recipe: keys of the builder that are malformed.
        spoil: changes the acquired folder.
        parts: so many things are set aside: more than one where a record has several pictures.
    """

    name: str
    files: Files = field(default_factory=dict)
    aside: str = ""
    error: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    spoil: Callable[[Path], None] | None = None
    parts: int = 1

    def __post_init__(self) -> None:
        assert bool(self.aside) != bool(self.error), self.name


@dataclass(frozen=True)
class World:
    """Good files, and the builder that makes records of them."""

    files: Files
    builder: Mapping[str, Any]

    def base(self) -> dict[str, Any]:
        return {"source": SOURCE, "prefix": "tiny", **self.builder}


@dataclass(frozen=True)
class Outcome:
    """What a user is left with: the error's line, or what the corpus holds."""

    error: str = ""
    records: tuple[dict[str, Any], ...] = ()
    shards: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()


def picture(seed: int, side: int = 40, kind: str = "PNG", **how: Any) -> bytes:
    """A picture with a pattern of its own."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC).save(stream, kind, **how)
    return stream.getvalue()


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def acquired(files: Files, root: Path) -> Path:
    """Lay files out as a mirror and acquire them; returns `data/raw/<item>`."""
    for name, data in files.items():
        path = os.path.join(os.fsencode(root / "mirror" / SOURCE), name.encode("utf-8", "surrogateescape"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(data)
    stated = {"name": SOURCE, "title": "made", "licence": "CC0", "terms": "none", "citation": "nobody", "homepage": [], "gsd": 0.5}
    parts = [{"address": {"kind": "folder", "path": "none"}}]
    source = Source(validate(SourceDefinition, {**stated, "parts": parts}, "definition"), None)
    raw = root / "data/raw/tiny"
    with publish(raw) as partial:
        acquire_one(source, partial / SOURCE, Places(root / "mirror", Store(root / "store"), root))
    return raw


def settings_of(world: World, recipe: Mapping[str, Any]) -> CorpusSettings:
    builder = {**world.base(), **recipe}
    return validate(CorpusSettings, {"family": "data", "system": "tiny", "builders": [builder]}, "recipes/data/tiny.yaml")


def outcome(world: World, hostile: Hostile | None, root: Path) -> Outcome:
    """Go the whole way; anything but a corpus that verifies or an `RsvlmError` fails the test by itself."""
    output = root / "data/pairs/tiny"
    try:
        settings = settings_of(world, hostile.recipe if hostile else {})
        raw = acquired({**world.files, **(hostile.files if hostile else {})}, root)
        if hostile and hostile.spoil:
            hostile.spoil(raw)
        make_corpus(
            settings,
            raw,
            output,
            prefix="pairs",
            scratch=root / "scratch",
            answers=root / "answers",
            seed=SEED,
            threads=1,
            rejected_share=0.95,
        )
    except RsvlmError as error:
        assert not output.exists()
        assert not list(root.glob("data/*/.tiny.partial-*"))
        return Outcome(str(error))
    verify(output)
    shards = Shards(output)
    tally, _ = check_corpus(shards, evidence_of(settings, raw))
    assert not tally.false, tally.false[0]
    records = tuple(shards.fields(row) for row in range(len(shards)))
    digests = (hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(output.glob("*")) if path.suffix in (".tar", ".parquet"))
    lines = (output / "rejected.jsonl").read_text(encoding="utf-8").splitlines()
    assert str(root) not in "".join(lines), "a workspace elsewhere would have other bytes"
    return Outcome("", records, tuple(digests), tuple(lines))


def added(found: Outcome, good: Outcome) -> Iterator[dict[str, str]]:
    """What was set aside beyond what the good files alone set aside."""
    for line in sorted(set(found.rejected) - set(good.rejected)):
        yield json.loads(line)


def judge(hostile: Hostile, found: Outcome, good: Outcome) -> None:
    """Hold an outcome against what a case promises, and against the corpus of the good files alone."""
    if hostile.error:
        assert found.error, f"a corpus was made; set aside: {list(added(found, good))}"
        assert re.search(hostile.error, found.error), found.error
        assert found.error.isprintable()
        assert "Traceback" not in found.error
        assert len(found.error) < 4_100
        return
    assert not found.error, found.error
    entries = list(added(found, good))
    assert entries, f"nothing was set aside; records: {[record['id'] for record in found.records]}"
    for entry in entries:
        assert re.search(hostile.aside, f"{entry['kind']}: {entry['reason']}"), entry
        assert 0 < len(entry["id"]) <= 500
        assert len(entry["detail"]) <= 500
    assert len({entry["id"] for entry in entries}) == hostile.parts, entries
    assert [record["id"] for record in found.records] == [record["id"] for record in good.records]
    assert found.shards == good.shards, "the other records changed"
