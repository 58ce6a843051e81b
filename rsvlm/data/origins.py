"""From a record's id back to the picture file that it was made from, by the way ids are built.

A builder's ids are `<prefix>-<file's stem>`, and `-<x>_<y>` where a window was cut, all in lower case with other
characters turned into dashes (`rsvlm.records.models.safe_id`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from rsvlm.captioning.settings import ChipSettings
from rsvlm.records.chips import windows
from rsvlm.records.models import id_part, safe_id
from rsvlm.records.raw import RawSource
from rsvlm.records.unfit import Unfit

WINDOW = re.compile(r"-\d[\d_]*$")
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")


def slug(file: str) -> str:
    """Return a file's stem as it stands in ids."""
    return id_part(PurePosixPath(file).stem)


def is_picture(file: str) -> bool:
    """Say whether a file is a picture or raster, by its name's ending."""
    return PurePosixPath(file).suffix.lower() in _PICTURES


def made_from(name: str, file: str) -> bool:
    """Say whether a record's id can stand for (a window of) a file."""
    return slug(file) in _stems(name)


def _stems(name: str) -> list[str]:
    """Return the stems that an id can hold: it without its first parts, with and without its last number; longest first."""
    found: dict[str, None] = {}
    for text in (name, WINDOW.sub("", name)):
        parts = text.split("-")
        found |= dict.fromkeys("-".join(parts[start:]) for start in range(len(parts)))
    return sorted(found, key=lambda stem: (-len(stem), stem))


@dataclass(frozen=True)
class Naming:
    """How a builder names the records of a source's pictures: what the ids begin with, and how pictures are cut."""

    source: str
    prefix: str
    chips: ChipSettings | None = None

    def ids(self, file: str, width: int, height: int) -> list[str]:
        """Return the ids of a picture's records; none where its name gives no safe id.

        Args:
            file: the picture's path in its source.
            width: of the whole picture, pixels.
            height: of the whole picture, pixels.
        """
        stem = PurePosixPath(file).stem
        try:
            if self.chips is None or max(width, height) <= self.chips.size:
                return [safe_id(self.prefix, stem)]
            cut = windows(width, height, self.chips.size, self.chips.stride)
            return [safe_id(self.prefix, stem, f"{window.x}_{window.y}") for window in cut]
        except Unfit:
            return []


@dataclass(frozen=True)
class RawFiles:
    """The picture files of a corpus's raw sources."""

    raw: Path

    @cached_property
    def sources(self) -> list[RawSource]:
        """The sources below the raw folder, sorted by name."""
        return [RawSource(path.parent.name, path.parent) for path in sorted(self.raw.glob("*/index.parquet"))]

    @cached_property
    def _by_slug(self) -> Mapping[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for source, file in self.files():
            found.setdefault(slug(file), []).append((source, file))
        return found

    def files(self) -> Iterable[tuple[str, str]]:
        """Yield (source, file) of every picture, sorted."""
        return ((source.name, file) for source in self.sources for file in source.index.files() if is_picture(file))

    def named(self, name: str) -> list[tuple[str, str]]:
        """Return (source, file) of the pictures with this path, this file name or this stem."""
        return [(source, file) for source, file in self.files() if name in (file, PurePosixPath(file).name, PurePosixPath(file).stem)]

    def behind(self, name: str, source: str = "") -> tuple[str, str] | None:
        """Return (source, file) of the picture that a record's id, or a rejected file's path, stands for; None if none does.

        Args:
            name: an id or a path.
            source: look in this source only.
        """
        stems = [slug(name)] if "." in name or "/" in name else _stems(name)
        for stem in stems:
            found = [entry for entry in self._by_slug.get(stem, ()) if source in ("", entry[0])]
            exact = [entry for entry in found if entry[1] == name]
            if found:
                return (exact or found)[0]
        return None

    def path(self, source: str, file: str) -> Path:
        """Return where a file lies."""
        return self.raw / source / "files" / file
