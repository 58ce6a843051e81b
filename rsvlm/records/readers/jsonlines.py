"""JSON and JSON Lines from elsewhere: streamed, with limits, and an error that names the line."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rsvlm.errors import DataError
from rsvlm.records.unfit import Unfit

LONGEST_LINE = 1 << 20
LARGEST_FILE = 256 << 20
DEEPEST = 20
MOST_DIGITS = 32
ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _constant(text: str) -> float:
    raise ValueError(f"{text} is not JSON")


def depth(value: Any) -> int:
    """Return how many levels of lists and objects a parsed JSON value has, counting itself."""
    level, deepest = [value], 0
    while level:
        deepest += 1
        level = [inner for item in level if isinstance(item, dict | list) for inner in (item.values() if isinstance(item, dict) else item)]
    return deepest


def parse(data: bytes) -> Any:
    """Parse one JSON value from elsewhere.

    Raises:
        Unfit: not UTF-8, not JSON, NaN or Infinity, a huge number, NUL, half a surrogate pair, or nested too deep.
    """
    try:
        text = data.decode("utf-8")
        if "\0" in text:
            raise ValueError("it holds NUL characters")
        value = json.loads(text, parse_int=_integer, parse_constant=_constant)
        if ESCAPED_SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()  # half a pair cannot be written again
    except UnicodeDecodeError as error:
        raise Unfit("line is not UTF-8 text", f"byte {error.start}") from None
    except RecursionError:
        raise Unfit("line is not JSON", "nested too deep") from None
    except ValueError as error:
        raise Unfit("line is not JSON", str(error)) from None
    if depth(value) > DEEPEST:
        raise Unfit("line is not JSON", f"nested deeper than {DEEPEST}")
    return value


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | Unfit]]:
    """Yield (line number, object) of a JSON Lines file; a line that is not one JSON object is yielded as its fault.

    A byte order mark, CRLF and empty lines are accepted. At most a line is in memory.

    Raises:
        DataError: the file is missing.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; acquire the source again") from None
    with stream:
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                while line and not line.endswith(b"\n"):
                    line = stream.readline(LONGEST_LINE)
                yield number, Unfit("line is too long", f"more than {LONGEST_LINE:,} bytes")
                continue
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if line.strip():
                yield number, _object(line)


def _object(line: bytes) -> dict[str, Any] | Unfit:
    try:
        value = parse(line)
    except Unfit as unfit:
        return unfit
    return value if isinstance(value, dict) else Unfit("line is not a JSON object", type(value).__name__)


def read_list(path: Path) -> list[Any]:
    """Read a JSON file that holds one list.

    Raises:
        DataError: missing, too large, not JSON, or not a list; the file is named.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; acquire the source again") from None
    if size > LARGEST_FILE:
        raise DataError(f"{path}: {size:,} bytes; at most {LARGEST_FILE:,} are read")
    try:
        value = parse(path.read_bytes())
    except Unfit as unfit:
        raise DataError(f"{path}: {unfit}") from None
    if not isinstance(value, list):
        raise DataError(f"{path}: holds {type(value).__name__}; a list is needed")
    return value
