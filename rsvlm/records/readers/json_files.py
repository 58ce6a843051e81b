"""Whole JSON files from elsewhere, read at once or element by element, with limits and an error that names the line.

NaN, infinities and numbers of more than 32 digits become values that are not finite, so that only the field which uses
one refuses it (`fields.number`); everything else that is not JSON, and a key that appears twice, makes the file unusable.
"""

import codecs
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from rsvlm.errors import DataError
from rsvlm.records.readers.json_cursor import DECODER, Cursor, RepeatedKey, fault_of, words_of
from rsvlm.records.readers.jsonlines import LARGEST_FILE


def read_whole(path: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises:
        DataError: missing, too large, not UTF-8, not JSON, or not an object; the file and, where there is one, the line are named.
    """
    with _opened(path) as stream:
        data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise DataError(f"{path}: more than {LARGEST_FILE:,} bytes; a file that is read at once may have no more")
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        value = DECODER.decode(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {line}: not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{path}, line {error.lineno}: not JSON ({error.msg})") from None
    except (RepeatedKey, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({words_of(error)})") from None
    if not isinstance(value, dict):
        raise DataError(f"{path}: holds {type(value).__name__}; an object is needed")
    if fault := fault_of(text, value):
        raise DataError(f"{path}: {fault}")
    return value


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a list in a JSON file.

    Attributes:
        key: the list's key in the file's object, empty where the file is the list.
        index: from 0.
        value: as parsed, or why it cannot be used.
        start: the byte of the file at which it starts.
        end: the byte after its last.
    """

    key: str
    index: int
    value: Any
    start: int
    end: int

    @property
    def where(self) -> str:
        """Its place in the file, for messages: `annotations[12]`."""
        return f"{self.key}[{self.index}]"


def elements(path: Path, *keys: str) -> Iterator[Element]:
    """Yield the elements of the lists that a file's JSON object holds under some keys, in the file's order.

    At most one element is in memory, so the file may have any size.

    Args:
        path: the file.
        keys: of the lists; without any, every value must be a list and all of them are read.

    Raises:
        DataError: as `read_whole`; or a key is absent, appears twice or holds no list; or an element is too large.
    """
    with _opened(path) as stream:
        cursor = Cursor(path, stream)
        cursor.expect("{")
        seen: set[str] = set()
        following = cursor.expect('"', "}", keep='"')
        while following != "}":
            key = cursor.value()
            if not isinstance(key, str) or key in seen:
                raise cursor.fault(f"key {str(key)[:60]!r} cannot be used or appears twice")
            seen.add(key)
            cursor.expect(":")
            if key in keys or not keys:
                yield from _list(cursor, key)
            elif cursor.peek() == "[":
                for _ in _list(cursor, key):
                    pass
            else:
                cursor.value()
            following = cursor.expect(",", "}")
            if following == ",":
                cursor.expect('"', keep='"')
        cursor.finish()
    if missing := [key for key in keys if key not in seen]:
        raise DataError(f"{path}: holds no list '{missing[0]}'; needed: {', '.join(keys)}")


def items(path: Path) -> Iterator[Element]:
    """Yield the elements of a file that holds one JSON list.

    Raises:
        DataError: as `elements`.
    """
    with _opened(path) as stream:
        cursor = Cursor(path, stream)
        yield from _list(cursor, "")
        cursor.finish()


def element_at(stream: BinaryIO, start: int, end: int) -> Any:
    """Return an element that `elements` found usable, read again from the open file at its bytes."""
    stream.seek(start)
    return DECODER.decode(stream.read(end - start).decode("utf-8"))


def _list(cursor: Cursor, key: str) -> Iterator[Element]:
    cursor.expect("[")
    index = 0
    following = "]" if cursor.peek() == "]" else ","
    if following == "]":
        cursor.expect("]")
    while following == ",":
        cursor.peek()
        start = cursor.byte
        value = cursor.value()
        yield Element(key, index, value, start, cursor.byte)
        index += 1
        following = cursor.expect(",", "]")


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; acquire the source again") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
