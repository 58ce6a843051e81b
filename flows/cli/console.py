"""How the command line speaks: tables for people, JSON for programs, one line for an error."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rsvlm.errors import ConfigurationError


def workspace() -> Path:
    """Return the workspace that the present folder lies in, and make it the present folder.

    Raises:
        ConfigurationError: there is none here or above.
    """
    import os

    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "params.yaml").is_file() and (folder / "recipes").is_dir():
            os.chdir(folder)
            return folder
    raise ConfigurationError(f"{here}: no rsvlm workspace here or above (a folder with params.yaml and recipes/); change to one")


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output, and nothing else."""
    print(json.dumps(value, indent=1, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table that fits the terminal; where the output is no terminal, wide enough for every cell."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console = Console() if sys.stdout.isatty() else Console(width=max(80, _width(columns, rows)))
    console.print(table)


def _width(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> int:
    cells = [max(len(line) for row in [columns, *rows] for line in str(row[i] or "").split("\n")) for i in range(len(columns))]
    return sum(cells) + 3 * len(cells) + 1


def print_fields(fields: Mapping[str, object]) -> None:
    """Print names and values, one a line, aligned."""
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        print(f"{name:<{width}}  {value}")


def say(line: str) -> None:
    """Print a line of progress on standard error."""
    print(line, file=sys.stderr, flush=True)


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
