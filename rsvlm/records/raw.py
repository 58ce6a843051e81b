"""A source as the acquire stage left it: its files, what its index says of them, and safe paths into it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from rsvlm.errors import DataError
from rsvlm.records.raw_index import RawIndex
from rsvlm.records.unfit import Unfit


@dataclass(frozen=True)
class RawSource:
    """One source below `data/raw/<item>/`.

    Attributes:
        name: the source's name.
        folder: `data/raw/<item>/<name>`, with `index.parquet` and `files/`.
    """

    name: str
    folder: Path

    @cached_property
    def index(self) -> RawIndex:
        """What the source's index says, by file."""
        path = self.folder / "index.parquet"
        try:
            return RawIndex(path)
        except (OSError, ValueError, LookupError) as error:
            raise DataError(f"{path}: no readable index of source '{self.name}' ({error}); run the acquire stage again") from None

    def path(self, file: str) -> Path:
        """Return the path of one of the source's files, named as its own annotations name it.

        Raises:
            Unfit: the name leaves the source's folder, or there is no such file.
        """
        relative = PurePosixPath(file)
        if relative.is_absolute() or ".." in relative.parts or "\0" in file or not relative.parts:
            raise Unfit("file name leaves its folder", file[:100])
        path = self.folder / "files" / relative
        try:
            if path.is_file():
                return path
        except OSError:  # a name longer than any file system takes
            pass
        raise Unfit("file is missing", file[:100])

    def find(self, pattern: str) -> Iterator[str]:
        """Return the source's files that match a glob pattern, relative to its folder, sorted, one after the other.

        Raises:
            DataError: none does, or the source has no readable index.
        """
        found = self.index.matching(pattern)
        first = next(found, None)
        if first is None:
            root = self.folder / "files"
            raise DataError(f"{root}: nothing matches '{pattern}'; check the recipe's pattern or run the acquire stage again")
        return itertools.chain([first], found)

    def metadata(self, file: str) -> dict[str, Any]:
        """Return the index row of a file: gsd (metres), bounds and centre (degrees), sensor, date, size (pixels), where known."""
        return self.index.row(file)

    def licence(self, file: str) -> str:
        """Return the licence of a file as the index has it, empty where it is unknown."""
        return str(self.index.row(file).get("licence") or "")

    def gsd(self, file: str) -> float | None:
        """Return the ground sample distance of a file in metres, where the index knows it."""
        value = self.index.row(file).get("gsd")
        return float(value) if value else None

    def bounds(self, file: str) -> list[float] | None:
        """Return west, south, east, north of a file in degrees, where the index knows them."""
        row = self.index.row(file)
        values = [row.get(key) for key in ("west", "south", "east", "north")]
        known = [float(value) for value in values if value is not None]
        return known if len(known) == len(values) else None
