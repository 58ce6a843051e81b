"""The row of a large table that a record was made from, found by going forward: records mostly come in the table's order."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

Read = Callable[[], Iterator[tuple[str, Any]]]


class Rows:
    """A table of which one row at a time is in memory."""

    def __init__(self, read: Read) -> None:
        """Take the function that reads the table from its beginning: (place, row)."""
        self._read, self._rest = read, read()
        self._place = ""
        self._row: Any = None

    def at(self, place: str) -> Any:
        """Return the row at a place (`line 7`), None where the table has no such place."""
        if self._place == place:
            return self._row
        for again in (False, True):
            if again:
                self._rest = self._read()
            for found, row in self._rest:
                if found == place:
                    self._place, self._row = found, row
                    return row
        return None


@lru_cache(8)
def rows_of(read: Read) -> Rows:
    """Return the rows of a table, one reading for all its records; equal functions read the same table."""
    return Rows(read)
