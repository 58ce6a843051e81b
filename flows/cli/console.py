"""How the command line speaks: tables for people, JSON for programs, one line for an error."""

import errno
import io
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rsvlm.errors import ConfigurationError

# What moves the cursor, colours or reorders text on a terminal; a tab and a line feed do no harm.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def visible(text: object) -> str:
    r"""Return a text with its control characters written out (`\x1b`): recipes and data of others say nothing to the terminal."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


def workspace() -> Path:
    """Return the workspace that the present folder lies in, and make it the present folder.

    Raises:
        ConfigurationError: there is none here or above.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "params.yaml").is_file() and (folder / "recipes").is_dir():
            os.chdir(folder)
            return folder
    raise ConfigurationError(f"{here}: no rsvlm workspace here or above (a folder with params.yaml and recipes/); change to one")


class OutputError(OSError):
    """Standard output cannot be written: its disk is full, or nobody reads it any more."""


class _Output(io.FileIO):
    """Standard output, whose errors can be told from those of other files."""

    def write(self, data: Any) -> int:
        """Write bytes.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from None


def open_output() -> None:
    """Make errors of standard output known by their class.

    Raises:
        OutputError: it is closed, so that the next file opened would take its place.
    """
    stream = sys.stdout
    if stream is None:
        raise OutputError(errno.EBADF, "closed")
    if not isinstance(stream, io.TextIOWrapper) or stream is not sys.__stdout__:
        return  # somebody catches what is printed
    raw = _Output(stream.fileno(), "wb", closefd=False)
    buffered = io.BufferedWriter(raw)
    sys.stdout = io.TextIOWrapper(
        buffered, encoding=stream.encoding, errors=stream.errors, line_buffering=stream.line_buffering or stream.write_through
    )


def drop_output() -> None:
    """Send what standard output still holds nowhere, or Python would try to write it once more when it ends."""
    if sys.stdout is not None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output, and nothing else."""
    print(json.dumps(value, indent=1, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table that fits the terminal; where the output is no terminal, wide enough for every cell.

    Titles and cells are text: what looks like rich's markup stays as it is.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    heads = [visible(column) for column in columns]
    cells = [["" if cell is None else visible(cell) for cell in row] for row in rows]
    table = Table(title=Text(visible(title), "table.title") if title else None, title_justify="left", header_style="bold")
    for head in heads:
        table.add_column(Text(head), overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console() if sys.stdout.isatty() else Console(width=max(80, _width(heads, cells)))
    console.print(table)


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    cells = [max(len(line) for row in [columns, *rows] for line in row[i].split("\n")) for i in range(len(columns))]
    return sum(cells) + 3 * len(cells) + 1


def print_fields(fields: Mapping[str, object]) -> None:
    """Print names and values, one a line, aligned."""
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        print_line(f"{name:<{width}}  {value}")


def print_line(line: str) -> None:
    """Print a line for people on standard output."""
    print(visible(line))


def say(line: str) -> None:
    """Print a line of progress on standard error."""
    print(visible(line), file=sys.stderr, flush=True)


def size(count: float) -> str:
    """Return a number of bytes for people: `1.5 GiB`."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(count) < 1024 or unit == "TiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return ""


def figure(value: float | None) -> str:
    """Return a metric for people: four significant digits; a dash where there is none."""
    return "-" if value is None else f"{value:.4g}"
