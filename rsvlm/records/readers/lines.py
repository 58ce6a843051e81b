"""Text annotation files, line by line, with limits."""

from collections.abc import Iterator
from pathlib import Path

from rsvlm.errors import DataError

_LARGEST = 64 << 20
_LONGEST = 100_000


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, stripped line) of a UTF-8 file, without its empty lines.

    Raises:
        DataError: missing, too large, not UTF-8, with NUL characters or an endless line; file and line are named.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; acquire the source again") from None
    if size > _LARGEST:
        raise DataError(f"{path}: {size:,} bytes; an annotation file may have {_LARGEST:,}")
    for number, data in enumerate(path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        fault = "NUL characters" if 0 in data else f"{len(data):,} bytes" if len(data) > _LONGEST else ""
        if fault:
            raise DataError(f"{path}, line {number}: holds {fault}; not an annotation file")
        try:
            line = data.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise DataError(f"{path}, line {number}: not UTF-8 text (byte {error.start})") from None
        if line:
            yield number, line


def number_of(text: str, what: str) -> float:
    """Return a decimal number; NaN and infinity pass here and are refused by the box rule.

    Raises:
        ValueError: not a number; says what it should be.
    """
    try:
        if "_" in text:
            raise ValueError
        return float(text)
    except ValueError:
        raise ValueError(f"{what} is {text[:30]!r}, not a number") from None
