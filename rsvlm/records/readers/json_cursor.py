"""Decoding JSON from elsewhere piece by piece: a cursor that keeps the line and byte, and the rules for what it decodes."""

import codecs
import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

from rsvlm.errors import DataError
from rsvlm.records.readers.jsonlines import DEEPEST, ESCAPED_SURROGATE, MOST_DIGITS, depth
from rsvlm.records.unfit import Unfit

LARGEST_ELEMENT = 16 << 20
_CHUNK = 1 << 16
_LONGEST_CUT = 4  # a number at the end of what was read so far may go on, as in `1.5e-`
_SPACE = re.compile(r"[ \t\r\n]*")


class RepeatedKey(ValueError):
    """A key appears twice in one JSON object."""


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= MOST_DIGITS else math.inf


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise RepeatedKey(f"key {name[:60]!r} appears twice")
    return found


DECODER = json.JSONDecoder(parse_int=_integer, object_pairs_hook=_object)


def fault_of(text: str, value: Any) -> Unfit | None:
    """Say why a decoded value cannot be used: nested too deep, or with text that cannot be written again."""
    if text.count("[") + text.count("{") > DEEPEST and depth(value) > DEEPEST:
        return Unfit("record is nested too deep", f"more than {DEEPEST} levels")
    if ESCAPED_SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return Unfit("record holds half a surrogate pair")
    return None


def words_of(error: Exception) -> str:
    """Say why a value could not be decoded."""
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


class Cursor:
    """The text of a JSON file from where reading stands, filled as needed, with the line and byte of that place."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.byte = 0
        self._line = 1
        self._path, self._stream = path, stream
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text, self._at, self._ended = "", 0, False
        if stream.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
            self.byte = len(codecs.BOM_UTF8)
        else:
            stream.seek(0)

    def fault(self, reason: str, further: int = 0) -> DataError:
        """Return the error about a place `further` characters ahead."""
        line = self._line + self._text.count("\n", self._at, self._at + further)
        return DataError(f"{self._path}, line {line}: not JSON ({reason})")

    def peek(self) -> str:
        """Skip white space and return the next character without taking it, empty at the end of the file."""
        while True:
            found = _SPACE.match(self._text, self._at)
            assert found is not None
            self._advance(found.end())
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def expect(self, *allowed: str, keep: str = "") -> str:
        """Take the next character, or leave it where it is the one to keep.

        Raises:
            DataError: it is none of those allowed.
        """
        found = self.peek()
        if found not in allowed:
            raise self.fault(f"{' or '.join(allowed)} expected, found {found or 'the end of the file'}")
        if found != keep:
            self._advance(self._at + 1)
        return found

    def value(self) -> Any:
        """Take one JSON value and return it, or its fault where it is JSON that cannot be used."""
        self.peek()
        while True:
            failure, further = "", 0
            try:
                value, end = DECODER.raw_decode(self._text, self._at)
                if end + _LONGEST_CUT <= len(self._text) or self._ended:
                    break
            except json.JSONDecodeError as error:
                failure, further = error.msg, error.pos - self._at
            except (RepeatedKey, RecursionError) as error:
                raise self.fault(words_of(error)) from None
            if len(self._text) - self._at > LARGEST_ELEMENT:
                raise self.fault(f"an element of more than {LARGEST_ELEMENT:,} characters")
            if not self._fill() and failure:
                raise self.fault(failure, further)
        fault = fault_of(self._text[self._at : end], value)
        self._advance(end)
        return value if fault is None else fault

    def finish(self) -> None:
        """Check that nothing follows.

        Raises:
            DataError: something does.
        """
        if found := self.peek():
            raise self.fault(f"{found} after the end of the value")

    def _advance(self, end: int) -> None:
        taken = self._text[self._at : end]
        self.byte += len(taken) if taken.isascii() else len(taken.encode())
        self._line += taken.count("\n")
        self._at = end

    def _fill(self) -> bool:
        """Read on, as much again as is unread; say whether there was anything."""
        if self._ended:
            return False
        left = self._text[self._at :]
        data = self._stream.read(max(_CHUNK, len(left)))
        try:
            self._text, self._at = left + self._decoder.decode(data, final=not data), 0
        except UnicodeDecodeError:
            raise DataError(f"{self._path}, after line {self._line}: not UTF-8 text") from None
        self._ended = not data
        return bool(data)
