"""Names that were seen, kept as 8-byte hashes in one flat table, so that a million of them take some 17 MB.

A Python set of the same hashes takes five times that: it was what made a large corpus need more memory than a small one.
"""

import hashlib
from array import array

_SMALLEST = 1 << 10


def _hash_of(name: str) -> int:
    """Return a 64-bit hash; never 0, which marks an empty place."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") or 1


class NameSet:
    """A set of names that only grows: an open-addressed table, at most two thirds full.

    Two names are taken for one where their 64-bit hashes agree: a chance of 3e-8 among a million names.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._table = array("Q", bytes(8 * _SMALLEST))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, name: str) -> bool:
        key = _hash_of(name)
        return self._table[self._place(key)] == key

    def add(self, name: str) -> None:
        """Remember a name; nothing changes if it is there."""
        key = _hash_of(name)
        place = self._place(key)
        if self._table[place] == key:
            return
        self._table[place] = key
        self._count += 1
        if 3 * self._count > 2 * len(self._table):
            self._double()

    def _place(self, key: int) -> int:
        """Return where the hash lies, or the empty place where it would."""
        table = self._table
        last = len(table) - 1
        place = key & last
        while table[place] not in (0, key):
            place = (place + 1) & last
        return place

    def _double(self) -> None:
        before = self._table
        self._table = array("Q", bytes(16 * len(before)))
        for key in before:
            if key:
                self._table[self._place(key)] = key
