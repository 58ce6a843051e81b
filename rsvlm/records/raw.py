"""A source as the acquire stage left it: its files, what its index says of them, and safe paths into it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow.parquet as pq

from rsvlm.errors import DataError
from rsvlm.records.unfit import Unfit

_COLUMNS = ("file", "gsd", "licence", "west", "south", "east", "north")
_FURTHER = ("longitude", "latitude", "sensor", "date", "width", "height")


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
    def index(self) -> dict[str, dict[str, Any]]:
        """What the source's index says (gsd, licence, bounds), by file."""
        path = self.folder / "index.parquet"
        try:
            there = set(pq.read_schema(path).names)
            rows = pq.read_table(path, columns=[*_COLUMNS, *(name for name in _FURTHER if name in there)]).to_pylist()
            return {row["file"]: row for row in rows}
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

    def find(self, pattern: str) -> list[str]:
        """Return the source's files that match a glob pattern, relative to its folder, sorted.

        Raises:
            DataError: none does.
        """
        root = self.folder / "files"
        try:
            if ".." in PurePosixPath(pattern).parts:
                raise ValueError("it leads out of the source")
            found = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_file())
        except (ValueError, NotImplementedError, OSError) as error:
            raise DataError(f"source '{self.name}': the recipe's pattern {pattern!r} is none ({error}); relative, as in */*.jpg") from None
        if not found:
            raise DataError(f"{root}: nothing matches '{pattern}'; check the recipe's pattern or run the acquire stage again")
        return found

    def metadata(self, file: str) -> dict[str, Any]:
        """Return the index row of a file: gsd (metres), bounds and centre (degrees), sensor, date, size (pixels), where known."""
        return dict(self.index.get(file, {}))

    def licence(self, file: str) -> str:
        """Return the licence of a file as the index has it, empty where it is unknown."""
        return str(self.index.get(file, {}).get("licence") or "")

    def gsd(self, file: str) -> float | None:
        """Return the ground sample distance of a file in metres, where the index knows it."""
        value = self.index.get(file, {}).get("gsd")
        return float(value) if value else None

    def bounds(self, file: str) -> list[float] | None:
        """Return west, south, east, north of a file in degrees, where the index knows them."""
        row = self.index.get(file, {})
        values = [row.get(key) for key in ("west", "south", "east", "north")]
        known = [float(value) for value in values if value is not None]
        return known if len(known) == len(values) else None
